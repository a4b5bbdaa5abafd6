"""The add-on's names are the backend's, and other spellings of them are understood."""

from __future__ import annotations

import numpy as np
import pytest
from facewright.drive.channels import BROWS, LIDS
from facewright.drive.lips import CLOSE
from facewright.face.library import load_model
from facewright.face.names import ARKIT_52, EXPRESSION_64, EXTRAS_12
from scipy.optimize import nnls

pytestmark = pytest.mark.usefixtures("core")


@pytest.fixture
def face_keys(core):
    from addon.core import face_keys

    return face_keys


@pytest.fixture
def spellings(core):
    from addon.core import spellings

    return spellings


def test_names_are_the_backends(face_keys):
    assert set(face_keys.ARKIT_52) == set(ARKIT_52) and len(face_keys.ARKIT_52) == 52
    assert set(face_keys.EXTRAS_12) == set(EXTRAS_12) and len(face_keys.EXTRAS_12) == 12


def test_regions_are_the_drivers(face_keys):
    for column, name in enumerate(EXPRESSION_64):
        wanted = "brows" if column in BROWS else "eyes" if column in LIDS else "mouth"
        assert face_keys.region_of(name) == wanted


def test_every_key_has_a_group_and_a_row(face_keys):
    groups = {name: face_keys.group_of(name) for name in EXPRESSION_64}
    assert set(groups.values()) == set(face_keys.GROUPS)
    rows = face_keys.rows(EXPRESSION_64)
    assert sorted(name for row in rows for name in row) == sorted(EXPRESSION_64)
    assert ("eyeBlinkLeft", "eyeBlinkRight") in rows and ("jawOpen",) in rows
    assert ("mouthLeft", "mouthRight") in rows
    assert all(face_keys.mirrored(face_keys.mirrored(name)) == name for name in EXPRESSION_64)


def test_stand_ins_are_least_squares_over_the_default_model(face_keys):
    model = load_model()
    basis = model.expression_basis.reshape(64, -1).astype(np.float64)
    for name, parts in face_keys.STAND_INS.items():
        if name == "mouthClose":
            assert parts == {"mouthClose": 1 / CLOSE}
            continue
        columns = [EXPRESSION_64.index(part) for part in parts]
        wanted, _ = nnls(basis[columns].T, basis[EXPRESSION_64.index(name)])
        np.testing.assert_allclose(list(parts.values()), wanted, atol=0.006)


def spelt(name: str, style: str) -> str:
    stem = name.removesuffix("Left").removesuffix("Right")
    side = name[len(stem) :]
    words = "".join("_" + c.lower() if c.isupper() else c for c in stem)
    return {
        "pascal": name[0].upper() + name[1:],
        "underscored": stem + (f"_{side[0]}" if side else ""),
        "dotted": stem + (f".{side[0]}" if side else ""),
        "snake": words + (f"_{side.lower()}" if side else ""),
        "glued": stem + side[:1],
        "of a mesh": f"head_lod0_mesh__{stem}" + (f"_{side[0]}" if side else ""),
        "of a node": f"Face|blendShape1.{name}",
    }[style]


@pytest.mark.parametrize(
    "style", ["pascal", "underscored", "dotted", "snake", "glued", "of a mesh", "of a node"]
)
def test_common_spellings_are_found(spellings, style):
    keys = [spelt(name, style) for name in ARKIT_52]
    mapping = spellings.found(keys)
    assert spellings.missing(mapping) == []
    for name, key in zip(ARKIT_52, keys, strict=True):
        assert [pair[0] for pair in mapping[name]] == [key]
    assert mapping["mouthClose"] == ((spelt("mouthClose", style), 0.5),)
    assert mapping["lipFV"][0] == (spelt("mouthRollLower", style), 0.8)


def test_halves_and_quarters_are_joined(spellings):
    keys = [
        "browInnerUp_L", "browInnerUp_R", "cheekPuff_L", "cheekPuff_R", "jawOpen",
        *(f"CTRL_expressions_mouthFunnel{corner}" for corner in ("UL", "UR", "DL", "DR")),
        "CTRL_expressions_eyeLookLeftL", "CTRL_expressions_eyeLookLeftR",
        "CTRL_expressions_mouthCornerPullL",
    ]  # fmt: skip
    mapping = spellings.found(keys)
    assert {key for key, _ in mapping["browInnerUp"]} == set(keys[:2])
    assert {key for key, _ in mapping["mouthFunnel"]} == set(keys[5:9])
    assert mapping["eyeLookOutLeft"] == (("CTRL_expressions_eyeLookLeftL", 1.0),)
    assert mapping["eyeLookInRight"] == (("CTRL_expressions_eyeLookLeftR", 1.0),)
    assert mapping["mouthSmileLeft"] == (("CTRL_expressions_mouthCornerPullL", 1.0),)
    assert len(spellings.missing(mapping)) == 52 - 7


def test_the_default_models_own_names_mean_themselves(spellings):
    mapping = spellings.found(["Basis", *EXPRESSION_64])
    assert mapping == {name: ((name, 1.0),) for name in EXPRESSION_64}


def test_strangers_are_left_alone(spellings):
    assert spellings.found(["Basis", "Key 1", "smile", "PupilDilate_L", "L", ""]) == {}


def test_a_mapping_survives_its_text(spellings):
    keys = [spelt(name, "underscored") for name in ARKIT_52] + ["odd * name", "a = b"]
    mapping = spellings.found(keys)
    text = spellings.written(mapping, keys)
    assert "# not used: odd * name" in text
    assert spellings.read(text, keys) == mapping
    edited = text.replace("tongueOut = tongueOut", "tongueOut = odd * name, jawOpen * -0.25")
    assert spellings.read(edited, keys)["tongueOut"] == (("odd * name", 1.0), ("jawOpen", -0.25))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("jawOpen", "line 1: expected 'NAME = KEY'"),
        ("# so\n\njaw = jawOpen", "line 3: expected"),
        ("jawOpen = nothing", "line 1: the mesh has no shape key 'nothing'"),
        ("jawOpen = jaw * much", "expected a weight from -10 to 10, got 'much'"),
        ("jawOpen = jaw * nan", "expected a weight"),
        ("jawOpen =", "expected a shape key for one name at least"),
    ],
)
def test_wrong_lines_are_named(spellings, text, says):
    from addon.core.errors import InputError

    with pytest.raises(InputError, match=says.replace("*", r"\*")):
        spellings.read(text, ["jaw"])
