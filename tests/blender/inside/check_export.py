"""What other programs get of a performance is what Blender showed: exported and read back."""

from __future__ import annotations

import zipfile
from pathlib import Path

import addon_utils
import bpy
import numpy as np
import pytest
import synthetic
from mathutils import Matrix
from mathutils.kdtree import KDTree

from addon.core.errors import Cancelled, InputError, OutputError
from addon.film import exports
from addon.perform import layers
from addon.subject import objects as subject

START, FRAMES = 1001, 8
SUFFIXES = {"gltf": ".glb", "fbx": ".fbx", "usd": ".usdc", "alembic": ".abc"}
#: Metres that a vertex may be off; a face is 0.2 high. FBX keeps weights to a part in 10,000.
TOLERANCE = {"gltf": 2e-5, "fbx": 1e-4, "usd": 2e-5, "alembic": 2e-6}

for module in ("io_scene_fbx", "io_scene_gltf2"):
    addon_utils.enable(module)


@pytest.fixture
def acted(request, scene, performance, tmp_path) -> subject.SubjectObjects:
    """A subject whose performance is layered: keys, a driver, a hand-set gaze and rig."""
    from addon.subject import construct

    data = synthetic.subject(metres_per_unit=getattr(request, "param", 0.01))
    photo = tmp_path / "photo.png"
    photo.write_bytes(data.plate)
    who = construct.build(data, name="egg", photo=photo, folder=tmp_path)
    scene.render.fps = 25
    scene.frame_start, scene.frame_end = START, START + FRAMES - 1
    layers.place(performance, who, layer="speech", name="take", start=START)
    driver = who.face.data.shape_keys.key_blocks["key63"].driver_add("value").driver
    driver.type, driver.expression = "SCRIPTED", "0.05 * (frame - 1000)"
    return who


def shown(who: subject.SubjectObjects) -> dict[int, np.ndarray]:
    """Frame -> (V, 3) world vertices of the face and the eyes, as evaluated."""
    result = {}
    for frame in range(START, START + FRAMES):
        bpy.context.scene.frame_set(frame)
        result[frame] = np.concatenate([vertices(thing) for thing in who.meshes])
    return result


def vertices(thing: bpy.types.Object) -> np.ndarray:
    """(V, 3) world vertices of an evaluated mesh."""
    seen = thing.evaluated_get(bpy.context.evaluated_depsgraph_get())
    points = np.empty(3 * len(seen.data.vertices), np.float32)
    seen.data.vertices.foreach_get("co", points)
    matrix = np.array(seen.matrix_world)
    return points.reshape(-1, 3).astype(np.float64) @ matrix[:3, :3].T + matrix[:3, 3]


def read_back(path: Path, format: str) -> int:
    """Open an exported file in an empty scene; how much later its frames are than ours."""
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    bpy.context.scene.render.fps = 25
    if format == "gltf":
        bpy.ops.import_scene.gltf(filepath=str(path))
    elif format == "fbx":
        bpy.ops.import_scene.fbx(filepath=str(path))
    elif format == "usd":
        bpy.ops.wm.usd_import(filepath=str(path), import_all_materials=True)
    else:
        bpy.ops.wm.alembic_import(filepath=str(path), as_background_job=False)
    for keys in bpy.data.shape_keys:  # the importers' sliders clip what the files hold
        for block in keys.key_blocks:
            block.slider_min, block.slider_max = -10.0, 10.0
    return {"gltf": -START, "fbx": 1}.get(format, 0)


def meshes() -> list[bpy.types.Object]:
    """The imported meshes that are shown."""
    found = [thing for thing in bpy.context.scene.objects if thing.type == "MESH"]
    return [thing for thing in found if thing.name != "Icosphere"]  # a bone's shape


def distance(points: np.ndarray, others: np.ndarray) -> float:
    """The farthest that a point of either is from the nearest of the other."""

    def one_way(here: np.ndarray, there: np.ndarray) -> float:
        tree = KDTree(len(there))
        for index, point in enumerate(there):
            tree.insert(point, index)
        tree.balance()
        return max(tree.find(point)[2] for point in here)

    return max(one_way(points, others), one_way(others, points))


@pytest.mark.parametrize("acted", [1.0, 0.01], indirect=True)
@pytest.mark.parametrize("format", SUFFIXES)
def test_every_frame_comes_back(acted, tmp_path, format):
    want = shown(acted)
    names = [block.name for block in acted.face.data.shape_keys.key_blocks]
    path = exports.export(acted, tmp_path / f"out/talk{SUFFIXES[format]}", format=format)
    later = read_back(path, format)
    for frame in want:
        bpy.context.scene.frame_set(frame + later)
        got = np.concatenate([vertices(thing) for thing in meshes()])
        assert distance(got, want[frame]) < TOLERANCE[format], frame
    if format != "alembic":
        (keys,) = {thing.data.shape_keys for thing in meshes()} - {None}
        assert [block.name for block in keys.key_blocks][1:] == names[1:]


@pytest.mark.parametrize("format", ["gltf", "fbx", "usd"])
def test_weights_head_and_eyes_are_channels(acted, performance, tmp_path, format):
    path = exports.export(acted, tmp_path / f"talk{SUFFIXES[format]}", format=format)
    places = {}
    for frame in (START, START + 5):
        bpy.context.scene.frame_set(frame)
        depsgraph = bpy.context.evaluated_depsgraph_get()
        places[frame] = [
            np.array(thing.evaluated_get(depsgraph).matrix_world) for thing in acted.meshes
        ]
    later = read_back(path, format)
    (keys,) = {thing.data.shape_keys for thing in meshes()} - {None}
    (rig,) = [thing for thing in bpy.context.scene.objects if thing.type == "ARMATURE"]
    assert set(rig.pose.bones.keys()) >= {"head", "eye_left", "eye_right"}
    turns = {}
    for frame in places:
        bpy.context.scene.frame_set(frame + later)
        depsgraph = bpy.context.evaluated_depsgraph_get()
        row = performance.expression[frame - START]
        for index in (0, 17, 40):
            block = keys.evaluated_get(depsgraph).key_blocks[f"key{index:02d}"]
            assert block.value == pytest.approx(float(row[index]), abs=2e-4)
        driven = keys.evaluated_get(depsgraph).key_blocks["key63"].value
        assert driven == pytest.approx(0.05 * (frame - 1000), abs=2e-4)
        seen = rig.evaluated_get(depsgraph)
        turns[frame] = [
            np.array(seen.matrix_world @ seen.pose.bones[name].matrix)
            for name in ("head", "eye_left", "eye_right")
        ]
    first, last = places
    for bone, mesh in zip(
        zip(turns[first], turns[last], strict=True),
        zip(places[first], places[last], strict=True),
        strict=True,
    ):
        moved = [np.array(Matrix(b) @ Matrix(a).inverted()) for a, b in (bone, mesh)]
        np.testing.assert_allclose(moved[0], moved[1], atol=2e-4)


@pytest.mark.parametrize("format", ["gltf", "fbx", "usd"])
def test_the_photo_goes_along(acted, data, tmp_path, format):
    atlas = picture(bpy.data.images["egg_texture.png"])
    path = exports.export(
        acted,
        tmp_path / f"out/talk{SUFFIXES[format]}",
        format=format,
        frames=range(START, START + 2),
    )
    (tmp_path / "egg_texture.png").unlink()
    read_back(path, format)
    found = [image for image in bpy.data.images if tuple(image.size) == (64, 64)]
    assert len(found) == 1
    np.testing.assert_allclose(picture(found[0]), atlas, atol=1 / 255)
    used = [node.image for m in bpy.data.materials if m.node_tree for node in m.node_tree.nodes
            if node.type == "TEX_IMAGE"]  # fmt: skip
    assert found[0] in used


def picture(image: bpy.types.Image) -> np.ndarray:
    values = np.empty(4 * image.size[0] * image.size[1], np.float32)
    image.pixels.foreach_get(values)
    return values


def everything() -> list[tuple[str, int]]:
    """Name and users of every datablock that an export might add or rename."""
    data = bpy.data
    kinds = (
        data.scenes, data.objects, data.meshes, data.armatures, data.actions, data.materials,
        data.images, data.collections, data.cameras, data.shape_keys,
    )  # fmt: skip
    return [(item.name, item.users) for kind in kinds for item in kind]


@pytest.mark.parametrize("format", ["gltf", "fbx", "usd", "alembic", "csv"])
def test_the_scene_is_left_as_it_was(acted, tmp_path, format):
    view, scene = bpy.context.view_layer, bpy.context.scene
    view.objects.active = acted.rig
    bpy.ops.object.mode_set(mode="POSE")
    scene.frame_set(START + 3)
    if format == "csv":
        acted.face.data.shape_keys.key_blocks[1].name = "jawOpen"
        acted.rig["facewright"]["key_names"] = "jawOpen"
    before = everything()
    selected = [thing.name for thing in view.objects if thing.select_get()]
    suffix = exports.FORMATS[format].suffixes[0]
    exports.export(acted, tmp_path / f"out/talk{suffix}", format=format)
    assert everything() == before
    assert bpy.context.window.scene == scene and bpy.context.mode == "POSE"
    assert view.objects.active == acted.rig and scene.frame_current == START + 3
    assert [thing.name for thing in view.objects if thing.select_get()] == selected
    assert not list(tmp_path.rglob(".facewright*"))


def test_modifiers_count_in_alembic(acted, tmp_path):
    acted.face.modifiers.new("finer", "SUBSURF").levels = 1
    want = shown(acted)
    path = exports.export(acted, tmp_path / "talk.abc", format="alembic")
    read_back(path, "alembic")
    bpy.context.scene.frame_set(START + 4)
    got = np.concatenate([vertices(thing) for thing in meshes()])
    assert len(got) == len(want[START + 4]) and distance(got, want[START + 4]) < 2e-6


def test_usdz_is_one_file_that_reads_back(acted, tmp_path):
    frame, here = START + 3, tmp_path / "alone"
    want = shown(acted)[frame]
    path = exports.export(acted, here / "talk.usdz", format="usd")
    assert list(here.iterdir()) == [path]
    with zipfile.ZipFile(path) as package:
        assert any(name.endswith("egg_texture.png") for name in package.namelist())
    read_back(path, "usd")
    bpy.context.scene.frame_set(frame)
    got = np.concatenate([vertices(thing) for thing in meshes()])
    assert distance(got, want) < TOLERANCE["usd"]


def test_stopped_exports_leave_the_old_file(acted, tmp_path):
    path = exports.export(acted, tmp_path / "talk.glb", format="gltf")
    before = path.read_bytes()

    def stop(*_: object) -> None:
        raise Cancelled("cancelled")

    with pytest.raises(Cancelled):
        exports.export(acted, path, format="gltf", progress=stop)
    assert path.read_bytes() == before and not list(tmp_path.rglob(".facewright*"))


def test_wrong_exports_are_one_line(acted, tmp_path):
    (tmp_path / "file").write_text("")
    for name, format, error, says in (
        ("talk.fbx", "gltf", InputError, "ending in .glb"),
        ("talk.obj", "obj", InputError, "expected one of gltf"),
        ("file/talk.glb", "gltf", OutputError, "file"),
    ):
        with pytest.raises(error, match=says) as caught:
            exports.export(acted, tmp_path / name, format=format)
        assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match="none of ARKit"):
        exports.export(acted, tmp_path / "talk.csv", format="csv")
    acted.face.modifiers.new("finer", "SUBSURF")
    assert "no modifiers (finer)" in exports.left_out(acted, "gltf")
    assert not exports.left_out(acted, "alembic")
    acted.face.modifiers.new("bent", "ARMATURE")
    with pytest.raises(InputError, match="armature of its own; take Alembic"):
        exports.export(acted, tmp_path / "talk.fbx", format="fbx")
    if bpy.app.version < (5, 0, 0):
        addon_utils.disable("io_scene_gltf2")
        try:
            with pytest.raises(InputError, match="enable the add-on io_scene_gltf2"):
                exports.export(acted, tmp_path / "talk.glb", format="gltf")
        finally:
            addon_utils.enable("io_scene_gltf2")
