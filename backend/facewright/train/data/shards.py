"""Reading a pack: its clips, and each clip's frames and landmarks."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facewright.checks import Float32, UInt8
from facewright.errors import InputError
from facewright.face.archive import open_archive
from facewright.face.reading import read_limited
from facewright.media.picture import read_picture
from facewright.media.video import read_frames
from facewright.train.data import points
from facewright.train.data.coefficients import (
    BYTES_OF_FACE,
    BYTES_OF_FRAME,
    ClipCoefficients,
    read_coefficients,
)
from facewright.train.data.index import MAX_FILE_BYTES, SPLITS, Entry, Skipped, read_index


@dataclass(frozen=True, slots=True)
class ClipData:
    """Frames of a clip, and what was seen on them.

    Attributes:
        frames: (T, S, S, 3) uint8 sRGB.
        landmarks: (T, 478, 2) float32 pixels, smoothed over time and carried over short
            gaps; NaN on frames without a face.
        raw: (T, 478, 2) float32 pixels, not smoothed; carried over gaps and NaN likewise.
        found: (T,) bool whether the frame itself showed the face.
        confidence: (T,) float32 of 0..1, see ``capture.track_landmarks.LandmarkTrack``.
        coefficients: what the default morphable model makes of it; None where the clip
            was packed without, or no face was found in the frame that they begin with.
    """

    frames: UInt8
    landmarks: Float32
    raw: Float32
    found: NDArray[np.bool_]
    confidence: Float32
    coefficients: ClipCoefficients | None = None


@dataclass(frozen=True, slots=True)
class Clip:
    """One clip, or portrait, of a pack; nothing is read before :meth:`read`."""

    folder: Path
    entry: Entry

    @property
    def name(self) -> str:
        """Unique in the pack."""
        return self.entry.name

    @property
    def identity(self) -> str:
        """Who is on it."""
        return self.entry.identity

    @property
    def split(self) -> str:
        """ "train" or "validation"."""
        return self.entry.split

    @property
    def fps(self) -> float:
        """Frames a second; 0 for a portrait."""
        return self.entry.fps

    @property
    def count(self) -> int:
        """Frames."""
        return self.entry.count

    @property
    def size(self) -> int:
        """Pixels of a frame's side."""
        return self.entry.size

    def read(self) -> ClipData:
        """Frames and landmarks.

        Raises:
            InputError: a file that is absent, damaged, or not the one that was packed.
        """
        entry = self.entry
        frames = self._frames()
        path = self.folder / entry.points_file
        self._bytes(entry.points_file, entry.points_sha256)
        # 2 x 2 bytes per coordinate and 2 per frame, and what .npy headers take.
        limit = entry.count * (points.POINTS * 8 + 2 + BYTES_OF_FRAME) + BYTES_OF_FACE + 4096
        with open_archive(path, "points", limit) as archive:
            landmarks, raw = (
                points.decode(_bytes_of(archive.array(name), f"{path}: {name}", shape))
                for name, shape in (
                    ("landmarks", (2, points.POINTS * 2, entry.count)),
                    ("raw", (2, points.POINTS * 2, entry.count)),
                )
            )
            found, confidence = (
                _bytes_of(archive.array(name), f"{path}: {name}", (entry.count,))
                for name in ("found", "confidence")
            )
            coefficients = read_coefficients(archive, entry.count)
        return ClipData(
            frames, landmarks, raw, found > 0, points.decode_share(confidence), coefficients
        )

    def _frames(self) -> UInt8:
        entry, path = self.entry, self.folder / self.entry.pictures_file
        data = self._bytes(entry.pictures_file, entry.pictures_sha256)
        shape = (entry.size, entry.size, 3)
        frames = np.empty((entry.count, *shape), np.uint8)
        number = 0
        try:
            pictures = (
                iter([read_picture(data, max_pixels=entry.size**2)])
                if entry.is_still
                else read_frames(data, max_pixels=entry.size**2)
            )
            for number, picture in enumerate(islice(pictures, entry.count + 1), 1):
                if number > entry.count or picture.shape != shape:
                    break
                frames[number - 1] = picture
        except InputError as error:
            raise InputError(f"{path}: {error}") from error
        if number != entry.count or (number and picture.shape != shape):
            raise InputError(
                f"{path}: expected {entry.count} frames of {entry.size} x {entry.size}, got"
                f" {'more' if number > entry.count else number} of {picture.shape[1]} x"
                f" {picture.shape[0]}"
            )
        return frames

    def _bytes(self, name: str, sha256: str) -> bytes:
        data = read_limited(self.folder / name, "clip", MAX_FILE_BYTES)
        if hashlib.sha256(data).hexdigest() != sha256:
            raise InputError(f"{self.folder / name}: damaged (not what was packed); pack it again")
        return data


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack's clips.

    Attributes:
        path: its folder.
        size: pixels of a frame's side.
        clips: all of them, by name.
        skipped: files that are not in it, and why.
    """

    path: Path
    size: int
    clips: tuple[Clip, ...]
    skipped: tuple[Skipped, ...]

    def of(self, split: str) -> tuple[Clip, ...]:
        """The clips of "train" or of "validation"; no identity is in both."""
        if split not in SPLITS:
            raise InputError(f"split: expected {' or '.join(SPLITS)}, got {split!r}")
        return tuple(clip for clip in self.clips if clip.split == split)

    def summary(self) -> str:
        """One line: clips, frames, people, bytes."""
        people = {split: len({clip.identity for clip in self.of(split)}) for split in SPLITS}
        frames = sum(clip.count for clip in self.clips)
        size = sum(
            (self.path / file).stat().st_size
            for clip in self.clips
            for file in (clip.entry.pictures_file, clip.entry.points_file)
        )
        return (
            f"{len(self.clips)} clips, {frames:,} frames of {self.size} x {self.size},"
            f" {people['train']} identities to train on, {people['validation']} held out,"
            f" {size / 1e6:.1f} MB"
        )


def open_pack(path: str | Path) -> Pack:
    """Open a folder that ``facewright data pack`` made.

    Raises:
        InputError: no pack, one of another version, an entry that cannot be, an identity
            in both splits, or a clip whose files are absent.
    """
    folder = Path(path)
    size, entries, skipped = read_index(folder)
    split_of: dict[str, str] = {}
    for entry in entries:
        if split_of.setdefault(entry.identity, entry.split) != entry.split:
            raise InputError(f"{folder}: {entry.identity!r} is in both splits; pack it again")
        for name in (entry.pictures_file, entry.points_file):
            if not (folder / name).is_file():
                raise InputError(f"{folder / name}: absent; the index names it")
    clips = sorted((Clip(folder, entry) for entry in entries), key=lambda clip: clip.name)
    return Pack(folder, size, tuple(clips), skipped)


def _bytes_of(array: np.ndarray, where: str, shape: tuple[int, ...]) -> UInt8:
    if array.dtype != np.uint8 or array.shape != shape:
        raise InputError(f"{where}: expected uint8 {shape}, got {array.dtype} {array.shape}")
    return array
