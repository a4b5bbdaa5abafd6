"""ARKit CSV files: ours, the backend's, a phone's, and those that are none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from facewright.face.motion import Motion
from facewright.face.motion_io import LIVE_LINK_52, save_motion

pytestmark = pytest.mark.usefixtures("core")


def lively(frames: int = 40, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0, 1, (frames, 52)).astype(np.float32)


@pytest.mark.parametrize("fps", [23.976, 25.0, 30.0, 60.0])
@pytest.mark.parametrize("angles", [False, True])
def test_a_file_comes_back(tmp_path: Path, fps: float, angles: bool) -> None:
    from addon.core import arkit_csv

    turns = np.random.default_rng(1).normal(0, 0.3, (40, 9)).astype(np.float32)
    sent = arkit_csv.Recording(fps, lively(), turns if angles else None)
    path = tmp_path / "take.csv"
    path.write_bytes(arkit_csv.encode(sent))
    got = arkit_csv.read(path, fps)
    assert (len(got), got.fps) == (40, fps)
    np.testing.assert_allclose(got.weights, sent.weights, atol=1e-6)
    if angles:
        np.testing.assert_allclose(got.angles, sent.angles, atol=1e-6)
    else:
        assert got.angles is None


def test_names_and_rows_are_the_backends(tmp_path: Path) -> None:
    from addon.core import arkit_csv

    assert arkit_csv.NAMES == LIVE_LINK_52
    gaze = np.random.default_rng(2).uniform(-0.4, 0.4, (30, 4)).astype(np.float32)
    weights = lively(30)
    motion = Motion(
        fps=25.0,
        model="default",
        names=LIVE_LINK_52,
        expression=weights,
        pose=np.zeros((30, 6), np.float32),
        gaze=gaze,
        sources={},
    )
    save_motion(motion, tmp_path / "theirs.csv")
    ours = arkit_csv.encode(arkit_csv.Recording(25.0, arkit_csv.with_gaze(weights, gaze)))
    assert ours == (tmp_path / "theirs.csv").read_bytes()


def test_gaze_comes_back_by_angles_and_by_weights() -> None:
    from addon.core import arkit_csv

    gaze = np.random.default_rng(3).uniform(-0.35, 0.35, (30, 4)).astype(np.float32)
    weights = arkit_csv.with_gaze(np.zeros((30, 52), np.float32), gaze)
    by_weights = arkit_csv.gaze_of(arkit_csv.Recording(25.0, weights))
    np.testing.assert_allclose(by_weights, gaze, atol=1e-6)
    angles = np.hstack([np.zeros((30, 3), np.float32), arkit_csv.eye_angles(gaze)])
    by_angles = arkit_csv.gaze_of(arkit_csv.Recording(25.0, np.zeros_like(weights), angles))
    np.testing.assert_allclose(by_angles, gaze, atol=1e-6)


def rows(count: int, fps: int) -> list[str]:
    """A phone's recording: frame k has a jaw of k / 100."""
    from addon.core import arkit_csv

    heads = [name[0].upper() + name[1:] for name in (*arkit_csv.NAMES, *arkit_csv.ANGLES)]
    lines = [",".join(["Timecode", "BlendShapeCount", *heads])]
    for k in range(count):
        values = ["0.0"] * 61
        values[arkit_csv.NAMES.index("jawOpen")] = f"{k / 100:.2f}"
        s, f = divmod(k + 10, fps)
        lines.append(",".join([f"23:59:{58 + s:02d}:{f:02d}.250", "61", *values]))
    return [line.replace("23:59:60", "00:00:00") for line in lines]


def test_a_phones_rate_is_told_from_its_time_codes(tmp_path: Path) -> None:
    """Recorded over midnight at 60, read at 25; a face that was lost for two rows."""
    from addon.core import arkit_csv

    lines = rows(140, 60)
    for lost in (71, 72):
        lines[lost] = ",".join([lines[lost].split(",")[0], "0"])
    (tmp_path / "take.csv").write_text("\ufeff" + "\r\n".join(lines) + "\r\n", encoding="utf-8")
    got = arkit_csv.read(tmp_path / "take.csv", 25.0)
    assert len(got) == 1 + int(139 / 60 * 25)
    want = np.arange(len(got)) * 60 / 25 / 100
    np.testing.assert_allclose(got.weights[:, arkit_csv.NAMES.index("jawOpen")], want, atol=1e-5)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda text: "", "line 1: expected Timecode"),
        (lambda text: text.replace("JawOpen", "JawDropped"), "'jawdropped' is not"),
        (lambda text: text.replace("JawOpen", "JawLeft"), "line 1"),
        (lambda text: text.replace(",HeadYaw", ""), "headYaw is missing"),
        (lambda text: text.split("\n")[0], "no row with weights"),
        (lambda text: text.replace("0.03,", "nan,"), "line 5: jawOpen"),
        (lambda text: text.replace("0.03,", "0x1p3,"), "line 5: jawOpen"),
        (lambda text: text.replace("0.03,", "1e9,"), "line 5: jawOpen"),
        (lambda text: text.replace("0.03,", "7,"), "from -1 to 2, got '7'"),
        (lambda text: text.replace("0.03,", ","), "line 5: jawOpen"),
        (lambda text: text.replace(",0.03,", ","), "line 5: expected 61 values, got 60"),
        (lambda text: text.replace("23:59:58:12", "23:61:58:12"), "line 4: expected a time code"),
        (lambda text: text.replace("23:59:58:12", "23:59:58:40"), "does not go on"),
        (lambda text: text.replace("0.03", '"0.03'), "line"),
        (lambda text: "=cmd|' /C calc'!A0," + text, "line 1: expected Timecode"),
        (lambda text: text + "\0", "line"),
    ],
)
def test_what_is_no_recording_is_one_line(tmp_path: Path, change, says: str) -> None:
    from addon.core import arkit_csv
    from addon.core.errors import InputError

    path = tmp_path / "take.csv"
    path.write_text(change("\n".join(rows(20, 60)) + "\n"))
    with pytest.raises(InputError) as caught:
        arkit_csv.read(path, 25.0)
    assert says in str(caught.value) and "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


def test_binary_large_and_missing_files_are_one_line(tmp_path: Path, monkeypatch) -> None:
    from addon.core import arkit_csv
    from addon.core.errors import InputError

    path = tmp_path / "take.csv"
    with pytest.raises(InputError, match="No such file"):
        arkit_csv.read(path, 25.0)
    path.write_bytes(bytes(range(256)))
    with pytest.raises(InputError, match="not a text file"):
        arkit_csv.read(path, 25.0)
    monkeypatch.setattr(arkit_csv, "MAX_BYTES", 100)
    with pytest.raises(InputError, match="larger than"):
        arkit_csv.read(path, 25.0)


def test_rotation_vectors_and_quaternions_are_their_matrices() -> None:
    from addon.core import rotation

    rng = np.random.default_rng(5)
    vectors = rng.normal(0, 1.0, (200, 3))
    vectors *= np.minimum(1.0, 3.0 / np.linalg.norm(vectors, axis=1))[:, None]
    matrices = rotation.matrix_from_vector(vectors)
    back = rotation.vectors_from_euler(rotation.euler_from_matrix(matrices))
    np.testing.assert_allclose(back, vectors, atol=1e-7)
    np.testing.assert_allclose(rotation.vectors_from_euler(np.zeros(3)), 0.0)
    w, x, y, z = rotation.quaternions(matrices).T
    np.testing.assert_allclose(1 - 2 * (y * y + z * z), matrices[:, 0, 0], atol=1e-12)
    np.testing.assert_allclose(2 * (x * y + w * z), matrices[:, 1, 0], atol=1e-12)
    np.testing.assert_allclose(2 * (y * z + w * x), matrices[:, 2, 1], atol=1e-12)
    quarter = rotation.quaternions(
        rotation.matrix_from_vector(np.linspace(0, 12, 99)[:, None] * [0, 0, 1])
    )
    assert (np.einsum("ti,ti->t", quarter[1:], quarter[:-1]) > 0.9).all()
