"""The Basel Face Model 2009 as Deep3DFaceRecon lays it out (BFM_model_front.mat).

Paysan et al. (2009) with the expressions of Guo et al. (2018), cut to 35,709 vertices by
Deng et al. (2019): ``meanshape`` (1, 3V) and ``idBase`` (3V, 80), ``exBase`` (3V, 64) in
decimetres, the bases already multiplied by their standard deviations; ``meantex`` and
``texBase`` in 0..255; ``tri`` (F, 3) and ``keypoints`` (68), both counted from 1. The
expressions are PCA components. Made by Deep3DFaceRecon's own script from the two models,
whose licences allow research only; neither may be passed on.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from facewright.errors import InputError
from facewright.face.adapters.assemble import ANONYMOUS, RawModel, assemble, vertex_embedding
from facewright.face.model import MorphableModel
from facewright.face.reading import brief, check_model_file, finite, indices

LICENCE = "LicenseRef-BFM-2009"
_NAMES = ("meanshape", "idBase", "exBase", "meantex", "texBase", "tri", "keypoints")
#: Numbers of one array; the published file's largest has 8.6 million.
_MAX_NUMBERS = 1 << 28


def load_bfm09(path: str | Path) -> MorphableModel:
    """BFM 2009 from a BFM_model_front.mat.

    Raises:
        InputError: not such a file, or arrays that do not fit each other.
    """
    path = check_model_file(Path(path), "model")
    where = str(path)
    arrays = _read(path)
    mean = _rows(arrays["meanshape"], where, "meanshape")[0]
    identity, expression = (_basis(arrays[name], len(mean), where, name) for name in _NAMES[1:3])
    colour = _rows(arrays["meantex"], where, "meantex")[0]
    texture = _basis(arrays["texBase"], len(mean), where, "texBase")
    if colour.shape != mean.shape:
        raise InputError(f"{where}: meantex: expected {mean.size} numbers, got {colour.size}")
    triangles = indices(f"{where}: tri", arrays["tri"].astype(np.float64) - 1, len(mean))
    keypoints = arrays["keypoints"].astype(np.float64).ravel() - 1
    if keypoints.shape != (68,):
        raise InputError(f"{where}: keypoints: expected 68, got {keypoints.size}")
    return assemble(
        RawModel(
            name="bfm-2009",
            licence=LICENCE,
            metres_per_unit=0.1,
            mean=mean,
            identity=identity,
            expression=expression,
            expression_names=tuple(f"{ANONYMOUS}{row:03d}" for row in range(len(expression))),
            triangles=triangles,
            landmarks68=vertex_embedding(
                where, indices(f"{where}: keypoints", keypoints, len(mean)), triangles
            ),
            texture_mean=np.clip(colour / 255.0, 0.0, 1.0),
            texture=texture / 255.0,
        ),
        where,
    )


def _read(path: Path) -> dict[str, np.ndarray]:
    """The arrays, their sizes looked at before anything is unpacked."""
    from scipy.io import loadmat, whosmat

    try:
        listed = {name: (shape, kind) for name, shape, kind in whosmat(str(path))}
        missing = [name for name in _NAMES if name not in listed]
        if missing:
            raise InputError(f"{path}: not BFM_model_front.mat: no {', '.join(missing)}")
        for name in _NAMES:
            shape, kind = listed[name]
            if kind in ("object", "function", "opaque", "cell", "struct", "char", "unknown"):
                raise InputError(f"{path}: {name}: expected numbers, got MATLAB's {kind}")
            if np.prod(shape, dtype=np.float64) > _MAX_NUMBERS:
                raise InputError(f"{path}: {name}: {shape} is larger than any such model")
        arrays = loadmat(str(path), variable_names=_NAMES)
    except InputError:
        raise
    except NotImplementedError as error:
        raise InputError(f"{path}: a MATLAB 7.3 file; save it with -v7 again") from error
    except Exception as error:  # the parser meets damaged files in ways nobody can list
        raise InputError(f"{path}: not a readable .mat file ({brief(error)})") from error
    return {name: np.asarray(arrays[name]) for name in _NAMES}


def _rows(array: np.ndarray, where: str, name: str) -> np.ndarray:
    """(K, V, 3) from (K, 3V)."""
    values = finite(f"{where}: {name}", array)
    values = values.reshape(1, -1) if 1 in values.shape else values
    if values.ndim != 2 or values.shape[1] % 3 or not values.size:
        raise InputError(f"{where}: {name}: expected (.., 3V) numbers, got {array.shape}")
    return values.reshape(len(values), -1, 3)


def _basis(array: np.ndarray, vertices: int, where: str, name: str) -> np.ndarray:
    """(K, V, 3) from (3V, K)."""
    if array.ndim != 2 or array.shape[0] != 3 * vertices:
        raise InputError(f"{where}: {name}: expected ({3 * vertices}, K), got {array.shape}")
    return finite(f"{where}: {name}", array.T).reshape(-1, vertices, 3)
