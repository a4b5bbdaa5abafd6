"""Clips are packed whole, split by person, gone on with after a stop; damage is found."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
from multiprocessing import active_children
from pathlib import Path

import cv2
import numpy as np
import pytest
from facewright import cli
from facewright.capture.box import FOCAL, cut
from facewright.capture.landmarks import FaceFinder
from facewright.checks import UInt8
from facewright.errors import InputError, NoFaceError
from facewright.evaluate.metrics import psnr
from facewright.face.library import load_model
from facewright.media.picture import read_picture, write_picture
from facewright.media.video import VideoWriter, read_frames
from facewright.train.data.clip import Settings
from facewright.train.data.pack import pack
from facewright.train.data.shards import Clip, Pack, open_pack

FRAMES = 8
SIZE = 128  # of the packs made here
STRIDE = 6  # pixels that the portrait moves to the right with each frame
SETTINGS = Settings(SIZE, quality=8, coefficients=False)


@pytest.fixture(scope="module")
def portrait(examples: Path) -> UInt8:
    """(256, 256, 3) the example portrait around its head."""
    photo = read_picture(examples / "portrait.png")[25:225, 125:325]
    return cv2.resize(photo, (256, 256), interpolation=cv2.INTER_CUBIC)


def write_video(path: Path, frames: list[UInt8], fps: float = 25.0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    height, width = frames[0].shape[:2]
    with VideoWriter(path, (width, height), fps, quality=10) as writer:
        writer.write(np.stack(frames))


def moving(portrait: UInt8, frames: int = FRAMES) -> list[UInt8]:
    """The portrait on its way through a wide picture."""
    made = []
    for k in range(frames):
        wall = np.full((288, 448, 3), 90, np.uint8)
        wall[16:272, 20 + STRIDE * k : 276 + STRIDE * k] = portrait
        made.append(wall)
    return made


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory, portrait: UInt8) -> Path:
    """ann: a wide video and a portrait; bob: a square clip; wall: nobody; and no video."""
    folder = tmp_path_factory.mktemp("clips")
    write_video(folder / "ann" / "walk.mp4", moving(portrait), 29.97)
    write_picture(folder / "ann" / "still.png", portrait)
    square = cv2.resize(portrait, (SIZE, SIZE), interpolation=cv2.INTER_AREA)
    write_video(folder / "bob" / "square.mp4", [np.roll(square, k // 4, 1) for k in range(FRAMES)])
    write_video(folder / "wall" / "empty.mp4", [np.full((96, 160, 3), 90, np.uint8)] * 5)
    (folder / "wall" / "broken.mp4").write_bytes(b"no video")
    return folder


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, clips: Path) -> Pack:
    return pack([clips], tmp_path_factory.mktemp("packed") / "pack", SETTINGS, hold_out=["bob"])


@pytest.fixture
def copied(tmp_path: Path, made: Pack) -> Path:
    return Path(shutil.copytree(made.path, tmp_path / "pack"))


def named(made: Pack, name: str) -> Clip:
    (clip,) = (clip for clip in made.clips if clip.name == name)
    return clip


def test_people_are_in_one_split_and_what_was_left_out_is_told(made: Pack) -> None:
    assert [(c.name, c.identity, c.split, c.count) for c in made.clips] == [
        ("ann-still", "ann", "train", 1),
        ("ann-walk", "ann", "train", FRAMES),
        ("bob-square", "bob", "validation", FRAMES),
    ]
    assert [clip.fps for clip in made.clips] == [0, pytest.approx(29.97, abs=0.001), 25]
    assert [clip.name for clip in made.of("validation")] == ["bob-square"]
    assert [left.source for left in made.skipped] == ["wall/broken.mp4", "wall/empty.mp4"]
    assert "not a video" in made.skipped[0].reason
    assert "no face was found in any of 5" in made.skipped[1].reason
    with pytest.raises(InputError, match="split: expected train or validation"):
        made.of("test")


def test_frames_are_the_steady_square_of_the_source(made: Pack, clips: Path) -> None:
    clip = named(made, "ann-walk")
    data = clip.read()
    x0, y0, side = clip.entry.box
    assert data.frames.shape == (FRAMES, SIZE, SIZE, 3) and data.frames.dtype == np.uint8
    for frame, source in zip(data.frames, read_frames(clips / "ann" / "walk.mp4"), strict=True):
        assert psnr(frame, cut(source, (x0, y0, x0 + side, y0 + side), SIZE)) > 36


def test_landmarks_follow_the_face(made: Pack, portrait: UInt8) -> None:
    clip = named(made, "ann-walk")
    data = clip.read()
    x0, y0, side = clip.entry.box
    scale = SIZE / side
    finder = FaceFinder()
    (face,) = finder.find(portrait)
    finder.close()
    assert data.found.all() and (data.confidence > 0.5).all()
    for k in range(FRAMES):
        corner = np.array([20 + STRIDE * k - x0, 16 - y0])
        true = (face.points + corner) * scale
        assert np.abs(data.raw[k] - true).mean() < 0.5
        assert np.abs(data.landmarks[k] - true).mean() < 0.5


def test_coefficients_follow_the_face_too(tmp_path: Path, clips: Path) -> None:
    made = pack([clips / "ann"], tmp_path / "pack", Settings(SIZE))
    still, walk = made.clips
    found = walk.read().coefficients
    assert found is not None and found.model == load_model().name
    assert found.expression.shape == (FRAMES, 64) and found.identity.shape == (80,)
    # The portrait walks to the right and does not turn.
    across = FOCAL * SIZE * found.pose[:, 3] / -found.pose[:, 5]
    pace = STRIDE * SIZE / walk.entry.box[2]
    assert np.allclose(np.diff(across), pace, atol=0.15 * pace)
    assert np.ptp(np.degrees(found.pose[:, :3]), axis=0).max() < 3
    alone = still.read().coefficients
    assert alone is not None and alone.gaze.shape == (1, 4)
    with np.load(walk.folder / walk.entry.points_file) as file:
        arrays = dict(file)
    for part, wrong in (("pose", found.pose[1:]), ("gaze", found.gaze * np.nan)):
        bad = io.BytesIO()
        np.savez_compressed(bad, **(arrays | {part: wrong}))
        replace_file(made.path, walk.entry.points_file, "points_sha256", bad.getvalue())
        with pytest.raises(InputError, match=rf"walk\.npz: {part}: "):
            named(open_pack(made.path), "walk").read()


def test_a_square_clip_keeps_its_pictures_to_the_bit(made: Pack, clips: Path) -> None:
    clip = named(made, "bob-square")
    assert clip.entry.box == (0, 0, SIZE)
    kept = np.stack(list(read_frames(clips / "bob" / "square.mp4")))
    assert np.array_equal(clip.read().frames, kept)


def test_a_portrait_is_one_frame_without_loss(made: Pack, portrait: UInt8) -> None:
    clip = named(made, "ann-still")
    x0, y0, side = clip.entry.box
    data = clip.read()
    assert np.array_equal(data.frames[0], cut(portrait, (x0, y0, x0 + side, y0 + side), SIZE))
    assert np.array_equal(data.landmarks, data.raw)
    assert np.ptp(data.landmarks[0, :468, 1]) == pytest.approx(SIZE / 1.72, rel=0.25)


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_stopped_run_goes_on_and_ends_the_same(
    tmp_path: Path, made: Pack, clips: Path, jobs: int
) -> None:
    out = tmp_path / "pack"

    def stop(stage: str, fraction: float, left: float) -> None:
        if fraction > 0:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pack([clips], out, SETTINGS, hold_out=["bob"], jobs=jobs, progress=stop)
    with pytest.raises(InputError, match="not a pack"):
        open_pack(out)
    first = {path.name: path.stat().st_mtime_ns for path in out.iterdir() if path.suffix == ".npz"}
    assert not active_children()
    assert len(first) >= (1 if jobs == 1 else 0)
    with (out / "journal.jsonl").open("ab") as journal:
        journal.write(b'{"source": "ann/wal')  # as a crash leaves it
    again = pack([clips], out, SETTINGS, hold_out=["bob"])
    assert all((out / name).stat().st_mtime_ns == time for name, time in first.items())
    assert (out / "index.json").read_bytes() == (made.path / "index.json").read_bytes()
    assert again.summary() == made.summary()
    names = sorted(path.name for path in out.iterdir())
    assert names == sorted(path.name for path in made.path.iterdir())


def test_two_processes_make_the_same(tmp_path: Path, made: Pack, clips: Path) -> None:
    out = tmp_path / "pack"
    arguments = ["data", "pack", str(clips), "-o", str(out), "--size", str(SIZE), "--jobs", "2"]
    arguments += ["--no-coefficients", "--hold-out", "bob"]
    assert cli.run([*arguments, "--quality", "8", "-q"]) == 0
    assert (out / "index.json").read_bytes() == (made.path / "index.json").read_bytes()


def test_a_file_that_changed_is_packed_again(copied: Path, tmp_path: Path, clips: Path) -> None:
    fewer = Path(shutil.copytree(clips, tmp_path / "clips"))
    shutil.rmtree(fewer / "bob")
    shutil.rmtree(fewer / "wall")
    shutil.copy(fewer / "ann" / "walk.mp4", fewer / "ann" / "still.mp4")
    (fewer / "ann" / "still.png").unlink()
    (fewer / "ann" / "walk.mp4").unlink()
    again = pack([fewer], copied, SETTINGS)
    assert [(clip.name, clip.count) for clip in again.clips] == [("ann-still", FRAMES)]
    assert sorted(path.name for path in copied.iterdir()) == [
        "ann-still.mp4", "ann-still.npz", "index.json", "journal.jsonl",
    ]  # fmt: skip


def test_other_settings_need_another_folder(copied: Path, clips: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="made otherwise than with version 1, size 64"):
        pack([clips], copied, Settings(64))
    assert (copied / "index.json").is_file()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    with pytest.raises(InputError, match="holds something that is no pack"):
        pack([clips], tmp_path / "mine", SETTINGS)


def test_nobody_at_all_is_an_error(tmp_path: Path, clips: Path) -> None:
    with pytest.raises(NoFaceError, match=r"no clip could be packed; broken\.mp4: not a video"):
        pack([clips / "wall"], tmp_path / "pack", SETTINGS)
    assert not (tmp_path / "pack" / "index.json").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"settings": Settings(127)}, "size: expected an even number"),
        ({"settings": Settings(1024)}, "size: expected values <= 512"),
        ({"settings": Settings(128, 52)}, "quality: expected values <= 51"),
        ({"jobs": 0}, "jobs: expected values >= 1"),
        ({"hold_out": ["carl"]}, "nobody is called 'carl'"),
    ],
)
def test_bad_options_make_nothing(tmp_path: Path, clips: Path, arguments, message: str) -> None:
    with pytest.raises(InputError, match=message):
        pack([clips], tmp_path / "pack", **arguments)
    assert not (tmp_path / "pack").exists()


def test_info_tells_and_checks(copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["data", "info", str(copied), "--check"]) == 0
    text = capsys.readouterr().out
    assert "ann-walk" in text and "left out wall/empty.mp4" in text and "3 clips, 17 frames" in text
    file = copied / "ann-walk.mp4"
    file.write_bytes(file.read_bytes()[:-200])
    assert cli.run(["data", "info", str(copied), "--check"]) == 2
    assert "ann-walk.mp4: damaged" in capsys.readouterr().err


def change_index(folder: Path, clip: int | None = None, **values: object) -> None:
    path = folder / "index.json"
    tree = json.loads(path.read_text())
    (tree if clip is None else tree["clips"][clip]).update(values)
    path.write_text(json.dumps(tree))


@pytest.mark.parametrize(
    ("clip", "values", "message"),
    [
        (None, {"format": "x"}, "not the index of a pack"),
        (None, {"version": 2}, "pack of version 2, this one reads 1"),
        (None, {"size": True}, "size: expected a whole number"),
        (None, {"clips": {}}, "clips: expected a list"),
        (None, {"skipped": [1]}, "skipped: expected reason, source"),
        (0, {"name": "../../etc/passwd"}, r"clips\[0\].name: expected letters"),
        (0, {"name": "bob-square"}, "'bob-square' is there twice"),
        (0, {"name": "gone"}, "gone.png: absent; the index names it"),
        (1, {"split": "dev"}, r"clips\[1\].split: expected train or validation"),
        (1, {"identity": ""}, r"clips\[1\].identity: expected a name"),
        (1, {"identity": "bob"}, "'bob' is in both splits"),
        (1, {"fps": 1e9}, r"clips\[1\].fps: expected 0"),
        (1, {"fps": "25"}, r"clips\[1\].fps: expected 0"),
        (1, {"count": 0}, r"clips\[1\].count: expected a whole number in 1..1024"),
        (1, {"count": 10**9}, r"clips\[1\].count: expected a whole number in 1..1024"),
        (1, {"size": 256}, "size: expected 128, got 256"),
        (1, {"box": [0, 0]}, r"clips\[1\].box: expected \(x0, y0, side\)"),
        (1, {"points_sha256": "0"}, r"clips\[1\].points_sha256: expected a SHA-256"),
        (1, {"more": 1}, r"clips\[1\]: expected box, count"),
    ],
)
def test_a_bad_index_is_refused(copied: Path, clip: int | None, values, message: str) -> None:
    change_index(copied, clip, **values)
    with pytest.raises(InputError, match=message):
        open_pack(copied)


def test_an_index_that_is_no_json_is_refused(copied: Path) -> None:
    for text in ("{", "[" * 100_000, "[]"):
        (copied / "index.json").write_text(text)
        with pytest.raises(InputError, match=r"index\.json: not"):
            open_pack(copied)


def replace_file(folder: Path, name: str, key: str, data: bytes) -> None:
    """As somebody would who means harm: with a matching checksum."""
    (folder / name).write_bytes(data)
    change_index(folder, 1, **{key: hashlib.sha256(data).hexdigest()})


def test_pictures_of_another_count_or_size_are_refused(copied: Path) -> None:
    change_index(copied, 1, count=FRAMES + 1)
    with pytest.raises(InputError, match=f"expected {FRAMES + 1} frames .* got {FRAMES} of"):
        named(open_pack(copied), "ann-walk").read()
    change_index(copied, 1, count=FRAMES - 1)
    with pytest.raises(InputError, match=f"expected {FRAMES - 1} frames .* got more of"):
        named(open_pack(copied), "ann-walk").read()


def test_files_that_are_something_else_are_refused(copied: Path, clips: Path) -> None:
    replace_file(copied, "ann-walk.mp4", "pictures_sha256", b"\0" * 500)
    with pytest.raises(InputError, match=r"ann-walk\.mp4: .*not a video"):
        named(open_pack(copied), "ann-walk").read()
    larger = (clips / "ann" / "walk.mp4").read_bytes()
    replace_file(copied, "ann-walk.mp4", "pictures_sha256", larger)
    with pytest.raises(InputError, match=r"ann-walk\.mp4: .*over 16,384 pixels"):
        named(open_pack(copied), "ann-walk").read()
    replace_file(
        copied, "ann-walk.mp4", "pictures_sha256", (copied / "bob-square.mp4").read_bytes()
    )
    for arrays, message in (
        ({}, "has no array 'landmarks'"),
        ({"landmarks": np.zeros((2, 956, FRAMES), np.int8)}, "expected uint8"),
        ({"landmarks": np.zeros((2, 956, FRAMES + 1), np.uint8)}, "expected uint8"),
        ({"landmarks": np.array([{}], object)}, "cannot be read"),
        ({"landmarks": np.zeros((2, 956, 4000), np.uint8)}, "unpacks to"),
    ):
        np.savez_compressed(copied / "x.npz", **arrays)
        replace_file(copied, "ann-walk.npz", "points_sha256", (copied / "x.npz").read_bytes())
        with pytest.raises(InputError, match=rf"ann-walk\.npz: .*{message}"):
            named(open_pack(copied), "ann-walk").read()
