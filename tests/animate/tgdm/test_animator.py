"""The animator ``tgdm`` with weights that the tests make, on a face that is known."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from facewright import animate
from facewright.animate.base import (
    CoefficientGeometry,
    ImageGeometry,
    Rho,
    VertexGeometry,
)
from facewright.animate.tgdm import weights
from facewright.animate.tgdm.animator import Tgdm, TgdmState
from facewright.animate.tgdm.embedded import Embedded, EmbeddedConfig
from facewright.errors import CancelledError, InputError
from facewright.face import pose as poses
from safetensors.torch import load_file, save_file

from ..conftest import SIZE, Scene

TINY = EmbeddedConfig(widths=(8, 12, 16), depths=(1, 1, 1), condition=16)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights of a small network that has something to say of everything."""
    torch.manual_seed(0)
    network = Embedded(TINY)
    with torch.no_grad():
        for module in network.modules():
            for name in ("affine", "second"):
                if hasattr(module, name):
                    torch.nn.init.normal_(getattr(module, name).weight, std=0.1)
        for head in (network.smooth, network.sharp):
            torch.nn.init.normal_(head.weight, std=0.05)
    path = tmp_path_factory.mktemp("weights") / "tgdm.safetensors"
    weights.save(path, network, {"licence": "CC0-1.0"})
    return path


@pytest.fixture(scope="module")
def animator(file: Path) -> Tgdm:
    return Tgdm(file, device="cpu")


@pytest.fixture(scope="module")
def state(scene: Scene, animator: Tgdm) -> TgdmState:
    return animator.prepare(scene.subject, SIZE)


@pytest.fixture(scope="module")
def clip(scene: Scene) -> CoefficientGeometry:
    """Four frames of a mouth that opens and a head that turns."""
    rho = scene.subject.coefficients
    steps = np.linspace(0, 1, 4, dtype=np.float32)[:, None]
    jaw = np.eye(64, dtype=np.float32)[scene.subject.model.expression_index("jawOpen")]
    turn = np.array([0, 0.15, 0, 0.004, 0, 0], np.float32)
    return CoefficientGeometry(
        indices=np.arange(4),
        expression=rho.expression + 0.5 * steps * jaw,
        pose=steps * turn,
        gaze=np.repeat(rho.gaze[None], 4, 0),
    )


def part(clip: CoefficientGeometry, first: int, last: int, context: tuple[int, int]):
    rows = slice(first, last)
    return CoefficientGeometry(
        clip.indices[rows], clip.expression[rows], clip.pose[rows], clip.gaze[rows], context
    )


def test_it_is_found_by_name_with_a_files_weights(file: Path):
    assert "tgdm" in animate.names()
    assert animate.create("tgdm", file).network.config == TINY  # type: ignore[attr-defined]


def test_a_seed_repeats_to_the_bit_and_two_differ(animator: Tgdm, state: TgdmState, clip):
    a = animator(clip, state, 1)
    assert a.shape == (4, SIZE, SIZE, 3) and a.dtype == np.uint8
    assert np.array_equal(a, animator(clip, state, 1))
    assert not np.array_equal(a, animator(clip, state, 2))


def test_a_frame_is_the_same_alone_with_its_neighbours(animator: Tgdm, state: TgdmState, clip):
    together = animator(clip, state, 3)
    alone = animator(part(clip, 1, 4, (1, 1)), state, 3)
    assert np.array_equal(alone[0], together[2])


def test_neighbours_matter(animator: Tgdm, state: TgdmState, clip):
    together = animator(clip, state, 3)
    assert not np.array_equal(animator(part(clip, 2, 3, (0, 0)), state, 3)[0], together[2])


def test_steps_are_taken_and_looked_at_between(animator: Tgdm, state: TgdmState, clip):
    one = part(clip, 3, 4, (0, 0))
    asked: list[int] = []
    four = animator(one, state, 0, steps=4, check=lambda: asked.append(1))
    assert len(asked) >= 4
    assert not np.array_equal(four, animator(one, state, 0, steps=1))

    def stop() -> None:
        if len(asked) > 6:
            raise CancelledError("cancelled")
        asked.append(1)

    with pytest.raises(CancelledError):
        animator(one, state, 0, steps=50, check=stop)


@pytest.mark.parametrize("steps", [0, -1, 1.5, 10_000, True])
def test_steps_that_cannot_be_are_refused(animator: Tgdm, state: TgdmState, clip, steps):
    with pytest.raises(InputError, match="steps"):
        animator(clip, state, 0, steps=steps)


def test_conditions_that_are_not_numbers_are_refused(
    animator: Tgdm, state: TgdmState, clip: CoefficientGeometry
):
    bad = clip.expression.copy()
    bad[1, 2] = np.nan
    with pytest.raises(InputError, match=r"expression.*finite"):
        animator(replace(clip, expression=bad), state)
    # A neighbour's count as well.
    with pytest.raises(InputError, match=r"expression.*finite"):
        animator(replace(clip, expression=bad, context=(2, 0)), state)
    shapes = np.zeros((4, state.subject.model.vertex_count, 3), np.float32)
    rho = Rho(clip.expression, clip.pose, np.full_like(clip.gaze, np.inf))
    with pytest.raises(InputError, match=r"gaze.*finite"):
        animator(VertexGeometry(clip.indices, shapes, rho), state)


def test_nothing_is_generated_in_the_background(animator: Tgdm, state: TgdmState, clip):
    made = animator.make(part(clip, 0, 1, (0, 0)), state)[0]  # the head is as in the photo
    assert made.generated.shape == (256, 256)
    assert made.generated.min() >= 0 and made.generated.max() <= 1
    person = state.base.texture.photo[..., 3]
    assert (person == 0).mean() > 0.1
    assert made.generated[person == 0].max() == 0 < made.generated[person == 255].max()


def test_a_mesh_without_rho_is_animated_too(
    scene: Scene, animator: Tgdm, state: TgdmState, clip: CoefficientGeometry
):
    subject = scene.subject
    rho = subject.coefficients
    shapes = np.stack([subject.model.vertices(rho.identity, e, rho.gaze) for e in clip.expression])
    posed = poses.transform(poses.compose(rho.pose, clip.pose), shapes)
    known = Rho(clip.expression, clip.pose, clip.gaze)
    with_rho = animator(VertexGeometry(clip.indices, posed, known), state)
    without = animator(VertexGeometry(clip.indices, posed), state)
    given = animator(clip, state)
    assert np.abs(with_rho.astype(int) - given).mean() < 1.0
    assert not np.array_equal(without, with_rho)


def test_pictures_without_correspondence_are_refused(animator: Tgdm, state: TgdmState):
    blank = ImageGeometry(np.zeros(1, np.int64), np.zeros((1, SIZE, SIZE, 4), np.uint8))
    with pytest.raises(InputError, match="uv and parts"):
        animator(blank, state)


def test_a_larger_frame_shows_the_same_with_more_detail(
    scene: Scene, animator: Tgdm, state: TgdmState, clip
):
    one = part(clip, 3, 4, (0, 0))
    small = animator(one, state)[0].astype(np.float32)
    large = animator(one, animator.prepare(scene.subject, 512))[0].astype(np.float32)
    halved = large.reshape(256, 2, 256, 2, 3).mean((1, 3))
    assert np.abs(halved - small).mean() < 4
    assert np.abs(np.diff(large, axis=0)).mean() > 0.4 * np.abs(np.diff(small, axis=0)).mean()


# What is wrong with weights is said by name.


def tampered(file: Path, out: Path, **changes) -> Path:
    tensors = load_file(file)
    header = {"name": "tgdm", "config": json.dumps(asdict(TINY))} | changes.pop("header", {})
    for name, value in changes.items():
        key = name.replace("__", ".")
        if value is None:
            del tensors[key]
        else:
            tensors[key] = value
    save_file(tensors, out, metadata=header)
    return out


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"into__bias": None}, "lacks tensor 'into.bias'"),
        ({"extra": torch.zeros(1)}, "unknown tensor 'extra'"),
        ({"into__bias": torch.zeros(9)}, r"'into.bias' is \(9,\), expected \(8,\)"),
        ({"into__bias": torch.full((8,), torch.nan)}, "not finite"),
        ({"into__bias": torch.zeros(8, dtype=torch.int32)}, "'into.bias' is of torch.int32"),
        # As large as memory, if it were believed.
        ({"header": {"config": '{"widths": [1024, 1024, 1024], "condition": 4096}'}}, "lacks|is"),
        ({"header": {"name": "other"}}, "'other', not of 'tgdm'"),
        ({"header": {"config": "{"}}, "no usable config"),
        ({"header": {"config": '{"widths": [8, 8]}'}}, "widths"),
        ({"header": {"config": '{"sizes": 3}'}}, "no usable config"),
    ],
)
def test_weights_that_do_not_fit(file: Path, tmp_path: Path, changes, says: str):
    with pytest.raises(InputError, match=says):
        Tgdm(tampered(file, tmp_path / "w.safetensors", **dict(changes)))


def test_files_that_are_no_weights(file: Path, tmp_path: Path):
    cut = tmp_path / "cut.safetensors"
    cut.write_bytes(file.read_bytes()[:-100])
    pickled = tmp_path / "weights.pt"
    torch.save({"a": torch.zeros(1)}, pickled)
    for path, says in ((cut, "not a safetensors file"), (pickled, "not a safetensors file"),
                       (tmp_path / "none.safetensors", "does not exist")):  # fmt: skip
        with pytest.raises(InputError, match=says):
            Tgdm(path)
