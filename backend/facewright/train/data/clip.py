"""One file -> its clips in a pack: frames of the head's square, and landmarks."""

from __future__ import annotations

import hashlib
import io
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from facewright import checks
from facewright.capture import CaptureSession
from facewright.capture.box import Box, cut, to_crop
from facewright.capture.track_landmarks import LandmarkTrack, track_landmarks
from facewright.checks import UInt8
from facewright.errors import NoFaceError
from facewright.media.files import open_source, write_bytes
from facewright.media.picture import read_picture, write_picture
from facewright.media.video import VideoInfo, VideoWriter, read_frames, read_video_info
from facewright.train.data import points
from facewright.train.data.coefficients import fit_clip, reference_frame
from facewright.train.data.framing import SHORTEST, runs, steady_box
from facewright.train.data.index import Entry
from facewright.train.data.remux import remuxed
from facewright.train.data.sources import Source

#: A face of fewer pixels than this share of the frame's side would be blown up to blur.
_SMALLEST = 0.25


@dataclass(frozen=True, slots=True)
class Settings:
    """How clips are kept.

    Attributes:
        size: pixels of a frame's side.
        quality: x264's constant rate factor; 0 keeps what 4:2:0 keeps.
        coefficients: whether the morphable model is fitted to every frame.
    """

    size: int = 256
    quality: int = 14
    coefficients: bool = True


@dataclass(frozen=True, slots=True)
class _Part:
    name: str
    start: int
    stop: int
    box: Box


class _Checksum:
    """Passes frames on and sums them up."""

    def __init__(self) -> None:
        self.value = self.count = 0

    def __call__(self, frames: Iterable[UInt8]) -> Iterator[UInt8]:
        for frame in frames:
            self.value = zlib.crc32(np.ascontiguousarray(frame).data, self.value)
            self.count += 1
            yield frame


def pack_file(
    source: Source, folder: Path, settings: Settings, session: CaptureSession
) -> list[Entry]:
    """Pack one clip or portrait.

    A video that is a square around a head, of the right size and in H.264, keeps its
    frames as they are; others are cut and encoded. Where the face is away or the picture
    cuts, a new clip begins; long ones are cut into parts.

    Args:
        source: what to pack.
        folder: of the pack.
        settings: how.
        session: captures; reuse it.

    Returns:
        What the index says of each clip; all are of the split "train" so far.

    Raises:
        NoFaceError: no face, or none that is large enough or stays long enough.
        InputError: a file that cannot be decoded.
        OutputError: the pack cannot be written.
    """
    return (_pack_still if source.is_still else _pack_video)(source, folder, settings, session)


def _pack_still(
    source: Source, folder: Path, settings: Settings, session: CaptureSession
) -> list[Entry]:
    picture = read_picture(source.path)
    track = track_landmarks([picture], session.finder)
    size = (picture.shape[1], picture.shape[0])
    (part,) = _parts(source.name, [(0, 1)], track, size, settings)
    path = folder / f"{part.name}.png"
    write_picture(path, cut(picture, part.box, settings.size))
    return [_entry(source, part, track, path, 0.0, settings, session)]


def _pack_video(
    source: Source, folder: Path, settings: Settings, session: CaptureSession
) -> list[Entry]:
    info = read_video_info(source.path)
    checks.number("fps", info.fps, low=1, high=240)
    checksum = _Checksum()
    track = track_landmarks(checksum(read_frames(source.path)), session.finder, fps=info.fps)
    found = _runs(track)
    parts = _parts(source.name, found, track, (info.width, info.height), settings)
    kept = _kept(source.path, parts, checksum, info, settings)
    if kept is None:
        _encode(source.path, folder, parts, info.fps, settings)
    else:
        write_bytes(folder / f"{parts[0].name}.mp4", kept)
    return [
        _entry(source, part, track, folder / f"{part.name}.mp4", info.fps, settings, session)
        for part in parts
    ]


def _runs(track: LandmarkTrack) -> list[tuple[int, int]]:
    found = runs(track.smooth)
    if not found:
        seen = int(track.known.sum())
        raise NoFaceError(f"a face is seen in {seen} frames, never in {SHORTEST} in a row")
    return found


def _parts(
    name: str,
    found: Sequence[tuple[int, int]],
    track: LandmarkTrack,
    picture_size: tuple[int, int],
    settings: Settings,
) -> list[_Part]:
    """Those of the runs whose face is large enough, with their squares."""
    parts: list[_Part] = []
    heights = [float(np.median(np.ptp(track.smooth[a:b, :468, 1], axis=1))) for a, b in found]
    least = _SMALLEST * settings.size
    for number, ((start, stop), height) in enumerate(zip(found, heights, strict=True)):
        if height >= least:
            called = name if len(found) == 1 else f"{name}.{number:03d}"
            parts.append(
                _Part(called, start, stop, steady_box(track.smooth[start:stop], picture_size))
            )
    if not parts:
        raise NoFaceError(
            f"the face is {max(heights):.0f} pixels high, less than the {least:.0f} that"
            f" frames of {settings.size} need"
        )
    return parts


def _kept(
    path: Path, parts: Sequence[_Part], checksum: _Checksum, info: VideoInfo, settings: Settings
) -> bytes | None:
    """The video as it was encoded, where that is what the pack needs."""
    side = float(settings.size)
    whole = len(parts) == 1 and parts[0].stop - parts[0].start == checksum.count
    fits = (info.width, info.height) == (settings.size, settings.size)
    if not (whole and fits and parts[0].box == (0.0, 0.0, side, side)):
        return None
    data = remuxed(path)
    if data is None:
        return None
    again = _Checksum()
    for _ in again(read_frames(data)):
        pass
    return data if (again.value, again.count) == (checksum.value, checksum.count) else None


def _encode(
    path: Path, folder: Path, parts: Sequence[_Part], fps: float, settings: Settings
) -> None:
    """Cut and encode all parts in one pass through the video."""
    frames = enumerate(read_frames(path))
    number, frame = next(frames)
    size = (settings.size, settings.size)
    for part in parts:
        target = folder / f"{part.name}.mp4"
        with VideoWriter(target, size, fps, quality=settings.quality) as writer:
            while number < part.stop:
                if number >= part.start:
                    writer.write(cut(frame, part.box, settings.size))
                number, frame = next(frames, (part.stop, frame))


def _entry(
    source: Source,
    part: _Part,
    track: LandmarkTrack,
    pictures: Path,
    fps: float,
    settings: Settings,
    session: CaptureSession,
) -> Entry:
    """Write what was seen on a part and say what was packed."""
    window = slice(part.start, part.stop)
    marks = LandmarkTrack(
        to_crop(track.points[window], part.box, settings.size),
        to_crop(track.smooth[window], part.box, settings.size),
        track.found[window],
        track.confidence[window],
    )
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        landmarks=points.encode(marks.smooth),
        raw=points.encode(marks.points),
        found=marks.found.astype(np.uint8),
        confidence=points.encode_share(marks.confidence),
        **(_coefficients(pictures, marks, session) if settings.coefficients else {}),
    )
    write_bytes(pictures.with_name(f"{part.name}.npz"), buffer.getvalue())
    x0, y0, x1, _ = (round(v) for v in part.box)
    return Entry(
        name=part.name,
        identity=source.identity,
        split="train",
        fps=fps,
        count=part.stop - part.start,
        size=settings.size,
        source=source.relative,
        source_sha256=file_sha256(source.path),
        first=part.start,
        box=(x0, y0, x1 - x0),
        credit=source.credit,
        pictures_sha256=file_sha256(pictures),
        points_sha256=hashlib.sha256(buffer.getvalue()).hexdigest(),
    )


def _coefficients(
    pictures: Path, marks: LandmarkTrack, session: CaptureSession
) -> dict[str, np.ndarray]:
    number = reference_frame(marks.smooth)
    frames = iter([read_picture(pictures)]) if pictures.suffix == ".png" else read_frames(pictures)
    try:
        return fit_clip(next(islice(frames, number, None)), marks, session).arrays()
    except NoFaceError:  # seen in the clip, but not in that frame alone
        return {}


def file_sha256(path: Path) -> str:
    """Of a file's bytes, in hexadecimal."""
    with open_source(path, "file") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()  # type: ignore[arg-type]
