"""Embeddings of faces: identity (cosine with the source) and emotion (EFD)."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields, replace
from pathlib import Path

import cv2
import numpy as np

from facewright import checks
from facewright.checks import Float32, UInt8
from facewright.errors import InputError
from facewright.evaluate.judges import Found, Judge, View
from facewright.evaluate.learned.onnx import Network
from facewright.evaluate.recapture import similarity
from facewright.evaluate.tasks import Task

# Where ArcFace's 112 x 112 crops have eyes, nose and mouth corners, the image's left first.
_TEMPLATE = np.array(
    [[38.29, 51.70], [73.53, 51.50], [56.03, 71.74], [41.55, 92.37], [70.73, 92.20]], np.float32
)
_TEMPLATE_SIDE = 112
# MediaPipe's irises (the subject's right first), tip of the nose, corners of the mouth.
_FIVE = (468, 473, 1, 61, 291)


@dataclass(frozen=True, slots=True)
class Intake:
    """How a network takes pictures; a .json beside the .onnx may say otherwise.

    Attributes:
        size: side, pixels.
        aligned: whether it takes a crop whose eyes and mouth lie as in ArcFace's (Deng et
            al. 2019); else the whole frame.
        mean, deviation: what is taken off 0..255, and what the rest is divided by.
        bgr: whether blue comes first.
    """

    size: int = 112
    aligned: bool = True
    mean: float = 127.5
    deviation: float = 127.5
    bgr: bool = False

    @classmethod
    def beside(cls, weights: Path, usual: Intake) -> Intake:
        """What the .json beside ``weights`` says, and ``usual`` for the rest.

        Raises:
            InputError: for a file that says anything else.
        """
        path = weights.with_suffix(".json")
        if not path.is_file():
            return usual
        try:
            said = json.loads(path.read_bytes())
        except (OSError, ValueError) as error:
            raise InputError(f"{path}: not JSON ({error})") from error
        known = {field.name for field in fields(cls)}
        if not isinstance(said, dict) or not set(said) <= known:
            raise InputError(f"{path}: expected an object with some of {sorted(known)}")
        for name in ("aligned", "bgr"):
            if not isinstance(said.get(name, True), bool):
                raise InputError(f"{path}: {name}: expected true or false")
        if "size" in said:
            said["size"] = int(checks.number(f"{path}: size", said["size"], low=8, high=1024))
        if "deviation" in said:
            checks.number(f"{path}: deviation", said["deviation"], low=1e-3)
        if "mean" in said:
            checks.number(f"{path}: mean", said["mean"])
        return replace(usual, **said)

    def take(self, frame: UInt8, points: Float32 | None) -> Float32 | None:
        """(3, size, size) of a frame; None where an aligned crop has no landmarks."""
        if self.aligned:
            if points is None:
                return None
            target = _TEMPLATE * (self.size / _TEMPLATE_SIDE)
            matrix = similarity(points[list(_FIVE)], target)
            matrix[:, 2] += matrix[:, :2].sum(1) * 0.5 - 0.5  # OpenCV counts pixels' centres
            seen = cv2.warpAffine(frame, matrix, (self.size, self.size), flags=cv2.INTER_LINEAR)
        else:
            shrinks = frame.shape[0] > self.size
            how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
            seen = cv2.resize(frame, (self.size, self.size), interpolation=how)
        seen = seen[..., ::-1] if self.bgr else seen
        return ((seen.astype(np.float32) - self.mean) / self.deviation).transpose(2, 0, 1)


class Identity(Judge):
    """Cosine between the embedding of each frame that is captured again and the source's."""

    def __init__(self, weights: Path) -> None:
        self._network = Network(weights)
        self._intake = Intake.beside(weights, Intake())
        self._source: Float32 | None = None

    def start(self, task: Task) -> None:
        """Embed the source."""
        taken = self._intake.take(task.subject.crop, task.subject.landmarks)
        assert taken is not None
        self._source = self._network(taken[None])[0]

    def frame(self, view: View) -> Found:
        """``identity``."""
        taken = self._intake.take(view.frame, view.points) if view.points is not None else None
        if taken is None or self._source is None:
            return {}
        found = self._network(taken[None])[0]
        lengths = float(np.linalg.norm(found) * np.linalg.norm(self._source))
        return {"identity": float(found @ self._source) / max(lengths, 1e-12)}


class Emotion(Judge):
    """EFD (TGDM, section 5.1): distance of emotion features to those of the clip's frame."""

    def __init__(self, weights: Path) -> None:
        self._network = Network(weights)
        self._intake = Intake.beside(weights, Intake(size=224))
        self._truth: Float32 | None = None

    def frame(self, view: View) -> Found:
        """``emotion``."""
        from facewright.evaluate.compare import TRUTH

        taken = self._intake.take(view.frame, view.points) if view.points is not None else None
        found = None if taken is None else self._network(taken[None])[0]
        if view.row == TRUTH:
            self._truth = found
            return {}
        if found is None or self._truth is None:
            return {}
        return {"emotion": float(np.linalg.norm(found - self._truth))}
