"""BFM 2009 (Deep3DFaceRecon) and BFM 2019 files of the right layout, and of wrong ones."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from facewright.errors import InputError
from facewright.face import adapters
from facewright.face.adapters.complete import complete_landmarks
from facewright.face.library import check_model, load_model
from facewright.face.model import Part
from foreign_models import BFM_NAMES, make_face, write_bfm09, write_bfm2019


@pytest.fixture(scope="module")
def face():
    return make_face()


def _same_shape(model, face, offset=0.0):
    """The model's corners are the face's, in metres, about another origin."""
    ours = model.mean[model.triangles] * model.metres_per_unit
    shift = (ours - face.vertices[face.triangles]).reshape(-1, 3)
    np.testing.assert_allclose(shift, np.broadcast_to(shift[0], shift.shape), atol=1e-6)
    return shift[0]


def test_bfm09(tmp_path, face):
    write_bfm09(tmp_path / "BFM_model_front.mat", face)
    model = adapters.load(tmp_path / "BFM_model_front.mat")
    check_model(model)
    _same_shape(model, face)
    assert model.metres_per_unit == 0.1
    assert model.expression_names == tuple(f"expression_{k:03d}" for k in range(5))
    weights = np.array([1.0, -2.0, 0.5, 0.0, 1.5])
    moved = (model.vertices(np.zeros(4), weights) - model.mean)[model.triangles] * 0.1
    want = np.tensordot(weights, face.expression, 1)[face.triangles]
    np.testing.assert_allclose(moved, want, atol=1e-6)
    assert model.texture_basis.shape[0] == 3 and 0.3 < model.texture_mean.min() < 0.4
    points = model.landmark_points(model.mean, model.landmarks68) * 0.1
    np.testing.assert_allclose(
        points - points[30], face.vertices[:68] - face.vertices[30], atol=1e-6
    )


def test_bfm09_triangles_are_turned_outward(tmp_path, face):
    write_bfm09(tmp_path / "a.mat", face, tri=face.triangles[:, ::-1] + 1.0)
    model = adapters.load(tmp_path / "a.mat")
    corners = model.mean[model.triangles]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    assert (normals[:, 2] > 0).mean() > 0.99  # slivers at the rim have no clear side
    points = model.landmark_points(model.mean, model.landmarks68) * 0.1
    np.testing.assert_allclose(
        points - points[30], face.vertices[:68] - face.vertices[30], atol=1e-6
    )


def test_every_part_of_a_simple_atlas_is_used_once(tmp_path, face):
    write_bfm09(tmp_path / "a.mat", face)
    model = adapters.load(tmp_path / "a.mat")
    corners = model.uvs[model.uv_triangles].astype(np.float64)
    area = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    assert (np.abs(area) > 1e-9).all()
    # The mask has no folds: painted over each other, the triangles fill what they cover once.
    from matplotlib.path import Path

    centres = corners.mean(axis=1)
    hits = sum(Path(triangle).contains_points(centres).astype(int) for triangle in corners)
    assert (hits == 1).mean() > 0.99


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tri": None}, "no tri"),
        ({"keypoints": np.arange(1, 60)}, "keypoints: expected 68"),
        ({"keypoints": np.arange(0, 68)}, "index -1"),
        ({"keypoints": np.arange(1, 69)[::-1].copy()}, "do not face forward"),
        ({"tri": np.full((4, 3), 9999.0)}, "index 9998"),
        ({"tri": np.full((4, 3), 1.5)}, "whole numbers"),
        ({"exBase": np.zeros((30, 4))}, "exBase: expected"),
        ({"idBase": np.full((1, 1), np.nan)}, "idBase"),
        ({"meanshape": np.array([["text"]])}, "meanshape: expected numbers"),
        ({"meantex": np.zeros((1, 6))}, "meantex"),
    ],
)
def test_bad_bfm09(tmp_path, face, changes, message):
    write_bfm09(tmp_path / "a.mat", face, **changes)
    with pytest.raises(InputError, match=message):
        adapters.load(tmp_path / "a.mat")


def test_truncated_mat(tmp_path, face):
    write_bfm09(tmp_path / "a.mat", face)
    data = (tmp_path / "a.mat").read_bytes()
    for size in (130, 5000, len(data) // 2):
        (tmp_path / "b.mat").write_bytes(data[:size])
        with pytest.raises(InputError, match=r"b\.mat"):
            adapters.load(tmp_path / "b.mat")


def _with_landmarks(path):
    """A list of all 68 beside the model, so that nothing has to be completed."""
    path.with_name(f"{path.stem}.landmarks68.txt").write_text("\n".join(map(str, range(68))))


def test_bfm2019(tmp_path, face):
    path = tmp_path / "model2019_bfm.h5"
    write_bfm2019(path, face)
    _with_landmarks(path)
    model = adapters.load(path)
    check_model(model)
    _same_shape(model, face)
    assert (model.name, model.metres_per_unit) == ("model2019_bfm", 0.001)
    assert model.expression_names[:2] == ("expression_mean", "expression_000")
    weights = np.array([1.0, -2.0, 0.5, 0.0, 1.5])
    moved = (model.vertices(np.zeros(4), weights) - model.mean)[model.triangles] / 1000
    # The components' signs and lengths come back as they were written.
    want = np.tensordot(weights, face.expression, 1)[face.triangles]
    np.testing.assert_allclose(moved, want, atol=1e-6)
    np.testing.assert_allclose(model.texture_mean, 0.6, atol=1e-6)
    np.testing.assert_allclose(model.texture_basis[0], 0.05, atol=1e-6)


def test_bfm2019_places_the_landmarks_that_it_does_not_name(tmp_path, face):
    path = tmp_path / "model2019_bfm.h5"
    write_bfm2019(path, face)
    model = adapters.load(path)
    points = model.landmark_points(model.mean, model.landmarks68) / 1000
    truth = face.vertices[:68] - face.vertices[30] + points[30]
    error = np.linalg.norm(points - truth, axis=1)
    named = sorted(BFM_NAMES)
    assert error[named].max() < 1e-4  # on the surface where the file says
    # A stylised face is unlike a human one by more than a landmark's width.
    assert error[36:48].mean() < 0.006 and error[48:].mean() < 0.006


def test_landmarks_are_completed_on_other_faces():
    model = load_model("default")
    identity = np.random.default_rng(4).normal(size=len(model.identity_basis)).astype(np.float32)
    vertices = model.vertices(identity, np.zeros(len(model.expression_names), np.float32))
    truth = model.landmark_points(vertices, model.landmarks68)
    known = {row: truth[row].astype(np.float64) for row in BFM_NAMES}
    skin = model.triangles[model.triangle_parts == Part.SKIN]
    # In other units and elsewhere: only the shape tells.
    move = np.array([20.0, -7.0, 3.0])
    known = {row: point * 1000 + move for row, point in known.items()}
    found = complete_landmarks("x", known, vertices * 1000 + move, skin)
    points = np.einsum("nkc,nk->nc", vertices[skin[found.triangles]], found.barycentric)
    error = np.linalg.norm(points - truth, axis=1)
    assert error[list(BFM_NAMES)].max() < 1e-4
    assert error[17:].mean() < 0.002 and error[:17].mean() < 0.008
    # Better than the mean face's landmarks put there by themselves.
    guide = model.landmark_points(model.mean, model.landmarks68)
    assert error.mean() < 0.6 * np.linalg.norm(guide - truth, axis=1).mean()


def test_bad_bfm2019(tmp_path, face):
    path = tmp_path / "a.h5"

    def expect(message, change):
        write_bfm2019(path, face)
        with h5py.File(path, "r+") as file:
            change(file)
        with pytest.raises(InputError, match=message):
            adapters.load(path)

    def external(file):
        del file["shape/model/mean"]
        file["shape/model/mean"] = h5py.ExternalLink("other.h5", "/x")

    def stored_elsewhere(file):
        del file["shape/model/mean"]
        size = face.vertices.size
        file.create_dataset(
            "shape/model/mean", (size,), "f8", external=[("/etc/hostname", 0, size * 8)]
        )

    def replace(name, value):
        def change(file):
            del file[name]
            if value is not None:
                file[name] = value

        return change

    expect("links elsewhere", external)
    expect("stored in another file", stored_elsewhere)
    expect("no 'shape/representer/cells'", replace("shape/representer/cells", None))
    expect("index 99999", replace("shape/representer/cells", np.full((3, 5), 99999)))
    expect("pcaBasis", replace("shape/model/pcaVariance", np.ones(3)))
    expect("NaN", replace("shape/model/mean", np.full(face.vertices.size, np.nan)))
    expect("too few", replace("metadata/landmarks/json", "[]"))
    expect("cannot be read", replace("metadata/landmarks/json", "{nonsense"))
    expect("expected numbers", replace("shape/model/mean", "text"))
    path.write_bytes(b"\x89HDF\r\n\x1a\n and no more")
    with pytest.raises(InputError, match="HDF5"):
        adapters.load(path)


def test_landmark_lists_are_checked(tmp_path, face):
    path = tmp_path / "m.h5"
    write_bfm2019(path, face)
    beside = tmp_path / "m.landmarks68.txt"
    for text, message in [
        ("1\n2\n", "68 lines"),
        ("\n".join(["1"] * 67 + ["99999"]), "index 99999"),
        ("\n".join(["1"] * 67 + ["x"]), "numbers"),
        ("\n".join(["3 0.5 0.5 0.5"] * 68), "sum to 1"),
    ]:
        beside.write_text(text)
        with pytest.raises(InputError, match=message):
            adapters.load(path)
    rows, corners = np.nonzero(face.triangles < 68)
    first = {face.triangles[row, k]: (row, k) for row, k in zip(rows, corners, strict=True)}
    lines = [f"{first[p][0]} " + " ".join("1" if k == first[p][1] else "0" for k in range(3))
             for p in range(68)]  # fmt: skip
    beside.write_text("\n".join(lines))
    model = adapters.load(path)
    got = model.landmark_points(model.mean, model.landmarks68) / 1000
    np.testing.assert_allclose(got - got[30], face.vertices[:68] - face.vertices[30], atol=1e-6)
