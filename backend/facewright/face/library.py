"""Finds, reads and checks morphable models: the default one, or a user's by path."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import as_file, files
from pathlib import Path

import numpy as np

from facewright import checks
from facewright.checks import Float32, UInt8
from facewright.errors import InputError
from facewright.face import adapters
from facewright.face.archive import Archive, open_archive
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
    with open_archive(path, "name_or_path") as archive:
        layout = int(archive.floats("format", ()))
        if layout != FORMAT:
            raise InputError(f"{path.name}: layout {layout}, this version reads {FORMAT}")
        model = _unpack(archive)
    check_model(model)
    return _read_only(model)


def _unpack(archive: Archive) -> MorphableModel:
    mean = archive.floats("mean", (None, 3))
    triangles = archive.indices("triangles", (None, 3), len(mean)).astype(np.int32)
    uvs = archive.floats("uvs", (None, 2))
    faces, vertices = len(triangles), len(mean)

    def basis(key: str) -> Float32:
        values = archive.floats(key, (None, vertices, 3))
        return values * archive.floats(f"{key}_scale", (len(values),))[:, None, None]

    def parts(key: str, count: int) -> UInt8:
        return archive.indices(key, (count,), len(Part)).astype(np.uint8)

    def embedding(count: int) -> LandmarkEmbedding:
        key = f"landmarks{count}"
        return LandmarkEmbedding(
            archive.indices(f"{key}_triangles", (count,), faces).astype(np.int32),
            archive.floats(f"{key}_barycentric", (count, 3)),
        )

    return MorphableModel(
        name=archive.string("name"),
        mean=mean,
        identity_basis=basis("identity_basis"),
        expression_basis=basis("expression_basis"),
        texture_mean=archive.floats("texture_mean", (vertices, 3)),
        texture_basis=basis("texture_basis"),
        expression_names=archive.strings("expression_names"),
        triangles=triangles,
        triangle_parts=parts("triangle_parts", faces),
        vertex_parts=parts("vertex_parts", vertices),
        uvs=uvs,
        uv_triangles=archive.indices("uv_triangles", (faces, 3), len(uvs)).astype(np.int32),
        landmarks68=embedding(68),
        landmarks478=embedding(478),
        eye_centres=archive.floats("eye_centres", (2, 3)),
        eye_axes=archive.floats("eye_axes", (2, 3)),
        metres_per_unit=float(archive.floats("metres_per_unit", ())),
        licence=archive.string("licence"),
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
