"""Everything that a performance is asked to be reaches the backend; what it lacks is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import grpc
import pytest

pytestmark = pytest.mark.usefixtures("core")


@pytest.fixture
def asking(serve: Callable[..., str]):
    """(address, requests): a backend of given features that notes what it is asked."""
    from addon.v1 import service_pb2

    asked: list = []

    def begin(*features: str, scripts: bool = True) -> tuple[str, list]:
        def hello(self, request, context):
            return service_pb2.GetCapabilitiesResponse(
                protocol_version=service_pb2.PROTOCOL_VERSION,
                version="0.1.0",
                features=features,
                drivers=[service_pb2.Driver(name="emoa2e", scripts=scripts)],
            )

        def find(self, request, context):
            return service_pb2.FindAssetsResponse(present=request.sha256)

        def note(self, request, context):
            asked.append(request)
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "enough")

        return serve(
            GetCapabilities=hello, FindAssets=find, DriveSpeech=note, TrackVideo=note
        ), asked

    return begin


def test_every_wish_travels(asking, tmp_path: Path) -> None:
    from addon.core.client import Backend
    from addon.core.client_driving import drive
    from addon.core.errors import InputError
    from addon.core.performance import PLAIN, Cue, Curve, Look, Wanted

    address, asked = asking("control_curves")
    plain = {
        "seed": 7, "mouth_opening": 0.5, "lip_offset": -40.0, "brow_motion": 2.0,
        "head_motion": 0.25, "blink_rate": 11.0, "cross_fade": 1.5, "smoothing": 30.0,
        "guidance": 0.5, "aversion": 2.0, "head_model": "prior", "brow_model": "prior",
        "emotion_model": "emoa2e", "gaze": "camera",
    }  # fmt: skip
    assert set(plain) == set(PLAIN)
    motion = tmp_path / "take.npz"
    motion.write_bytes(b"x")
    wanted = Wanted(
        plain,
        (Cue("sad, then relieved", 0.5, 2.0, 2.5, 0.25), Cue("happy", 3.0)),
        (Curve("head_motion", (0.0, 1.0), (0.0, 3.0)),),
        ((1.5, "natural"),),
        (Look(0.0, "photo"), Look(1.0, (20.0, -5.0)), Look(2.0, (0.1, 0.2, -0.5))),
        {"lips": "speech", "lids": "photo", "head": motion},
    )
    (tmp_path / "a.wav").write_bytes(b"RIFF")
    with Backend(address) as backend, pytest.raises(InputError, match="enough"):
        drive(
            backend, tmp_path / "a.wav", wanted, subject_id="5e", driver="emoa2e", fps=23.976,
            start_seconds=1.25, length_seconds=3.5,
        )  # fmt: skip
    (request,) = asked
    for name, value in plain.items():
        told = getattr(request, name)
        assert told == (value if isinstance(value, str) else pytest.approx(value)), name
    assert (request.subject_id, request.fps, request.start_seconds) == ("5e", 23.976, 1.25)
    assert (request.length_seconds, request.driver) == (3.5, "emoa2e")
    first, second = request.emotion
    assert (first.prompt, first.start_seconds, first.end_seconds) == ("sad, then relieved", 0.5, 2)
    assert (first.intensity, first.cross_fade) == (2.5, 0.25)
    for name in ("end_seconds", "intensity", "cross_fade"):
        assert not second.HasField(name)
    assert list(request.curves[0].values) == [0, 3]
    assert (request.gaze_modes[0].seconds, request.gaze_modes[0].mode) == (1.5, "natural")
    photo, aside, point = request.gaze_keys
    assert photo.named == "photo" and aside.direction.up == -5 and point.target.z == -0.5
    assert request.sources.lids == "photo" and len(request.sources.head) == 64


def test_what_a_backend_lacks_is_told_before_anything_is_sent(asking, tmp_path: Path) -> None:
    from addon.core.client import Backend
    from addon.core.client_driving import drive, track
    from addon.core.errors import BackendError, InputError
    from addon.core.performance import Curve, Script, Wanted

    address, asked = asking(scripts=False)
    (tmp_path / "a.wav").write_bytes(b"RIFF")
    with Backend(address) as backend:
        curved = Wanted(curves=(Curve("head_motion", (0.0,), (1.0,)),))
        with pytest.raises(BackendError, match="too old for controls and gaze that change"):
            drive(backend, tmp_path / "a.wav", curved)
        with pytest.raises(BackendError, match="too old for driving from a video"):
            track(backend, tmp_path / "a.wav")
        with pytest.raises(BackendError, match="nothing for speaking a script"):
            drive(backend, None, Wanted(), script=Script("Hello."))
        with pytest.raises(InputError, match="speech: expected a sound file"):
            drive(backend, None, Wanted())
        with pytest.raises(InputError, match="sources: there is no file"):
            drive(backend, tmp_path / "a.wav", Wanted(sources={"head": tmp_path / "no.npz"}))
    assert asked == []
