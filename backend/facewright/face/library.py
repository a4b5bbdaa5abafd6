"""Finds, reads and checks morphable models: the default one, or a user's by path."""

from __future__ import annotations

import zipfile
from functools import lru_cache
from importlib.resources import as_file, files
from pathlib import Path

import numpy as np

from facewright import checks
from facewright.errors import InputError
from facewright.face import adapters
from facewright.face.model import LandmarkEmbedding, MorphableModel, Part

#: Layout of the files this version reads.
FORMAT = 1


def load_model(name_or_path: str | Path = "default") -> MorphableModel:
    """The morphable model called ``name_or_path``.

    Args:
        name_or_path: ``"default"`` or the default model's own name, the path of an
            ``.npz`` written by ``python -m facewright.face.build``, or of a model in a
            format that ``facewright.face.adapters`` reads (ICT-FaceKit, BFM, FLAME).

    Returns:
        The model, read once and shared: its arrays are read-only.

    Raises:
        InputError: there is no such model, or the file is not a sound model.
    """
    text = str(name_or_path)
    if text == "default" or text.startswith("facewright-default"):
        model = _default()
        if text not in ("default", model.name):
            raise InputError(f"name_or_path: this version has {model.name!r}, not {text!r}")
        return model
    path = Path(text)
    if not path.exists():
        raise InputError(f"name_or_path: {text!r} is neither 'default' nor a model's path")
    return _cached(path.resolve(), path.stat().st_mtime_ns)


@lru_cache(maxsize=1)
def _default() -> MorphableModel:
    with as_file(files("facewright.face") / "data" / "default.npz") as path:
        return read_model(path)


@lru_cache(maxsize=4)
def _cached(path: Path, changed: int) -> MorphableModel:
    if path.suffix.lower() == ".npz" and not adapters.is_ict_archive(path):
        return read_model(path)
    model = adapters.load(path)
    check_model(model)
    return _read_only(model)


def read_model(path: Path) -> MorphableModel:
    """Read and check a model file, see :func:`load_model`."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {key: archive[key] for key in archive.files}
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise InputError(f"{path.name}: not a readable .npz model ({error})") from error
    try:
        if int(arrays["format"]) != FORMAT:
            raise InputError(
                f"{path.name}: layout {int(arrays['format'])}, this version reads {FORMAT}"
            )
        model = _unpack(arrays)
    except KeyError as error:
        raise InputError(f"{path.name}: lacks the array {error.args[0]!r}") from error
    check_model(model)
    return _read_only(model)


def _unpack(arrays: dict[str, np.ndarray]) -> MorphableModel:
    def basis(key: str) -> checks.Float32:
        scale = checks.floats(f"{key}_scale", arrays[f"{key}_scale"], (len(arrays[key]),))
        return arrays[key].astype(np.float32) * scale[:, None, None]

    def embedding(key: str) -> LandmarkEmbedding:
        return LandmarkEmbedding(
            arrays[f"{key}_triangles"].astype(np.int32),
            arrays[f"{key}_barycentric"].astype(np.float32),
        )

    return MorphableModel(
        name=str(arrays["name"]),
        mean=arrays["mean"].astype(np.float32),
        identity_basis=basis("identity_basis"),
        expression_basis=basis("expression_basis"),
        texture_mean=arrays["texture_mean"].astype(np.float32),
        texture_basis=basis("texture_basis"),
        expression_names=tuple(str(name) for name in arrays["expression_names"]),
        triangles=arrays["triangles"].astype(np.int32),
        triangle_parts=arrays["triangle_parts"].astype(np.uint8),
        vertex_parts=arrays["vertex_parts"].astype(np.uint8),
        uvs=arrays["uvs"].astype(np.float32),
        uv_triangles=arrays["uv_triangles"].astype(np.int32),
        landmarks68=embedding("landmarks68"),
        landmarks478=embedding("landmarks478"),
        eye_centres=arrays["eye_centres"].astype(np.float32),
        eye_axes=arrays["eye_axes"].astype(np.float32),
        metres_per_unit=float(arrays["metres_per_unit"]),
        licence=str(arrays["licence"]),
    )


def check_model(model: MorphableModel) -> None:
    """Raise InputError unless shapes, index ranges and values are consistent."""
    count, faces = len(model.mean), len(model.triangles)
    checks.floats("mean", model.mean, ("V", 3))
    checks.floats("texture_mean", model.texture_mean, (count, 3), low=0.0, high=1.0)
    for key in ("identity_basis", "expression_basis", "texture_basis"):
        checks.floats(key, getattr(model, key), ("K", count, 3))
    if len(model.expression_names) != len(model.expression_basis):
        raise InputError(
            f"expression_names: expected {len(model.expression_basis)} names, "
            f"got {len(model.expression_names)}"
        )
    if len(set(model.expression_names)) != len(model.expression_names):
        raise InputError("expression_names: expected distinct names")
    checks.floats("uvs", model.uvs, ("U", 2), low=0.0, high=1.0)
    _check_rows("triangles", model.triangles, (faces, 3), count)
    _check_rows("uv_triangles", model.uv_triangles, (faces, 3), len(model.uvs))
    _check_rows("triangle_parts", model.triangle_parts, (faces,), len(Part))
    _check_rows("vertex_parts", model.vertex_parts, (count,), len(Part))
    if (model.vertex_parts[model.triangles] != model.triangle_parts[:, None]).any():
        raise InputError("vertex_parts: expected every triangle's corners in its own part")
    for key in ("landmarks68", "landmarks478"):
        embedding = getattr(model, key)
        if embedding is None:
            continue
        number = int(key.removeprefix("landmarks"))
        _check_rows(f"{key}.triangles", embedding.triangles, (number,), faces)
        weights = checks.floats(
            f"{key}.barycentric", embedding.barycentric, (number, 3), low=-1e-4, high=1.0001
        )
        if np.abs(weights.sum(1) - 1).max() > 1e-3:
            raise InputError(f"{key}.barycentric: expected rows that sum to 1")
    if (model.eye_centres is None) != (model.eye_axes is None):
        raise InputError("eye_axes: expected together with eye_centres, or neither")
    if model.eye_centres is not None and model.eye_axes is not None:
        checks.floats("eye_centres", model.eye_centres, (2, 3))
        axes = checks.floats("eye_axes", model.eye_axes, (2, 3))
        if np.abs(np.linalg.norm(axes, axis=1) - 1).max() > 1e-3:
            raise InputError("eye_axes: expected unit vectors")
    checks.number("metres_per_unit", model.metres_per_unit, low=1e-6, high=1e3)


def _check_rows(name: str, index: np.ndarray, shape: tuple[int, ...], count: int) -> None:
    if index.shape != shape or not np.issubdtype(index.dtype, np.integer):
        raise InputError(
            f"{name}: expected integers of shape {shape}, got {index.dtype} {index.shape}"
        )
    if index.size and (int(index.min()) < 0 or int(index.max()) >= count):
        raise InputError(f"{name}: expected rows in 0..{count - 1}, got {int(index.max())}")


def _read_only(model: MorphableModel) -> MorphableModel:
    for value in _arrays_of(model):
        value.setflags(write=False)
    return model


def _arrays_of(model: MorphableModel) -> list[np.ndarray]:
    values = [getattr(model, field) for field in model.__dataclass_fields__]
    for embedding in (model.landmarks68, model.landmarks478):
        if embedding is not None:
            values += [embedding.triangles, embedding.barycentric]
    return [value for value in values if isinstance(value, np.ndarray)]
