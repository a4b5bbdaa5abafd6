"""ControlTalk's two passes: identity before training, rest, opening by m, golden numbers."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from facewright.drive import adapt, lips
from facewright.drive.emotion import code_of, synthesise
from facewright.drive.heard import Heard, hear
from facewright.errors import InputError
from facewright.face.library import load_model
from facewright.face.motion import Motion
from facewright.face.names import EXPRESSION_64
from facewright.media.speech import Speech, read_speech

AT = {name: k for k, name in enumerate(EXPRESSION_64)}
STILL = [k for k in range(64) if k not in adapt.MOUTH]
FPS = 25.0


def gap(expression: np.ndarray) -> np.ndarray:
    """(T,) millimetres between the inner lips of the default model's vertices."""
    model = load_model()
    points = model.landmark_points(model.mean[None] + 0, model.landmarks478)[0]
    basis = model.landmark_points(model.expression_basis, model.landmarks478)
    upper, lower = [82, 13, 312], [87, 14, 317]
    rest = (points[upper, 1] - points[lower, 1]).mean()
    moves = (basis[:, upper, 1] - basis[:, lower, 1]).mean(1)
    return 1000 * model.metres_per_unit * (rest + expression @ moves)


def performance(frames: int, seed: int = 0) -> Motion:
    """Open mouths, moods, brows: everything at random, smooth in time."""
    rng = np.random.default_rng(seed)
    keys = rng.random((6, 64)) * (rng.random((6, 64)) < 0.3)
    keys[:, AT["jawOpen"]] = rng.uniform(0.2, 0.9, 6)
    at = np.linspace(0, 5, frames)
    weights = np.stack([np.interp(at, np.arange(6), c) for c in keys.T], 1).astype(np.float32)
    return Motion(
        fps=FPS, model="default", names=EXPRESSION_64, expression=weights,
        pose=rng.normal(0, 0.1, (frames, 6)).astype(np.float32),
        gaze=np.zeros((frames, 4), np.float32), sources={"expression": "hand"},
    )  # fmt: skip


@pytest.fixture(scope="module")
def heard(examples) -> Heard:
    return hear(read_speech(examples / "speech.wav"))


@pytest.fixture(scope="module")
def base(heard) -> Motion:
    return performance(int(heard.seconds * FPS))


def test_before_training_nothing_changes(base, heard):
    network = adapt.Audio2Exp(adapt.Config()).eval()
    silent = hear(Speech(np.zeros_like(heard.samples)))
    for sound in (heard, silent):
        out = adapt.redrive(base, sound, network=network).expression
        shut = lips.CLOSE * out[:, AT["jawOpen"]]
        free = out[:, AT["mouthClose"]] < shut - 1e-6
        columns = [k for k in range(64) if not EXPRESSION_64[k].startswith(
            ("mouthClose", "mouthUpperUp", "mouthLowerDown", "mouthFunnel", "mouthRoll",
             "lipsPart", "smileOpen", "snarlOpen", "tongueOut"))]  # fmt: skip
        np.testing.assert_allclose(out[:, columns], base.expression[:, columns], atol=1e-6)
        if sound is silent:
            np.testing.assert_allclose(out, base.expression, atol=1e-6)
        assert free.any()


def test_every_parameter_learns():
    network = adapt.Audio2Exp(adapt.Config(width=16))
    torch.manual_seed(0)
    for _ in range(2):  # the first step moves the last layer alone: it begins at zero
        out = network(torch.rand(8, len(adapt.MOUTH)), torch.rand(8, 63))
        out.sub(0.3).square().sum().backward()
        with torch.no_grad():
            for p in network.parameters():
                p -= 0.01 * p.grad
    assert all(p.grad is not None and p.grad.any() for p in network.parameters())


def test_only_the_mouth_changes(base, heard):
    out = adapt.redrive(base, heard)
    np.testing.assert_array_equal(out.expression[:, STILL], base.expression[:, STILL])
    np.testing.assert_array_equal(out.pose, base.pose)
    np.testing.assert_array_equal(out.gaze, base.gaze)
    assert np.abs(out.expression - base.expression)[:, adapt.MOUTH].max() > 0.2
    assert out.sources["lips"] == "speech" and out.sources["expression"] == "hand"
    assert {"browInnerUp", "eyeBlinkLeft", "noseSneerLeft"} <= {EXPRESSION_64[k] for k in STILL}


def test_silence_and_no_opening_rest_an_open_mouth(base, heard):
    silent = hear(Speech(np.zeros_like(heard.samples)))
    assert gap(base.expression).min() > 3
    for out in (adapt.redrive(base, silent), adapt.redrive(base, heard, 0.0)):
        assert np.median(gap(out.expression)) < 1.0
        assert gap(out.expression).max() < 2.5
        assert out.expression[:, AT["jawOpen"]].max() < 0.08


def test_lips_part_further_with_m(base, heard):
    made = [gap(adapt.redrive(base, heard, m).expression) for m in (0, 0.25, 0.5, 1, 1.5, 2)]
    means = [float(g.mean()) for g in made]
    assert all(b > a + 0.2 for a, b in pairwise(means))
    wide = made[3] > 4
    assert (made[4][wide] >= made[3][wide] - 0.3).mean() > 0.95


def test_lips_say_what_is_heard_whatever_the_face_does(base, heard):
    calm = replace(base, expression=np.zeros_like(base.expression))
    angry = synthesise(code_of({"angry": 1.0})[None], np.float32([3.0]))
    felt = replace(base, expression=np.repeat(angry, len(base), 0))
    plain = lips.opening(adapt.redrive(calm, heard).expression)
    for other in (base, felt):
        out = lips.opening(adapt.redrive(other, heard).expression)
        assert np.corrcoef(out, plain)[0, 1] > 0.97


def test_closures_are_kept(base, heard):
    from facewright.drive import emoa2e
    from facewright.drive.speaker import WEIGHTS

    network = emoa2e.load(WEIGHTS)
    said = lips.articulate(network.predict(heard.mfccs), 50, heard.presence.speaking)
    shut = lips.sampled(said, base.times * 50)[:, AT["mouthPressLeft"]] > 0.99 * lips.PRESS
    assert shut.sum() >= 3
    assert lips.opening(adapt.redrive(base, heard).expression)[shut].max() < 0.02


def test_frames_after_the_sound_rest(heard):
    long = performance(int(heard.seconds * FPS) + 40)
    out = adapt.redrive(long, heard)
    assert out.expression[-30:, AT["jawOpen"]].max() < 0.08


def test_what_does_not_fit_is_refused(base, heard):
    with pytest.raises(InputError, match="mouth_opening"):
        adapt.redrive(base, heard, 2.5)
    other = replace(base, names=tuple(f"x{k}" for k in range(64)), model="ict")
    with pytest.raises(InputError, match="retarget"):
        adapt.redrive(other, heard)


# Computed apart, in double precision, from the two equations.
GOLDEN = [
    [0.24816666, 0.39767692, 0.50399755, 0.30000001],
    [0.24813030, 0.39648209, 0.50515968, 0.30000001],
]


def test_golden_numbers_of_a_made_network():
    """Weights by a formula: the two passes, clamps and closures, number by number."""
    network = adapt.Audio2Exp(adapt.Config(width=4)).eval()
    with torch.no_grad():
        for k, p in enumerate(network.parameters()):
            p.copy_(torch.sin(torch.arange(p.numel()) * 0.37 + k).view_as(p) * 0.2)
    expression = np.full((2, 64), 0.3, np.float32)
    speech = np.zeros((2, 63), np.float32)
    speech[1] = 0.1
    out = adapt.adapt(network, expression, speech, 0.5)
    columns = [AT[n] for n in ("jawOpen", "mouthClose", "mouthPucker", "browInnerUp")]
    np.testing.assert_allclose(out[:, columns], GOLDEN, atol=2e-5)
