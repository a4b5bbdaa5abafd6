"""One pass over a clip's frames, one report."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from facewright.capture import CaptureSession
from facewright.capture.landmarks import EYE_CORNERS
from facewright.checks import Float32, UInt8
from facewright.errors import InputError, NoFaceError
from facewright.evaluate.review import likeness, steady, sync
from facewright.face.coefficients import Coefficients
from facewright.media.files import Source, source_name
from facewright.media.picture import MAX_PIXELS, read_picture
from facewright.media.speech import MAX_SECONDS, Speech, read_speech
from facewright.media.video import read_frames, read_video_info

#: Takes the share of the work that is done, 0..1; what it raises ends the work.
Check = Callable[[float], None]

_LIPS = (13, 14)  # inner, upper and lower
_LOOKED_AT = 5  # frames that are captured for the likeness
_SEARCHED = 50  # frames of footage in which its face is looked for
_APART = 0.2  # seconds by which sound and pictures may differ in length


@dataclass(frozen=True, slots=True)
class Review:
    """What was measured of a clip; None for what could not be.

    Attributes:
        frames: in the movie.
        unseen: of them without a face.
        frozen: of them equal to the one before while there is sound.
        seconds: length of the pictures.
        sound_seconds: of the sound.
        sync, sync_offset: see :class:`.sync.Sync`; the offset in milliseconds.
        identity: 0..1, see :mod:`.likeness`.
        flicker: 8-bit levels: mean change around the face that motion does not explain.
        warnings: for people.
    """

    frames: int
    unseen: int
    frozen: int
    seconds: float
    sound_seconds: float | None
    sync: float | None
    sync_offset: float | None
    identity: float | None
    flicker: float | None
    warnings: tuple[str, ...]


def review_clip(
    movie: Source,
    session: CaptureSession,
    *,
    speech: Source | None = None,
    portrait: Source | None = None,
    name: str = "movie",
    max_seconds: float = MAX_SECONDS,
    max_pixels: int = MAX_PIXELS,
    check: Check = lambda share: None,
) -> Review:
    """Measure a finished clip.

    Args:
        movie: the file.
        session: finds and captures faces.
        speech: its sound; default: the movie's own.
        portrait: a picture, or footage, of who it should show.
        name: how messages call the movie.
        max_seconds: a longer one is refused.
        max_pixels: larger frames, and a larger portrait, are refused.
        check: called between frames.

    Raises:
        InputError: naming the file, where one cannot be read, or the portrait has no face.
    """
    info = read_video_info(movie)
    if not 1 <= info.fps <= 240:
        raise InputError(f"{name}: expected 1 to 240 frames a second, got {info.fps:g}")
    who = None if portrait is None else _face_of(portrait, session, max_pixels)
    sound = _sound(movie if speech is None else speech, max_seconds, given=speech is not None)
    expected = info.frames or round(info.seconds * info.fps)
    seen = _Pass(session, _chosen(expected) if who is not None else frozenset())
    for number, frame in enumerate(read_frames(movie, max_pixels=max_pixels)):
        if number > max_seconds * info.fps:
            raise InputError(f"{name}: longer than {max_seconds:g} s")
        check(min(1.0, number / max(expected, 1)))
        seen.add(number, frame)
    return _told(seen, info.fps, sound, who)


@dataclass(slots=True)
class _Pass:
    """What is kept of every frame."""

    session: CaptureSession
    wanted: frozenset[int]
    opening: list[float] = field(default_factory=list)
    flickers: list[float] = field(default_factory=list)
    still: list[bool] = field(default_factory=list)
    faces: list[Coefficients] = field(default_factory=list)
    _points: Float32 | None = None
    _before: UInt8 | None = None

    def add(self, number: int, frame: UInt8) -> None:
        """Look at the next frame."""
        before, self._before = self._before, frame
        try:
            self._points = self.session.finder.track(frame, self._points)
        except NoFaceError:
            self._points = None
        self.opening.append(_gap(self._points))
        same = False
        if before is not None and before.shape == frame.shape:
            rows, columns = slice(None), slice(None)
            if self._points is not None:
                rows, columns = steady.around(self._points, frame.shape[1], frame.shape[0])
            cut = before[rows, columns], frame[rows, columns]
            same = steady.frozen(*cut)
            change = steady.unexplained(*cut) if self._points is not None else None
            if change is not None and not same:
                self.flickers.append(change)
        self.still.append(same)
        if number in self.wanted and self._points is not None:
            captured = likeness.captured(self.session, frame)
            if captured is not None:
                self.faces.append(captured)


def _told(seen: _Pass, fps: float, sound: Speech | None, who: Coefficients | None) -> Review:
    count = len(seen.opening)
    seconds = count / fps
    opening = np.array(seen.opening, np.float32)
    unseen = int(np.isnan(opening).sum())
    still = np.array(seen.still, bool)
    warnings = []
    together = None
    if sound is None:
        warnings.append("the clip has no sound, so nothing is said about sync")
        frozen = int(still.sum())
    else:
        frozen = int((still & sync.loud(sound, fps, count)).sum())
        if abs(sound.seconds - seconds) > _APART:
            warnings.append(
                f"pictures last {seconds:.2f} s and sound {sound.seconds:.2f} s; one of them is cut"
            )
        together = sync.agreement(opening, fps, sound)
        if together is None:
            warnings.append("too little speech with a face to tell whether lips are in sync")
        elif together.offset is None:
            warnings.append("lips follow the sound too loosely, or too briefly, to tell an offset")
    if unseen:
        warnings.append(f"no face in {unseen} of {count} frames")
    identity = None
    if who is not None:
        identity = likeness.likeness(who, seen.faces)
        if identity is None:
            warnings.append("no frame's face could be compared with the portrait's")
    return Review(
        frames=count,
        unseen=unseen,
        frozen=frozen,
        seconds=seconds,
        sound_seconds=None if sound is None else sound.seconds,
        sync=None if together is None else together.correlation,
        sync_offset=None if together is None else together.offset,
        identity=identity,
        flicker=float(np.mean(seen.flickers)) if seen.flickers else None,
        warnings=tuple(warnings),
    )


def _gap(points: Float32 | None) -> float:
    """Gap of the inner lips over the distance of the outer eye corners; NaN without points."""
    if points is None:
        return float("nan")
    eyes = float(np.linalg.norm(points[EYE_CORNERS[0]] - points[EYE_CORNERS[1]]))
    return float(np.linalg.norm(points[_LIPS[0]] - points[_LIPS[1]])) / max(eyes, 1e-6)


def _chosen(frames: int) -> frozenset[int]:
    """Numbers of the frames to capture, spread over a clip of so many."""
    return frozenset(np.linspace(0, max(frames - 1, 0), _LOOKED_AT + 2)[1:-1].round().astype(int))


def _sound(source: Source, max_seconds: float, *, given: bool) -> Speech | None:
    try:
        return read_speech(source, max_seconds=max_seconds)
    except InputError:
        if given:
            raise
        return None  # a silent movie


def _face_of(portrait: Source, session: CaptureSession, max_pixels: int) -> Coefficients:
    """The face of a picture, or of the first frame of footage that shows one."""
    for picture in _pictures(portrait, max_pixels):
        found = likeness.captured(session, picture)
        if found is not None:
            return found
    raise NoFaceError(f"portrait: no face was found in {source_name(portrait, 'portrait')}")


def _pictures(source: Source, max_pixels: int) -> Iterator[UInt8]:
    try:
        return iter([read_picture(source, max_pixels=max_pixels, name="portrait")])
    except InputError:
        return itertools.islice(read_frames(source, max_pixels=max_pixels), _SEARCHED)
