"""FLAME files are read as data, its joints become components, and code is refused."""

from __future__ import annotations

import os
import pickle  # only ever to write: what the reader must understand, and what it must refuse
import pickletools

import numpy as np
import pytest
import python2_pickle
import torch
from facewright.errors import InputError
from facewright.face import adapters
from facewright.face.adapters import inert_pickle
from facewright.face.adapters.flame import load_flame
from facewright.face.adapters.inert_records import as_array
from facewright.face.library import check_model
from facewright.face.model import Part
from foreign_models import flame_arrays, make_face
from python2_pickle import Chumpy, Csc
from scipy.sparse import csc_matrix
from scipy.spatial.transform import Rotation


@pytest.fixture(scope="module")
def arrays():
    return flame_arrays(make_face())


def _embedding(arrays):
    """FLAME's static embedding: each landmark at the corner of a triangle."""
    rows, corners = np.nonzero(arrays["f"] < 68)
    first = dict(
        zip(
            arrays["f"][rows, corners][::-1],
            zip(rows[::-1], corners[::-1], strict=True),
            strict=True,
        )
    )
    weights = np.zeros((68, 3))
    weights[np.arange(68), [first[k][1] for k in range(68)]] = 1
    return np.array([first[k][0] for k in range(68)], np.uint32), weights


@pytest.fixture
def folder(tmp_path, arrays):
    """A folder with the landmark file that FLAME's users have."""
    rows, weights = _embedding(arrays)
    tree = {"lmk_face_idx": rows, "lmk_b_coords": weights}
    (tmp_path / "flame_static_embedding_68.pkl").write_bytes(python2_pickle.dumps(tree))
    return tmp_path


def _modern(arrays, protocol):
    tree = arrays | {"J_regressor": csc_matrix(arrays["J_regressor"]), "bs_type": "lrotmin"}
    return pickle.dumps(tree, protocol=protocol)


def _ancient(arrays, protocol):
    tree = {
        **arrays,
        "bs_type": "lrotmin",
        "shapedirs": Chumpy(np.asfortranarray(arrays["shapedirs"])),
    }
    tree["J_regressor"] = Csc(arrays["J_regressor"])
    return python2_pickle.dumps(tree, protocol)


@pytest.mark.parametrize(
    ("write", "protocol"),
    [(_ancient, 0), (_ancient, 2), *((_modern, protocol) for protocol in range(6))],
)
def test_every_protocol_gives_the_same_model(folder, arrays, write, protocol):
    path = folder / "generic_model.pkl"
    path.write_bytes(write(arrays, protocol))
    model = load_flame(path, identity_count=4)
    check_model(model)
    joint = arrays["J_regressor"] @ arrays["v_template"]
    corners = model.mean[model.triangles]
    np.testing.assert_allclose(corners, (arrays["v_template"] - joint[1])[arrays["f"]], atol=1e-6)
    assert model.expression_names[:4] == ("jawOpen", "jawLeft", "jawRight", "expression_000")
    shapes = arrays["shapedirs"].transpose(2, 0, 1)
    np.testing.assert_allclose(
        model.identity_basis[:, model.triangles], shapes[:4][:, arrays["f"]], atol=1e-7
    )
    np.testing.assert_allclose(
        model.expression_basis[3:][:, model.triangles], shapes[4:][:, arrays["f"]], atol=1e-7
    )
    assert model.eye_centres is not None
    np.testing.assert_allclose(model.eye_centres, joint[3:] - joint[1], atol=1e-6)
    for part, side in ((Part.EYE_LEFT, 1), (Part.EYE_RIGHT, -1)):
        assert (model.mean[model.vertex_parts == part][:, 0] * side > 0).all()
    assert (model.triangle_parts == Part.EYE_LEFT).sum() == 80


def test_the_jaw_is_the_skinned_mesh_at_weight_one(folder, arrays):
    path = folder / "generic_model.pkl"
    path.write_bytes(_modern(arrays, 4))
    model = load_flame(path, identity_count=4)
    joint = arrays["J_regressor"] @ arrays["v_template"]
    rotation = Rotation.from_euler("x", 18, degrees=True).as_matrix()
    shaped = arrays["v_template"] + arrays["posedirs"][:, :, 9:18] @ (rotation - np.eye(3)).ravel()
    # Skinning as FLAME does it: blend the joints' transforms, then apply the blend.
    weight = arrays["weights"][:, 2]
    blend = weight[:, None, None] * rotation + (1 - weight)[:, None, None] * np.eye(3)
    posed = np.einsum("vij,vj->vi", blend, shaped - joint[2]) + joint[2] - joint[1]
    offset = model.expression_basis[0]
    np.testing.assert_allclose(
        (model.mean + offset)[model.triangles], posed[arrays["f"]], atol=1e-6
    )
    points = model.landmark_points(offset, model.landmarks68)
    assert points[8, 1] < -0.015 and abs(points[30]).max() < 2e-3  # the chin drops, the nose stays
    left = model.landmark_points(model.expression_basis[1], model.landmarks68)
    right = model.landmark_points(model.expression_basis[2], model.landmarks68)
    assert left[8, 0] > 0.005 and right[8, 0] < -0.005


def test_sniffing_and_sizes(folder, arrays):
    path = folder / "generic_model.pkl"
    path.write_bytes(_modern(arrays, 2))
    with pytest.raises(InputError, match=r"9 components: say how many are identity"):
        adapters.load(path)
    for change, message in [
        ({"v_template": None}, "no v_template"),
        ({"f": arrays["f"] + 99999}, "index"),
        ({"posedirs": np.zeros((3, 3, 36))}, "posedirs: expected"),
        ({"weights": np.zeros((3, 5))}, "expected 5 joints"),
        ({"shapedirs": np.zeros((4, 3, 9))}, "shapedirs: expected"),
        ({"v_template": arrays["v_template"] * np.nan}, "NaN"),
        ({"shapedirs": "text"}, "expected an array, got str"),
    ]:
        tree = {k: v for k, v in {**arrays, **change}.items() if v is not None}
        path.write_bytes(pickle.dumps(tree))
        with pytest.raises(InputError, match=message):
            load_flame(path, identity_count=4)


def test_landmark_files(tmp_path, arrays):
    path = tmp_path / "generic_model.pkl"
    path.write_bytes(_modern(arrays, 2))
    with pytest.raises(InputError, match=r"landmark_embedding\.npy"):
        load_flame(path, identity_count=4)
    # As DECA ships it: a dict saved with np.save, which pickles it inside the .npy.
    rows, weights = _embedding(arrays)
    # Some of its entries are tensors, which stay unread.
    tree = {"full_lmk_faces_idx": rows[None], "full_lmk_bary_coords": weights[None], "other": [1]}
    tree["dynamic_lmk_faces_idx"] = torch.arange(6).reshape(2, 3)
    np.save(tmp_path / "landmark_embedding.npy", np.array(tree, dtype=object))
    model = load_flame(path, identity_count=4)
    points = model.landmark_points(model.mean, model.landmarks68)
    truth = arrays["v_template"][:68]
    np.testing.assert_allclose(points - points[30], truth - truth[30], atol=1e-6)
    (tmp_path / "landmark_embedding.npy").unlink()
    # RingNet's has 51: the contour comes from the default model.
    tree = {"lmk_face_idx": rows[17:], "lmk_b_coords": weights[17:]}
    (tmp_path / "flame_static_embedding.pkl").write_bytes(python2_pickle.dumps(tree))
    model = load_flame(path, identity_count=4)
    points = model.landmark_points(model.mean, model.landmarks68)
    error = np.linalg.norm(points - points[30] - (truth - truth[30]), axis=1)
    assert error[17:].max() < 1e-4 and error[:17].mean() < 0.03  # a stylised, square jaw


class _Evil:
    def __init__(self, function, *arguments):
        self.function, self.arguments = function, arguments

    def __reduce__(self):
        return self.function, self.arguments


@pytest.mark.parametrize("protocol", range(6))
def test_code_is_refused_and_not_run(tmp_path, arrays, protocol):
    trace = tmp_path / "trace"
    for evil in (
        _Evil(os.system, f"touch {trace}"),
        _Evil(eval, f"open({str(trace)!r}, 'w')"),
        _Evil(os.makedirs, str(trace)),
    ):
        path = tmp_path / "generic_model.pkl"
        path.write_bytes(pickle.dumps({**arrays, "f": evil}, protocol=protocol))
        with pytest.raises(InputError, match="refused without running it") as caught:
            adapters.load(path)
        assert "\n" not in str(caught.value) and not trace.exists()
        # An unpickler would have called it: the file holds the call.
        calls = {code.name for code, _, _ in pickletools.genops(path.read_bytes())}
        assert "REDUCE" in calls


@pytest.mark.parametrize(
    "data",
    [
        b"cnumpy.core.multiarray\nfromfile\n.",
        b"cnumpy.f2py.diagnose\nrun\n(tR.",
        b"cscipy.sparse.csc\nos\n.",
        b"cchumpy.ch\nos.system\n.",
        b"c__builtin__\ngetattr\n.",
        b"c__builtin__\nobject\n(tR.",
        b"cnumpy\nndarray\n(tR.",
        b"(S'ls'\nios\nsystem\n.",  # INST
        b"(cos\nsystem\nS'ls'\no.",  # OBJ
        b"Pname\n.",  # PERSID
        b"\x82\x01.",  # EXT1
        b"\x80\x05\x97.",  # NEXT_BUFFER
        b"\x80\x04\x8c\x02os\x8c\x06system\x93.",  # STACK_GLOBAL
        b"c__builtin__\nlist\nc__builtin__\nlist\n(tR\x93.",
        # A name remembered, and called through the memo.
        b"cbuiltins\nexec\nq\x00h\x00(S'1'\ntR.",
    ],
)
def test_only_known_names_and_opcodes(data):
    with pytest.raises(InputError):
        inert_pickle.loads(data, "x.pkl")


@pytest.mark.parametrize(
    "data",
    [
        b"", b".", b"0.", b"a.", b"(", b"t.", b"]", b"h\x05.", b"g9\n.", b"R.", b"b.", b"K",
        b"T\xff\xff\xff\x7fabc.", b"T\xff\xff\xff\xff.", b"\x8e" + b"\xff" * 8 + b".", b"I12",
        b"Iabc\n.", b"S'abc\n.", b"Sabc\n.", b"X\x02\x00\x00\x00\xff\xfe.", b"}(K\x01u.",
        b"K\x01K\x02s.", b"}K\x01K\x02K\x03a.", b"N)R.", b"cnumpy\ndtype\n(S'O'\ntR)b.",
        b"\x8a\xff" + b"\x01" * 255 + b".", b"F1e\n.",
    ],
)  # fmt: skip
def test_damaged_pickles(data):
    with pytest.raises(InputError, match=r"^x\.pkl"):
        inert_pickle.loads(data, "x.pkl")


def test_truncations_of_a_real_one(arrays):
    whole = _ancient({k: v[:5] for k, v in arrays.items() if k != "J_regressor"} | {
        "J_regressor": arrays["J_regressor"][:, :5]}, 2)  # fmt: skip
    for size in range(0, len(whole) - 1, max(1, len(whole) // 97)):
        with pytest.raises(InputError):
            inert_pickle.loads(whole[:size], "x.pkl")


def test_arrays_that_contradict_themselves():
    def expect(message, value):
        tree = inert_pickle.loads(python2_pickle.dumps(value), "x.pkl")
        with pytest.raises(InputError, match=message):
            as_array(tree, "x.pkl")

    good = as_array(inert_pickle.loads(python2_pickle.dumps(Csc(np.diag([1.0, 2, 3]))), "x"), "x")
    np.testing.assert_array_equal(good, np.diag([1.0, 2, 3]))
    data = python2_pickle.dumps(Csc(np.eye(3)))
    raw = np.array([0, 1, 2], np.int32).tobytes()
    # Row numbers come first, then where the columns start.
    for position, worse in ((data.find(raw), [0, 1, 9]), (data.rfind(raw), [0, 5, 2])):
        changed = data[:position] + np.array(worse, np.int32).tobytes() + data[position + 12 :]
        broken = inert_pickle.loads(changed, "x")
        with pytest.raises(InputError, match="contradicts itself"):
            as_array(broken, "x")
    expect("expected an array, got dict", {"a": 1})
    expect("expected an array, got list", [[1], [2]])
    # An array whose bytes are too few for its shape.
    short = python2_pickle.dumps(np.zeros(3)).replace(b"U\x18" + b"\0" * 24, b"U\x10" + b"\0" * 16)
    with pytest.raises(InputError, match="not a readable pickle"):
        inert_pickle.loads(short, "x.pkl")


def test_nested_bombs_end_quickly():
    """Tuples of themselves, forty deep: a trillion leaves to hash, print or unfold."""
    pair = b"K\x01" + b"2\x86" * 40
    for tail in (b"K\x00s.", b"N\x86.", b"cnumpy\ndtype\nq\x00."):
        try:
            value = inert_pickle.loads(b"}" + pair + tail, "x.pkl")
            as_array(value, "x.pkl")
        except InputError as error:
            assert len(str(error)) < 300
        else:
            pytest.fail("a bomb is no array")


def test_a_tensor_is_no_array():
    tree = inert_pickle.loads(pickle.dumps({"x": torch.ones(3)}), "x.pkl")
    with pytest.raises(InputError, match="expected an array"):
        as_array(tree["x"], "x.pkl")
