"""Charts, key frames, controls and speed on the example portrait and sentence."""

from __future__ import annotations

import io

import numpy as np
import pytest
from facewright import drive
from facewright.capture import CaptureSession, Subject
from facewright.drive.base import DriveControls
from facewright.drive.heard import hear
from facewright.drive.speaker import Speaker
from facewright.evaluate.voice import chart, controls, speed
from facewright.evaluate.voice.pictures import Shown, closures, moments, pictures
from facewright.evaluate.voice.points import Points
from facewright.face.library import load_model
from facewright.media.picture import read_picture
from facewright.media.speech import Speech, read_speech


@pytest.fixture(scope="module")
def driver() -> Speaker:
    made = drive.create("emoa2e")
    assert isinstance(made, Speaker)
    return made


@pytest.fixture(scope="module")
def speech(examples) -> Speech:
    whole = read_speech(examples / "speech.wav")
    return Speech(whole.samples[: 2 * whole.rate], whole.rate)


@pytest.fixture(scope="module")
def session():
    made = CaptureSession()
    yield made
    made.close()


@pytest.fixture(scope="module")
def subject(session, examples) -> Subject:
    return session.capture(read_picture(examples / "portrait.png"), size=128)


def test_a_performance_as_pictures(session, driver, subject, speech):
    from PIL import Image

    points = Points(load_model())
    shown = Shown("one", "one on a portrait", subject, speech, DriveControls())
    motion = driver(speech, subject, DriveControls())
    strip, sheet = pictures(shown, motion, points)
    assert (strip.name, sheet.name) == ("one-chart", "one-moments")
    image = Image.open(io.BytesIO(strip.png))
    assert image.width > 2 * 320 and image.height > 600
    found = closures(motion, subject, points, session.finder)
    assert found is not None and found.count > 0
    assert found.shut < 0.6 * found.wide


def test_charts_draw_what_moves(driver, speech):
    points, motion = Points(load_model()), driver(speech, None, DriveControls())
    rows = chart.rows(speech, hear(speech), motion, points)
    assert {"sound", "jaw", "closure (p, b, m)", "brows", "head, °", "gaze, °", "lids"} <= {
        row.title for row in rows
    }
    drawn = chart.draw(rows, speech.seconds, [], 100.0, "t")
    bare = chart.draw(
        [chart.Row(r.title, r.times, {}, r.low, r.high) for r in rows],
        speech.seconds,
        [],
        100.0,
        "t",
    )
    assert drawn.shape == bare.shape and (drawn != bare).any()


def test_moments_lie_within_the_motion(driver, speech):
    motion = driver(speech, None, DriveControls())
    found = moments(motion, Points(load_model()))
    assert found and all(0 <= k < len(motion) for k, _ in found)


def test_gaze_is_read_again_from_frames(session, driver, subject, speech):
    stage = controls.Stage(session, subject, driver, speech)
    response = controls.looks(stage, 0)
    assert response.asked == controls.ASIDE and response.monotone
    ((name, _, row, said),) = controls.told([response])
    assert name.startswith("gaze") and row.count("→") == 5 and said == "yes"


def test_a_response_that_falls_is_not_monotone():
    assert not controls.Response("n", "m", (0, 1, 2), (0, 2, 1)).monotone
    assert not controls.Response("n", "m", (0, 1), (1, 1)).monotone


def test_shares_name_every_part(driver, speech):
    found = speed.shares(driver, speech, DriveControls())
    assert {"listening", "lips", "head", "gaze", "brows", "blinks", "putting together"} <= set(
        found.parts
    )
    assert found.seconds == pytest.approx(2) and found.cpu > 0
    assert all(spent >= 0 for spent in found.parts.values())
    cost = speed.live(driver, speech, DriveControls())
    assert len(cost.cpu) == len(cost.wall) == 50
    assert np.isfinite(cost.cpu).all()
