"""What asking for X does to X: frames are made, X is estimated from them again.

A control that works has a gain near 1 (a degree asked is a degree got) and a correlation
near 1; one that is ignored has both near 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from facewright import checks
from facewright.animate.base import CoefficientGeometry
from facewright.capture import CaptureSession, Subject
from facewright.checks import Float32, UInt8
from facewright.errors import InputError
from facewright.evaluate.geometry import captured, geometry_of


@dataclass(frozen=True, slots=True)
class ControlEffect:
    """How one number follows what was asked.

    Attributes:
        name: of the channel, e.g. "jawOpen", "yaw", "gazeX".
        gain: slope of what came over what was asked.
        correlation: Pearson's, 0 where what came does not vary.
        error: mean absolute difference, in the channel's unit.
    """

    name: str
    gain: float
    correlation: float
    error: float


def reestimated(session: CaptureSession, subject: Subject, frames: UInt8) -> CoefficientGeometry:
    """Capture (B, S, S, 3) made frames again, as geometry of the same subject.

    Frames must be of the subject's crop at the crop's own size.
    """
    size = subject.camera.size[0]
    if frames.ndim != 4 or frames.shape[1:] != (size, size, 3):
        raise InputError(f"frames: expected (B, {size}, {size}, 3), got {frames.shape}")
    fits = [captured(session, subject, frame)[1] for frame in frames]
    return geometry_of(subject, fits, range(len(fits)))


def effects(
    subject: Subject, asked: CoefficientGeometry, got: CoefficientGeometry
) -> list[ControlEffect]:
    """The effect of every channel that was varied, in its own unit (weights, degrees)."""
    wanted, found = _channels(subject, asked), _channels(subject, got)
    return [
        effect(name, values, found[name])
        for name, values in wanted.items()
        if float(np.ptp(values)) > 1e-6
    ]


def effect(name: str, asked: Float32, got: Float32) -> ControlEffect:
    """How the (B,) values that came follow the (B,) that were asked."""
    asked = checks.floats("asked", asked, ("B",)).astype(np.float64)
    got = checks.floats("got", got, (len(asked),)).astype(np.float64)
    if len(asked) < 2 or np.ptp(asked) == 0:
        raise InputError(f"asked: expected {name} to vary, got {len(asked)} equal values")
    a, b = asked - asked.mean(), got - got.mean()
    spread = float(np.sqrt((a @ a) * (b @ b)))
    return ControlEffect(
        name=name,
        gain=float(a @ b / (a @ a)),
        correlation=float(a @ b) / spread if spread > 0 else 0.0,
        error=float(np.abs(got - asked).mean()),
    )


def _channels(subject: Subject, geometry: CoefficientGeometry) -> dict[str, Float32]:
    names = subject.model.expression_names
    channels = {name: geometry.expression[:, k] for k, name in enumerate(names)}
    turns = np.rad2deg(geometry.pose[:, :3])
    channels |= {name: turns[:, k] for k, name in enumerate(("pitch", "yaw", "roll"))}
    looks = np.rad2deg(np.arcsin(np.clip(geometry.gaze, -1, 1)))
    eyes = ("gazeXLeft", "gazeYLeft", "gazeXRight", "gazeYRight")
    return channels | {name: looks[:, k] for k, name in enumerate(eyes)}
