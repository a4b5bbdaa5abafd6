"""What a user sets: of one performance, in whatever client.

Light on purpose: ``facewright --help`` shows these defaults, so nothing heavy is imported.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from facewright import checks
from facewright.drive.curves import ControlCurve, GazeMode, check_curves, check_modes
from facewright.errors import InputError

if TYPE_CHECKING:
    from facewright.drive.emotion.cues import EmotionCue
    from facewright.drive.gaze.keys import Key
    from facewright.face.motion import Motion

#: The channels of a performance that have a source of their own (GoHD, figure 9).
CHANNELS = ("lips", "brows", "lids", "head", "gaze")

#: What a channel can come from beside a motion: the speech (with what is drawn for it from
#: published statistics), or the photograph (at rest: nothing moves).
SPEECH, PHOTO = "speech", "photo"

#: Where the eyes look: at whom the photograph looks at, with looks away, as people do who
#: talk; at the camera; at what the photograph looks at; nowhere (they do not move in the
#: head); by keys.
GAZE_MODES = ("natural", "camera", "photo", "still", "keys")

#: What an emotion does to a face: action units by rule, or what EmoA2E learned of them.
EMOTION_MODELS = ("rules", "emoa2e")

MAX_OFFSET_MS = 500.0
MAX_SMOOTHING_MS = 500.0


@dataclass(frozen=True, slots=True)
class Sources:
    """Where each channel comes from: :data:`SPEECH`, :data:`PHOTO`, or a motion.

    A motion, of a tracked video say, is sampled by time, so its frame rate is its own; its
    blendshapes are those of the default model, or carry their names. It is performed as it
    was given: emotion, mouth opening and blink rate leave a given channel alone.

    Attributes:
        lips: jaw, mouth, cheeks, nose and tongue.
        brows: brows and forehead.
        lids: blinks, wide and narrow eyes.
        head: position and rotation.
        gaze: where the eyes look.
    """

    lips: str | Motion = SPEECH
    brows: str | Motion = SPEECH
    lids: str | Motion = SPEECH
    head: str | Motion = SPEECH
    gaze: str | Motion = SPEECH

    def __post_init__(self) -> None:
        for channel in CHANNELS:
            source = getattr(self, channel)
            if isinstance(source, str) and source not in (SPEECH, PHOTO):
                raise InputError(
                    f"sources.{channel}: expected {SPEECH!r}, {PHOTO!r} or a motion, "
                    f"got {source[:64]!r}"
                )


@dataclass(frozen=True, slots=True)
class DriveControls:
    """One performance, as it is wanted; all of it checked, none of it changed.

    Attributes:
        fps: frames per second, 1..240; frame k is at k / fps seconds of the speech.
        seed: of all that is drawn at random, 0..2^63 - 1. The same seed is the same
            performance, seen at whatever fps.
        mouth_opening: factor on the motion of the lips that speech asks for, 0 (the mouth
            rests) .. 2.
        head_model: what moves the head, one of ``drive.pose.names()``; "" for the default.
        head_motion: factor on the motion of the head, 0 (still) .. 3.
        guidance: GoHD's γ, 0..1, for a head model that has it: how much the pose in the
            photograph decides.
        brow_model: what moves the brows, one of ``drive.upper.names()``; "" for the default.
        brow_motion: factor on the motion of the brows, 0 (still) .. 3.
        gaze: one of :data:`GAZE_MODES`.
        gaze_keys: what "keys" follows: :class:`facewright.drive.gaze.Key`, one at a time;
            a direction, a point to look at, the camera or the photograph's.
        aversion: factor on how often "natural" looks away, 0..3.
        blink_rate: blinks a minute, 0..60.
        lip_offset: milliseconds that the lips come later than the sound, -500..500.
        smoothing: standard deviation in milliseconds, 0..500, of a zero-phase Gaussian over
            the whole performance; closed lips and shut lids stay shut.
        sources: where each channel comes from.
        emotion: what the face feels when, each cue with its intensity η; none: neutral.
        cross_fade: seconds in which one emotion becomes another, 0..10.
        emotion_model: what an emotion does to the face, one of :data:`EMOTION_MODELS`; ""
            for "rules".
        curves: controls that change in time, each at most once; a curve takes the place of
            the number of the same name, "intensity" that of cues which do not say theirs.
        gaze_modes: modes that follow each other, in order; ``gaze`` is before the first.
    """

    fps: float = 25.0
    seed: int = 0
    mouth_opening: float = 1.0
    head_motion: float = 1.0
    blink_rate: float = 20.0
    lip_offset: float = 0.0
    gaze: str = "natural"
    gaze_keys: tuple[Key, ...] = ()
    aversion: float = 1.0
    head_model: str = ""
    guidance: float = 0.4
    brow_model: str = ""
    brow_motion: float = 1.0
    smoothing: float = 0.0
    sources: Sources = field(default_factory=Sources)
    emotion: tuple[EmotionCue, ...] = ()
    cross_fade: float = 0.5
    emotion_model: str = ""
    curves: tuple[ControlCurve, ...] = ()
    gaze_modes: tuple[GazeMode, ...] = ()

    def __post_init__(self) -> None:
        checks.number("fps", self.fps, low=1.0, high=240.0)
        checks.number("mouth_opening", self.mouth_opening, low=0.0, high=2.0)
        checks.number("head_motion", self.head_motion, low=0.0, high=3.0)
        checks.number("blink_rate", self.blink_rate, low=0.0, high=60.0)
        checks.number("lip_offset", self.lip_offset, low=-MAX_OFFSET_MS, high=MAX_OFFSET_MS)
        checks.number("smoothing", self.smoothing, low=0.0, high=MAX_SMOOTHING_MS)
        checks.number("guidance", self.guidance, low=0.0, high=1.0)
        checks.number("brow_motion", self.brow_motion, low=0.0, high=3.0)
        checks.number("aversion", self.aversion, low=0.0, high=3.0)
        if self.gaze not in GAZE_MODES:
            raise InputError(f"gaze: {str(self.gaze)[:64]!r} is not one of {', '.join(GAZE_MODES)}")
        check_curves(self.curves)
        check_modes(self.gaze_modes, GAZE_MODES)
        keyed = "keys" in (self.gaze, *(switch.mode for switch in self.gaze_modes))
        if keyed != bool(self.gaze_keys):
            raise InputError(
                f"gaze_keys: they belong to gaze 'keys', which needs one or more; got "
                f"{len(self.gaze_keys)} with gaze {self.gaze!r}"
            )
        checks.number("cross_fade", self.cross_fade, low=0.0, high=10.0)
        if self.emotion_model not in ("", *EMOTION_MODELS):
            raise InputError(
                f"emotion_model: {str(self.emotion_model)[:64]!r} is not one of "
                f"{', '.join(EMOTION_MODELS)}"
            )
        if not isinstance(self.emotion, tuple):
            raise InputError(
                f"emotion: expected a tuple of cues, got {type(self.emotion).__name__}"
            )
        if not 0 <= self.seed < 2**63:
            raise InputError(f"seed: expected 0 to 2^63 - 1, got {self.seed}")

    def amount(self, name: str) -> float | ControlCurve:
        """The control called ``name``: a number, or a curve where it changes in time."""
        for curve in self.curves:
            if curve.control == name:
                return curve
        return getattr(self, name)

    def settled(self) -> DriveControls:
        """These controls with what never changes as the number or the mode that it is."""
        still: dict[str, Any] = {c.control: float(c.values[0]) for c in self.curves if c.constant}
        if not 1.0 <= still.get("intensity", 1.0) <= 3.0:  # no cue can be told it
            del still["intensity"]
        kept = tuple(c for c in self.curves if c.control not in still)
        eta, emotion = still.pop("intensity", None), self.emotion
        if eta is not None:
            emotion = tuple(replace(c, intensity=eta) if c.keyed else c for c in emotion)
        gaze, modes = self.gaze, self.gaze_modes
        while modes and (modes[0].seconds == 0 or modes[0].mode == gaze):
            gaze, modes = modes[0].mode, modes[1:]
        keys = self.gaze_keys if "keys" in (gaze, *(m.mode for m in modes)) else ()
        return replace(
            self, emotion=emotion, curves=kept, gaze=gaze, gaze_modes=modes, gaze_keys=keys, **still
        )
