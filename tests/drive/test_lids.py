"""Lids that follow the eyes, measured on the default model's mesh."""

from __future__ import annotations

import numpy as np
import pytest
from facewright.drive import lids
from facewright.errors import InputError
from facewright.face.library import load_model
from facewright.face.model import Part
from facewright.face.names import EXPRESSION_64
from facewright.render.camera import Camera
from facewright.render.rasterise import rasterise

AT = {name: k for k, name in enumerate(EXPRESSION_64)}
NOTHING = np.zeros(64, np.float32)
MODEL = load_model()
SKIN_AND_EYES = MODEL.triangle_parts != Part.LASHES
#: A close view of the left eye, from a metre before it.
VIEW = Camera(20000.0, (64.0, 256.0), (128, 512))


def opening(expression: np.ndarray, gaze: np.ndarray | None = None) -> tuple[float, float] | None:
    """Degrees about the left eyeball of its upper and lower visible ends; None: it is shut."""
    shape = MODEL.vertices(np.zeros(80, np.float32), expression, gaze)
    shape = shape - MODEL.eye_centres[0] - np.array([0, 0, 1], np.float32)
    triangles = MODEL.triangles[SKIN_AND_EYES]
    seen = rasterise(VIEW.project(shape).astype(np.float32)[None], triangles, VIEW.size)
    column = seen.triangles[0][:, 64]
    part = np.where(column >= 0, MODEL.triangle_parts[SKIN_AND_EYES][column], 255)
    rows = np.flatnonzero(part == Part.EYE_LEFT)
    if not len(rows):
        return None
    radius = 0.0166
    ends = np.array([256 - rows[0], 255 - rows[-1]]) / 20000 * (1 - radius) / radius
    upper, lower = np.degrees(np.arcsin(np.clip(ends, -1, 1)))
    return float(upper), float(lower)


def weights(**values: float) -> np.ndarray:
    out = NOTHING.copy()
    for name, value in values.items():
        for side in ("Left", "Right"):
            out[AT[name + side]] = value
    return out


def looking(left: float, up: float) -> np.ndarray:
    plane = np.sin(np.radians([left, up]))
    return np.tile(plane, 2)[None].astype(np.float32)


def followed(up: float) -> np.ndarray:
    return lids.combined(NOTHING[None], lids.lids_for(looking(0, up)), np.zeros(1))[0]


@pytest.mark.parametrize(
    ("name", "degrees"),
    [
        ("eyeLookDown", -lids.LOOK_DOWN),
        ("eyeLookUp", lids.LOOK_UP),
        ("eyeWide", lids.WIDE),
        ("eyeBlink", -lids.BLINK),
    ],
)
def test_blendshapes_move_the_margin_as_far_as_is_said(name: str, degrees: float) -> None:
    rest, moved = opening(NOTHING), opening(weights(**{name: 0.5}))
    assert rest and moved
    assert moved[0] - rest[0] == pytest.approx(0.5 * degrees, rel=0.08)


def test_the_upper_margin_goes_with_the_eye() -> None:
    rest = opening(NOTHING)
    assert rest
    moved = {}
    for up in (-30, -25, -20, -15, -10, -5, 5, 10, 15, 20):
        seen = opening(followed(up), looking(0, up)[0])
        assert seen, up
        moved[up] = seen[0] - rest[0]
    down = [moved[up] / up for up in (-30, -25, -20, -15, -10, -5)]
    np.testing.assert_allclose(down, lids.FOLLOW_DOWN, atol=0.06)
    assert moved[5] / 5 == pytest.approx(lids.FOLLOW_UP, abs=0.06)
    assert moved[10] / 10 == pytest.approx(lids.FOLLOW_UP, abs=0.06)
    ordered = [moved[up] for up in sorted(moved)]
    assert (np.diff(ordered) > -0.3).all()  # further up nothing is left to rise by
    # Looking down shows as much of the iris as looking ahead, to within a few degrees;
    # lids that stayed would uncover all of it.
    iris = 20.6
    covered = {up: (up + iris) - opening(followed(up), looking(0, up)[0])[0] for up in (-20, 0)}  # type: ignore[index]
    assert abs(covered[-20] - covered[0]) < 3
    assert (-20 + iris) - rest[0] < 0


def test_lids_shut_wholly_wherever_the_eyes_look() -> None:
    for left, up in ((0, 0), (0, -25), (0, 20), (25, 0), (-25, 10)):
        gaze = looking(left, up)
        shut = lids.combined(NOTHING[None], lids.lids_for(gaze), np.ones(1))[0]
        assert shut[AT["eyeBlinkLeft"]] == shut[AT["eyeBlinkRight"]] == 1
        assert opening(shut, gaze[0]) is None
        # Nothing else is left, so the upper lid does not pass the lower one.
        assert shut.sum() == 2


def test_lids_fall_and_rise_evenly_while_the_eyes_look_down() -> None:
    gaze = np.tile(looking(0, -15), (21, 1))
    shut = np.linspace(0, 1, 21)
    faces = lids.combined(np.tile(NOTHING, (21, 1)), lids.lids_for(gaze), shut)
    margins = [opening(face, gaze[0]) for face in faces]
    heights = [seen[0] - seen[1] if seen else 0.0 for seen in margins]
    assert (np.diff(heights) <= 0.3).all()
    assert heights[0] > 8
    assert heights[-1] == 0


def test_a_glance_aside_drags_the_lids_of_either_eye_its_own_way() -> None:
    left = lids.lids_for(looking(20, 0))[0]
    right = lids.lids_for(looking(-20, 0))[0]
    assert (
        left[AT["eyeLookOutLeft"]] == left[AT["eyeLookInRight"]] == pytest.approx(2 / 3, abs=0.01)
    )
    assert left[AT["eyeLookInLeft"]] == left[AT["eyeLookOutRight"]] == 0
    swapped = [
        n.replace("Left", "?").replace("Right", "Left").replace("?", "Right") for n in EXPRESSION_64
    ]
    np.testing.assert_allclose(right, left[[AT[name] for name in swapped]], atol=1e-6)
    assert set(np.flatnonzero(left)) == {AT["eyeLookOutLeft"], AT["eyeLookInRight"]}


def test_the_photographed_lids_stay_at_the_photographed_gaze() -> None:
    rest = looking(8, -12)
    resting = weights(eyeLookDown=0.7, eyeBlink=0.1) + weights(eyeSquint=0.2)
    np.testing.assert_array_equal(lids.lids_for(rest, rest[0], resting), 0)
    # Looking up from there first lets go of what held the lids down.
    up = lids.lids_for(looking(8, 0), rest[0], resting)[0]
    assert up[AT["eyeLookDownLeft"]] == pytest.approx(-0.7, abs=0.001)
    assert up[AT["eyeBlinkLeft"]] == pytest.approx(-(10.8 - 0.7 * 14.3) / 38, abs=0.001)
    assert up[AT["eyeLookUpLeft"]] == 0
    # And further down adds no more than there is room for.
    down = lids.combined(
        resting[None], lids.lids_for(looking(8, -30), rest[0], resting), np.zeros(1)
    )[0]
    assert down[AT["eyeLookDownLeft"]] == pytest.approx(1.0)
    assert down[AT["eyeBlinkLeft"]] > 0.1
    assert down.min() >= 0
    assert down.max() <= 1


def test_all_else_stays() -> None:
    rng = np.random.default_rng(0)
    face = rng.uniform(0, 1, (5, 64)).astype(np.float32)
    gaze = np.tile(looking(10, -10), (5, 1))
    out = lids.combined(face, lids.lids_for(gaze), np.linspace(0, 1, 5))
    other = [k for name, k in AT.items() if not name.startswith("eye")]
    np.testing.assert_array_equal(out[:, other], face[:, other])


def test_one_eye_can_blink() -> None:
    shut = np.array([[1.0, 0.0]])
    wink = lids.combined(NOTHING[None], np.zeros((1, 64)), shut)[0]
    assert (wink[AT["eyeBlinkLeft"]], wink[AT["eyeBlinkRight"]]) == (1, 0)


def test_what_does_not_fit_is_told() -> None:
    with pytest.raises(InputError, match="gaze"):
        lids.lids_for(np.zeros((3, 2)))
    with pytest.raises(InputError, match="offsets"):
        lids.combined(np.zeros((3, 64)), np.zeros((2, 64)), np.zeros(3))
    with pytest.raises(InputError, match="shut"):
        lids.combined(np.zeros((3, 64)), np.zeros((3, 64)), np.zeros(4))
