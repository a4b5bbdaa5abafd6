"""Every button can be undone and done again, and leaves nothing behind that is in the way."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import addon_utils
import bpy
import numpy as np
import pytest
from desk import EXAMPLES, build, connected, hears, needs_backend, speak, texture

from addon.core import arkit_csv
from addon.film import kinds, sequence
from addon.subject import objects as subject
from addon.texture import geometry
from addon.ui import session

pytestmark = [needs_backend, pytest.mark.usefixtures(connected.__name__)]
__all__ = ["connected"]
addon_utils.enable("io_scene_gltf2")


def who() -> subject.SubjectObjects:
    """The scene's only subject; undo makes Python forget the objects of before."""
    (rig,) = subject.in_scene(bpy.context.scene)
    return subject.find(rig)


def state() -> dict[str, object]:
    """All that a button may change, without the addresses of it."""
    scene = bpy.context.scene
    result: dict[str, object] = {
        "strips": [
            (s.name, s.type, s.channel, int(s.frame_final_start), int(s.frame_final_end))
            for s in sequence.strips(scene)
        ],
        "range": (scene.frame_start, scene.frame_end),
        "output": (scene.render.filepath, scene.render.image_settings.file_format),
    }
    for kind in ("objects", "meshes", "armatures", "cameras", "materials", "collections"):
        result[kind] = sorted(item.name for item in getattr(bpy.data, kind))
    result["actions"] = sorted(a.name for a in bpy.data.actions if a.users)
    for rig in subject.in_scene(scene):
        one = subject.find(rig)
        for owner in (one.rig, one.face.data.shape_keys):
            data = owner.animation_data
            result[f"layers {owner.name}"] = [
                (track.name, [(s.name, int(s.frame_start), int(s.frame_end)) for s in track.strips])
                for track in (data.nla_tracks if data else ())
            ]
        seen = []
        for frame in (1, 5):
            scene.frame_set(frame)
            depsgraph = bpy.context.evaluated_depsgraph_get()
            seen.append(geometry.subject_vertices(one, depsgraph).round(6).tobytes())
        result["seen"] = seen
    return result


def goes_and_comes(press: Callable[[], set[str]], changes: bool | None = True) -> None:
    """Undo is as before, redo as after, and the add-on is ready in between."""
    before = state()
    bpy.ops.ed.undo_push(message="before")
    assert press() == {"FINISHED"}
    after = state()
    assert changes is None or (after != before) == changes
    bpy.ops.ed.undo_push(message="after")
    bpy.ops.ed.undo()
    assert state() == before and not session.state.busy
    bpy.ops.ed.redo()
    assert state() == after and not session.state.busy


def test_a_subject(scene, tmp_path: Path):
    scene.facewright_subject.photo = str(EXAMPLES / "portrait.png")
    goes_and_comes(bpy.ops.facewright.new_subject)
    bpy.ops.ed.undo()
    bpy.ops.ed.undo_push(message="again")
    assert bpy.ops.facewright.new_subject() == {"FINISHED"}
    assert who().face.data.shape_keys is not None


@pytest.fixture
def her(scene) -> subject.SubjectObjects:
    return build()


@hears
def test_a_performance(her, tmp_path: Path):
    speak(tmp_path, 1)
    goes_and_comes(bpy.ops.facewright.drive_speech)
    goes_and_comes(bpy.ops.facewright.drive_speech, changes=False)  # the same once more
    bpy.ops.ed.undo()
    assert bpy.ops.facewright.drive_speech() == {"FINISHED"}


def test_a_recording(her, tmp_path: Path):
    rng = np.random.default_rng(4)
    take = arkit_csv.Recording(24.0, rng.uniform(0, 1, (8, 52)).astype(np.float32))
    path = tmp_path / "take.csv"
    path.write_bytes(arkit_csv.encode(take))
    goes_and_comes(lambda: bpy.ops.facewright.import_arkit(filepath=str(path)))


@pytest.mark.parametrize(
    ("button", "options"),
    [
        ("aim_eyes", {}),
        ("lids_follow", {}),
        ("key_head", {}),
        ("key_face", {}),
        ("reset_face", {}),
        ("mirror_face", {}),
        ("make_pose_library", {}),
        ("separate_subject", {}),
        ("delete_subject", {}),
        ("bake", {}),
    ],
)
def test_other_buttons(her, tmp_path: Path, button: str, options: dict):
    take = arkit_csv.Recording(24.0, np.full((8, 52), 0.2, np.float32))
    (tmp_path / "take.csv").write_bytes(arkit_csv.encode(take))
    bpy.ops.facewright.import_arkit(filepath=str(tmp_path / "take.csv"))
    bpy.context.scene.frame_end = 8
    goes_and_comes(lambda: getattr(bpy.ops.facewright, button)(**options), changes=None)


def test_pictures(her, tmp_path: Path):
    bpy.context.scene.frame_start, bpy.context.scene.frame_end = 1, 3
    texture(1, 3)
    bpy.ops.ed.undo_push(message="first")

    def press() -> set[str]:
        scene = bpy.context.scene
        scene.frame_end = 5
        who().face.data.shape_keys.key_blocks["jawOpen"].value = 0.7
        return bpy.ops.facewright.texture()

    goes_and_comes(press)
    # Pictures on the disk are the newer ones now; texturing again brings the older back.
    bpy.ops.ed.undo()
    texture(1, 3)


def test_outputs(her, tmp_path: Path):
    texture(1, 2)
    goes_and_comes(bpy.ops.facewright.movie_output)
    scene = bpy.context.scene
    for kind in ("h264", "png"):
        scene.facewright_output.movie_kind = kind
        goes_and_comes(bpy.ops.facewright.render_movie, changes=False)
        scene = bpy.context.scene
    goes_and_comes(bpy.ops.facewright.export, changes=False)
    assert (tmp_path / "scene.glb").is_file() and kinds.KINDS
