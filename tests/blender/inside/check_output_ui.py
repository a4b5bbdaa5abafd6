"""The Output panel's buttons, as scripts press them."""

from __future__ import annotations

from pathlib import Path

import addon_utils
import bpy
import numpy as np
import pytest
import synthetic

from addon.film import kinds, sequence
from addon.perform import layers

for module in ("io_scene_fbx", "io_scene_gltf2"):
    addon_utils.enable(module)


@pytest.fixture
def filmed(egg, scene, performance, tmp_path: Path) -> bpy.types.Scene:
    """The subject performs, and four pictures are in the sequencer."""
    layers.place(performance, egg, layer="speech", name="voice", start=1)
    folder = tmp_path / "in"
    folder.mkdir()
    names = [f"{index}.png" for index in range(4)]
    for index, name in enumerate(names):
        (folder / name).write_bytes(synthetic.png(np.full((64, 64, 3), 40 * index, np.uint8)))
    scene.render.fps = 25
    scene.frame_start, scene.frame_end = 1, 4
    sequence.place_frames(scene, folder, names, 1, (64, 64))
    bpy.context.view_layer.objects.active = egg.rig
    return scene


@pytest.mark.parametrize(
    "kind", [k for k in kinds.KINDS if kinds.has_prores() or "prores" not in k]
)
def test_movies_go_beside_the_blend(filmed, tmp_path, kind):
    filmed.facewright_output.movie_kind = kind
    assert bpy.ops.facewright.render_movie() == {"FINISHED"}
    name = "scene_pictures" if kind == "png" else f"scene{kinds.KINDS[kind].suffix}"
    assert (tmp_path / name).exists()


@pytest.mark.parametrize(
    ("format", "name"),
    [("gltf", "scene.glb"), ("fbx", "scene.fbx"), ("usd", "scene.usdc"), ("alembic", "scene.abc")],
)
def test_exports_go_beside_the_blend(filmed, tmp_path, format, name):
    filmed.facewright_output.export_format = format
    assert bpy.ops.facewright.export() == {"FINISHED"}
    assert (tmp_path / name).stat().st_size > 10_000


def test_an_ending_follows_the_format(filmed, tmp_path):
    chosen = filmed.facewright_output
    chosen.export_path, chosen.export_format = "//ünter ordner/hallo 日本.fbx", "gltf"
    assert bpy.ops.facewright.export() == {"FINISHED"}
    assert (tmp_path / "ünter ordner/hallo 日本.glb").is_file()
    chosen.movie_path, chosen.movie_kind = "//v1.5", "h264"
    assert bpy.ops.facewright.render_movie() == {"FINISHED"}
    assert (tmp_path / "v1.5.mp4").is_file()


def test_a_recording_comes_in_at_a_frame(egg, data, filmed, tmp_path):
    egg.face.data.shape_keys.key_blocks["key03"].name = "jawOpen"
    egg.rig["facewright"]["key_names"] = "jawOpen"
    egg.face.data.shape_keys.key_blocks["jawOpen"].value = 0.25
    filmed.facewright_output.export_format = "csv"
    assert bpy.ops.facewright.export() == {"FINISHED"}
    path = str(tmp_path / "scene.csv")
    assert bpy.ops.facewright.import_arkit(filepath=path, layer="video", start=101) == {"FINISHED"}
    tracks = [
        strip
        for track in egg.face.data.shape_keys.animation_data.nla_tracks
        for strip in track.strips
        if strip.name.startswith("scene")
    ]
    assert [(strip.frame_start, strip.frame_end) for strip in tracks] == [(101, 104)]
    assert filmed.frame_end == 104


def test_what_cannot_be_is_one_line(filmed, tmp_path):
    (tmp_path / "bad.csv").write_text("a,b\n1,2\n")
    for call, says in (
        (lambda: bpy.ops.facewright.import_arkit(filepath=str(tmp_path / "bad.csv")), "Timecode"),
        (lambda: bpy.ops.facewright.import_arkit(filepath=str(tmp_path / "no.csv")), "No such"),
    ):
        with pytest.raises(RuntimeError, match=says):
            call()
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    with pytest.raises(RuntimeError, match=r"Save the \.blend first"):
        bpy.ops.facewright.render_movie()
