"""The channels of a performance, each a function of time, and how they become one face.

They are made in this order, since each may read those before it: head, gaze (the eyes make
up for the head), blinks (drawn to the gaze's shifts), brows, lips. They are put together in
this one, the strongest last:

1. the resting face (``rest``): the photograph's with the mouth closed; of a smile less
   while the face speaks or feels something, and less still while lips round,
2. the lips that the speech asks for, the emotion, which gives way where lips close or round
   (``emotion.combine``), and the brows, on top, within 0..1,
3. the lids: they follow the eyes, and a blink closes them from wherever they are,
4. channels with a source of their own (``controls.sources``): their columns as given,
5. smoothing, which leaves closed lips and shut lids alone.

No step knows a frame rate: frames of any rate sample the same performance.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from facewright.checks import Float32
from facewright.drive import blinks, emoa2e, lids, lips, smoothing
from facewright.drive.controls import CHANNELS, PHOTO, SPEECH, DriveControls
from facewright.drive.curves import ControlCurve
from facewright.drive.emotion import combine
from facewright.drive.emotion.cues import EmotionTrack
from facewright.drive.emotion.cues import track as emotion_track
from facewright.drive.gaze import Eyes, looking
from facewright.drive.given import given
from facewright.drive.heard import GRID, Heard
from facewright.drive.pose.base import HeadDriver
from facewright.drive.upper.base import UpperFace
from facewright.face.coefficients import POSE
from facewright.face.model import MorphableModel
from facewright.face.motion import Motion
from facewright.face.names import EXPRESSION_64

#: Seconds (T,) -> one row for each.
Curve = Callable[[np.ndarray], Float32]
#: Seconds (T,) and head poses (T, 6) -> (T, 4).
Looking = Callable[[np.ndarray, Float32], Float32]
#: Seconds (S,) and degrees (S,) of the eyes' saccades.
Shifts = tuple[np.ndarray, np.ndarray]

_AT = {name: k for k, name in enumerate(EXPRESSION_64)}
#: Columns of the expression that each channel owns; together they are all of them.
BROWS = [k for name, k in _AT.items() if name.startswith("brow")]
LIDS = [k for name, k in _AT.items() if name.startswith("eye")]
LIPS = [k for k in range(len(EXPRESSION_64)) if k not in {*BROWS, *LIDS}]
_UPPER = [*BROWS, *LIDS]
COLUMNS = {"lips": LIPS, "brows": BROWS, "lids": LIDS}

_MOOD = [
    _AT[name] for name in ("mouthSmileLeft", "mouthSmileRight", "mouthFrownLeft", "mouthFrownRight")
]
_PUCKER, _FUNNEL = _AT["mouthPucker"], _AT["mouthFunnel"]
_BEYOND = 1.0  # seconds after the speech that are planned: the last frame may lie there
MOOD_LOST = 0.55  # share of a resting smile that speaking takes
_MOOD_FELT = 1.0  # an emotion at full strength leaves none: nobody is angry with a smile
MOOD_ROUNDED = 0.6  # and what rounded lips take of the rest


@dataclass(frozen=True, slots=True)
class Scene:
    """What every channel reads.

    Attributes:
        heard: the speech.
        controls: what the user set.
        model: whose blendshapes are :data:`EXPRESSION_64`.
        resting: (64,) the face while nothing is said.
        eyes: where they are, and the photograph's gaze.
        identity: (80,) α, or None for the mean face.
    """

    heard: Heard
    controls: DriveControls
    model: MorphableModel
    resting: Float32
    eyes: Eyes
    identity: Float32 | None


@dataclass(frozen=True, slots=True)
class Channels:
    """A performance in parts.

    Attributes:
        activity: (T,) how much is being said, 0..1.
        lips: (T, 64) what is said.
        shut: (T,) how far blinks shut the lids, 0..1.
        head: (T, 6) as ``Motion.pose``.
        gaze: (T, 4) as ``Motion.gaze``, of a head with the poses (T, 6).
        brows: (T, 64) what brows do, and lids with them.
        emotion: over time.
        felt: (T, 64) what it does to the face.
        given: (T, n) for channels of the expression with a source of their own.
    """

    activity: Curve
    lips: Curve
    shut: Curve
    head: Curve
    gaze: Looking
    brows: Curve
    emotion: EmotionTrack
    felt: Curve
    given: dict[str, Curve]


def emotions(scene: Scene) -> EmotionTrack:
    """The emotion cues on the performance's time line."""
    if not scene.controls.emotion:
        return EmotionTrack()  # the model that reads prompts is not needed
    controls = scene.controls
    eta = next((curve for curve in controls.curves if curve.control == "intensity"), None)
    return emotion_track(controls.emotion, scene.heard.seconds, fade=controls.cross_fade, eta=eta)


def felt(scene: Scene, emotion: EmotionTrack, learned: Callable[[], emoa2e.EmoA2E]) -> Curve:
    """(T, 64) what the emotion does to the face: by rule, or as a network ``learned`` it."""
    if scene.controls.emotion_model != "emoa2e" or not scene.controls.emotion:
        return emotion.offsets
    network, mfccs = learned(), scene.heard.mfccs
    rate = network.config.rate
    at = np.arange(int((len(mfccs) - 1) / GRID * rate + 1e-6) + 1) / rate
    code, intensity = emotion.code(at), emotion.intensity(at)
    offsets = network.emotion_offsets(mfccs, code, intensity, scene.identity)
    return lambda times: lips.sampled(offsets, times * rate)


def spoken(scene: Scene, network: emoa2e.EmoA2E) -> Curve:
    """(T, 64) lips as ``network`` reads them from the speech, said without emotion.

    What an emotion does is added later, so that it moves no lip in time.
    """
    controls, rate = scene.controls, network.config.rate
    if controls.sources.lips != SPEECH:
        return nothing(len(EXPRESSION_64))
    neutral = np.zeros(network.config.emotion, np.float32) if network.config.emotion else None
    predicted = network.predict(scene.heard.mfccs, scene.identity, neutral)
    speaking = scene.heard.presence.speaking
    late = controls.lip_offset / 1000
    # Lips that come later are seen at another value of a curve than they are heard at.
    opening = at(controls.amount("mouth_opening"), np.arange(len(predicted)) / rate + late)
    curves = lips.articulate(predicted, rate, speaking, opening)
    return lambda times: lips.sampled(curves, (times - late) * rate)


def head_pose(scene: Scene, mover: HeadDriver) -> Curve:
    """(T, 6) of the head, as ``mover`` has it or as it was given."""
    controls, heard, source = scene.controls, scene.heard, scene.controls.sources.head
    amount = controls.amount("head_motion")
    if isinstance(source, Motion):
        motion = given("head", source, scene.model, heard.seconds)
        return lambda times: motion.pose(times) * _column(at(amount, times))
    if source == PHOTO or amount == 0:
        return nothing(POSE)
    return lambda times: mover(
        times, amount=at(amount, times), seed=controls.seed, heard=heard,
        guidance=controls.guidance, metres_per_unit=scene.model.metres_per_unit,
    )  # fmt: skip


def brows(scene: Scene, mover: UpperFace) -> Curve:
    """(T, 64) what ``mover`` makes brows and lids do beyond the resting face."""
    controls = scene.controls
    amount = controls.amount("brow_motion")
    if controls.sources.brows != SPEECH or amount == 0:
        return nothing(len(EXPRESSION_64))
    return lambda times: mover(
        times, heard=scene.heard, seed=controls.seed, amount=at(amount, times),
        resting=scene.resting,
    )  # fmt: skip


def eyes(scene: Scene, activity: Curve | None) -> tuple[Looking, Shifts | None]:
    """(T, 4) where the eyes look, and when they jump there, if they do.

    ``activity`` says how much is being said; None: something throughout.
    """
    controls, heard, source = scene.controls, scene.heard, scene.controls.sources.gaze
    if isinstance(source, Motion):
        motion = given("gaze", source, scene.model, heard.seconds)
        return lambda times, pose: motion.gaze(times), None
    mode, later = controls.gaze, [(m.seconds, m.mode) for m in controls.gaze_modes]
    if source == PHOTO:
        mode, later = "still", []
    looks = looking(
        mode, scene.eyes, heard.seconds + _BEYOND, keys=controls.gaze_keys, seed=controls.seed,
        pauses=heard.pauses, activity=activity, aversion=controls.aversion,
        switches=later,
    )  # fmt: skip
    return looks, looks.shifts


def blinking(scene: Scene, shifts: Shifts | None, mover: UpperFace) -> Curve:
    """(T,) how far blinks shut the lids, but for those that ``mover`` makes."""
    controls, heard = scene.controls, scene.heard
    own = controls.sources.lids == SPEECH and not mover.blinks
    rate = controls.amount("blink_rate") if own else 0.0
    return blinks.plan(heard.seconds + _BEYOND, rate, controls.seed, heard.pauses, shifts).shut


def apart(scene: Scene) -> dict[str, Curve]:
    """Weights of the expression's channels that do not come from the speech."""
    curves: dict[str, Curve] = {}
    for channel, columns in COLUMNS.items():
        source = getattr(scene.controls.sources, channel)
        if isinstance(source, Motion):
            names = [EXPRESSION_64[k] for k in columns]
            motion = given(channel, source, scene.model, scene.heard.seconds, names)
            curves[channel] = motion.expression
        elif source == PHOTO:
            curves[channel] = _still(scene.resting[columns])
    return curves


def face(times: np.ndarray, scene: Scene, parts: Channels, gaze: Float32) -> Float32:
    """(T, 64) weights at ``times``, with (T, 4) ``gaze``: steps 1 to 4 of the module."""
    said = parts.lips(times)
    out = np.tile(scene.resting, (len(times), 1))
    rounded = np.clip(said[:, _PUCKER] + said[:, _FUNNEL], 0, 1)
    activity, feeling = parts.activity(times), parts.emotion.code(times).max(1)
    kept = (1 - MOOD_LOST * activity) * (1 - MOOD_ROUNDED * rounded) * (1 - _MOOD_FELT * feeling)
    out[:, _MOOD] *= kept[:, None]
    if feeling.any():
        opening = at(scene.controls.amount("mouth_opening"), times)
        said = combine(said, parts.felt(times), None, activity, opening)
    out += said
    raised = parts.brows(times)
    out[:, _UPPER] = np.clip(out[:, _UPPER] + raised[:, _UPPER], 0, 1)
    moved = (said != 0).any(0)
    moved[lips.SPOKEN] = True
    out[:, moved] = np.clip(out[:, moved], 0, 1)
    if scene.controls.sources.lids == SPEECH:
        follow = lids.lids_for(gaze, scene.eyes.rest.astype(np.float32), scene.resting)
        out = lids.combined(out, follow, parts.shut(times))
    for channel, curve in parts.given.items():
        out[:, COLUMNS[channel]] = curve(times)
    return out


def perform(times: np.ndarray, scene: Scene, parts: Channels) -> tuple[Float32, Float32, Float32]:
    """(T, 64) weights, (T, 6) poses and (T, 4) gaze at ``times``: all steps of the module."""
    deviation = scene.controls.smoothing / 1000
    sampled = times if deviation == 0 else smoothing.grid(scene.heard.seconds)
    pose = parts.head(sampled)
    gaze = parts.gaze(sampled, pose)
    weights = face(sampled, scene, parts, gaze)
    if deviation == 0:
        return weights, pose, gaze
    smooth = (
        smoothing.expression(weights, deviation, LIPS, LIDS),
        smoothing.gaussian(pose, deviation),
        smoothing.gaussian(gaze, deviation),
    )
    weights, pose, gaze = (smoothing.at(curves, times) for curves in smooth)
    return weights, pose, gaze


def told(scene: Scene, photographed: bool, head: HeadDriver, upper: UpperFace) -> dict[str, str]:
    """What each channel came from, as ``Motion.sources`` says it."""
    controls = scene.controls
    rest = "photo" if photographed else "neutral"
    modes = [controls.gaze, *(switch.mode for switch in controls.gaze_modes)]
    modes = [rest if mode == "still" else mode for mode in modes]
    own = {
        "lips": "speech",
        "brows": rest if controls.amount("brow_motion") == 0 else upper.name,
        "lids": upper.name if upper.blinks else "prior",
        "head": rest if controls.amount("head_motion") == 0 else head.name,
        "gaze": ", then ".join(modes)[:200],
    }
    for channel in CHANNELS:
        source = getattr(controls.sources, channel)
        if isinstance(source, Motion):
            own[channel] = f"motion: {source.sources.get(channel, source.model)}"[:200]
        elif source == PHOTO:
            own[channel] = rest
    if controls.emotion:
        own["emotion"] = "; ".join(cue.prompt for cue in controls.emotion)[:200]
    return own


def at(amount: float | ControlCurve, times: np.ndarray) -> float | Float32:
    """A control at ``times``: the number, or (T,) of a curve."""
    return amount(times) if isinstance(amount, ControlCurve) else amount


def nothing(width: int) -> Curve:
    """(T, width) zeros."""
    return lambda times: np.zeros((len(times), width), np.float32)


def _column(amount: float | Float32) -> Float32:
    return np.asarray(amount, np.float32)[..., None]


def _still(row: Float32) -> Curve:
    return lambda times: np.tile(row, (len(times), 1))
