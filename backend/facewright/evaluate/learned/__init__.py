"""Measures by networks whose weights the user brings."""

from __future__ import annotations

from pathlib import Path

from facewright.evaluate.judges import Judge


def judges_in(folder: Path | None) -> tuple[list[Judge], dict[str, str]]:
    """The judges that a folder has weights for, and why others do not measure."""
    return [], {}
