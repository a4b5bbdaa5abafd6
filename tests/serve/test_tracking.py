"""TrackVideo over a real socket, with a clip whose motion is known."""

from __future__ import annotations

import io
import threading

import grpc
import numpy as np
import pytest
from facewright.errors import FacewrightError, InputError, NoFaceError
from facewright.media.picture import read_picture
from facewright.media.video import VideoWriter
from facewright.serve.client import Client
from facewright.serve.tracking import Tracked, at_rate
from facewright.serve.v1 import face_pb2, service_pb2

FPS, FRAMES, SIZE = 25.0, 40, 256
TIMES = np.arange(FRAMES) / FPS
JAW = 0.3 * (1 - np.cos(2 * np.pi * TIMES / 0.8))
TURN = 0.15 * np.sin(2 * np.pi * TIMES / 1.6)  # radians to the side


@pytest.fixture(scope="module")
def client(serving):
    with serving() as server, Client(server.address) as client:
        yield client


@pytest.fixture(scope="module")
def subject(client, examples):
    return client.capture(examples / "portrait.png", size=SIZE)


@pytest.fixture(scope="module")
def clip(client, subject, tmp_path_factory):
    """The portrait, talking and turning."""
    names = subject.names
    path = tmp_path_factory.mktemp("clip") / "Gesicht ä.mp4"

    def frames():
        for k in range(FRAMES):
            weights = np.zeros(len(names), np.float32)
            weights[names.index("jawOpen")] = JAW[k]
            pose = [0.0, TURN[k], 0.0, 0.0, 0.0, 0.0]
            known = face_pb2.CoefficientFrame(expression=weights, pose=pose, gaze=[0, 0, 0, 0])
            yield face_pb2.GeometryFrame(index=k, time_code=k / FPS, coefficients=known)

    with VideoWriter(path, (SIZE, SIZE), FPS) as video:
        for result in client.animate(subject.id, frames(), animator="reproject", size=SIZE):
            video.write(read_picture(result.picture))
    return path


@pytest.fixture(scope="module")
def tracked(client, subject, clip):
    told = []
    motion, confidence = client.track(
        clip, subject_id=subject.id, progress=lambda *step: told.append(step)
    )
    return motion, confidence, told


def likeness(a, b):
    return float(np.corrcoef(a, b)[0, 1])


def test_the_motion_comes_back(tracked):
    motion, confidence, told = tracked
    assert motion.fps == FPS and len(motion) == len(confidence) == FRAMES
    assert likeness(motion.column("jawOpen"), JAW) > 0.9
    assert likeness(motion.pose[:, 1], TURN) > 0.95
    assert (confidence > 0.5).all() and (confidence <= 1).all()
    assert motion.sources["expression"] == "video"
    stages = [stage for stage, _, _ in told]
    assert {"finding the face", "fitting the face"} <= set(stages)
    shares = [share for _, share, _ in told]
    assert shares == sorted(shares) and shares[-1] <= 1


def test_identity_may_be_left_to_the_clip(client, clip):
    motion, _ = client.track(clip)
    assert likeness(motion.column("jawOpen"), JAW) > 0.85


def test_a_part_at_another_rate(client, clip, tracked):
    motion, confidence = client.track(clip, fps=50.0, start_seconds=0.4, length_seconds=0.8)
    assert motion.fps == 50.0 and len(motion) == len(confidence) == 39
    begun = 0.4 + np.arange(len(motion)) / 50
    assert likeness(motion.column("jawOpen"), np.interp(begun, TIMES, JAW)) > 0.85


def test_another_rate_keeps_times_and_doubts(tracked):
    motion, confidence, _ = tracked
    doubtful = confidence.copy()
    doubtful[10] = 0
    slow = at_rate(Tracked(motion, doubtful), 10.0)
    assert len(slow.motion) == 16  # up to 1.5 s of 1.56
    np.testing.assert_allclose(slow.motion.pose[::2], motion.pose[::5], atol=1e-6)
    fast = at_rate(Tracked(motion, doubtful), 50.0)
    assert (fast.confidence[19:22] == 0).all() and fast.confidence[[18, 22]].all()
    assert at_rate(Tracked(motion, doubtful), 25.0).motion is motion


def test_what_is_no_video_is_refused_by_its_name(client, examples, clip):
    cases = (
        (examples / "speech.wav", {}, InputError, "video"),
        (clip, {"fps": 500.0}, InputError, "fps: expected"),
        (clip, {"start_seconds": 9.0}, InputError, "start_seconds: 9 s is not before the end of"),
        (clip, {"length_seconds": -1.0}, InputError, "length_seconds"),
        (clip, {"face": 100}, InputError, "face: expected 0 to 99"),
        (clip, {"subject_id": "no"}, FacewrightError, "subject"),
    )
    for source, options, kind, match in cases:
        with pytest.raises(kind, match=match) as caught:
            client.track(source, **options)
        assert "/tmp" not in str(caught.value)  # the backend's own folders are nobody's business


def test_a_video_without_a_face_is_told(client, tmp_path):
    with VideoWriter(tmp_path / "wall.mp4", (128, 96), 25.0) as video:
        for shade in range(6):
            video.write(np.full((96, 128, 3), 90 + shade, np.uint8))
    with pytest.raises(NoFaceError):
        client.track(tmp_path / "wall.mp4")


def test_an_asset_must_be_put_first(client):
    request = service_pb2.TrackVideoRequest(
        protocol_version=service_pb2.PROTOCOL_VERSION, video_sha256="0" * 64
    )
    with pytest.raises(grpc.RpcError) as caught:
        list(client._stub.TrackVideo(request))
    assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION


def test_a_long_one_is_refused(serving, clip):
    with serving(max_speech_seconds=1.0) as server, Client(server.address) as client:
        with pytest.raises(InputError, match=r"1\.6 s to be tracked, over 1 s; give a part"):
            client.track(clip)
        motion, _ = client.track(clip, length_seconds=0.4)
        assert len(motion) == 10


def test_it_can_be_called_off(client, clip):
    """A cancelled call leaves the worker to the next one at its next check."""
    digest = client.put(clip)
    request = service_pb2.TrackVideoRequest(
        protocol_version=service_pb2.PROTOCOL_VERSION, video_sha256=digest
    )
    call = client._stub.TrackVideo(request)
    begun = threading.Event()

    def listen():
        try:
            for answer in call:
                if answer.WhichOneof("part") == "progress":
                    begun.set()
        except grpc.RpcError:
            pass

    listener = threading.Thread(target=listen)
    listener.start()
    assert begun.wait(30)
    call.cancel()
    listener.join(30)
    assert call.code() is grpc.StatusCode.CANCELLED
    assert client.poses().poses  # the backend answers on


def test_capabilities_tell_of_it(client):
    assert {"track_video", "control_curves"} <= set(client.capabilities.features)


def test_a_damaged_video_is_told(client, clip):
    data = clip.read_bytes()
    broken = io.BytesIO(data[: len(data) // 3]).getvalue()
    with pytest.raises(InputError):
        client.track(broken)
