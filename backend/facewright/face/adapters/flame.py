"""FLAME, from its .pkl file, which is read without running it.

Li et al., "Learning a model of facial shape and expression from 4D scans" (2017): 5,023
vertices in metres; the template, 300 + 100 blendshapes, pose correctives and linear blend
skinning (eq. 2-5) over root, neck, jaw and both eyes.

A ``MorphableModel`` is linear, so the joints become:

- the eyes: eyeballs of their own, turned by gaze;
- the neck: the origin, about which the whole head's pose turns;
- the jaw: three components, ``jawOpen`` (18 degrees), ``jawLeft`` and ``jawRight`` (8
  degrees each). Each is the difference between the skinned mesh at that angle, correctives
  included, and the template: exact at weights 0 and 1, and in between on the chord of an
  arc, at most 1.2 % of a point's distance to the joint (1 - cos 9 degrees) inside it.

The landmarks are in a file of their own, published with FLAME: ``landmark_embedding.npy``
or ``flame_static_embedding_68.pkl`` (68 points, or 51 without the jaw's contour, which
then comes from the default model's). Texture coordinates are taken from
``head_template*.obj`` where it lies beside the model.
"""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from facewright.errors import InputError
from facewright.face.adapters import inert_pickle, wavefront
from facewright.face.adapters.assemble import ANONYMOUS, RawModel, assemble
from facewright.face.adapters.complete import complete_landmarks, landmarks_beside
from facewright.face.adapters.inert_records import as_array
from facewright.face.model import LandmarkEmbedding, MorphableModel, Part
from facewright.face.reading import MAX_MODEL_BYTES, brief, finite, indices, read_limited

#: FLAME 2017-2020 is for research only; FLAME 2023 may be had under CC-BY-4.0.
LICENCE = "LicenseRef-FLAME"

_NECK, _JAW, _LEFT_EYE, _RIGHT_EYE = 1, 2, 3, 4
_JAW_TURNS = {  # rotation vectors in radians
    "jawOpen": (np.radians(18.0), 0.0, 0.0),
    "jawLeft": (0.0, np.radians(8.0), 0.0),
    "jawRight": (0.0, -np.radians(8.0), 0.0),
}
_LANDMARK_FILES = (
    "landmark_embedding.npy",
    "flame_static_embedding_68.pkl",
    "flame_static_embedding.pkl",
)
_TEMPLATE_FILES = ("head_template.obj", "head_template_mesh.obj")


def load_flame(path: str | Path, *, identity_count: int | None = None) -> MorphableModel:
    """A FLAME model.

    Args:
        path: the .pkl file (generic, female, male, 2017 to 2023), with its landmark file
            beside it.
        identity_count: how many of the components are identity, the others being
            expression; None for 300 of 400 (the published files) or 100 of 150.

    Raises:
        InputError: not such a file; it refers to code; the landmark file is absent.
    """
    path = Path(path)
    where = str(path)
    tree = inert_pickle.loads(read_limited(path, "model", MAX_MODEL_BYTES), where)
    if not isinstance(tree, dict) or not {"v_template", "shapedirs", "f"} <= set(tree):
        raise InputError(f"{where}: a pickle, but not FLAME's: no v_template, shapedirs and f")

    mean = finite(f"{where}: v_template", _array(tree, "v_template", where))
    if mean.ndim != 2 or mean.shape[1] != 3:
        raise InputError(f"{where}: v_template: expected shape (V, 3), got {mean.shape}")
    triangles = indices(f"{where}: f", _array(tree, "f", where), len(mean))
    shapes = finite(f"{where}: shapedirs", _array(tree, "shapedirs", where))
    if shapes.ndim != 3 or shapes.shape[:2] != mean.shape:
        raise InputError(
            f"{where}: shapedirs: expected shape {(*mean.shape, 'K')}, got {shapes.shape}"
        )
    shapes = shapes.transpose(2, 0, 1)
    count = _identity_count(where, len(shapes), identity_count)
    components = shapes[count:]

    names = [f"{ANONYMOUS}{row:03d}" for row in range(len(components))]
    joints, weights = _skeleton(tree, mean, where)
    parts = np.full(len(triangles), Part.SKIN, np.uint8)
    pivot = eyes = axes = None
    if joints is not None and weights is not None:
        jaw = [
            _turned_jaw(tree, mean, joints, weights, turn, where) for turn in _JAW_TURNS.values()
        ]
        components = np.concatenate([np.stack(jaw), components])
        names = [*_JAW_TURNS, *names]
        for joint, part in ((_LEFT_EYE, Part.EYE_LEFT), (_RIGHT_EYE, Part.EYE_RIGHT)):
            # An eyeball is the only thing that follows its joint wholly.
            parts[(weights[:, joint] > 0.5)[triangles].all(axis=1)] = part
        pivot, eyes = joints[_NECK], joints[[_LEFT_EYE, _RIGHT_EYE]]
        axes = np.array([[0.0, 0.0, 1.0]] * 2)
    uvs, uv_triangles = _template(path.parent, triangles)
    return assemble(
        RawModel(
            name=path.stem,
            licence=LICENCE,
            metres_per_unit=1.0,
            mean=mean,
            identity=shapes[:count],
            expression=components,
            expression_names=tuple(names),
            triangles=triangles,
            landmarks68=_landmarks(path, mean, triangles),
            triangle_parts=parts,
            uvs=uvs,
            uv_triangles=uv_triangles,
            pivot=pivot,
            eye_centres=eyes,
            eye_axes=axes,
        ),
        where,
    )


def _array(tree: dict, key: str, where: str) -> np.ndarray:
    if key not in tree:
        raise InputError(f"{where}: has no {key!r}")
    return as_array(tree[key], f"{where}: {key}")


def _identity_count(where: str, components: int, wanted: int | None) -> int:
    count = {400: 300, 150: 100}.get(components) if wanted is None else wanted
    if count is None or not 0 <= count <= components:
        raise InputError(
            f"{where}: {components} components: say how many are identity (identity_count)"
        )
    return count


def _skeleton(
    tree: dict, mean: np.ndarray, where: str
) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Rest positions (5, 3) of the joints and skinning weights (V, 5), or None, None."""
    if not {"J_regressor", "weights", "posedirs"} <= set(tree):
        warnings.warn(f"{where}: has no skeleton: jaw and eyes will not move", stacklevel=4)
        return None, None
    regressor = finite(f"{where}: J_regressor", _array(tree, "J_regressor", where))
    weights = finite(f"{where}: weights", _array(tree, "weights", where))
    if regressor.shape != (5, len(mean)) or weights.shape != (len(mean), 5):
        raise InputError(
            f"{where}: expected 5 joints (root, neck, jaw, eyes), got J_regressor "
            f"{regressor.shape}, weights {weights.shape}"
        )
    return regressor @ mean, weights


def _turned_jaw(
    tree: dict,
    mean: np.ndarray,
    joints: np.ndarray,
    weights: np.ndarray,
    turn: tuple[float, ...],
    where: str,
) -> np.ndarray:
    """(V, 3) offset of the mesh with the jaw turned: correctives (eq. 5), then skinning."""
    from scipy.spatial.transform import Rotation

    rotation = Rotation.from_rotvec(turn).as_matrix()
    correctives = finite(f"{where}: posedirs", _array(tree, "posedirs", where))
    if correctives.shape != (*mean.shape, 36):
        raise InputError(
            f"{where}: posedirs: expected {(*mean.shape, 36)}, got {correctives.shape}"
        )
    # Nine entries of R - I for each joint but the root: neck, jaw, left eye, right eye.
    features = np.zeros(36)
    features[9 * (_JAW - 1) : 9 * _JAW] = (rotation - np.eye(3)).ravel()
    shaped = mean + correctives @ features
    turned = (shaped - joints[_JAW]) @ rotation.T + joints[_JAW]
    return shaped + weights[:, [_JAW]] * (turned - shaped) - mean


def _template(folder: Path, triangles: np.ndarray) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Texture coordinates of head_template.obj, where its triangles are the model's."""
    for name in _TEMPLATE_FILES:
        if (folder / name).is_file():
            mesh = wavefront.read_obj(folder / name)
            if len(mesh.uvs) and np.array_equal(mesh.triangles, triangles):
                low, high = mesh.uvs.min(axis=0), mesh.uvs.max(axis=0)
                if (low >= 0).all() and (high <= 1).all():
                    return mesh.uvs, mesh.uv_triangles
            warnings.warn(
                f"{folder / name}: does not fit the model; using a simple atlas", stacklevel=3
            )
    return None, None


def _landmarks(path: Path, mean: np.ndarray, triangles: np.ndarray) -> LandmarkEmbedding:
    own = landmarks_beside(path, triangles, len(mean))
    if own is not None:
        return own
    for name in _LANDMARK_FILES:
        file = path.parent / name
        if not file.is_file():
            continue
        data = read_limited(file, "landmarks", 64 << 20)
        tree = inert_pickle.loads(_npy_pickle(data, str(file)), str(file))
        rows, weights = _embedding_arrays(tree, str(file))
        rows = indices(f"{file}: triangles", rows.ravel(), len(triangles)).astype(np.int32)
        weights = finite(f"{file}: weights", weights.reshape(-1, 3))
        if len(rows) == len(weights) == 68:
            return LandmarkEmbedding(rows, weights)
        if len(rows) == len(weights) == 51:
            points = np.einsum("nkc,nk->nc", mean[triangles[rows]], weights)
            inner = dict(zip(range(17, 68), points, strict=True))
            return complete_landmarks(str(file), inner, mean, triangles)
        raise InputError(f"{file}: expected 68 or 51 landmarks, got {len(rows)}")
    raise InputError(
        f"{path}: needs FLAME's landmark file beside it: {_LANDMARK_FILES[0]} or "
        f"{_LANDMARK_FILES[1]} (or {path.stem}.landmarks68.txt with 68 vertex numbers)"
    )


def _embedding_arrays(tree: Any, where: str) -> tuple[np.ndarray, np.ndarray]:
    for rows, weights in (
        ("full_lmk_faces_idx", "full_lmk_bary_coords"),
        ("lmk_face_idx", "lmk_b_coords"),
        ("static_lmk_faces_idx", "static_lmk_bary_coords"),
    ):
        if isinstance(tree, dict) and rows in tree and weights in tree:
            return _array(tree, rows, where), _array(tree, weights, where)
    raise InputError(f"{where}: holds no landmark embedding (lmk_face_idx and lmk_b_coords)")


def _npy_pickle(data: bytes, where: str) -> bytes:
    """The pickle inside a .npy of an object (a dict saved with np.save), or ``data``."""
    if not data.startswith(b"\x93NUMPY"):
        return data
    stream = io.BytesIO(data)
    try:
        version = np.lib.format.read_magic(stream)
        read = {1: np.lib.format.read_array_header_1_0, 2: np.lib.format.read_array_header_2_0}
        read[version[0]](stream)
    except (ValueError, KeyError) as error:
        raise InputError(f"{where}: not a readable .npy file ({brief(error)})") from error
    return data[stream.tell() :]
