"""Morphable models in other people's formats, each read into a ``MorphableModel``.

``load``           finds out the format and reads it
``ict``            ICT-FaceKit: a FaceXModel folder, or the whole as a quantised .npz
``bfm09``          Basel Face Model 2009 in Deep3DFaceRecon's layout (.mat)
``bfm2019``        Basel Face Model 2019 and 2017 (.h5)
``flame``          FLAME (.pkl)
``assemble``       checks and brings any of them into our convention
``complete``       iBUG-68 from a list beside the model, or from the few points it names
``atlas``          texture coordinates: packing charts, or simple ones where there are none
``wavefront``      OBJ parser that keeps the order of vertices
``inert_pickle``   the data in a pickle, without running it; ``inert_records``, its objects

None of these models is shipped; docs/models.md says where users find them and what their
licences allow.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

from facewright.errors import InputError
from facewright.face.model import MorphableModel
from facewright.media.files import open_source

_KNOWN = (
    "an ICT-FaceKit folder or .npz, BFM_model_front.mat (BFM 2009), a BFM 2017 or 2019 .h5, "
    "or a FLAME .pkl"
)


def load(path: str | Path) -> MorphableModel:
    """The morphable model at ``path``, whatever its format, told by the content.

    Raises:
        InputError: the path is absent, the format is unknown, or the file does not fit it.
    """
    # Imported where used: each brings a parser that most users never need.
    path = Path(path)
    if path.is_dir():
        from facewright.face.adapters.ict import is_ict_folder, load_ict

        if not is_ict_folder(path):
            raise InputError(f"{path}: a folder without a model; expected {_KNOWN}")
        return load_ict(path)
    with open_source(path, "model") as stream:
        head = stream.read(512)
    if head.startswith(b"\x89HDF\r\n\x1a\n"):
        from facewright.face.adapters.bfm2019 import load_bfm2019

        return load_bfm2019(path)
    if head.startswith(b"MATLAB"):
        from facewright.face.adapters.bfm09 import load_bfm09

        return load_bfm09(path)
    if is_ict_archive(path):
        from facewright.face.adapters.ict import load_ict

        return load_ict(path)
    if head[:1] == b"\x80" or path.suffix.lower() in (".pkl", ".pickle"):
        from facewright.face.adapters.flame import load_flame

        return load_flame(path)
    raise InputError(f"{path}: not a known model; expected {_KNOWN}")


def is_ict_archive(path: Path) -> bool:
    """Whether ``path`` is a .npz with ICT-FaceKit's quantised arrays."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return {"id_q.npy", "exp_q.npy", "v_mean.npy"} <= set(archive.namelist())
