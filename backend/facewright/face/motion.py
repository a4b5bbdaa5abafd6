"""Motion: a performance as numbers per frame, ready for a timeline."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

import numpy as np

from facewright import checks
from facewright.checks import Float32
from facewright.errors import InputError


@dataclass(frozen=True, slots=True)
class Motion:
    """A performance at a constant frame rate; frame k is at k / fps seconds.

    Attributes:
        fps: frames per second, any positive number (23.976, 25, 60, ...).
        model: name of the morphable model that ``expression`` belongs to.
        names: E blendshape names, the columns of ``expression``.
        expression: (T, E) beta, absolute blendshape weights, nominally 0..1.
        pose: (T, 6) head pose relative to the subject's neutral pose, in the head's
            own frame: rotation vector (radians), translation (model units). Zeros
            leave the head where the photograph shows it.
        gaze: (T, 4) omega, absolute, in the head's frame: x and y of each eye's unit
            direction (subject's left, then right).
        sources: where each channel came from, e.g. {"expression": "speech"}.
    """

    fps: float
    model: str
    names: tuple[str, ...]
    expression: Float32
    pose: Float32
    gaze: Float32
    sources: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        checks.number("fps", self.fps, low=1.0, high=240.0)
        expression = checks.floats("expression", self.expression, ("T", len(self.names)))
        frames = expression.shape[0]
        object.__setattr__(self, "expression", expression)
        object.__setattr__(self, "pose", checks.floats("pose", self.pose, (frames, 6)))
        object.__setattr__(
            self, "gaze", checks.floats("gaze", self.gaze, (frames, 4), low=-1.0, high=1.0)
        )

    def __len__(self) -> int:
        return self.expression.shape[0]

    @property
    def times(self) -> np.ndarray:
        """(T,) float64 seconds."""
        return np.arange(len(self)) / self.fps

    def column(self, name: str) -> Float32:
        """(T,) weights of the blendshape ``name``."""
        if name not in self.names:
            raise InputError(f"name: {name!r} is not a blendshape of this motion ({self.model})")
        return self.expression[:, self.names.index(name)]

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write as .npz, .csv (ARKit) or .json: see ``motion_io.save_motion``."""
        from facewright.face.motion_io import save_motion

        save_motion(self, path)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Motion:
        """Read an .npz that :meth:`save` wrote; raises InputError."""
        from facewright.face.motion_io import load_motion

        return load_motion(path)
