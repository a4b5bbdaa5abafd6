"""ReviewClip over a real connection."""

from __future__ import annotations

import hashlib
from pathlib import Path

import grpc
import numpy as np
import pytest
from facewright.media.picture import read_picture
from facewright.media.video import VideoWriter
from facewright.serve.v1 import service_pb2

VERSION = service_pb2.PROTOCOL_VERSION


def put(stub, path: Path) -> str:
    data = path.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    header = service_pb2.AssetHeader(
        protocol_version=VERSION, sha256=digest, size=len(data), file_name=path.name
    )
    parts = [service_pb2.PutAssetRequest(header=header)]
    chunks = [data[k : k + (1 << 20)] for k in range(0, len(data), 1 << 20)]
    parts += [service_pb2.PutAssetRequest(chunk=chunk) for chunk in chunks]
    return stub.PutAsset(iter(parts)).sha256


def review(stub, **fields: str) -> list:
    request = service_pb2.ReviewClipRequest(protocol_version=VERSION, **fields)
    return list(stub.ReviewClip(request))


@pytest.fixture(scope="module")
def still(examples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of the portrait, holding still, with the sentence's sound."""
    photo = np.ascontiguousarray(read_picture(examples / "portrait.png")[:384, 30:414])
    path = tmp_path_factory.mktemp("clips") / "still.mp4"
    with VideoWriter(path, (384, 384), 10.0, sound=examples / "speech.wav") as writer:
        for _ in range(20):
            writer.write(photo)
    return path


def test_a_clip_is_measured(stub, still: Path, examples: Path) -> None:
    movie, speech = put(stub, still), put(stub, examples / "speech.wav")
    portrait = put(stub, examples / "portrait.png")
    answers = review(stub, movie_sha256=movie, speech_sha256=speech, portrait_sha256=portrait)
    shares = [a.progress.fraction for a in answers if a.HasField("progress")]
    assert shares == sorted(shares) and len(shares) >= 20
    (found,) = [a.review for a in answers if a.HasField("review")]
    assert (found.frames, found.unseen) == (20, 0)
    assert found.frozen >= 8  # it holds still while there is sound
    assert found.identity > 0.9
    assert not found.HasField("sync_offset") and not found.HasField("flicker")
    assert found.seconds == 2.0 and found.sound_seconds == pytest.approx(6.05, abs=0.1)
    assert any("one of them is cut" in line for line in found.warnings)


def test_errors_name_the_file_as_the_client_called_it(stub, still: Path, examples: Path) -> None:
    movie = put(stub, still)
    with pytest.raises(grpc.RpcError) as failed:
        review(stub, movie_sha256=put(stub, examples / "speech.txt"))
    assert failed.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert failed.value.details().startswith("speech.txt: ")
    with pytest.raises(grpc.RpcError) as failed:
        review(stub, movie_sha256=movie, speech_sha256=put(stub, examples / "portrait.png"))
    assert "portrait.png" in failed.value.details()
    assert "/" not in failed.value.details().replace("/ ", "")


def test_missing_assets_are_named(stub, still: Path) -> None:
    with pytest.raises(grpc.RpcError, match="movie_sha256: expected 64"):
        review(stub)
    with pytest.raises(grpc.RpcError, match="portrait_sha256: the backend has no asset"):
        review(stub, movie_sha256=put(stub, still), portrait_sha256="0" * 64)


def test_it_is_promised(stub) -> None:
    request = service_pb2.GetCapabilitiesRequest(protocol_version=VERSION)
    assert "review_clip" in stub.GetCapabilities(request).features
