# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that commands share, and what they stand for."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..core.cache import FrameCache
from ..core.client import is_loopback
from ..core.errors import InputError
from .columns import BY_NAME, Column


def raw(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Let the examples after the options keep their lines."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    return parser


def add_columns(parser: Any, names: Sequence[str], *, required: Sequence[str] = ()) -> None:
    """Add options of the names' columns; None where one is not given."""
    for name in names:
        column = BY_NAME[name]
        parser.add_argument(
            *(("-o",) if name == "output" else ()),
            column.option,
            dest=name,
            type=_type(column),
            required=name in required,
            help=_help(column),
            metavar=_metavar(column),
        )


def given(options: argparse.Namespace) -> dict[str, Any]:
    """Values by column of what was said on the command line."""
    return {
        name: getattr(options, name) for name in BY_NAME if getattr(options, name, None) is not None
    }


def add_backend(parser: argparse.ArgumentParser) -> None:
    """Add how the backend is reached."""
    group = parser.add_argument_group("backend")
    group.add_argument("--address", default="", help="of a running backend; default: start one")
    group.add_argument("--backend", default="", help="command that runs `facewright`")
    group.add_argument("--token-file", type=Path, help="file with the backend's token")
    group.add_argument("--certificate", type=Path, help="PEM of the backend's authority (TLS)")
    group.add_argument("--verbose", action="store_true", help="show what the backend prints")


def add_cache(parser: argparse.ArgumentParser, default: str) -> None:
    """Add where pictures are kept for another time."""
    parser.add_argument("--cache", type=Path, help=f"folder for pictures; {default}")
    parser.add_argument(
        "--cache-size", type=float, metavar="GB", help="that it may take; as in the preferences"
    )


def cache(options: argparse.Namespace, default: Path | None = None) -> FrameCache | None:
    """The cache that is meant; None where there is none.

    Raises:
        InputError: a size that none has.
    """
    from ..ui.preferences import cache_bytes

    folder = options.cache.resolve() if options.cache else default
    if folder is None:
        return None
    if options.cache_size is None:
        return FrameCache(folder, cache_bytes())
    if not 0 <= options.cache_size <= 1e6:
        raise InputError(f"cache-size: expected 0 to 1000000, got {options.cache_size:g}")
    return FrameCache(folder, round(options.cache_size * 1e9))


def check_online(address: str) -> None:
    """Honour Blender's own permission for any address that is not this computer.

    Raises:
        InputError: Blender was told to stay offline.
    """
    import bpy

    # The Python module reads no preferences, so there the command line is the permission.
    if is_loopback(address) or not has_program() or bpy.app.online_access:
        return
    raise InputError(
        f"address: {address} is another computer, and Blender is offline: start it with "
        "--online-mode, or allow online access in Preferences > System"
    )


def has_program() -> bool:
    """Whether this is Blender itself, and not its Python module."""
    import bpy

    return bool(bpy.app.binary_path) and not getattr(bpy.app, "module", False)


def token(options: argparse.Namespace) -> str:
    """The backend's token; empty without one."""
    return _read("token-file", options.token_file).decode("utf-8", "replace").strip()


def certificate(options: argparse.Namespace) -> bytes | None:
    """PEM of the backend's authority."""
    return _read("certificate", options.certificate) or None


def echo(options: argparse.Namespace) -> Any:
    """Where a backend's own output goes."""
    return (lambda line: print(line, file=sys.stderr)) if options.verbose else None


def frame_range(text: str) -> range:
    """Frames as "12", "1-250" or "1..250"; for argparse."""
    first, mark, last = text.strip().replace("..", "-").partition("-")
    try:
        found = range(int(first), int(last if mark else first) + 1)
    except ValueError:
        found = range(0)
    if not found or found[0] < 0:
        raise argparse.ArgumentTypeError(f"expected frames as 12 or 1-250, got {text!r}")
    return found


def _read(name: str, path: Path | None) -> bytes:
    if path is None:
        return b""
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{name}: {path}: {error.strerror}") from error


def _type(column: Column) -> Any:
    def parse(text: str) -> Any:
        try:
            return column.parse(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return parse


def _help(column: Column) -> str:
    default = column.default
    if column.kind == "choice":
        return f"{column.summary}: {', '.join(column.choices)} ({default})".replace("%", "%%")
    if column.kind in ("number", "whole"):
        high = "" if column.high > 1e6 else f" to {column.high:g}"
        return f"{column.summary}, {column.low:g}{high} ({default:g})"
    return column.summary.replace("%", "%%")


def _metavar(column: Column) -> str:
    return {"input": "FILE", "output": "FILE", "number": "X", "whole": "N"}.get(
        column.kind, column.name.upper().rpartition("_")[2]
    )


def environment() -> dict[str, str]:
    """For a child that runs the same commands: where this add-on is."""
    root = str(Path(__file__).resolve().parents[2])
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    return os.environ | {"PYTHONPATH": os.pathsep.join(paths)}
