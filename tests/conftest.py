"""What every test shares: where the examples are, and media that may be absent."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def examples() -> Path:
    """The redistributable portrait and sentence."""
    return ROOT / "examples"


@pytest.fixture(scope="session")
def shared() -> Path:
    """Evaluation media beside the checkout; not redistributable, so often absent."""
    folder = ROOT.parent / "shared"
    if not (folder / "media" / "MANIFEST.csv").is_file():
        pytest.skip("needs the evaluation media in ../shared, which are not redistributable")
    return folder
