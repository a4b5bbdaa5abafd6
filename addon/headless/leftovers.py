# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of the hidden folders that results are made in, and their removal; no bpy."""

from __future__ import annotations

import re
import shutil
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def prefix(process: int) -> str:
    """What the name of a process's hidden folders begins with.

    Several computers may work in one folder, and numbers of processes are unique on one.
    """
    computer = re.sub(r"\W+", "_", socket.gethostname())[:40]
    return f".facewright-{computer}-{process}-"


def clear_away(values: Mapping[str, Any], process: int) -> None:
    """Remove what a dub's process left that was ended by force.

    Args:
        values: of the dub, by column.
        process: its number.
    """
    final: Path | None = values.get("blend") or values.get("output")
    if final is None:
        return
    for folder in final.parent.glob(f"{prefix(process)}*"):
        shutil.rmtree(folder, ignore_errors=True)
