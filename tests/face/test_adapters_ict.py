"""ICT-FaceKit: the folder layout, partial folders, names, parts, and the real light model."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest
from facewright.errors import InputError
from facewright.face import adapters
from facewright.face.adapters import wavefront
from facewright.face.adapters.ict import arkit_name, load_ict
from facewright.face.library import check_model, load_model
from facewright.face.model import Part
from facewright.face.names import ARKIT_52
from foreign_models import make_face, write_ict

pytestmark = pytest.mark.filterwarnings("ignore:.*a part of ICT-FaceKit")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    face = make_face()
    names = ["jawOpen", "browInnerUp_L", "browInnerUp_R", "eyeBlink_L", "PupilDilate_R"]
    path = tmp_path_factory.mktemp("ict") / "FaceXModel"
    write_ict(path, face, dict(zip(names, face.expression, strict=True)))
    return path


def test_folder(folder):
    face = make_face()
    with pytest.warns(UserWarning, match=r"4 of 100 identities, 5 of 5 expressions"):
        model = load_ict(folder)
    check_model(model)
    assert model.expression_names == ("eyeBlinkLeft", "jawOpen", "browInnerUp", "pupilDilateRight")
    assert (model.metres_per_unit, model.licence) == (0.01, "MIT")
    assert len(model.identity_basis) == 4

    # Triangles keep their order; the face is the first material.
    rows = model.triangles[: len(face.triangles)]
    pivot = (face.vertices[face.triangles] * 100 - model.mean[rows])[0, 0]
    np.testing.assert_allclose(
        model.mean[rows] + pivot, face.vertices[face.triangles] * 100, atol=2e-5
    )
    jaw = model.expression_basis[model.expression_index("jawOpen")]
    np.testing.assert_allclose(jaw[rows], face.expression[0][face.triangles] * 100, atol=2e-5)
    brows = model.expression_basis[model.expression_index("browInnerUp")]
    both = (face.expression[1] + face.expression[2])[face.triangles] * 100
    np.testing.assert_allclose(brows[rows], both, atol=3e-5)
    points = model.landmark_points(model.mean, model.landmarks68)
    np.testing.assert_allclose(points + pivot, face.vertices[:68] * 100, atol=2e-5)


def test_the_clear_front_of_the_eye_is_left_out(folder):
    model, whole = load_ict(folder), load_ict(folder, overlays=True)
    assert Part.LASHES in whole.triangle_parts and Part.LASHES not in model.triangle_parts
    assert len(whole.triangles) > len(model.triangles)
    assert model.eye_centres is not None
    np.testing.assert_allclose(model.eye_centres[0] - model.eye_centres[1], [6.4, 0, 0], atol=1e-4)
    for part, centre in zip((Part.EYE_LEFT, Part.EYE_RIGHT), model.eye_centres, strict=True):
        for one, expected in ((model, 1.40), (whole, 1.55)):
            offset = one.mean[one.vertex_parts == part] - centre
            near_axis = (np.hypot(*offset[:, :2].T) < 0.2) & (offset[:, 2] > 0)
            # What is seen along the axis: the inner shell, or the clear one in front of it.
            assert offset[near_axis][:, 2].max() == pytest.approx(expected, abs=0.02)
    # The pupil is darker than the white.
    left = model.vertex_parts == Part.EYE_LEFT
    offset = model.mean - model.eye_centres[0]
    pupil = left & (np.hypot(*offset[:, :2].T) < 0.15) & (offset[:, 2] > 0)
    assert model.texture_mean[pupil].max() < 0.1 < 0.8 < model.texture_mean[left].max()


def test_teeth_are_told_apart(folder):
    model = load_ict(folder)
    height = [
        model.mean[model.vertex_parts == p][:, 1] for p in (Part.TEETH_UPPER, Part.TEETH_LOWER)
    ]
    assert height[0].min() > height[1].max()
    assert len(height[0]) == len(height[1]) == 8


def test_partial_folders(folder, tmp_path):
    for name in ("generic_neutral_mesh.obj", "vertex_indices.json"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    jaw = gzip.compress((folder / "jawOpen.obj").read_bytes())
    (tmp_path / "jawOpen.obj.gz").write_bytes(jaw)
    with pytest.warns(UserWarning, match="0 of 100 identities, 1 of 5 expressions"):
        model = adapters.load(tmp_path)
    assert model.expression_names == ("jawOpen",) and model.identity_basis.shape[0] == 0
    assert model.vertices(np.zeros(0), np.ones(1)).shape == model.mean.shape

    (tmp_path / "jawOpen.obj.gz").write_bytes(jaw[: len(jaw) // 2])
    with pytest.raises(InputError, match=r"jawOpen\.obj\.gz: the gzip file is cut short"):
        load_ict(tmp_path)
    (tmp_path / "jawOpen.obj.gz").write_bytes(gzip.compress(b"v 0 0 0\n"))
    with pytest.raises(InputError, match="has 1 vertices"):
        load_ict(tmp_path)
    (tmp_path / "jawOpen.obj.gz").unlink()
    (tmp_path / "vertex_indices.json").write_text(json.dumps({"idx_to_landmark_verts": [1]}))
    with pytest.raises(InputError, match="idx_to_landmark_verts"):
        load_ict(tmp_path)
    (tmp_path / "generic_neutral_mesh.obj").unlink()
    with pytest.raises(InputError, match="folder without a model"):
        adapters.load(tmp_path)


def test_names():
    assert arkit_name("mouthSmile_L") == "mouthSmileLeft"
    assert arkit_name("PupilDilate_R") == "pupilDilateRight"
    assert arkit_name("jawOpen") == "jawOpen"


def test_wavefront_forms(tmp_path):
    path = tmp_path / "a.obj"
    head = "v 0 0 0 1 1 1\nv 1 0 0 1 1 1\nv 1 1 0 1 1 1\nv 0 1 0 1 1 1\nvt 0 0\nvt 1 1\n"
    path.write_text(head + "f 1//1 2//1 3//1 4//1\nusemtl a b\nf 1//3 2//3 3//3\n")
    with pytest.raises(InputError, match=r"f \(vt\): index -1"):
        wavefront.read_obj(path)  # texture coordinates are there, but not used
    path.write_text(head + "f 1/1 2/2 3/1 4/2\r\nusemtl a b\r\nf 1/1 2/1 3/2\r\nusemtl c\n")
    mesh = wavefront.read_obj(path)
    np.testing.assert_array_equal(mesh.triangles, [[0, 1, 2], [0, 2, 3], [0, 1, 2]])
    np.testing.assert_array_equal(mesh.uv_triangles, [[0, 1, 0], [0, 0, 1], [0, 0, 1]])
    assert mesh.materials == ("a b", "c") and mesh.triangle_materials.tolist() == [-1, -1, 0]
    for text, message in [
        ("f -1 -2 -3\n", "relative"),
        ("f 1 2 9\n", "index 8 is outside 0..3"),
        ("f 1 2\n", "fewer than three"),
        ("f 1/1 2 3\n", "different forms"),
        ("f a b c\n", "whole numbers"),
        ("", "no polygons"),
    ]:
        path.write_text(head + text)
        with pytest.raises(InputError, match=message):
            wavefront.read_obj(path)


@pytest.fixture(scope="module")
def real(shared):
    return load_ict(shared / "models" / "ict_facekit.npz")


def test_the_light_model_in_one_file(real):
    check_model(real)
    assert len(real.identity_basis) == 100
    assert set(real.expression_names) >= set(ARKIT_52) - {"tongueOut"}
    assert "tongueOut" not in real.expression_names
    assert set(np.unique(real.triangle_parts)) == {int(p) for p in Part} - {int(Part.LASHES)}
    assert real.eye_axes is not None
    # Both eyes look a little outward, as they were scanned.
    np.testing.assert_allclose(real.eye_axes[0], real.eye_axes[1] * [-1, 1, 1], atol=2e-3)
    assert 0.04 < real.eye_axes[0][0] < 0.15
    # The jaw opens by some 25 mm at the chin, and takes the lower teeth along, not the upper.
    jaw = real.expression_basis[real.expression_index("jawOpen")] * real.metres_per_unit
    chin = real.landmark_points(jaw, real.landmarks68)[8]
    assert -0.05 < chin[1] < -0.02
    assert np.abs(jaw[real.vertex_parts == Part.TEETH_UPPER]).max() < 1e-4
    assert jaw[real.vertex_parts == Part.TEETH_LOWER][:, 1].max() < -0.01
    assert np.linalg.norm(jaw[real.vertex_parts == Part.TONGUE], axis=1).min() > 0.01


def test_a_folder_and_the_one_file_agree(real, shared):
    part = load_ict(shared / "models")
    np.testing.assert_array_equal(part.triangles, real.triangles)
    np.testing.assert_allclose(part.mean, real.mean, atol=1e-5)
    np.testing.assert_allclose(part.uvs, real.uvs, atol=2e-3)  # kept as float16 in the file
    for name in part.expression_names:
        ours = real.expression_basis[real.expression_index(name)]
        theirs = part.expression_basis[part.expression_index(name)]
        # Quantised: 0.15 mm as the file's note promises, twice that where halves add up.
        assert np.abs(ours - theirs).max() < (0.03 if name == "browInnerUp" else 0.016), name
    np.testing.assert_allclose(real.identity_basis[:3], part.identity_basis, atol=0.006)


def test_no_two_parts_share_texels(real):
    corners = real.uvs[real.uv_triangles].astype(np.float64)
    assert corners.min() >= 0 and corners.max() <= 1
    # Points well inside each triangle, on a grid much finer than the margin between charts.
    weights = np.array([[1, 1, 1], [4, 1, 1], [1, 4, 1], [1, 1, 4]]) / [[3], [6], [6], [6]]
    texels = np.floor(np.einsum("sk,fkc->fsc", weights, corners) * 1024).astype(int)
    owner = np.full((1024, 1024), -1)
    for part in np.unique(real.triangle_parts):
        x, y = texels[real.triangle_parts == part].reshape(-1, 2).T
        assert set(np.unique(owner[y, x])) <= {-1}, Part(part)
        owner[y, x] = part
    edges = corners[:, 1:] - corners[:, :1]
    area = np.abs(edges[:, 0, 0] * edges[:, 1, 1] - edges[:, 0, 1] * edges[:, 1, 0])
    assert area[real.triangle_parts == Part.SKIN].sum() > 0.5 * area.sum()


def test_the_library_reads_it_by_path(folder):
    model = load_model(folder)
    assert model is load_model(str(folder)) and not model.mean.flags.writeable
    with pytest.raises(InputError, match="neither 'default' nor a model's path"):
        load_model(folder / "absent")
    with pytest.raises(InputError, match="not a known model"):
        load_model(folder / "vertex_indices.json")
