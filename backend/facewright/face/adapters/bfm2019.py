"""The Basel Face Model 2019 (and 2017) from its statismo .h5 file.

Gerig et al., "Morphable Face Models - An Open Framework" (2018): shape and colour PCA
(199 each) and expression PCA (100) as ``pcaBasis`` (3V, K) of unit columns with
``pcaVariance`` (K), in millimetres, x to the subject's left; triangles in
``shape/representer/cells`` (3, F). The expression model has a mean of its own, which is
not the neutral face's: it becomes the component ``expression_mean``.

The file names about two dozen landmarks (``metadata/landmarks``); the rest of iBUG's 68
are placed by the default model's. For research only; the model may not be passed on.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from facewright.errors import InputError
from facewright.face.adapters.assemble import ANONYMOUS, RawModel, assemble
from facewright.face.adapters.complete import complete_landmarks, landmarks_beside
from facewright.face.model import LandmarkEmbedding, MorphableModel
from facewright.face.reading import brief, check_model_file, finite, indices

if TYPE_CHECKING:
    import h5py

LICENCE = "LicenseRef-BFM-2019"
_MAX_NUMBERS = 1 << 29
_LANDMARKS = "metadata/landmarks/json"

#: The model's names for points of iBUG-68. "right" is the subject's, as in iBUG.
_NAMED: dict[str, int] = {
    "center.chin.tip": 8,
    "right.eyebrow.bend.upper": 19,
    "right.eyebrow.inner_upper": 21,
    "left.eyebrow.inner_upper": 22,
    "left.eyebrow.bend.upper": 24,
    "center.nose.tip": 30,
    "right.nose.wing.outer": 31,
    "center.nose.attachement_to_philtrum": 33,
    "left.nose.wing.outer": 35,
    "right.eye.corner_outer": 36,
    "right.eye.corner_inner": 39,
    "left.eye.corner_inner": 42,
    "left.eye.corner_outer": 45,
    "right.lips.corner": 48,
    "right.lips.philtrum_ridge": 50,
    "center.lips.upper.outer": 51,
    "left.lips.philtrum_ridge": 52,
    "left.lips.corner": 54,
    "center.lips.lower.outer": 57,
    "center.lips.upper.inner": 62,
    "center.lips.lower.inner": 66,
}


def load_bfm2019(path: str | Path) -> MorphableModel:
    """BFM 2019 or 2017 from a .h5 file (fullHead, bfm or face12).

    Raises:
        InputError: not such a file, one that refers to other files, or arrays that do
            not fit each other.
    """
    import h5py

    path = check_model_file(Path(path), "model")
    where = str(path)
    try:
        with h5py.File(path, "r") as file:
            return _read(file, path)
    except InputError:
        raise
    except (OSError, RuntimeError, KeyError, ValueError, TypeError, MemoryError) as error:
        # A damaged file may show itself at any access.
        raise InputError(f"{where}: not a readable HDF5 file ({brief(error)})") from error


def _read(file: h5py.File, path: Path) -> MorphableModel:
    where = str(path)
    mean = _numbers(file, "shape/model/mean", where).reshape(-1)
    if mean.size % 3 or not mean.size:
        raise InputError(f"{where}: shape/model/mean: expected 3V numbers, got {mean.size}")
    size = mean.size
    identity = _components(file, "shape", size, where)
    offset = _numbers(file, "expression/model/mean", where).reshape(-1)
    if offset.size != size:
        raise InputError(
            f"{where}: expression/model/mean: expected {size} numbers, got {offset.size}"
        )
    expression = np.concatenate(
        [offset.reshape(1, -1, 3), _components(file, "expression", size, where)]
    )
    colour = texture = None
    if "color" in file and _numbers(file, "color/model/mean", where).size == size:
        colour = np.clip(_numbers(file, "color/model/mean", where).reshape(-1, 3), 0.0, 1.0)
        texture = _components(file, "color", size, where)
    mean = mean.reshape(-1, 3)
    cells = _numbers(file, "shape/representer/cells", where)
    cells = cells.T if cells.ndim == 2 and cells.shape[0] == 3 else cells
    triangles = indices(f"{where}: shape/representer/cells", cells, len(mean))
    landmarks = landmarks_beside(path, triangles, len(mean))
    if landmarks is None:
        landmarks = _landmarks(file, mean, triangles, where)
    names = (f"{ANONYMOUS}mean", *(f"{ANONYMOUS}{row:03d}" for row in range(len(expression) - 1)))
    return assemble(
        RawModel(
            name=path.stem,
            licence=LICENCE,
            metres_per_unit=0.001,
            mean=mean,
            identity=identity,
            expression=expression,
            expression_names=names,
            triangles=triangles,
            landmarks68=landmarks,
            texture_mean=colour,
            texture=texture,
        ),
        where,
    )


def _dataset(file: h5py.File, name: str, where: str) -> Any:
    """A data set stored in this very file; HDF5 may point into others."""
    import h5py

    steps = name.split("/")
    for depth in range(1, len(steps) + 1):
        link = file.get("/".join(steps[:depth]), getlink=True)
        if link is None:
            raise InputError(f"{where}: not a Basel Face Model of 2017 or 2019: no {name!r}")
        if not isinstance(link, h5py.HardLink):
            raise InputError(f"{where}: {name!r} links elsewhere; refused")
    dataset = file[name]
    if not isinstance(dataset, h5py.Dataset):
        raise InputError(f"{where}: {name!r}: expected a data set")
    if dataset.is_virtual or dataset.external:
        raise InputError(f"{where}: {name!r} is stored in another file; refused")
    if dataset.size > _MAX_NUMBERS:
        raise InputError(f"{where}: {name!r}: {dataset.shape} is larger than any such model")
    return dataset


def _numbers(file: h5py.File, name: str, where: str) -> np.ndarray:
    dataset = _dataset(file, name, where)
    if dataset.dtype.kind not in "fiu":
        raise InputError(f"{where}: {name!r}: expected numbers, got {dataset.dtype}")
    values = dataset[()]
    return values if values.dtype.kind in "iu" else finite(f"{where}: {name}", values)


def _components(file: h5py.File, model: str, size: int, where: str) -> np.ndarray:
    """(K, V, 3) components of one standard deviation."""
    basis = _numbers(file, f"{model}/model/pcaBasis", where)
    variance = _numbers(file, f"{model}/model/pcaVariance", where).reshape(-1)
    if basis.shape != (size, variance.size) or (variance < 0).any():
        raise InputError(
            f"{where}: {model}/model/pcaBasis: expected shape {(size, variance.size)} and "
            f"variances >= 0, got {basis.shape}"
        )
    return (basis * np.sqrt(variance)).T.reshape(variance.size, -1, 3)


def _landmarks(
    file: h5py.File, mean: np.ndarray, triangles: np.ndarray, where: str
) -> LandmarkEmbedding:
    text = _dataset(file, _LANDMARKS, where)[()]
    text = text.ravel()[0] if isinstance(text, np.ndarray) and text.size else text
    try:
        entries = json.loads(text)
        known = {
            _NAMED[entry["id"]]: np.array([float(value) for value in entry["coordinates"]])
            for entry in entries
            if entry["id"] in _NAMED
        }
        if any(point.shape != (3,) or not np.isfinite(point).all() for point in known.values()):
            raise ValueError("coordinates: expected three finite numbers")
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise InputError(f"{where}: {_LANDMARKS}: cannot be read ({brief(error)})") from error
    return complete_landmarks(where, known, mean, triangles)
