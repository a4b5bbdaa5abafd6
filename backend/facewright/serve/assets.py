"""Uploaded files, named by their SHA-256, on disk in a private folder."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from facewright.errors import InputError
from facewright.serve import limits as bounds
from facewright.serve.limits import CHUNK_BYTES, Limits
from facewright.serve.status import StatusError


@dataclass(frozen=True, slots=True)
class Asset:
    """A file that is held.

    Attributes:
        path: where it is; its name is the digest.
        label: what the client called it, for messages.
    """

    path: Path
    label: str


@dataclass(slots=True)
class _Entry:
    size: int
    label: str
    holders: int = 0


class AssetStore:
    """Files by digest, up to a total size; the least recently used goes first.

    Names that clients give never become paths: a file's path is its own digest, computed
    here. Every method may be called from any thread.
    """

    def __init__(self, limits: Limits, folder: Path | None = None) -> None:
        """Make a private folder (mode 0700) inside ``folder`` or the system's own."""
        self._limits = limits
        self._folder = Path(tempfile.mkdtemp(prefix="facewright-", dir=folder))
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._reserved = 0
        self._lock = threading.Lock()

    @property
    def folder(self) -> Path:
        """Where the files are."""
        return self._folder

    @property
    def total_bytes(self) -> int:
        """Of all files, with those being uploaded counted at their full size."""
        with self._lock:
            return self._total()

    def __contains__(self, sha256: str) -> bool:
        """Whether the file is there; asking makes it the last to be forgotten."""
        with self._lock:
            if sha256 not in self._entries:
                return False
            self._entries.move_to_end(sha256)
            return True

    @contextmanager
    def hold(self, field: str, sha256: str) -> Iterator[Asset]:
        """An asset, which stays until the block ends.

        Raises:
            InputError: ``sha256`` is not a digest; ``field`` names it.
            StatusError: FAILED_PRECONDITION where the asset was never put or was forgotten.
        """
        bounds.sha256(field, sha256)
        with self._lock:
            entry = self._entries.get(sha256)
            if entry is None:
                raise StatusError.precondition(
                    f"{field}: the backend has no asset {sha256}; put it with PutAsset first"
                )
            self._entries.move_to_end(sha256)
            entry.holders += 1
        try:
            yield Asset(self._folder / sha256, entry.label)
        finally:
            with self._lock:
                entry.holders -= 1

    def begin(self, sha256: str, size: int, file_name: str = "") -> Upload:
        """Reserve room for an asset and return what takes its chunks.

        Raises:
            InputError: a malformed digest, a size out of bounds or an overlong name.
            StatusError: RESOURCE_EXHAUSTED where the room is taken by assets in use.
        """
        bounds.sha256("sha256", sha256)
        bounds.whole(
            "size", size, 1, min(self._limits.max_asset_bytes, self._limits.max_cache_bytes)
        )
        bounds.name("file_name", file_name)
        with self._lock:
            self._make_room(size)
            self._reserved += size
        # Only for messages; a client's control characters don't reach anybody's terminal.
        label = "".join(c for c in file_name if c.isprintable()) or f"asset {sha256[:12]}"
        return Upload(self, sha256, size, label)

    def close(self) -> None:
        """Remove the folder and everything in it."""
        with self._lock:
            self._entries.clear()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _total(self) -> int:
        return self._reserved + sum(entry.size for entry in self._entries.values())

    def _make_room(self, size: int) -> None:
        idle = [key for key, entry in self._entries.items() if not entry.holders]
        excess = self._total() + size - self._limits.max_cache_bytes
        for key in idle:
            if excess <= 0 and len(self._entries) < self._limits.max_assets:
                break
            excess -= self._entries.pop(key).size
            (self._folder / key).unlink(missing_ok=True)
        if excess > 0:
            raise StatusError.busy("the asset cache is full of assets in use", retry_ms=2000)

    def _release(self, size: int) -> None:
        with self._lock:
            self._reserved -= size

    def _commit(self, part: Path, sha256: str, size: int, label: str) -> None:
        with self._lock:
            part.replace(self._folder / sha256)
            self._reserved -= size
            if sha256 in self._entries:  # two clients put the same file
                self._entries.move_to_end(sha256)
            else:
                self._entries[sha256] = _Entry(size, label)


class Upload:
    """One asset on its way in: chunks are hashed and written as they come.

    Use as a context manager; what is not finished by the end of the block is removed.
    """

    def __init__(self, store: AssetStore, sha256: str, size: int, label: str) -> None:
        self._store, self._sha256, self._size, self._label = store, sha256, size, label
        self._hash = hashlib.sha256()
        self._received = 0
        self._open = True
        self._lock = threading.Lock()
        try:
            self._file = tempfile.NamedTemporaryFile(  # noqa: SIM115 - closed by __exit__
                dir=store.folder, suffix=".part", delete=False
            )
        except OSError:
            store._release(size)
            raise

    def __enter__(self) -> Upload:
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:  # a cancelled call leaves its last chunk to a thread
            self._file.close()
        if self._open:
            self._open = False
            self._store._release(self._size)
            with suppress(OSError):
                Path(self._file.name).unlink()

    def write(self, chunk: bytes) -> None:
        """Take the next chunk; may run on another thread than the rest.

        Raises:
            InputError: an empty or oversized chunk, or more bytes than announced.
        """
        if not 0 < len(chunk) <= CHUNK_BYTES:
            raise InputError(f"chunk: expected 1 to {CHUNK_BYTES} bytes, got {len(chunk)}")
        if self._received + len(chunk) > self._size:
            raise InputError(f"chunk: more bytes came than the header's size of {self._size}")
        with self._lock:
            self._received += len(chunk)
            self._hash.update(chunk)
            self._file.write(chunk)

    def finish(self) -> str:
        """Check size and digest, make the asset known, return its digest."""
        if self._received != self._size:
            raise InputError(f"size: the header said {self._size} bytes, {self._received} came")
        digest = self._hash.hexdigest()
        if digest != self._sha256:
            raise InputError(f"sha256: the header said {self._sha256}, the bytes have {digest}")
        self._file.close()
        self._store._commit(Path(self._file.name), digest, self._size, self._label)
        self._open = False
        return digest
