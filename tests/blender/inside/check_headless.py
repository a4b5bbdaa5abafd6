"""Commands on scenes: drive, texture, export; footage; what they refuse."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
from contextlib import ExitStack
from pathlib import Path

import bpy
import numpy as np
import pytest
from check_dub import EXAMPLES, first_words, pixels

from addon.film import exports, kinds, sequence
from addon.film.paths import frames_folder
from addon.headless import cli, columns
from addon.headless.commands import drive, export, texture
from addon.perform.channels import REGIONS
from addon.subject import objects
from addon.texture import geometry
from addon.ui import session

ADDRESS = os.environ.get("FACEWRIGHT_ADDRESS", "")
HAS_SOUND = bpy.app.build_options.audaspace

pytestmark = pytest.mark.skipif(
    not ADDRESS, reason="needs a backend's address in FACEWRIGHT_ADDRESS"
)


def run(*words: object, status: int = 0) -> None:
    """A command with the tests' backend."""
    addressed = words if words[0] == "export" else (*words, "--address", ADDRESS)
    assert cli.main([str(word) for word in addressed]) == status


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dub that is reviewed, kept with its scene."""
    if not HAS_SOUND:
        pytest.skip("this bpy is built without sound")
    folder = tmp_path_factory.mktemp("ein Ordner")
    words = first_words(folder / "words.wav")
    run(
        "dub", EXAMPLES / "portrait.png", words, "-o", folder / "talk.mp4", "--blend",
        folder / "talk.blend", "--fps", 10, "--size", 256, "--extent", "crop", "--review",
        "--result", folder / "told.json",
    )  # fmt: skip
    return folder


@pytest.fixture
def blend(made: Path, tmp_path: Path) -> Path:
    """A copy of its scene."""
    shutil.copytree(made, tmp_path / "kopië", dirs_exist_ok=True)
    return tmp_path / "kopië/talk.blend"


def opened(blend: Path) -> objects.SubjectObjects:
    bpy.ops.wm.open_mainfile(filepath=str(blend))
    (rig,) = objects.in_scene(bpy.context.scene)
    return objects.find(rig)


def shown(who: objects.SubjectObjects, name: str, frames: range) -> np.ndarray:
    """A shape key's evaluated value over frames."""
    values = []
    for frame in frames:
        bpy.context.scene.frame_set(frame)
        depsgraph = bpy.context.evaluated_depsgraph_get()
        key = who.face.evaluated_get(depsgraph).data.shape_keys.key_blocks[name]
        values.append(key.value)
    return np.array(values)


def test_choices_are_those_that_there_are() -> None:
    assert {name: kind.suffix for name, kind in kinds.KINDS.items()} == columns.FORMATS
    assert columns.BY_NAME["geometry"].choices == ("auto", *geometry.KINDS[1:])
    assert set(geometry.KINDS) == set(columns.BY_NAME["geometry"].choices)
    assert set(export._FILES.values()) == set(exports.FORMATS)
    assert set(drive.REGIONS) == set(REGIONS)
    assert set(columns.TAKEN) == set(REGIONS) - {"mouth"}


def test_a_dub_tells_what_it_measured(made: Path) -> None:
    told = json.loads((made / "told.json").read_text("utf-8"))
    assert told["frames"] == told["review"]["frames"] == 12
    assert told["review"]["identity"] > 0.8 and told["review"]["unseen"] == 0
    assert told["movie"] == str(made / "talk.mp4") and told["took"] > 0


def test_driving_again_changes_the_keys_that_are_saved(blend: Path, tmp_path: Path) -> None:
    before = shown(opened(blend), "browDownLeft", range(3, 12))
    other = tmp_path / "other.blend"
    run("drive", blend, "--emotion", "angry", "--intensity", 3, "--save-as", other)
    after = shown(opened(other), "browDownLeft", range(3, 12))
    assert after.mean() > before.mean() + 0.2
    assert np.allclose(shown(opened(blend), "browDownLeft", range(3, 12)), before)
    who = opened(other)
    assert who.rig.facewright_perform.emotion == "angry"
    assert who.photo.is_file()  # found from where it is now


def test_a_script_brings_its_sound(blend: Path) -> None:
    backend_speaks = cli.main(
        ["drive", str(blend), "--script", "Well, hello.", "--start", "20", "--address", ADDRESS]
    )
    if backend_speaks == 4:
        pytest.skip("the backend has no speech synthesiser")
    assert backend_speaks == 0
    who = opened(blend)
    sounds = [s for s in sequence.strips(bpy.context.scene) if s.type == "SOUND"]
    assert len(sounds) == 2 and max(s.frame_final_start for s in sounds) == 20
    jaw = shown(who, "jawOpen", range(20, 30))
    assert np.ptp(jaw) > 0.05


def test_a_video_decides_what_it_was_asked_for(blend: Path, made: Path) -> None:
    frames = range(2, 11)
    who = opened(blend)
    jaw = shown(who, "jawOpen", frames)
    run("drive", blend, "--video", made / "talk.mp4", "--regions", "head, brows")
    who = opened(blend)
    assert {t.name for t in who.rig.animation_data.nla_tracks} >= {"speech", "video"}
    assert np.allclose(shown(who, "jawOpen", frames), jaw, atol=1e-4)


def test_texturing_goes_on_where_it_was(
    blend: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    cache = tmp_path / "cache"
    shutil.rmtree(opened(blend).photo.parent / "frames")  # the dub's own
    options = ("--size", 256, "--cache", cache)
    run("texture", blend, "--frames", "1-4", *options, "--cache-only")
    assert "4 of 4 frames, 4 textured" in capsys.readouterr().out
    run("texture", blend, "--frames", "1-6", *options)
    assert "6 of 6 frames, 2 textured, 4 there before" in capsys.readouterr().out
    who = opened(blend)
    pictures = who.photo.parent / "frames"
    first = pixels(pictures / "frame_00005.png")
    run("drive", blend, "--emotion", "surprised", "--intensity", 3)
    run("texture", blend, "--frames", "1-6", *options)
    assert "6 of 6 frames" in capsys.readouterr().out
    assert np.abs(pixels(pictures / "frame_00005.png") - first).max() > 20


def test_pictures_go_where_the_panel_puts_them(blend: Path) -> None:
    """A bound mesh shares its photograph with another subject, and not its pictures."""
    bpy.ops.wm.open_mainfile(filepath=str(blend))
    (rig,) = objects.in_scene(bpy.context.scene)
    options = argparse.Namespace(folder=None, cache_only=False)
    with ExitStack() as stack:
        own = texture._folder(options, objects.find(rig), stack)
        rig[objects.RECORD]["bound"] = True
        other = texture._folder(options, objects.find(rig), stack)
    assert own != other == frames_folder(objects.find(rig)).resolve()


def test_a_scene_is_exported(blend: Path, tmp_path: Path) -> None:
    run("export", blend, "-o", tmp_path / "face.csv", "--frames", "3-8")
    assert len((tmp_path / "face.csv").read_text().splitlines()) == 7
    run("export", blend, "-o", tmp_path / "pictures", "--format", "png", "--frames", "3-5")
    assert len(list((tmp_path / "pictures").glob("*.png"))) == 3
    before = blend.read_bytes()
    run("export", blend, "-o", tmp_path / "film.mp4")
    assert bpy.data.movieclips.load(str(tmp_path / "film.mp4")).frame_duration == 12
    assert blend.read_bytes() == before


def test_footage_is_a_portrait(made: Path, tmp_path: Path) -> None:
    words = first_words(tmp_path / "words.wav")
    run(
        "dub", "--footage", made / "talk.mp4", words, "-o", tmp_path / "again.mp4", "--blend",
        tmp_path / "again.blend", "--take", "head", "--fps", 5, "--size", 256, "--extent",
        "crop",
    )  # fmt: skip
    who = opened(tmp_path / "again.blend")
    assert who.photo.suffix == ".png" and pixels(who.photo).std() > 20
    assert {t.name for t in who.rig.animation_data.nla_tracks} >= {"speech", "video"}


def test_a_subject_file_is_a_portrait(tmp_path: Path) -> None:
    if not HAS_SOUND:
        pytest.skip("this bpy is built without sound")
    stored = tmp_path / "anna.npz"
    program = [os.environ.get("FACEWRIGHT_BACKEND", "facewright"), "capture"]
    command = [*program, str(EXAMPLES / "portrait.png"), "-o", str(stored)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    words = first_words(tmp_path / "words.wav")
    run(
        "dub", stored, words, "-o", tmp_path / "a.mp4", "--fps", 5, "--size", 256, "--extent",
        "crop", "--review", "--result", tmp_path / "told.json",
    )  # fmt: skip
    assert json.loads((tmp_path / "told.json").read_text("utf-8"))["review"]["identity"] > 0.8


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (("texture",), 2, "scene: name the .blend"),
        (("texture", "gone.blend"), 2, "scene: there is no file gone.blend"),
        (("texture", "BLEND", "--frames", "9-2"), 2, "frames: expected frames as 12 or 1-250"),
        (("texture", "BLEND", "--subject", "eve"), 2, "subject: expected one of portrait rig"),
        (("texture", "BLEND", "--scene", "two"), 2, "scene: expected one of Scene, got 'two'"),
        (("texture", "BLEND", "--save-as", "x.txt"), 2, "save-as: expected a file ending in"),
        (("texture", "BLEND", "--animator", "magic"), 2, "animator"),
        (("texture", "BLEND", "--no-cache", "--cache", "x"), 2, "cache: expected it without"),
        (("drive", "BLEND", "--regions", "nose"), 2, "regions: expected some of mouth"),
        (("drive", "BLEND", "--strip", "nobody"), 2, "nobody"),
        (("drive", "BLEND", "--video", "gone.mp4"), 2, "video: there is no file gone.mp4"),
        (("drive", "BLEND", "--script-file", "BLANK"), 2, "script_file: expected 1 to 20000"),
        (("drive", "BLEND", "--intensity", "9"), 2, "intensity: expected a number from 1 to 3"),
        (("export", "BLEND", "-o", "x.docx"), 2, "output: expected a file ending in"),
        (("dub", "a.png", "-o", "x.mp4"), 2, "dub: expected PORTRAIT and SPEECH, got 1"),
        (("dub", "a.png", "b.wav", "c", "-o", "x.mp4"), 2, "got 3 files"),
        (("paint",), 2, "invalid choice: 'paint'"),
    ],
)
def test_refusals_are_one_line(
    blend: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture,
    words: tuple[str, ...],
    status: int,
    says: str,
) -> None:
    files = {"BLEND": blend, "BLANK": tmp_path / "blank.txt"}
    files["BLANK"].write_text(" \n")
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    before = blend.read_bytes()
    run(*(files.get(word, word) for word in words), status=status)
    lines = [x for x in capsys.readouterr().err.splitlines() if x.startswith("facewright: ")]
    assert says in lines[-1], lines
    assert blend.read_bytes() == before


def test_pictures_do_not_replace_the_users(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """The portrait itself may be in the folder that pictures are asked for in."""
    portrait = shutil.copy(EXAMPLES / "portrait.png", tmp_path / "anna.png")
    words = first_words(tmp_path / "words.wav")
    run("dub", portrait, words, "-o", tmp_path, "--format", "png", status=2)
    assert "holds other files" in capsys.readouterr().err
    assert {path.name for path in tmp_path.iterdir()} == {"anna.png", "words.wav"}


def test_an_empty_scene_has_nobody(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "empty.blend"))
    run("texture", tmp_path / "empty.blend", status=2)
    assert "empty.blend has none" in capsys.readouterr().err


def test_a_scene_needs_no_sound(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    path = tmp_path / "still.blend"
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    session.disconnect()
    session.connect(session.Settings(ADDRESS), lambda *step: None)
    bpy.context.scene.facewright_subject.photo = str(EXAMPLES / "portrait.png")
    assert bpy.ops.facewright.new_subject() == {"FINISHED"}
    session.disconnect()
    bpy.ops.wm.save_mainfile()
    run("texture", "--frames", "1-2", "--size", 256, "--no-cache")  # what Blender has open
    assert "2 of 2 frames" in capsys.readouterr().out
    run("export", path, "-o", tmp_path / "face.csv", "--frames", "1-2")
    assert len((tmp_path / "face.csv").read_text().splitlines()) == 3
    strips = [s for s in sequence.strips(bpy.context.scene) if s.type == "IMAGE"]
    assert sum(strip.frame_final_duration for strip in strips) == 2
