"""Styles as action units: monotone in intensity, plausible, compound."""

from __future__ import annotations

import numpy as np
import pytest
from facewright.drive.emotion import CODE, STYLES, affect, code_of, synthesise
from facewright.drive.emotion.styles import PROTOTYPES, action_units
from facewright.drive.emotion.units import SHAPES, UNITS
from facewright.errors import InputError
from facewright.face.names import EXPRESSION_64


def _face(weights: dict[str, float], eta: float) -> dict[str, float]:
    offsets = synthesise(code_of(weights)[None], np.array([eta]))[0]
    return dict(zip(EXPRESSION_64, offsets.tolist(), strict=True))


def test_every_style_has_a_prototype_of_known_units() -> None:
    assert set(PROTOTYPES) == set(STYLES)
    assert {unit for prototype in PROTOTYPES.values() for unit in prototype} <= set(SHAPES)


@pytest.mark.parametrize("style", STYLES)
def test_every_unit_of_a_style_grows_strictly_with_intensity(style: str) -> None:
    etas = np.linspace(0, 3, 121)
    codes = np.tile(code_of({style: 1.0}), (len(etas), 1))
    found = action_units(codes, etas)
    used = [UNITS.index(unit) for unit in PROTOTYPES[style]]
    steps = np.diff(found[40:, used], axis=0)
    assert (steps > 0).all()
    assert (np.delete(found, used, axis=1) == 0).all()
    offsets = synthesise(codes, etas)
    assert (np.diff(np.linalg.norm(offsets, axis=1)[40:]) > 0).all()
    assert (np.diff(offsets, axis=0) >= 0).all()
    assert np.abs(np.diff(offsets, axis=0)).max() < 0.05  # continuous


@pytest.mark.parametrize("style", STYLES)
def test_a_code_fades_from_neutral(style: str) -> None:
    shares = np.linspace(0, 1, 41)[:, None]
    offsets = synthesise(shares * code_of({style: 1.0}), np.full(41, 2.0))
    assert not offsets[0].any()
    assert (np.diff(np.linalg.norm(offsets, axis=1)) > 0).all()


def test_prototypes_look_as_emfacs_says() -> None:
    happy, sad, angry = (_face({s: 1.0}, 2.0) for s in ("happy", "sad", "angry"))
    assert happy["mouthSmileLeft"] > 0.4 < happy["cheekSquintLeft"] * 1.2
    assert sad["browInnerUp"] > 0.5 and sad["mouthFrownRight"] > 0.4
    assert sad["mouthSmileLeft"] == 0
    assert angry["browDownLeft"] > 0.5 and angry["mouthPressLeft"] > 0.3
    assert _face({"afraid": 1.0}, 2.0)["mouthStretchLeft"] > 0.4
    assert _face({"disgusted": 1.0}, 2.0)["noseSneerLeft"] > 0.5
    surprised = _face({"surprised": 1.0}, 2.0)
    assert surprised["jawOpen"] > 0.2 and surprised["eyeWideLeft"] > 0.4
    contempt = _face({"contemptuous": 1.0}, 2.0)
    assert contempt["mouthSmileRight"] > 0.2 and contempt["mouthSmileLeft"] == 0


def test_compound_shows_both() -> None:
    both = _face({"sad": 0.7, "surprised": 0.7}, 2.0)
    assert both["mouthFrownLeft"] > 0.3 and both["jawOpen"] > 0.15
    # Inner brows belong to both: more than of either alone, within bounds.
    assert _face({"sad": 0.7}, 2.0)["browInnerUp"] < both["browInnerUp"] <= 1


def test_what_is_wrong_is_told() -> None:
    with pytest.raises(InputError, match="style: 'joyous'"):
        code_of({"joyous": 1.0})
    with pytest.raises(InputError, match="code"):
        synthesise(np.zeros((3, CODE + 1)), np.ones(3))
    with pytest.raises(InputError, match="intensity"):
        synthesise(np.zeros((3, CODE)), np.full(3, 3.5))
    with pytest.raises(InputError, match="intensity"):
        synthesise(np.zeros((3, CODE)), np.ones(2))


def test_affect_tells_delight_from_gloom() -> None:
    (happy, excited), (sad, down) = affect(
        np.stack([code_of({"happy": 1.0}), code_of({"sad": 1.0})])
    ).tolist()
    assert happy > 0 > sad and excited > 0 > down
