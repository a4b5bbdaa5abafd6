"""Files with a few bytes changed: read, or refused in one line; never anything else."""

from __future__ import annotations

import pickle  # only to write

import numpy as np
import pytest
import python2_pickle
from facewright.errors import InputError
from facewright.face import adapters
from facewright.face.adapters import inert_pickle
from facewright.face.mesh_io import read_mesh, write_mesh
from facewright.face.motion import Motion
from foreign_models import flame_arrays, make_face, write_bfm09, write_bfm2019

COUNT = 60


@pytest.fixture(scope="module")
def originals(tmp_path_factory) -> dict[str, bytes]:
    """A sound file of every kind."""
    folder = tmp_path_factory.mktemp("sound")
    face = make_face()
    write_bfm09(folder / "a.mat", face)
    write_bfm2019(folder / "a.h5", face)
    for suffix in ("obj", "ply", "glb"):
        write_mesh(folder / f"a.{suffix}", face.vertices, face.triangles)
    still = Motion(25, "m", ("a", "b"), np.zeros((20, 2)), np.zeros((20, 6)), np.zeros((20, 4)))
    still.save(folder / "a.npz")
    arrays = {key: value[:5] for key, value in flame_arrays(face).items()}
    (folder / "a.pkl").write_bytes(pickle.dumps(arrays, 4))
    ancient = {**arrays, "s": python2_pickle.Csc(np.eye(3)), "c": python2_pickle.Chumpy(np.ones(3))}
    (folder / "a.pkl2").write_bytes(python2_pickle.dumps(ancient))
    return {path.suffix[1:]: path.read_bytes() for path in folder.iterdir()}


def _damaged(data: bytes, rng: np.random.Generator) -> bytes:
    """One to five bytes changed, cut out or put in; half of them near the beginning."""
    out = bytearray(data)
    for _ in range(rng.integers(1, 6)):
        where = rng.integers(len(out) if rng.random() < 0.5 else min(len(out), 2000))
        kind = rng.random()
        if kind < 0.6:
            out[where] = rng.integers(256)
        elif kind < 0.8:
            del out[where : where + rng.integers(1, 20)]
        else:
            out[where:where] = rng.bytes(rng.integers(1, 9))
    return bytes(out)


@pytest.mark.parametrize("kind", ["mat", "h5", "obj", "ply", "glb", "npz", "pkl", "pkl2"])
def test_damage_is_reported_in_one_line(tmp_path, originals, kind):
    rng = np.random.default_rng(11)
    path = tmp_path / f"damaged.{kind}"
    list68 = tmp_path / "damaged.landmarks68.txt"
    list68.write_text("\n".join(map(str, range(68))))
    refused = 0
    for _ in range(COUNT):
        data = _damaged(originals[kind], rng)
        path.write_bytes(data)
        try:
            if kind.startswith("pkl"):
                inert_pickle.loads(data, str(path))
            elif kind == "npz":
                Motion.load(path)
            elif kind in ("mat", "h5"):
                adapters.load(path)
            else:
                read_mesh(path)
        except InputError as error:
            refused += 1
            message = str(error)
            assert message.startswith(str(path)) and "\n" not in message
            assert len(message) < len(str(path)) + 320
    assert refused > COUNT // 3  # the damage was real
