"""Controls that change in time over a real socket."""

from __future__ import annotations

import numpy as np
import pytest
from facewright import drive
from facewright.drive import DriveControls
from facewright.drive.curves import ControlCurve as Curve
from facewright.drive.curves import GazeMode as Mode
from facewright.drive.emotion.cues import EmotionCue as Cue
from facewright.errors import InputError
from facewright.media.speech import read_speech
from facewright.serve.client import Client
from facewright.serve.v1.service_pb2 import ControlCurve, EmotionCue, GazeMode


@pytest.fixture(scope="module")
def client(serving):
    with serving() as server, Client(server.address) as client:
        yield client


def test_they_mean_what_they_mean_at_home(client, examples):
    points = {"mouth_opening": (0.0, 2.0), "head_motion": (2.0, 0.0), "intensity": (0.5, 3.0)}
    remote = client.drive(
        examples / "speech.wav",
        seed=2,
        emotion=[
            EmotionCue(prompt="angry", end_seconds=2.0, intensity=1.5),
            EmotionCue(prompt="happy", start_seconds=2.0, cross_fade=1.5),
        ],
        curves=[ControlCurve(control=c, seconds=[0, 4], values=v) for c, v in points.items()],
        gaze_modes=[GazeMode(seconds=1.0, mode="camera"), GazeMode(seconds=2.5, mode="still")],
    )
    controls = DriveControls(
        seed=2,
        emotion=(Cue("angry", 0, 2, 1.5), Cue("happy", 2, keyed=True, cross_fade=1.5)),
        curves=tuple(
            Curve(c, np.array([0.0, 4.0]), np.array(v, np.float32)) for c, v in points.items()
        ),
        gaze_modes=(Mode(1.0, "camera"), Mode(2.5, "still")),
    )
    local = drive.create("emoa2e")(read_speech(examples / "speech.wav"), None, controls)
    for name in ("expression", "pose", "gaze"):
        np.testing.assert_allclose(getattr(remote, name), getattr(local, name), atol=1e-5)
    assert remote.sources["gaze"] == "natural, then camera, then neutral"


@pytest.mark.parametrize(
    ("options", "match"),
    [
        (
            {"curves": [ControlCurve(control="volume", seconds=[0], values=[1])]},
            r"curves\[0\].control: 'volume' is not one of",
        ),
        (
            {"curves": [ControlCurve(control="head_motion", seconds=[0, 1], values=[1])]},
            r"curves\[0\].values: expected one for each of 2 seconds, got 1",
        ),
        (
            {"curves": [ControlCurve(control="blink_rate", seconds=[0], values=[61])]},
            r"curves\[0\].values: expected values <= 60",
        ),
        (
            {"gaze_modes": [GazeMode(seconds=-1, mode="camera")]},
            r"gaze_modes\[0\].seconds: expected values >= 0",
        ),
        ({"gaze_modes": [GazeMode(mode="up")]}, r"gaze_modes\[0\].mode: 'up' is not one of"),
        (
            {"emotion": [EmotionCue(prompt="sad", cross_fade=11)]},
            r"emotion\[0\].cross_fade: expected values <= 10",
        ),
    ],
)
def test_what_cannot_be_is_refused_by_name(client, examples, options, match):
    with pytest.raises(InputError, match=match):
        client.drive(examples / "speech.wav", **options)
