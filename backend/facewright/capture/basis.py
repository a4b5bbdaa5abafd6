"""The morphable model seen through its landmarks alone: small enough to fit in milliseconds."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np

from facewright.checks import Float32
from facewright.errors import InputError
from facewright.face.model import MorphableModel, Part

SKIN_POINTS = 468
#: Iris centres among MediaPipe's points: the subject's left eye, then the right.
IRIS_CENTRES = (473, 468)


@dataclass(frozen=True, slots=True)
class LandmarkBasis:
    """A model's 468 skin landmarks and its eyeballs, linear in identity and expression.

    Attributes:
        mean: (3, 468) positions on the mean face, coordinate first.
        identity: (3, 468, K_id).
        expression: (3, 468, K_exp).
        eyes: (2, 3) eyeball centres, left then right.
        eyes_identity: (2, 3, K_id) how identity moves them.
        eye_radius: (2,) distance from an eyeball's centre to its iris.
    """

    mean: Float32
    identity: Float32
    expression: Float32
    eyes: Float32
    eyes_identity: Float32
    eye_radius: Float32

    def points(self, identity: Float32, expression: Float32) -> Float32:
        """(3, 468) landmarks of one face."""
        return self.mean + self.identity @ identity + self.expression @ expression


# Few models are in use at once; a model is kept alive by its entry, so an id stays its own.
_known: dict[int, tuple[MorphableModel, LandmarkBasis]] = {}
_MOST_KNOWN = 4
_lock = threading.Lock()


def landmark_basis(model: MorphableModel) -> LandmarkBasis:
    """The model's landmark basis, computed once per model.

    Raises:
        InputError: where the model has no MediaPipe embedding or no eyeballs.
    """
    with _lock:
        if id(model) not in _known:
            while len(_known) >= _MOST_KNOWN:
                del _known[next(iter(_known))]
            _known[id(model)] = (model, _build(model))
        return _known[id(model)][1]


def _build(model: MorphableModel) -> LandmarkBasis:
    embedding = model.landmarks478
    if embedding is None or model.eye_centres is None:
        raise InputError(
            f"model: {model.name!r} has no MediaPipe landmarks or no eyeballs, so no portrait "
            "can be fitted with it; capture with the default model and retarget"
        )

    def points(vertices: Float32) -> Float32:
        return model.landmark_points(vertices, embedding).astype(np.float32)

    mean, identity, expression = (
        points(array) for array in (model.mean, model.identity_basis, model.expression_basis)
    )
    radius = np.linalg.norm(mean[list(IRIS_CENTRES)] - model.eye_centres, axis=-1)
    moved = [
        model.identity_basis[:, model.vertex_parts == part].mean(1).T
        for part in (Part.EYE_LEFT, Part.EYE_RIGHT)
    ]
    return LandmarkBasis(
        mean=np.ascontiguousarray(mean[:SKIN_POINTS].T),
        identity=np.ascontiguousarray(identity[:, :SKIN_POINTS].transpose(2, 1, 0)),
        expression=np.ascontiguousarray(expression[:, :SKIN_POINTS].transpose(2, 1, 0)),
        eyes=np.asarray(model.eye_centres, np.float32),
        eyes_identity=np.stack(moved).astype(np.float32),
        eye_radius=radius.astype(np.float32),
    )
