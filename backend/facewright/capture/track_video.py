"""A video file -> a motion file: what ``facewright capture-motion`` does."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from facewright import checks
from facewright.capture.portrait import CaptureSession
from facewright.capture.smooth import runs
from facewright.capture.subject import Subject
from facewright.capture.subject_io import load_subject, save_subject
from facewright.capture.track import Track, track
from facewright.checks import UInt8
from facewright.errors import InputError
from facewright.face.motion_io import SUFFIXES, encode_motion
from facewright.media.files import check_writable, pending_bytes
from facewright.media.video import MAX_SIDE, VideoInfo, read_frames, read_video_info

#: Takes a stage's name and the fraction done, 0..1; 0 where it is unknown.
StageListener = Callable[[str, float], None]

_TOLD_EVERY = 5  # frames
_MOST_GAPS = 8  # named in a warning


@dataclass(frozen=True, slots=True)
class VideoPart:
    """A part of a video, and how large it may be.

    Attributes:
        start: seconds into it.
        length: seconds; 0 is to its end.
        max_seconds: a longer part is refused.
        max_pixels: larger frames are refused.
    """

    start: float = 0.0
    length: float = 0.0
    max_seconds: float = math.inf
    max_pixels: int = MAX_SIDE * MAX_SIDE

    def frames(self, info: VideoInfo, name: str) -> int:
        """How many frames it has; 0 where the file does not say.

        Raises:
            InputError: it begins after the end, or is too long.
        """
        whole = info.seconds or info.frames / info.fps
        if whole and self.start >= whole:
            raise InputError(
                f"start_seconds: {self.start:g} s is not before the end of {name}, {whole:g} s"
            )
        left = max(whole - self.start, 0.0)
        length = min(self.length, left or self.length) if self.length else left
        if length > self.max_seconds:
            raise InputError(
                f"{name}: {length:g} s to be tracked, over {self.max_seconds:g} s; give a part"
            )
        return round(length * info.fps)

    def of(
        self, video: str | Path, fps: float, name: str, check: Callable[[], None]
    ) -> Iterator[UInt8]:
        """Its frames; ``check`` may raise between those before it."""
        first = round(self.start * fps)
        count = max(1, round(self.length * fps)) if self.length else None
        most = self.max_seconds * fps + 1  # what files say of themselves may be wrong
        for k, frame in enumerate(read_frames(video, max_pixels=self.max_pixels)):
            if k < first:
                if k % _TOLD_EVERY == 0:
                    check()
                continue
            if count is not None and k - first >= count:
                return
            if k - first > most:
                raise InputError(f"{name}: more than {self.max_seconds:g} s to be tracked")
            yield frame


def track_video(
    video: str | Path,
    session: CaptureSession,
    *,
    subject: Subject | None = None,
    face: int = 0,
    identity_frames: int = 7,
    part: VideoPart | None = None,
    name: str = "",
    tell: StageListener = lambda stage, fraction: None,
) -> Track:
    """:func:`facewright.capture.track` for a file; arguments as there.

    Args:
        part: of the file; all of it if None.
        name: what messages call the file; its path if empty.
        tell: called with how far a stage is; it may raise to call the work off.

    Raises:
        InputError: naming the file, where it is no video, is damaged, or cannot be tracked;
            NoFaceError where it shows no face.
    """
    part, name = part or VideoPart(), name or str(video)
    try:
        info = read_video_info(video)
    except InputError as error:
        raise InputError(str(error).replace(str(video), name, 1)) from error
    if not 1 <= info.fps <= 240:
        raise InputError(f"{name}: expected 1 to 240 frames a second, got {info.fps:g}")
    tracked, expected = 0, part.frames(info, name)

    def progress(stage: str, frames: int) -> None:
        nonlocal tracked
        if stage == "landmarks":
            tracked = frames
        if frames % _TOLD_EVERY == 0:
            whole = expected if stage == "landmarks" else tracked
            tell(stage, min(frames / whole, 1.0) if whole else 0.0)

    tell("landmarks", 0.0)
    try:
        frames = part.of(video, info.fps, name, lambda: tell("landmarks", 0.0))
        return track(
            frames, info.fps, session, subject=subject, face=face,
            identity_frames=identity_frames, progress=progress,
        )  # fmt: skip
    except InputError as error:  # it does not know the file's name
        text = str(error)
        for known in (f"{video}: ", f"{name}: ", "frames: "):
            text = text.removeprefix(known)
        raise type(error)(f"{name}: {text}") from error


def capture_motion(
    video: str | Path,
    out: str | Path,
    *,
    subject: str | Path | None = None,
    face: int = 0,
    identity_frames: int = 7,
    subject_out: str | Path | None = None,
    confidence_out: str | Path | None = None,
    tell: StageListener = lambda stage, fraction: None,
) -> Track:
    """Track a video and write its motion.

    Args:
        video: the file.
        out: .npz, .csv (ARKit) or .json for the motion.
        subject: of the same person, by ``facewright capture`` (.npz): keeps the identity.
        face: which face of the first frame that shows any, 0 = the largest.
        identity_frames: on how many frames the identity is fitted.
        subject_out: where to write the clip's own subject (.npz) as well.
        confidence_out: where to write frame, seconds, found and confidence (.csv) as well.
        tell: called with how far a stage is.

    Raises:
        InputError: an input that cannot be used; NoFaceError without a face.
        OutputError: a file that cannot be written. On every error none is left behind.
    """
    for path, suffixes in (
        (out, SUFFIXES), (subject_out, (".npz",)), (confidence_out, (".csv",)),
    ):  # fmt: skip
        if path is not None:
            check_writable(path, suffixes)
    checks.number("face", face, low=0, high=1000)
    known = None if subject is None else load_subject(subject)
    session = CaptureSession()
    try:
        tracked = track_video(
            video, session, subject=known, face=face, identity_frames=identity_frames, tell=tell
        )
    finally:
        session.close()
    with ExitStack() as outputs:
        if confidence_out is not None:
            outputs.enter_context(pending_bytes(confidence_out, confidence_table(tracked)))
        motion = encode_motion(tracked.motion, Path(out).suffix)
        outputs.enter_context(pending_bytes(out, motion))
        if subject_out is not None:
            save_subject(tracked.subject, subject_out)
    return tracked


def confidence_table(tracked: Track) -> bytes:
    """A .csv with one row a frame: frame, seconds, found (0 or 1), confidence."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["frame", "seconds", "found", "confidence"])
    for k, (found, sure) in enumerate(zip(tracked.found, tracked.confidence, strict=True)):
        writer.writerow([k, f"{k / tracked.motion.fps:.4f}", int(found), f"{sure:.4f}"])
    return buffer.getvalue().encode("ascii")


def absences(tracked: Track) -> str:
    """The frames that showed no face, as "3, 10-24"; empty where all did."""
    gaps = [f"{a}-{b - 1}" if b - a > 1 else f"{a}" for a, b in runs(np.logical_not(tracked.found))]
    more = len(gaps) - _MOST_GAPS
    return ", ".join(gaps[:_MOST_GAPS]) + (f" and {more} more gaps" if more > 0 else "")
