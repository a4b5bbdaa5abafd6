"""DriveSpeech and DriveLive over a real socket: emotion, gaze, sources, scripts, live sound."""

from __future__ import annotations

import importlib.util
import shutil

import numpy as np
import pytest
from facewright import drive
from facewright.drive import DriveControls
from facewright.drive.controls import Sources
from facewright.drive.emotion.cues import EmotionCue as Cue
from facewright.drive.gaze import parse
from facewright.drive.live import LOOK_AHEAD
from facewright.errors import BackendError, InputError
from facewright.face.motion_io import encode_motion
from facewright.media.speech import read_speech
from facewright.serve.client import Client
from facewright.serve.v1 import service_pb2
from facewright.serve.v1.service_pb2 import (
    ChannelSources,
    EmotionCue,
    GazeDirection,
    GazeKey,
    GazeTarget,
    Script,
)


@pytest.fixture(scope="module")
def client(serving):
    with serving() as server, Client(server.address) as client:
        yield client


@pytest.fixture(scope="module")
def sound(examples):
    return examples / "speech.wav"


@pytest.fixture(scope="module")
def driver():
    return drive.create("emoa2e")


def test_capabilities_tell_what_a_driver_can(client):
    driver = next(d for d in client.capabilities.drivers if d.name == "emoa2e")
    assert "prior" in driver.head_models
    assert "prior" in driver.brow_models
    assert set(driver.gaze_modes) >= {"natural", "camera", "keys"}
    assert {"happy", "angry"} <= set(driver.emotions)
    assert driver.emotion_models[0] == "rules"
    assert driver.live_seconds == LOOK_AHEAD


def test_controls_mean_what_they_mean_at_home(client, sound, driver):
    """Every field at another value than its default, against the driver called directly."""
    remote = client.drive(
        sound,
        seed=3,
        mouth_opening=0.8,
        head_motion=1.5,
        blink_rate=30.0,
        emotion=[
            EmotionCue(prompt="angry", end_seconds=2.0, intensity=3.0),
            EmotionCue(prompt="happy", start_seconds=2.0),
        ],
        cross_fade=0.25,
        emotion_model="rules",
        lip_offset=40.0,
        head_model="prior",
        guidance=0.5,
        brow_model="prior",
        brow_motion=2.0,
        gaze_keys=[
            GazeKey(seconds=0, named="camera"),
            GazeKey(seconds=1.5, direction=GazeDirection(left=20, up=-5)),
            GazeKey(seconds=3, target=GazeTarget(x=0.5, y=0, z=-0.5)),
            GazeKey(seconds=4, target=GazeTarget(x=0, y=0, z=1, in_head=True)),
        ],
        smoothing=10.0,
        sources=ChannelSources(lids="photo"),
    )
    controls = DriveControls(
        seed=3,
        mouth_opening=np.float32(0.8),
        head_motion=1.5,
        blink_rate=30.0,
        emotion=(Cue("angry", 0.0, 2.0, 3.0), Cue("happy", 2.0)),
        cross_fade=0.25,
        lip_offset=40.0,
        guidance=0.5,
        brow_motion=2.0,
        gaze="keys",
        gaze_keys=parse("0:camera 1.5:20,-5 3:camera@0.5,0,-0.5 4:head@0,0,1"),
        smoothing=10.0,
        sources=Sources(lids="photo"),
    )
    local = driver(read_speech(sound), None, controls)
    np.testing.assert_allclose(remote.expression, local.expression, atol=1e-4)
    np.testing.assert_allclose(remote.pose, local.pose, atol=1e-4)
    np.testing.assert_allclose(remote.gaze, local.gaze, atol=1e-4)
    assert remote.sources == local.sources
    assert remote.sources["emotion"] == "angry; happy"


def test_a_channel_from_an_uploaded_motion(client, sound):
    other = client.drive(sound, seed=8)
    digest = client.put(encode_motion(other))
    mixed = client.drive(sound, seed=3, sources=ChannelSources(head=digest, lips=digest))
    plain = client.drive(sound, seed=3)
    np.testing.assert_allclose(mixed.pose, other.pose, atol=1e-5)
    assert np.abs(mixed.pose - plain.pose).max() > 0.005
    assert mixed.sources["head"].startswith("motion")


@pytest.mark.skipif(
    shutil.which("espeak-ng") is None and importlib.util.find_spec("espeakng_loader") is None,
    reason="needs espeak-ng",
)
def test_a_script_comes_back_as_sound_and_motion(client):
    assert next(d for d in client.capabilities.drivers if d.name == "emoa2e").scripts
    done = client.speak(script=Script(text="[angry @3] No! [happy] Yes.", voice="f2"), fps=30.0)
    speech = read_speech(done.sound)
    assert len(done.motion) == speech.frames(30.0)
    assert done.motion.sources["emotion"] == "angry; happy"
    assert done.motion.column("jawOpen").max() > 0.1
    german = client.speak(script=Script(text="Guten Tag.", language="de"), fps=30.0)
    assert german.sound != done.sound


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"emotion": [EmotionCue(prompt="")]}, r"emotion\[0\].prompt: expected 1 to 200"),
        ({"emotion": [EmotionCue(prompt="sad", intensity=9)]}, r"emotion\[0\].intensity: expected"),
        ({"emotion": [EmotionCue(prompt="sad", start_seconds=60)]}, "starts at 60 s"),
        ({"gaze": "away"}, "gaze: 'away' is not one of natural"),
        ({"gaze": "keys"}, "gaze_keys: they belong to gaze 'keys'"),
        ({"gaze_keys": [GazeKey(seconds=1)]}, r"gaze_keys\[0\].look: expected a direction"),
        ({"gaze_keys": [GazeKey(named="sky")]}, r"gaze_keys\[0\].look: 'sky' is not one of"),
        ({"head_model": "nod"}, "head: 'nod' is not one of"),
        ({"emotion_model": "magic"}, "emotion_model: 'magic' is not one of rules"),
        ({"brow_model": "x" * 300}, "brow_model: expected at most 200"),
        ({"brow_motion": 4.0}, "brow_motion: expected values <= 3"),
        ({"lip_offset": float("nan")}, "lip_offset: expected finite"),
        ({"smoothing": 501.0}, "smoothing: expected values <= 500"),
        ({"guidance": -0.1}, "guidance: expected values >= 0"),
        ({"cross_fade": 11.0}, "cross_fade: expected values <= 10"),
        ({"aversion": 4.0}, "aversion: expected values <= 3"),
        ({"sources": ChannelSources(head="video")}, "sources.head: expected 64 lower-case hex"),
        ({"script": Script(text="Hello.")}, "script: expected it in place of speech_sha256"),
    ],
)
def test_bad_fields_are_named(client, sound, fields, message):
    with pytest.raises(InputError, match=message):
        client.drive(sound, **fields)


def test_an_asset_that_is_no_motion_is_named(client, sound):
    digest = client.put(b"no motion at all")
    with pytest.raises(InputError, match=r"sources\.gaze: .*") as caught:
        client.drive(sound, sources=ChannelSources(gaze=digest))
    assert "/" not in str(caught.value)  # no path of the backend's
    with pytest.raises(BackendError, match="put it with PutAsset"):
        client.drive(sound, sources=ChannelSources(gaze="0" * 64))


def test_a_request_without_sound_or_script_is_refused(client):
    with pytest.raises(InputError, match="speech_sha256: expected 64"):
        client.drive(None)


@pytest.mark.parametrize("name", ["start_seconds", "length_seconds"])
def test_a_script_is_spoken_whole(client, name):
    with pytest.raises(InputError, match=f"{name}: a script is spoken whole"):
        client.speak(script=Script(text="[sad] Oh. [happy] Hello."), **{name: 1.0})


def test_live_sound_comes_back_as_frames(client, sound, driver):
    from facewright.drive.live import Live

    samples = read_speech(sound).samples[: 3 * 16000]
    chunks = [samples[k : k + 640] for k in range(0, len(samples), 640)]
    runs = list(client.drive_live(chunks, seed=2, fps=25.0))
    assert len(runs) > 50
    live = Live(driver, None, DriveControls(seed=2))
    local = [live.feed(samples), live.finish()]
    for name in ("expression", "pose", "gaze"):
        got = np.concatenate([getattr(run, name) for run in runs])
        np.testing.assert_allclose(
            got, np.concatenate([getattr(part, name) for part in local]), atol=1e-6
        )


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"smoothing": 20.0}, "smoothing: live driving has none"),
        ({"speech_sha256": "0" * 64}, "controls.speech_sha256: live driving has none"),
        ({"script": Script(text="a")}, "controls.script: live driving has none"),
        ({"sample_rate": 100}, "sample_rate: expected 8000 to 192000"),
        ({"head_model": "diffusion"}, "head_model: 'diffusion' needs the whole speech"),
    ],
)
def test_bad_live_headers_are_named(client, fields, message):
    with pytest.raises(InputError, match=message):
        list(client.drive_live([np.zeros(640, np.float32)], **fields))


def test_bad_live_samples_are_named(client):
    with pytest.raises(InputError, match="samples: expected finite"):
        list(client.drive_live([np.full(640, np.nan, np.float32)]))
    raw = service_pb2.DriveLiveRequest
    controls = service_pb2.DriveSpeechRequest(protocol_version=service_pb2.PROTOCOL_VERSION)
    header = raw(header=service_pb2.DriveLiveHeader(controls=controls))
    for bad, message in (
        ([raw(samples=b"1234")], "expected a header"),
        ([header, raw(samples=b"123")], "whole float32"),
        ([header, header], "expected samples after the header"),
    ):
        with pytest.raises(Exception, match=message):
            list(client._stub.DriveLive(iter(bad), metadata=client._metadata))


def test_too_long_a_live_sound_is_ended(serving):
    with serving(max_speech_seconds=1.0) as server, Client(server.address) as client:
        chunks = [np.zeros(8000, np.float32)] * 4
        with pytest.raises(InputError, match="samples: more than 1 seconds"):
            list(client.drive_live(chunks))
