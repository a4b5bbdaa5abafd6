"""Opening what a user names, and writing so that nothing half-written is left behind."""

from __future__ import annotations

import errno
import io
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from facewright.errors import InputError, OutputError

#: A file by its path, or a file's bytes in memory.
Source = str | os.PathLike[str] | bytes

#: What the system says when a disk, a quota or a file-size limit is full.
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def source_name(source: Source, name: str) -> str:
    """How an error message calls ``source``: the path, or ``name`` for bytes."""
    return name if isinstance(source, bytes) else os.fspath(source)


@contextmanager
def open_source(source: Source, name: str) -> Iterator[BinaryIO]:
    """Open a user's file for reading.

    Args:
        source: a path, or the file's bytes.
        name: what the message calls bytes ("speech", "portrait").

    Raises:
        InputError: absent, not a regular file, not readable, or empty.
    """
    if isinstance(source, bytes):
        if not source:
            raise InputError(f"{name}: empty (0 bytes)")
        yield io.BytesIO(source)
        return
    path = Path(source)
    try:
        status = path.stat()
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read ({_reason(error)})") from error
    if not stat.S_ISREG(status.st_mode):
        kind = "a folder" if stat.S_ISDIR(status.st_mode) else "not a regular file"
        raise InputError(f"{path}: is {kind}; give a file")
    if status.st_size == 0:
        raise InputError(f"{path}: empty (0 bytes)")
    try:
        stream = path.open("rb")
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({_reason(error)})") from error
    with stream:
        yield stream


@contextmanager
def atomic_output(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary path beside ``path`` that becomes ``path`` when all went well.

    The temporary file is flushed to disk and renamed on success and removed on any
    failure, KeyboardInterrupt included; an older file at ``path`` stays until then.

    Args:
        path: where the result shall be. A link is followed; the file it points to is
            replaced.

    Yields:
        The path to write to, with the same suffix; an empty file is there already.

    Raises:
        OutputError: the folder is absent or not writable, ``path`` is no regular file,
            or the disk is full (naming the file and the space that is left).
    """
    target = _writable_target(path)
    temporary = target.with_name(f".{target.stem[:80]}.{secrets.token_hex(6)}{target.suffix}")
    try:
        # Not tempfile.mkstemp: its 0600 would outlive the rename.
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    except OSError as error:
        raise output_error(path, error) from error
    try:
        yield temporary
        _flush(temporary)
        temporary.replace(target)
    except BaseException as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        if isinstance(error, OutputError):
            raise
        # FFmpeg's errors carry these too, and not all are OSErrors.
        named = getattr(error, "filename", None)
        ours = named is not None and Path(os.fsdecode(named)) == temporary
        full = named is None and getattr(error, "errno", None) in _FULL
        if ours or full:
            raise output_error(path, error) from error
        raise


def check_writable(path: str | os.PathLike[str], suffixes: tuple[str, ...] = ()) -> None:
    """Raise what writing to ``path`` would, before any long work.

    Raises:
        InputError: its suffix is none of ``suffixes`` (lower case), where given.
        OutputError: where :func:`atomic_output` would.
    """
    if suffixes and Path(path).suffix.lower() not in suffixes:
        raise InputError(f"{path}: expected a name that ends in {' or '.join(suffixes)}")
    target = _writable_target(path)
    if not os.access(target.parent, os.W_OK | os.X_OK):
        raise OutputError(f"{path}: no permission to write into {target.parent}")


def write_bytes(path: str | os.PathLike[str], data: bytes) -> None:
    """Write a small file atomically; raises OutputError."""
    with pending_bytes(path, data):
        pass


@contextmanager
def pending_bytes(path: str | os.PathLike[str], data: bytes) -> Iterator[None]:
    """Write a small file that appears when the context ends well, as its caller's others do.

    Raises:
        OutputError: as :func:`atomic_output`.
    """
    with atomic_output(path) as temporary:
        temporary.write_bytes(data)
        yield


def output_error(path: str | os.PathLike[str], error: BaseException) -> OutputError:
    """The OutputError that tells a user what ``error`` means for writing ``path``."""
    if getattr(error, "errno", None) not in _FULL:
        return OutputError(f"{path}: cannot be written ({_reason(error)})")
    folder = Path(path).resolve().parent
    try:
        free = f"{shutil.disk_usage(folder).free / 2**20:.1f} MiB are free in {folder}"
    except OSError:
        free = f"no space is left in {folder}"
    if getattr(error, "errno", None) == errno.ENOSPC:
        cause = "disk full"
    else:
        cause = "over a file size limit or quota"
    return OutputError(f"{path}: {cause}; {free}: free some or write elsewhere")


def _writable_target(path: str | os.PathLike[str]) -> Path:
    target = Path(path)
    if not target.name:
        raise OutputError(f"{path}: not a file name; give a file to write")
    try:
        target = target.resolve()
        if not target.parent.is_dir():
            raise OutputError(f"{path}: the folder {target.parent} does not exist; create it first")
        if target.exists() and not target.is_file():
            raise OutputError(f"{path}: exists and is not a regular file; choose another name")
    except OutputError:
        raise
    except (OSError, ValueError, RuntimeError) as error:  # name too long, NUL, link loop
        raise OutputError(f"{path}: cannot be written ({_reason(error)})") from error
    return target


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _reason(error: BaseException) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
