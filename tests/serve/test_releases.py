"""What the backend tells clients of its release, so that both sides can compare."""

from __future__ import annotations

import re
from pathlib import Path

import facewright
from facewright.serve.abilities import FEATURES, OLDEST_CLIENT
from facewright.serve.v1 import service_pb2


def told(stub) -> service_pb2.GetCapabilitiesResponse:
    request = service_pb2.GetCapabilitiesRequest(protocol_version=service_pb2.PROTOCOL_VERSION)
    return stub.GetCapabilities(request)


def test_release_features_and_oldest_client_are_told(stub) -> None:
    answer = told(stub)
    assert answer.version == facewright.__version__
    assert answer.oldest_client == OLDEST_CLIENT
    assert sorted(answer.features) == sorted(set(FEATURES))


def test_this_release_serves_itself() -> None:
    def number(release: str) -> list[int]:
        return [int(part) for part in re.findall(r"\d+", release)]

    assert number(OLDEST_CLIENT) <= number(facewright.__version__)


def test_the_contract_names_every_feature() -> None:
    """A client's author learns the words from service.proto."""
    proto = Path(__file__).resolve().parents[2] / "proto/facewright/v1/service.proto"
    text = proto.read_text("utf-8")
    assert [word for word in FEATURES if f'"{word}"' not in text] == []
