"""Measures by networks that the user brings, with small ones written here."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import onnx_file
import pytest
from facewright import cli
from facewright.errors import InputError
from facewright.evaluate.compare import TRUTH
from facewright.evaluate.judges import View
from facewright.evaluate.learned import judges_in
from facewright.evaluate.learned.embedding import Identity, Intake
from facewright.evaluate.learned.frechet import Frechet, frechet
from facewright.evaluate.learned.lpips import Lpips
from facewright.evaluate.learned.mfcc import mfcc
from facewright.evaluate.learned.onnx import Network
from facewright.evaluate.learned.syncnet import agreement
from facewright.media.video import VideoWriter

RNG = np.random.default_rng(0)
POINTS = RNG.uniform(60, 200, (478, 2)).astype(np.float32)
POINTS[[468, 473, 1, 61, 291]] = [[100, 110], [150, 110], [125, 140], [105, 165], [145, 165]]


def alex(path: Path, **other: tuple[int, ...]) -> dict:
    """Random weights in the shapes of LPIPS over AlexNet."""
    import torch
    from safetensors.torch import save_file

    shapes = {"1.0": (64, 3, 11, 11), "2.3": (192, 64, 5, 5), "3.6": (384, 192, 3, 3),
              "4.8": (256, 384, 3, 3), "5.10": (256, 256, 3, 3)}  # fmt: skip
    torch.manual_seed(0)
    tensors = {}
    for k, (name, shape) in enumerate(shapes.items()):
        tensors[f"net.slice{name}.weight"] = torch.randn(other.get(name, shape)) * 0.05
        tensors[f"net.slice{name}.bias"] = torch.zeros(shape[0])
        tensors[f"lin{k}.model.1.weight"] = torch.rand(1, shape[0], 1, 1)
    save_file(tensors, path)
    return tensors


def view(row: str, frame: np.ndarray, truth: np.ndarray | None = None, **rest) -> View:
    given = {"before": None, "points": None} | rest
    return View(row, 1, frame, frame if truth is None else truth, **given)


def test_lpips_is_its_equation(tmp_path: Path) -> None:
    import torch
    from torch.nn import functional as F

    tensors = alex(tmp_path / "lpips.safetensors")
    judge = Lpips(tmp_path / "lpips.safetensors")
    a, b = RNG.integers(0, 256, (2, 96, 96, 3), dtype=np.uint8)
    assert judge.distance(a, a) == 0
    assert judge.distance(a, b) == pytest.approx(judge.distance(b, a), rel=1e-5)
    assert judge.distance(a, b) > 0
    # The first of the five terms, by torch's own layers; the others silenced.
    scaled = []
    for picture in (a, b):
        x = torch.tensor(picture).permute(2, 0, 1).float()[None] / 127.5 - 1
        mean, deviation = torch.tensor([[-0.030, -0.088, -0.188], [0.458, 0.448, 0.450]])
        x = (x - mean.view(1, 3, 1, 1)) / deviation.view(1, 3, 1, 1)
        y = F.relu(F.conv2d(x, tensors["net.slice1.0.weight"], stride=4, padding=2))
        scaled.append(F.normalize(y, dim=1))
    first = ((scaled[0] - scaled[1]) ** 2 * tensors["lin0.model.1.weight"]).sum(1).mean()
    for k in range(1, 5):
        judge._tensors[f"lin{k}.model.1.weight"] *= 0
    assert judge.distance(a, b) == pytest.approx(float(first), rel=1e-4)


def test_tlp_is_of_consecutive_frames(tmp_path: Path) -> None:
    alex(tmp_path / "lpips.safetensors")
    judge = Lpips(tmp_path / "lpips.safetensors")
    judge.start(SimpleNamespace(has_truth=True))
    a, b = RNG.integers(0, 256, (2, 96, 96, 3), dtype=np.uint8)
    assert set(judge.frame(view("x", a, b, before=b))) == {"lpips", "tlp"}
    assert judge.frame(view("x", a, a, before=a)) == {"lpips": 0, "tlp": 0}
    assert set(judge.frame(view(TRUTH, a, before=b))) == {"tlp"}
    judge.start(SimpleNamespace(has_truth=False))
    assert judge.frame(view("x", a, b)) == {}


def test_bad_lpips_weights_are_named(tmp_path: Path) -> None:
    path = tmp_path / "lpips.safetensors"
    path.write_bytes(b"\x80\x04 a pickle")
    with pytest.raises(InputError, match=r"lpips\.safetensors: not a safetensors file"):
        Lpips(path)
    from safetensors.numpy import save_file

    save_file({"a": np.zeros(1, np.float32)}, path)
    with pytest.raises(InputError, match="expected the state of lpips"):
        Lpips(path)
    alex(path, **{"2.3": (192, 65, 5, 5)})
    with pytest.raises(InputError, match="weights do not fit together"):
        Lpips(path).distance(*RNG.integers(0, 256, (2, 64, 64, 3), dtype=np.uint8))


def test_onnx_runs_and_what_is_none_is_named(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    matrix = onnx_file.write(path, (1, 3, 8, 8), 5)
    batch = RNG.normal(0, 1, (2, 3, 8, 8)).astype(np.float32)
    assert Network(path)(batch) == pytest.approx(batch.reshape(2, -1) @ matrix.T, abs=1e-4)
    with pytest.raises(InputError, match=r"net\.onnx: does not take an input of shape"):
        Network(path)(np.zeros((1, 3, 9, 9), np.float32))
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(InputError, match=r"net\.onnx: not an ONNX network"):
        Network(path)


def test_identity_is_a_cosine_of_aligned_crops(tmp_path: Path, portrait) -> None:
    path = tmp_path / "identity.onnx"
    onnx_file.write(path, (1, 3, 112, 112), 16)
    judge = Identity(path)
    judge.start(SimpleNamespace(subject=SimpleNamespace(crop=portrait, landmarks=POINTS)))
    same = judge.frame(view("x", portrait, points=POINTS))["identity"]
    assert same == pytest.approx(1, abs=1e-5)
    # Aligned by its landmarks, a picture that is moved with them is the same.
    small = np.ascontiguousarray(np.pad(portrait, ((40, 0), (24, 0), (0, 0)))[:256, :256])
    moved = judge.frame(view("x", small, points=POINTS + np.array([24, 40], np.float32)))
    assert moved["identity"] > 0.98
    other = RNG.integers(0, 256, portrait.shape, dtype=np.uint8)
    assert judge.frame(view("x", other, points=POINTS))["identity"] < 0.9
    assert judge.frame(view("x", portrait)) == {}


def test_how_pictures_are_given_can_be_said_beside_the_weights(tmp_path: Path) -> None:
    path = tmp_path / "fid.onnx"
    said = {"size": 16, "aligned": False, "mean": 0, "deviation": 255, "bgr": True}
    path.with_suffix(".json").write_text(json.dumps(said))
    intake = Intake.beside(path, Intake())
    red = np.zeros((32, 32, 3), np.uint8)
    red[..., 0] = 255
    taken = intake.take(red, None)
    assert taken is not None and taken.shape == (3, 16, 16)
    assert taken.mean((1, 2)).tolist() == [0, 0, 1]
    for wrong in ('{"side": 3}', '{"size": "x"}', '{"aligned": 1}', '{"deviation": 0}', "[]", "{"):
        path.with_suffix(".json").write_text(wrong)
        with pytest.raises(InputError, match=r"fid\.json"):
            Intake.beside(path, Intake())


def test_frechet_is_that_of_gaussians() -> None:
    from scipy.linalg import sqrtm

    a, b = RNG.normal(0, 1, (300, 6)), RNG.normal(0.5, 2, (200, 6)) @ RNG.normal(0, 1, (6, 6))
    root = sqrtm(np.cov(a.T) @ np.cov(b.T)).real
    expected = np.square(a.mean(0) - b.mean(0)).sum()
    expected += np.trace(np.cov(a.T) + np.cov(b.T) - 2 * root)
    assert frechet(a, b) == pytest.approx(expected, rel=1e-6)
    assert frechet(a, a) == pytest.approx(0, abs=1e-9)
    few = RNG.normal(0, 1, (4, 50))  # fewer frames than features
    assert frechet(few, few + 1) == pytest.approx(50, rel=1e-6)


def test_fid_is_of_all_frames_of_a_row(tmp_path: Path) -> None:
    path = tmp_path / "fid.onnx"
    onnx_file.write(path, (1, 3, 299, 299), 4)
    judge = Frechet(path)
    frames = RNG.integers(0, 256, (6, 64, 64, 3), dtype=np.uint8)
    for frame in frames:
        judge.frame(view(TRUTH, frame))
        judge.frame(view("same", frame))
        judge.frame(view("dark", frame // 2))
    found = judge.total()
    assert set(found) == {"same", "dark"}
    assert found["same"]["fid"] == pytest.approx(0, abs=1e-3)
    assert found["dark"]["fid"] > 1


def test_lips_in_time_with_their_sound_agree() -> None:
    features = RNG.normal(0, 1, (80, 16)).astype(np.float32)
    together = agreement(features, features)
    assert together["lse_d"] == pytest.approx(0, abs=1e-4)
    assert together["lse_c"] > 4
    late = agreement(features[7:], features[:-7])  # found at another offset
    assert late["lse_c"] > 3
    apart = agreement(features, RNG.normal(0, 1, (80, 16)).astype(np.float32))
    assert apart["lse_c"] < 0.5 < apart["lse_d"]
    with pytest.raises(InputError, match="differ in shape"):
        agreement(features, features[:, :8])


def test_syncnet_judges_whole_clips_with_sound(tmp_path: Path, portrait, examples) -> None:
    onnx_file.write(tmp_path / "syncnet_face.onnx", (1, 3, 5, 224, 224), 3)
    onnx_file.write(tmp_path / "syncnet_sound.onnx", (1, 1, 13, 20), 3)
    (judge,), _ = judges_in(tmp_path)
    spoken = tmp_path / "spoken.mp4"
    with VideoWriter(spoken, (64, 64), 25.0, sound=examples / "speech.wav") as writer:
        writer.write(np.zeros((64, 64, 3), np.uint8))
    task = SimpleNamespace(clip=spoken, numbers=tuple(range(1, 22)), fps=25.0)

    def judged(task: SimpleNamespace, seen: np.ndarray | None) -> dict:
        judge.start(task)
        for number in task.numbers:
            points = seen if number % 5 == 0 else None
            judge.frame(View("x", number, portrait, portrait, None, points))
        return judge.finish()

    found = judged(task, POINTS)["x"]
    assert found["lse_d"] > 0 and found["lse_c"] >= 0
    assert judged(task, None) == {"x": {}}  # no face was seen
    assert judged(SimpleNamespace(**vars(task) | {"fps": 30.0}), POINTS) == {}
    every_second = vars(task) | {"numbers": tuple(range(2, 60, 2))}
    assert judged(SimpleNamespace(**every_second), POINTS) == {}


def test_brought_weights_are_in_the_report(clip: Path, tmp_path: Path) -> None:
    weights = tmp_path / "weights"
    weights.mkdir()
    alex(weights / "lpips.safetensors")
    for name, size in (("identity", 112), ("emotion", 64), ("fid", 32)):
        onnx_file.write(weights / f"{name}.onnx", (1, 3, size, size), 3)
        said = {"size": size, "aligned": name != "fid"}
        (weights / f"{name}.json").write_text(json.dumps(said))
    arguments = ["self", clip, "-o", tmp_path / "r", "--frames", 4, "--weights", weights, "-q"]
    assert cli.run(["evaluate", *map(str, arguments), "--recapture-every", "2"]) == 0
    report = json.loads((tmp_path / "r" / "report.json").read_text())
    mean = report["mean"]
    assert set(report["not_measured"]) == {"LSE-C, LSE-D"}
    assert {"lpips", "tlp", "identity", "emotion", "fid"} <= set(mean["reproject"])
    assert mean["reproject"]["lpips"] < mean["still"]["lpips"]
    assert mean["still"]["tlp"] == 0 < mean["truth"]["tlp"]
    assert mean["still"]["identity"] > 0.99
    assert "lpips" not in mean["truth"]
    assert "LPIPS" in (tmp_path / "r" / "report.html").read_text()


def test_mfccs_are_those_of_python_speech_features() -> None:
    samples = np.random.default_rng(5).normal(0, 3000, 4000).astype(np.int16) / 32768
    found = mfcc(samples.astype(np.float32), 16_000)
    assert found.shape == (24, 13)
    assert found[0] == pytest.approx(
        [21.8351, -34.77, -8.1068, -10.9077, -9.5596, -1.199, -5.5674, -7.0501, -10.061,
         -13.6946, -8.1936, 5.0584, 0.1164], abs=2e-3,
    )  # fmt: skip
    assert found[-1, :3] == pytest.approx([21.7756, -36.4316, -10.5814], abs=2e-3)
    assert np.isfinite(mfcc(np.zeros(16_000, np.float32), 16_000)).all()


def test_without_weights_each_measure_says_what_it_needs(tmp_path: Path) -> None:
    judges, absent = judges_in(None)
    assert judges == []
    assert set(absent) == {"LPIPS, tLP", "identity", "EFD", "FID", "LSE-C, LSE-D"}
    onnx_file.write(tmp_path / "fid.onnx", (1, 3, 299, 299), 2)
    onnx_file.write(tmp_path / "syncnet_face.onnx", (1, 3, 5, 224, 224), 1)
    judges, absent = judges_in(tmp_path)
    assert [type(judge) for judge in judges] == [Frechet]
    assert "no syncnet_sound.onnx" in absent["LSE-C, LSE-D"]
