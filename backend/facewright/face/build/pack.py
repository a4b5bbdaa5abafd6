"""Writes the model as one npz: int8 bases with a float scale per component."""

from __future__ import annotations

import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np

from facewright.checks import Float32
from facewright.face.model import LandmarkEmbedding, MorphableModel

#: Layout version of the file.
FORMAT = 1
#: Zip members carry this date, so that equal contents make equal files.
_DATE = (1980, 1, 1, 0, 0, 0)


def quantise(basis: Float32) -> tuple[np.ndarray, Float32]:
    """(K, V, C) floats -> int8 of the same shape and (K,) float32 scales."""
    scale = np.abs(basis).reshape(len(basis), -1).max(1) / 127.0
    scale = np.where(scale > 0, scale, 1.0).astype(np.float32)
    return np.round(basis / scale[:, None, None]).astype(np.int8), scale


def arrays(model: MorphableModel) -> dict[str, np.ndarray]:
    """The file's arrays; the library reads them back."""
    packed: dict[str, np.ndarray] = {
        "format": np.array(FORMAT, np.int32),
        "name": np.array(model.name),
        "licence": np.array(model.licence),
        "metres_per_unit": np.array(model.metres_per_unit, np.float32),
        "mean": model.mean.astype(np.float32),
        "texture_mean": model.texture_mean.astype(np.float32),
        "expression_names": np.asarray(model.expression_names),
        "triangles": model.triangles.astype(np.uint16),
        "triangle_parts": model.triangle_parts.astype(np.uint8),
        "vertex_parts": model.vertex_parts.astype(np.uint8),
        "uvs": model.uvs.astype(np.float32),
        "uv_triangles": model.uv_triangles.astype(np.uint16),
        "eye_centres": np.asarray(model.eye_centres, np.float32),
        "eye_axes": np.asarray(model.eye_axes, np.float32),
    }
    for key in ("identity_basis", "expression_basis", "texture_basis"):
        packed[key], packed[f"{key}_scale"] = quantise(getattr(model, key))
    for key in ("landmarks68", "landmarks478"):
        embedding: LandmarkEmbedding = getattr(model, key)
        packed[f"{key}_triangles"] = embedding.triangles.astype(np.int32)
        packed[f"{key}_barycentric"] = embedding.barycentric.astype(np.float32)
    return packed


def write(path: Path, model: MorphableModel) -> None:
    """Write the file; the same model makes the same bytes."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for key, value in arrays(model).items():
            buffer = BytesIO()
            np.lib.format.write_array(buffer, np.asarray(value), allow_pickle=False)
            info = zipfile.ZipInfo(f"{key}.npy", _DATE)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, buffer.getvalue())
