"""Closures close, silence rests, controls act."""

from __future__ import annotations

import numpy as np
import pytest
from facewright.drive import lips, rest
from facewright.face.names import EXPRESSION_64

AT = {name: k for k, name in enumerate(EXPRESSION_64)}


def said(frames: int = 100, **weights: float) -> np.ndarray:
    beta = np.zeros((frames, 64), np.float32)
    for name, value in weights.items():
        beta[:, AT[name]] = value
    return beta


def speaking(frames: int = 100) -> np.ndarray:
    return np.ones(2 * frames, np.float32)  # 100 Hz beside 50


def test_sure_closures_are_shut_and_doubts_are_not():
    beta = said(jawOpen=0.3, mouthLowerDownLeft=0.2, mouthFunnel=0.2)
    press = [AT["mouthPressLeft"], AT["mouthPressRight"]]
    beta[30:35, press] = 0.9 * lips.PRESS
    beta[60:65, press] = 0.2 * lips.PRESS
    out = lips.articulate(beta, 50, speaking())
    np.testing.assert_allclose(out[31:34, press], lips.PRESS, atol=1e-6)
    np.testing.assert_allclose(
        out[31:34, AT["mouthClose"]], lips.CLOSE * out[31:34, AT["jawOpen"]], atol=1e-6
    )
    assert out[31:34, AT["mouthLowerDownLeft"]].max() < 1e-6
    assert out[31:34, AT["mouthFunnel"]].max() < 1e-6
    assert out[60:65, AT["mouthClose"]].max() < 1e-6
    assert lips.opening(out)[32] < 1e-6 < 0.3 < lips.opening(out)[62]


def test_a_short_closure_meets_a_frame_at_25_fps():
    beta = said(jawOpen=0.3)
    beta[40:42, [AT["mouthPressLeft"], AT["mouthPressRight"]]] = lips.PRESS
    out = lips.articulate(beta, 50, speaking())
    for phase in (0.0, 0.3, 0.6, 0.9):  # of the frames against the positions
        frames = lips.sampled(out, phase * 2 + np.arange(0, 96, 2))
        assert frames[:, AT["mouthPressLeft"]].max() > 0.9 * lips.PRESS


def test_only_what_speech_moves_moves():
    beta = np.full((50, 64), 0.5, np.float32)
    out = lips.articulate(beta, 50, speaking(50))
    still = [k for k in range(64) if k not in lips.SPOKEN]
    assert not out[:, still].any()
    assert {"browInnerUp", "eyeBlinkLeft", "eyeSquintRight", "jawLeft"} <= {
        EXPRESSION_64[k] for k in still
    }
    assert out.min() >= 0 and out.max() <= 1


def test_nothing_moves_while_nobody_speaks():
    beta = said(jawOpen=0.4, mouthPucker=0.3, tongueUp=0.5)
    gate = np.concatenate([np.ones(100), np.zeros(100)]).astype(np.float32)
    out = lips.articulate(beta, 50, gate)
    assert out[:48, AT["jawOpen"]].min() > 0.3
    assert not out[52:].any()


@pytest.mark.parametrize("factor", [0.0, 0.5, 1.0, 2.0])
def test_mouth_opening_scales_the_lips(factor):
    plain = lips.articulate(said(jawOpen=0.3), 50, speaking())
    out = lips.articulate(said(jawOpen=0.3), 50, speaking(), factor)
    assert 0.3 <= plain[:, AT["jawOpen"]].min() <= 0.5
    np.testing.assert_allclose(out, factor * plain, atol=1e-6)


def test_lips_lead_their_sound():
    beta = said()
    beta[50:, AT["jawOpen"]] = 0.4
    out = lips.articulate(beta, 50, speaking())
    half = np.interp(out[:, AT["jawOpen"]].max() / 2, out[:, AT["jawOpen"]], np.arange(100)) / 50
    assert half == pytest.approx(49.5 / 50 - lips.LEAD, abs=0.003)


def test_presence_tells_speech_from_silence():
    level = np.full(400, 1e-4, np.float32)
    level[100:200] = 0.1
    level[130:135] = 1e-4  # a stop's closure
    level[300] = 0.1  # a click
    found = lips.presence(level).speaking
    assert found[105:195].min() > 0.95
    assert found[:70].max() < 0.05
    assert found[240:].max() < 0.05
    assert lips.presence(np.zeros(50, np.float32)).speaking.max() == 0
    # Hiss alone, however constant, is silence when nobody could mean it to be heard.
    assert lips.presence(np.full(300, 5e-4, np.float32)).speaking.max() == 0


def test_pauses_and_accents_are_found():
    level = np.full(400, 0.1, np.float32)
    level[150:250] = 0
    found = lips.presence(level)
    pauses = lips.pauses(found.speaking)
    assert len(pauses) == 1
    assert 1.5 < pauses[0] < 2.0
    level = 0.05 + 0.1 * np.exp(-0.5 * ((np.arange(400) - 200) / 8.0) ** 2).astype(np.float32)
    when, weight = lips.accents(lips.presence(level).level)
    np.testing.assert_allclose(when, [2.0], atol=0.03)
    assert 0 < weight[0] <= 1


def test_a_photographed_laugh_rests_as_a_smile():
    seen = np.zeros(64, np.float32)
    for name, value in {
        "jawOpen": 0.4, "smileOpen": 0.6, "mouthSmileLeft": 0.5, "mouthSmileRight": 0.5,
        "browInnerUp": 0.3, "eyeSquintLeft": 0.4, "eyeBlinkRight": 0.1, "lipsPart": 0.5,
        "mouthLowerDownLeft": 0.3, "mouthUpperUpLeft": 0.3, "tongueOut": 0.2, "jawLeft": 0.3,
    }.items():  # fmt: skip
        seen[AT[name]] = value
    out = rest.resting(seen, EXPRESSION_64)
    for name in ("jawOpen", "smileOpen", "lipsPart", "mouthLowerDownLeft", "tongueOut",
                 "mouthUpperUpLeft", "jawLeft"):  # fmt: skip
        assert out[AT[name]] == 0, name
    for name in ("browInnerUp", "eyeSquintLeft", "eyeBlinkRight"):
        assert out[AT[name]] == seen[AT[name]], name
    assert 0.2 < out[AT["mouthSmileLeft"]] < 0.5
    assert not rest.resting(np.zeros(64, np.float32), EXPRESSION_64).any()


def test_lips_that_shut_meet_on_the_face() -> None:
    """Millimetres between the inner lips of the default model, not weights alone."""
    from facewright.face.library import load_model

    predicted = np.zeros((60, 64), np.float32)
    predicted[:, AT["jawOpen"]] = 0.2
    for name in ("mouthPressLeft", "mouthPressRight"):
        predicted[28:36, AT[name]] = lips.PRESS
    for name in ("mouthRollLower", "mouthRollUpper"):  # as networks were once taught
        predicted[28:36, AT[name]] = 0.2
    out = lips.articulate(predicted, 50, np.ones(130, np.float32))
    model = load_model()
    inner = model.landmark_points(np.tensordot(out, model.expression_basis, 1), model.landmarks478)
    rest = model.landmark_points(model.mean, model.landmarks478)
    gap = 1000 * ((inner + rest)[:, [13, 82, 312], 1] - (inner + rest)[:, [14, 87, 317], 1])
    assert gap[31:33].max() < 0.2
    assert gap[:20].min() > 3
