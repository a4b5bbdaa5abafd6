"""docs/protocol.md: its example runs, what it names exists."""

from __future__ import annotations

import re

import grpc
import numpy as np
from facewright.media.speech import read_speech
from facewright.serve.v1 import service_pb2, service_pb2_grpc
from PIL import Image


def page(root) -> str:
    return (root / "docs/protocol.md").read_text(encoding="utf-8")


def examples_of(root) -> dict:
    """What the page's Python defines."""
    code = "\n".join(re.findall(r"```python\n(.*?)```", page(root), re.DOTALL))
    names: dict = {}
    exec(compile(code, "docs/protocol.md", "exec"), names)
    return names


def test_the_example_dubs(root, examples, server, tmp_path, capsys):
    names = examples_of(root)
    names["dub"](
        server.address, examples / "portrait.png", examples / "speech.wav", tmp_path, frames=12
    )
    said = capsys.readouterr().out
    assert re.search(r"subject [0-9a-f]{32}", said)
    assert "frame" not in said  # no frame failed
    pictures = sorted(tmp_path.glob("*.png"))
    assert [path.stem for path in pictures] == [f"{i:05}" for i in range(12)]
    clip = np.stack([np.asarray(Image.open(path)) for path in pictures]).astype(int)
    assert clip.shape == (12, 256, 256, 3)
    assert np.abs(np.diff(clip, axis=0)).max() > 0


def test_the_live_example_shows_frames(root, examples, server):
    names, shown = examples_of(root), []
    sound = read_speech(examples / "speech.wav")
    chunks = np.split(sound.samples[:16000], 25)
    with grpc.insecure_channel(server.address) as channel:
        stub = service_pb2_grpc.FacewrightServiceStub(channel)
        names["perform_live"](stub, chunks, sound.rate, shown.append)
    assert [run.first for run in shown[:5]] == list(range(5))
    assert shown[-1].first + len(shown[-1].times) == 25


def test_every_call_and_limit_that_is_named_exists(root):
    methods = set(service_pb2.DESCRIPTOR.services_by_name["FacewrightService"].methods_by_name)
    text = page(root)
    assert methods <= set(re.findall(r"\w+", text))
    limits = service_pb2.Limits.DESCRIPTOR.fields_by_name
    assert set(re.findall(r"Limits\.(\w+)", text)) <= set(limits)


def test_links_lead_somewhere(root):
    for link in re.findall(r"\]\(([^)#]+)\)", page(root)):
        assert (root / "docs" / link).resolve().exists(), link
