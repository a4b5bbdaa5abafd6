"""The inside of a frame: its parts, the points of a face, and the sheet that shows them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from facewright import cli
from facewright.animate.base import CoefficientGeometry
from facewright.animate.tgdm import inspect, weights
from facewright.animate.tgdm.animator import Tgdm, TgdmState
from facewright.animate.tgdm.embedded import Embedded, EmbeddedConfig
from facewright.animate.tgdm.insight import COLOURS, Look
from facewright.capture import save_subject
from facewright.errors import InputError
from facewright.face.motion import Motion
from facewright.inspection import read_point
from facewright.media.picture import read_picture

from ..conftest import SIZE, Scene

TINY = EmbeddedConfig(widths=(8, 12, 16), depths=(1, 1, 1), condition=16)
FLAT = np.full((64, 64, 3), 120, np.uint8)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights whose attention adds something at 32², nothing at 16²."""
    torch.manual_seed(0)
    network = Embedded(TINY)
    with torch.no_grad():
        network.attend1.tau.fill_(3.0)
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
def opened(scene: Scene) -> CoefficientGeometry:
    return scene.geometry(jawOpen=0.6)


@pytest.fixture(scope="module")
def inside(animator: Tgdm, opened: CoefficientGeometry, state: TgdmState) -> inspect.Inside:
    return inspect.look_inside(animator, opened, state, seed=1, steps=2)


def marked(frame: np.ndarray, look: Look | None = None) -> inspect.Inside:
    """An inside with nothing in it but one frame."""
    nothing = np.zeros((2, 64, 64), np.float32)
    looks = () if look is None else (look,)
    return inspect.Inside(frame, frame, frame, np.zeros((64, 64), np.float32), nothing, looks)


def test_the_parts_are_those_of_the_frame(
    animator: Tgdm, state: TgdmState, opened: CoefficientGeometry, inside: inspect.Inside
):
    assert np.array_equal(inside.frame, animator(opened, state, 1, steps=2)[0])
    assert not np.array_equal(inside.frame, inside.reprojection)
    assert np.array_equal(inside.photo, state.base.texture.photo[..., :3])
    assert inside.generated.shape == (256, 256) and inside.flow.shape == (2, 64, 64)


def test_each_layer_is_heard_once_and_its_rows_sum_to_one(inside: inspect.Inside):
    assert [look.name for look in inside.looks] == ["attend1", "attend2"]
    for look, side in zip(inside.looks, (32, 16), strict=True):
        assert look.map.shape == (1, side, side, side, side)
        np.testing.assert_allclose(look.map.sum((3, 4)), 1, rtol=1e-4)


def test_what_attention_adds_is_told(inside: inspect.Inside):
    first, second = inside.looks
    assert first.tau == 3 and first.added > 0.01
    assert second.tau == 0 and second.added == 0


def test_one_frame_is_looked_at(animator: Tgdm, state: TgdmState, opened: CoefficientGeometry):
    two = CoefficientGeometry(
        np.arange(2), *(np.repeat(a, 2, 0) for a in (opened.expression, opened.pose, opened.gaze))
    )
    with pytest.raises(InputError, match=r"geometry: expected one frame .* got 2"):
        inspect.look_inside(animator, two, state)


def test_points_of_a_face_lie_on_it(scene: Scene, state: TgdmState, opened: CoefficientGeometry):
    points = inspect.face_points(opened, state)
    photo = scene.subject.landmarks  # MediaPipe's, of the closed mouth
    assert np.hypot(*(points["eye"] - photo[[33, 133, 159, 145]].mean(0))) < 8
    assert np.hypot(*(points["mouth corner"] - photo[61])) < 20
    assert points["hair"][1] < points["eye"][1] < points["cheek"][1]
    assert points["cheek"][1] < points["mouth corner"][1] + 10
    for x, y in points.values():
        assert 0 <= x < SIZE and 0 <= y < SIZE


def test_the_sheet_shows_parts_and_a_row_for_each_layer(inside: inspect.Inside):
    points = {"a": (60.0, 60.0), "b": (200.0, 128.0)}
    plain = inspect.sheet(inside, {})
    sheet = inspect.sheet(inside, points, "title")
    assert sheet.dtype == np.uint8 and sheet.shape[1] == plain.shape[1] == 5 * 262 + 6
    assert sheet.shape[0] > plain.shape[0] + 2 * 256
    for colour in COLOURS[:2]:
        assert (np.abs(sheet.astype(int) - colour).sum(-1) < 12).sum() > 200


@pytest.mark.parametrize("point", [(64, 3), (3, 64), (-0.5, 3), (3, float("nan"))])
def test_a_point_outside_is_refused_by_name(point):
    with pytest.raises(InputError, match="point 'nose'"):
        inspect.sheet(marked(FLAT), {"nose": point})


def test_the_map_of_what_was_drawn_is_bright_where_it_was():
    shares = np.zeros((256, 256), np.float32)
    shares[:128] = 1
    picture = inspect.generated_picture(shares, 256).astype(int)
    assert picture[20:100].mean() > picture[150:230].mean() + 100
    legend = picture[-4]  # below its words: dark at the photo's end, bright at the other
    assert legend[:30].mean() + 100 < legend[-30:].mean()
    with pytest.raises(InputError, match="generated"):
        inspect.generated_picture(shares * 2, 256)


def test_arrows_point_where_the_picture_went():
    flow = np.zeros((2, 64, 64), np.float32)
    still = inspect.flow_picture(flow, FLAT, 256)
    flow[0, :, 32:] = -3  # p shows what was 3 pixels to the left: it went right
    picture = inspect.flow_picture(flow, FLAT, 256)
    changed = np.abs(picture.astype(int) - still).sum(-1) > 60
    assert changed[:, 140:].any() and not changed[:, :120].any()
    # The head of an arrow is wider than its tail: columns of one cell, tail to head.
    tall = changed[:16, 192:208].any(1).sum(), changed[:16, 192:208].sum(0)
    assert tall[1][8:].max() > tall[1][:8].max()


def test_the_reprojection_is_shown_moved_as_the_network_moved_it(inside: inspect.Inside):
    """The sign of ``flow``: a warp by it brings the reprojection nearer to the frame."""
    flow = np.stack([cv2.resize(plane, (SIZE, SIZE)) for plane in inside.flow], -1)
    at = np.stack(np.meshgrid(np.arange(SIZE), np.arange(SIZE)), -1).astype(np.float32)
    base, frame = inside.reprojection, inside.frame.astype(float)

    def off(sign: int) -> float:
        moved = cv2.remap(base, at + sign * flow, None, cv2.INTER_LINEAR, None, 2).astype(float)
        # Without the colour that was added, which is smooth.
        rest = moved - frame
        return float(np.abs(rest - cv2.GaussianBlur(rest, (0, 0), 6)).mean())

    assert off(1) < off(-1)


def test_the_shipped_weights_draw_the_mouth_and_leave_the_cheek(scene: Scene):
    if not weights.SHIPPED.is_file():
        pytest.skip("no weights ship")
    animator = Tgdm(device="cpu")
    state = animator.prepare(scene.subject, SIZE)
    opened = scene.geometry(jawOpen=0.8)
    drawn = inspect.look_inside(animator, opened, state).generated
    person = state.base.texture.photo[..., 3]
    away = cv2.dilate(person, np.ones((15, 15), np.uint8)) == 0
    assert away.mean() > 0.1 and drawn[away].max() < 0.01
    cheek = inspect.face_points(opened, state)["cheek"]
    lips = scene.subject.landmarks[[13, 14]].mean(0)  # of the photo, where they are closed

    def around(x: float, y: float) -> float:
        return float(drawn[int(y) - 4 : int(y) + 5, int(x) - 4 : int(x) + 5].mean())

    assert around(lips[0], lips[1] + 6) > 2 * around(*cheek) + 0.05


# The command line.


@pytest.fixture(scope="module")
def subject(scene: Scene, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("subject") / "s.npz"
    save_subject(scene.subject, path)
    return path


def test_the_command_writes_a_sheet(subject: Path, file: Path, tmp_path: Path, capsys):
    out = tmp_path / "inside.png"
    arguments = ["inspect", str(subject), "-o", str(out), "--weights", str(file), "-q"]
    assert cli.run([*arguments, "--point", "100,120"]) == 0
    told = capsys.readouterr()
    assert "frame 0 of 1" in told.out and "drawn" in told.out
    assert "attend2 adds 0.00%" in told.err and "attend1" not in told.err
    assert read_picture(out).shape[1] == 5 * 262 + 6


def test_a_motions_frame_is_chosen(
    subject: Path, file: Path, tmp_path: Path, scene: Scene, opened: CoefficientGeometry, capsys
):
    model, rho = scene.subject.model, scene.subject.coefficients
    expression = np.stack([rho.expression, opened.expression[0], rho.expression])
    still = np.zeros((3, 6), np.float32), np.repeat(rho.gaze[None], 3, 0)
    motion = tmp_path / "m.npz"
    Motion(25.0, model.name, model.expression_names, expression, *still).save(motion)
    arguments = ["inspect", str(subject), "-o", str(tmp_path / "a.png"), "--weights", str(file)]
    arguments += ["--motion", str(motion), "-q"]
    assert cli.run(arguments) == 0  # the widest mouth
    assert "frame 1 of 3" in capsys.readouterr().out
    assert cli.run([*arguments, "--frame", "3"]) == 2
    assert "frame: expected values <= 2, got 3" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("extra", "says"),
    [
        (["--point", "300,10"], "point '300,10': expected x and y from 0 to below 256"),
        (["--point", "3"], "point: expected X,Y in pixels of the frame, got '3'"),
        (["--size", "300"], "size: expected one of"),
        (["--steps", "0"], "steps"),
        (["--weights", "none.safetensors"], "weights: none.safetensors does not exist"),
        (["--speech", "a.wav", "--motion", "b.npz"], "speech or motion, got both"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(
    subject: Path, file: Path, tmp_path: Path, extra, says: str, capsys
):
    out = tmp_path / "a.png"
    arguments = ["inspect", str(subject), "-o", str(out), "--weights", str(file), "-q"]
    assert cli.run(arguments + extra) == 2
    assert says in capsys.readouterr().err
    assert not out.exists()


def test_points_are_read():
    assert read_point("3,4.5") == (3.0, 4.5)
    for text in ("", "1,2,3", "a,b"):
        with pytest.raises(InputError, match="point: expected X,Y"):
            read_point(text)
