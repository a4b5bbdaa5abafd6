"""Live driving: audio chunks in, frames out, :data:`LOOK_AHEAD` seconds behind the sound.

The same weights, channels and composition as the driver ``emoa2e``; what differs is that
nobody knows what will be said:

- The network reads a window that ends now instead of windows that overlap by half; what
  successive windows say of a moment is averaged, those in which it lies further inside
  counting more, as offline.
- The speech's level is what it was so far (the last 20 s).
- Brows and head answer accents :data:`REACTION` seconds late, because offline they move
  before them. Blinks and gaze do not seek out pauses.

Frames depend on the sound and their time alone: chunks of any sizes give the same ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from facewright import checks
from facewright.capture.subject import Subject
from facewright.checks import Float32
from facewright.drive import channels, features, lips
from facewright.drive.base import DriveControls
from facewright.drive.controls import SPEECH
from facewright.drive.emotion.text import steps
from facewright.drive.heard import Heard
from facewright.drive.listening import Listening
from facewright.drive.live_lips import LiveLips
from facewright.drive.speaker import Speaker, scene_of
from facewright.errors import InputError
from facewright.face.motion import Motion
from facewright.face.names import EXPRESSION_64

#: Seconds of sound after a frame's time that the frame needs.
LOOK_AHEAD = 0.2
#: Seconds by which brows and head are late.
REACTION = 0.7

_PLANNED = 300.0  # seconds for which gaze and blinks are planned at a time
_FOREVER = 86_400.0  # seconds that emotion cues without an end last
_RATES = (8000, 192_000)


@dataclass(frozen=True, slots=True)
class LiveFrames:
    """Consecutive frames; arrays as in :class:`facewright.face.motion.Motion`.

    Attributes:
        first: index of the first one; frame k is at k / fps seconds of the sound.
        expression, pose, gaze: (n, 64), (n, 6), (n, 4).
    """

    first: int
    expression: Float32
    pose: Float32
    gaze: Float32

    def __len__(self) -> int:
        return len(self.expression)


class Live:
    """One live performance.

    Args:
        driver: ``emoa2e``; several performances may share it.
        subject: as for a driver.
        controls: as for a driver; without smoothing, lips ahead of their sound and models
            that need to know the whole speech. Emotion cues without an end last, and have no
            "then": nobody knows when it would be.
        rate: of the samples to come, 8000..192000.

    Attributes:
        model: whose blendshapes the frames' are.
        sources: as of a Motion.

    Raises:
        InputError: controls that need the future, or an argument out of range.
    """

    def __init__(
        self,
        driver: Speaker,
        subject: Subject | None,
        controls: DriveControls,
        rate: int = features.RATE,
    ) -> None:
        checks.number("rate", rate, low=_RATES[0], high=_RATES[1])
        _check(controls)
        self._controls, self._driver, self._rate = controls, driver, rate
        self._sound = Listening()
        self._resample = _resampler(rate)
        self._scene = scene_of(_Known.of(self._sound), subject, controls, driver.name)
        # Read once, here: what reads prompts takes a second to start.
        self._emotion = channels.emotions(self._lasting(_FOREVER))
        self._lips = LiveLips(driver.network, self._sound, controls, self._scene.identity)
        self.model = self._scene.model.name
        self._head, self._upper = driver.head("prior"), driver.upper("prior")
        self.sources = channels.told(self._scene, subject is not None, self._head, self._upper)
        self._received, self._frame, self._planned, self._ended = 0, 0, 0.0, False

    def feed(self, samples: Float32) -> LiveFrames:
        """Take (N,) mono samples, N of any size; give the frames that they suffice for.

        Raises:
            InputError: samples that are not finite numbers, or after :meth:`finish`.
        """
        samples = checks.floats("samples", samples, ("N",), low=-16.0, high=16.0)
        if self._ended:
            raise InputError("samples: this performance was finished; begin another")
        self._received += len(samples)
        self._sound.add(self._resample(samples, False))
        # Frame k needs the sound up to k / fps + LOOK_AHEAD.
        known = self._sound.samples / features.RATE - LOOK_AHEAD
        return self._perform(int(np.floor(known * self._controls.fps + 1e-6)) + 1)

    def finish(self) -> LiveFrames:
        """The last frames, up to the end of the sound, after which there is silence."""
        if not self._ended:
            self._sound.add(self._resample(np.zeros(0, np.float32), True))
            self._sound.add(np.zeros(round(2 * LOOK_AHEAD * features.RATE), np.float32))
        self._ended = True
        frames = np.floor(self._received / self._rate * self._controls.fps + 0.5)
        return self._perform(max(1, int(frames)))

    def _perform(self, until: int) -> LiveFrames:
        first, self._frame = self._frame, max(until, self._frame)
        made = [self._at(k / self._controls.fps) for k in range(first, self._frame)]
        if not made:
            return LiveFrames(first, *(np.zeros((0, n), np.float32) for n in (64, 6, 4)))
        parts = (np.concatenate(part).astype(np.float32) for part in zip(*made, strict=True))
        return LiveFrames(first, *parts)

    def _at(self, time: float) -> tuple[Float32, Float32, Float32]:
        """(1, 64), (1, 6) and (1, 4) of the frame at ``time``."""
        if time >= self._planned - _PLANNED:
            self._plan(time)
        self._sound.advance(time + LOOK_AHEAD)
        times, parts = np.array([time]), self._parts
        self._lips.read(time + LOOK_AHEAD)
        head = parts.head(times)
        gaze = parts.gaze(times, head)
        return channels.face(times, self._scene, parts, gaze), head, gaze

    def _plan(self, time: float) -> None:
        """Plan blinks and gaze well beyond ``time``; a longer plan begins as a shorter one."""
        self._planned = (np.floor(time / _PLANNED) + 2) * _PLANNED
        scene, ahead = self._scene, self._lasting(self._planned)
        given = isinstance(self._controls.sources.gaze, Motion)
        eyes, shifts = channels.eyes(scene if given else ahead, None)
        spoken = self._controls.sources.lips == SPEECH
        self._parts = channels.Channels(
            activity=self._sound.activity,
            lips=self._lips if spoken else channels.nothing(len(EXPRESSION_64)),
            shut=channels.blinking(ahead, shifts, self._upper),
            head=lambda times: channels.head_pose(self._reacting(), self._head)(times),
            gaze=eyes,
            brows=lambda times: channels.brows(self._reacting(), self._upper)(times),
            emotion=self._emotion,
            felt=self._emotion.offsets,
            given=channels.apart(scene),
        )

    def _lasting(self, seconds: float) -> channels.Scene:
        return replace(self._scene, heard=replace(self._scene.heard, seconds=seconds))

    def _reacting(self) -> channels.Scene:
        """The scene with the accents that were noticed, late enough to be answered."""
        noticed = np.array(self._sound.accents).reshape(-1, 2)
        accents = (noticed[:, 0] + REACTION, noticed[:, 1])
        return replace(self._scene, heard=replace(self._scene.heard, accents=accents))


@dataclass(frozen=True, slots=True)
class _Known(Heard):
    """What is known of a sound that still comes in; of the rest, nothing."""

    sound: Listening

    @classmethod
    def of(cls, sound: Listening) -> _Known:
        none = np.zeros(0, np.float32)
        return cls(
            samples=none,
            seconds=0.0,
            mfccs=np.zeros((0, features.COEFFICIENTS), np.float32),
            level=none,
            presence=lips.Presence(none, none),
            pauses=np.zeros(0),
            accents=(np.zeros(0), np.zeros(0)),
            sound=sound,
        )

    def activity(self, times: np.ndarray) -> Float32:
        """(T,) see :class:`Heard`."""
        return self.sound.activity(times)


def _check(controls: DriveControls) -> None:
    """Refuse what needs to know the future."""
    if controls.smoothing:
        raise InputError(f"smoothing: live driving has none, got {controls.smoothing:g}")
    for name in ("curves", "gaze_modes"):
        if getattr(controls, name):
            raise InputError(f"{name}: live driving has none; its controls hold throughout")
    if controls.lip_offset < 0:
        raise InputError(f"lip_offset: live lips cannot be early, got {controls.lip_offset:g}")
    for name, own in (("head_model", "prior"), ("brow_model", "prior"), ("emotion_model", "rules")):
        if getattr(controls, name) not in ("", own):
            raise InputError(
                f"{name}: {getattr(controls, name)!r} needs the whole speech; live driving "
                f"has {own!r}"
            )
    for cue in controls.emotion:
        if cue.end is None and len(steps(cue.prompt)) > 1:
            raise InputError(
                f"emotion {cue.prompt!r}: live needs an end, so that its steps share the time, "
                f"as in '{cue.start:g}-{cue.start + 4:g}:{cue.prompt}'"
            )


def _resampler(rate: int) -> Callable[[Float32, bool], Float32]:
    """Takes samples at ``rate`` and whether they are the last; gives samples at 16 kHz."""
    if rate == features.RATE:
        return lambda samples, last: samples
    import soxr

    return soxr.ResampleStream(rate, features.RATE, 1, dtype="float32").resample_chunk
