"""A tracked clip, and the file that it is kept in."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facewright.checks import Float32
from facewright.errors import InputError
from facewright.face.archive import open_archive
from facewright.face.coefficients import GAZE, IDENTITY, POSE
from facewright.face.model import MorphableModel
from facewright.face.motion import Motion
from facewright.media.files import write_bytes
from facewright.media.speech import Speech

#: Counts changes of the tracker that make kept tracks stale.
VERSION = 1
#: MediaPipe's points.
POINTS = 478
_LARGEST = 1 << 30


@dataclass(frozen=True, slots=True)
class Performance:
    """What a face did in a clip, beside what it said.

    Attributes:
        name: of the clip: its file's name without the suffix.
        identity: who it is, in the manifest's words; without one, ``name``.
        fps: frames a second.
        motion: expression, pose (relative to ``neutral_pose``) and gaze of T frames.
        landmarks: (T, 478, 2) smoothed, in pixels; NaN where the face was not found.
        confidence: (T,) 0..1, of the track; 0 where it only bridges other frames.
        size: (width, height) of the picture in pixels.
        shape: (80,) alpha, the face's identity in the default model.
        neutral_pose: (6,) of the head in the frame nearest to a portrait, in the camera.
        speech: the clip's own sound; None where it is silent.
        in_sync: whether sound and picture are known to belong together, frame by frame.
    """

    name: str
    identity: str
    fps: float
    motion: Motion
    landmarks: Float32
    confidence: Float32
    size: tuple[int, int]
    shape: Float32
    neutral_pose: Float32
    speech: Speech | None
    in_sync: bool

    def __len__(self) -> int:
        return len(self.motion)

    @property
    def seconds(self) -> float:
        """Duration of the picture."""
        return len(self) / self.fps

    @property
    def known(self) -> NDArray[np.bool_]:
        """(T,) whether the frame has landmarks."""
        return np.isfinite(self.landmarks[:, 0, 0])


@dataclass(frozen=True, slots=True)
class Tracked:
    """The part of a performance that tracking finds; fields as there."""

    motion: Motion
    landmarks: Float32
    confidence: Float32
    size: tuple[int, int]
    shape: Float32
    neutral_pose: Float32


def key(clip: bytes, model: MorphableModel) -> str:
    """Twelve hexadecimal digits that change with the clip, the model and the tracker."""
    digest = hashlib.sha256(f"{VERSION} {model.name}".encode())
    digest.update(clip)
    for array in (model.mean, model.identity_basis, model.expression_basis):
        digest.update(array.tobytes())
    if model.landmarks478 is not None:
        digest.update(model.landmarks478.triangles.tobytes())
        digest.update(model.landmarks478.barycentric.tobytes())
    return digest.hexdigest()[:12]


def save(path: Path, tracked: Tracked) -> None:
    """Write a track (.npz), whole or not at all. Raises OutputError."""
    known = np.isfinite(tracked.landmarks[:, 0, 0])
    motion, buffer = tracked.motion, io.BytesIO()
    np.savez_compressed(
        buffer,
        fps=motion.fps,
        model=motion.model,
        names=np.array(motion.names),
        expression=motion.expression,
        pose=motion.pose,
        gaze=motion.gaze,
        known=np.flatnonzero(known),
        landmarks=tracked.landmarks[known],
        confidence=tracked.confidence,
        size=np.array(tracked.size),
        shape=tracked.shape,
        neutral_pose=tracked.neutral_pose,
    )
    write_bytes(path, buffer.getvalue())


def load(path: Path) -> Tracked:
    """Read a track. Raises InputError for a file that :func:`save` did not write."""
    with open_archive(path, "track", _LARGEST) as archive:
        names = archive.strings("names")
        motion = Motion(
            fps=float(archive.floats("fps", ())),
            model=archive.string("model"),
            names=names,
            expression=archive.floats("expression", (None, len(names))),
            pose=archive.floats("pose", (None, POSE)),
            gaze=archive.floats("gaze", (None, GAZE)),
            sources=dict.fromkeys(("expression", "pose", "gaze"), "video"),
        )
        known = archive.indices("known", (None,), len(motion))
        landmarks = np.full((len(motion), POINTS, 2), np.nan, np.float32)
        landmarks[known] = archive.floats("landmarks", (len(known), POINTS, 2))
        width, height = archive.indices("size", (2,), 1 << 16).tolist()
        if not len(motion):
            raise InputError(f"{path}: expected at least one frame, got none")
        return Tracked(
            motion,
            landmarks,
            archive.floats("confidence", (len(motion),)),
            (width, height),
            archive.floats("shape", (IDENTITY,)),
            archive.floats("neutral_pose", (POSE,)),
        )
