"""Reading a .npz with limits: no pickles, no surprising sizes, each array checked."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from facewright.checks import Float32
from facewright.errors import InputError
from facewright.face.reading import brief, check_model_file, finite, indices

#: All arrays of one archive, unpacked.
MAX_UNPACKED_BYTES = 4 << 30

#: What reading a damaged or unusual zip may raise.
_DAMAGE = (
    OSError,
    ValueError,
    EOFError,
    NotImplementedError,
    RuntimeError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)


class Archive:
    """Arrays of an open .npz by name; every method raises InputError for what is wrong."""

    def __init__(self, path: Path, arrays: np.lib.npyio.NpzFile) -> None:
        self.path = path
        self._arrays = arrays

    def __contains__(self, name: str) -> bool:
        return name in self._arrays

    def array(self, name: str) -> np.ndarray:
        """The array ``name``, which is refused where it would need a pickle."""
        if name not in self._arrays:
            raise InputError(f"{self.path}: has no array {name!r}")
        try:
            return self._arrays[name]
        except (*_DAMAGE, MemoryError) as error:
            raise InputError(
                f"{self.path}: array {name!r} cannot be read ({brief(error)})"
            ) from error

    def floats(self, name: str, shape: tuple[int | None, ...]) -> Float32:
        """Finite float32 numbers of the given shape; None fits any size."""
        array = self._shaped(name, shape)
        return finite(f"{self.path}: {name}", array)

    def indices(self, name: str, shape: tuple[int | None, ...], limit: int) -> np.ndarray:
        """int64 indices within 0..limit-1."""
        return indices(f"{self.path}: {name}", self._shaped(name, shape), limit)

    def strings(self, name: str) -> tuple[str, ...]:
        """A one-dimensional array of text."""
        array = self._shaped(name, (None,))
        if array.dtype.kind != "U":
            raise InputError(f"{self.path}: {name}: expected text, got {array.dtype}")
        return tuple(array.tolist())

    def string(self, name: str) -> str:
        """A single text."""
        array = self._shaped(name, ())
        if array.dtype.kind != "U":
            raise InputError(f"{self.path}: {name}: expected text, got {array.dtype}")
        return str(array)

    def _shaped(self, name: str, shape: tuple[int | None, ...]) -> np.ndarray:
        array = self.array(name)
        fits = array.ndim == len(shape) and all(
            want is None or want == have for want, have in zip(shape, array.shape, strict=True)
        )
        if not fits:
            want = ", ".join("any" if size is None else str(size) for size in shape)
            raise InputError(f"{self.path}: {name}: expected shape ({want}), got {array.shape}")
        return array


@contextmanager
def open_archive(
    path: Path, kind: str, max_unpacked: int = MAX_UNPACKED_BYTES
) -> Iterator[Archive]:
    """Open a .npz for reading.

    Raises:
        InputError: not a readable .npz, or one that would unpack to more than the limit.
    """
    check_model_file(path, kind)
    try:
        with zipfile.ZipFile(path) as directory:
            # Measured before anything is unpacked: a small file may claim terabytes. The
            # zip reader stops at the size that an entry claims, so the claim is a bound.
            total = sum(entry.file_size for entry in directory.infolist())
        if total > max_unpacked:
            raise InputError(
                f"{path}: unpacks to {total:,} bytes, more than the {max_unpacked:,} allowed"
            )
        arrays = np.load(path, allow_pickle=False)
    except InputError:
        raise
    except _DAMAGE as error:
        raise InputError(f"{path}: not a readable .npz file ({brief(error)})") from error
    with arrays:
        yield Archive(path, arrays)
