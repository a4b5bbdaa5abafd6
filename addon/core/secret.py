# SPDX-License-Identifier: GPL-3.0-or-later
"""A secret in a file that its owner alone can read; no bpy.

Blender's preferences and .blend files are handed around; a token in a file of its own is not.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from .errors import InputError, OutputError

FILE = "backend-token"


def read(folder: Path) -> str:
    """The secret kept in ``folder``; "" where there is none or it cannot be read."""
    try:
        return (folder / FILE).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def write(folder: Path, secret: str) -> None:
    """Keep ``secret`` in ``folder``; an empty one is forgotten.

    Raises:
        InputError: it has characters that cannot be sent.
        OutputError: the file cannot be written.
    """
    secret = secret.strip()
    if not (secret.isascii() and (not secret or secret.isprintable())) or " " in secret:
        raise InputError("token: expected visible ASCII characters without blanks")
    path = folder / FILE
    try:
        if not secret:
            path.unlink(missing_ok=True)
            return
        folder.mkdir(parents=True, exist_ok=True)
        # Private from its first byte on: mkstemp makes files of mode 0600.
        handle, name = tempfile.mkstemp(prefix=f".{FILE}-", dir=folder)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(secret + "\n")
            Path(name).replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(name).unlink()
            raise
    except OSError as error:
        raise OutputError(f"token: {path} cannot be written: {error.strerror}") from error
