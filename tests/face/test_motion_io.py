"""Motion files: exact round trip, strict reading, and ARKit's table."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
from facewright.errors import InputError, OutputError
from facewright.face.motion import Motion
from facewright.face.motion_io import LIVE_LINK_52, load_motion, save_motion
from facewright.face.names import ARKIT_52, EXPRESSION_64


@pytest.fixture
def motion() -> Motion:
    rng = np.random.default_rng(3)
    return Motion(
        fps=29.97,
        model="default",
        names=EXPRESSION_64,
        expression=rng.random((95, 64)),
        pose=rng.normal(size=(95, 6)) * 0.1,
        gaze=rng.uniform(-0.3, 0.3, (95, 4)),
        sources={"expression": "speech", "gaze": "Blick von Hand – 手"},
    )


def _same(a: Motion, b: Motion) -> None:
    assert (a.fps, a.model, a.names, a.sources) == (b.fps, b.model, b.names, b.sources)
    for name in ("expression", "pose", "gaze"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))


def test_round_trip_is_exact(tmp_path, motion):
    path = tmp_path / "a.npz"
    save_motion(motion, path)
    _same(load_motion(path), motion)
    save_motion(load_motion(path), path)  # over an older file
    _same(load_motion(path), motion)
    assert [p.name for p in tmp_path.iterdir()] == ["a.npz"]


def test_methods_are_the_same_files(tmp_path, motion):
    motion.save(tmp_path / "a.npz")
    _same(Motion.load(tmp_path / "a.npz"), motion)


def test_empty_motion(tmp_path):
    empty = Motion(25.0, "m", (), np.zeros((0, 0)), np.zeros((0, 6)), np.zeros((0, 4)))
    save_motion(empty, tmp_path / "a.npz")
    _same(load_motion(tmp_path / "a.npz"), empty)


def _rewrite(path, out, **changes):
    with np.load(path, allow_pickle=False) as archive:
        arrays = dict(archive) | changes
    np.savez(out, **{k: v for k, v in arrays.items() if v is not None})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": np.array("something")}, "not a motion file"),
        ({"format": None}, "not a motion file"),
        ({"version": np.array(2)}, "version 2"),
        ({"fps": np.array(0.0)}, "fps"),
        ({"fps": np.array(np.nan)}, "fps"),
        ({"fps": np.array("25")}, "fps: expected one number"),
        ({"expression": np.zeros((95, 63))}, r"expression: expected shape \(any, 64\)"),
        ({"expression": np.full((95, 64), np.inf)}, "NaN or infinite"),
        ({"pose": np.zeros((94, 6))}, "pose"),
        ({"gaze": np.full((95, 4), 1.5)}, "gaze"),
        ({"gaze": None}, "no array 'gaze'"),
        ({"names": np.array(["a"] * 64)}, "twice"),
        ({"names": np.arange(64)}, "expected text"),
        ({"source_values": np.array(["x"])}, "source_values"),
        ({"names": np.array([{}] * 64, dtype=object)}, "names"),
    ],
)
def test_bad_files_name_what_is_wrong(tmp_path, motion, changes, message):
    save_motion(motion, tmp_path / "a.npz")
    _rewrite(tmp_path / "a.npz", tmp_path / "b.npz", **changes)
    with pytest.raises(InputError, match=message) as caught:
        load_motion(tmp_path / "b.npz")
    assert str(caught.value).startswith(str(tmp_path / "b.npz"))
    assert "\n" not in str(caught.value)


def test_unreadable_files(tmp_path, motion):
    for data in (b"", b"text, not a zip", b"PK\x03\x04 and then nothing"):
        (tmp_path / "x.npz").write_bytes(data)
        with pytest.raises(InputError, match=r"x\.npz"):
            load_motion(tmp_path / "x.npz")
    save_motion(motion, tmp_path / "a.npz")
    whole = (tmp_path / "a.npz").read_bytes()
    (tmp_path / "x.npz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"x\.npz"):
        load_motion(tmp_path / "x.npz")
    with pytest.raises(InputError, match=r"\.npz, \.csv or \.json"):
        save_motion(motion, tmp_path / "a.bvh")
    with pytest.raises(OutputError):
        save_motion(motion, tmp_path / "absent" / "a.npz")


def test_csv_has_arkits_columns(tmp_path, motion):
    path = tmp_path / "a.csv"
    save_motion(motion, path)
    rows = list(csv.reader(path.open()))
    assert len(rows) == 1 + len(motion)
    header = rows[0]
    assert header[:5] == [
        "Timecode", "BlendshapeCount", "EyeBlinkLeft", "EyeLookDownLeft", "EyeLookInLeft",
    ]  # fmt: skip
    # Live Link Face's own order around the jaw.
    assert header[16:20] == ["JawForward", "JawRight", "JawLeft", "JawOpen"]
    assert header[-1] == "TongueOut" and len(header) == 54 and set(LIVE_LINK_52) == set(ARKIT_52)
    assert {row[1] for row in rows[1:]} == {"52"}
    jaw = np.array([float(row[header.index("JawOpen")]) for row in rows[1:]])
    np.testing.assert_allclose(jaw, motion.column("jawOpen"), atol=1e-6)


def test_csv_time_codes_count_frames_within_the_second(tmp_path):
    def codes(fps, frames):
        motion = Motion(
            fps, "m", ("jawOpen",), np.zeros((frames, 1)), np.zeros((frames, 6)),
            np.zeros((frames, 4)),
        )  # fmt: skip
        save_motion(motion, tmp_path / "a.csv")
        return [row[0] for row in csv.reader((tmp_path / "a.csv").open())][1:]

    at_25 = codes(25.0, 26)
    assert (at_25[0], at_25[1], at_25[24], at_25[25]) == (
        "00:00:00:00.000", "00:00:00:01.000", "00:00:00:24.000", "00:00:01:00.000",
    )  # fmt: skip
    slow = codes(2.0, 2 * 3661 + 1)
    assert slow[-1] == "01:01:01:00.000" and len(set(slow)) == len(slow)
    assert codes(60.0, 62)[59:62] == ["00:00:00:59.000", "00:00:01:00.000", "00:00:01:01.000"]
    assert codes(23.976, 25)[24] == "00:00:01:00.024"  # frame 24 is at 1.001 s


def test_csv_turns_eyes_by_gaze(tmp_path):
    gaze = np.zeros((3, 4))
    gaze[1, :] = [np.sin(np.radians(15)), 0, np.sin(np.radians(15)), 0]  # to the subject's left
    gaze[2, 1] = gaze[2, 3] = -np.sin(np.radians(30))  # down
    motion = Motion(25, "m", ("eyeLookDownLeft",), [[0.1], [0.1], [0.1]], np.zeros((3, 6)), gaze)
    save_motion(motion, tmp_path / "a.csv")
    table = list(csv.DictReader((tmp_path / "a.csv").open()))
    value = lambda row, name: float(table[row][name])  # noqa: E731
    assert value(0, "EyeLookDownLeft") == pytest.approx(0.1)
    assert value(1, "EyeLookOutLeft") == pytest.approx(0.5, abs=1e-5)
    assert value(1, "EyeLookInRight") == pytest.approx(0.5, abs=1e-5)
    assert value(1, "EyeLookInLeft") == value(1, "EyeLookOutRight") == 0
    assert value(2, "EyeLookDownLeft") == value(2, "EyeLookDownRight") == pytest.approx(1, abs=1e-5)


def test_csv_needs_arkit_names(tmp_path):
    motion = Motion(25, "flame", ("expression_000",), [[1.0]], np.zeros((1, 6)), np.zeros((1, 4)))
    with pytest.raises(InputError, match="retarget"):
        save_motion(motion, tmp_path / "a.csv")
    assert not list(tmp_path.iterdir())


def test_json_is_the_same_content(tmp_path, motion):
    save_motion(motion, tmp_path / "a.json")
    tree = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    assert tree["names"] == list(motion.names) and tree["sources"] == motion.sources
    np.testing.assert_allclose(tree["expression"], motion.expression, atol=1e-6)
    np.testing.assert_allclose(tree["pose"], motion.pose, atol=1e-6)
