"""Texturing shows what Blender shows: whatever moved the mesh moves the pixels there."""

from __future__ import annotations

from pathlib import Path

import bpy
import numpy as np
import pytest
from textured import Bench, build, captured

from addon.core.errors import InputError
from addon.core.shelf import Shelf
from addon.subject import objects
from addon.texture import geometry

FRAME = range(5, 6)
SIZE = 256
#: Change of a pixel that is seen, 8-bit levels.
VISIBLE = 12


@pytest.fixture
def bench(scene, tmp_path) -> Bench:
    return Bench(build(captured(), tmp_path / "her"), tmp_path / "frames")


def pixels(path: Path) -> np.ndarray:
    image = bpy.data.images.load(str(path))
    width, height = image.size
    values = np.empty(4 * width * height, np.float32)
    image.pixels.foreach_get(values)
    bpy.data.images.remove(image)
    return values.reshape(height, width, 4)[::-1, :, :3] * 255


def shown(bench: Bench, **options: object) -> np.ndarray:
    """The picture of the frame."""
    bench(FRAME, **options)
    return pixels(bench.folder / Shelf.name(FRAME[0]))


def place(who: objects.SubjectObjects, point: np.ndarray) -> np.ndarray:
    """Where a point of the world is in the crop's picture: x, y."""
    seen = np.linalg.inv(np.array(who.camera.matrix_world.normalized())) @ [*point, 1.0]
    view = who.crop_camera.resized(SIZE)
    return view.focal * seen[:2] * [1, -1] / -seen[2] + view.centre


def moved_near(before: np.ndarray, after: np.ndarray, where: np.ndarray, radius: float) -> float:
    """What share of the pixels that changed is within ``radius`` pixels of a place."""
    change = np.abs(after - before).max(axis=2) > VISIBLE
    y, x = np.mgrid[0:SIZE, 0:SIZE]
    near = np.hypot(x + 0.5 - where[0], y + 0.5 - where[1]) < radius
    assert change[near].sum() > 20, "nothing moved there"
    return float(change[near].sum() / change.sum())


def tip_of_the_nose(who: objects.SubjectObjects) -> int:
    """The vertex that is furthest out of the face."""
    points = np.empty(3 * len(who.face.data.vertices), np.float32)
    who.face.data.vertices.foreach_get("co", points)
    return int(points.reshape(-1, 3)[:, 2].argmax())


def sculpt(who: objects.SubjectObjects, vertex: int, by: float) -> None:
    """Push a vertex and what is around it sideways, in every shape key, as a sculptor would."""
    keys = who.face.data.shape_keys.key_blocks
    count = len(who.face.data.vertices)
    rest = np.empty((count, 3), np.float32)
    keys["Basis"].data.foreach_get("co", rest.ravel())
    weight = np.exp(-(((rest - rest[vertex]) / 0.012) ** 2).sum(axis=1))
    for key in keys:
        points = np.empty((count, 3), np.float32)
        key.data.foreach_get("co", points.ravel())
        points[:, 0] += by * weight
        key.data.foreach_set("co", points.ravel())
    who.face.data.update()


@pytest.mark.parametrize("rho", [True, False], ids=["rho", "no rho"])
@pytest.mark.parametrize("animator", ["reproject", "tgdm"])
def test_a_sculpted_vertex_moves_its_pixels(bench, animator, rho):
    scene, who = bpy.context.scene, bench.who
    before = shown(bench, animator=animator, rho=rho)
    scene.frame_set(FRAME[0])
    vertex = tip_of_the_nose(who)
    sculpt(who, vertex, 0.012)
    scene.frame_set(FRAME[0])
    depsgraph = bpy.context.evaluated_depsgraph_get()
    evaluated = who.face.evaluated_get(depsgraph)
    where = place(who, evaluated.matrix_world @ evaluated.data.vertices[vertex].co)
    after = shown(bench, animator=animator, rho=rho)
    assert moved_near(before, after, where, 40) > 0.75


@pytest.mark.parametrize("rho", [True, False], ids=["rho", "no rho"])
def test_a_driver_moves_the_pixels(bench, rho):
    """The mouth opens by a driver, where no key says so."""
    who = bench.who
    who.face.data.shape_keys.animation_data_clear()
    before = shown(bench, rho=rho)
    block = who.face.data.shape_keys.key_blocks["mouthFunnel"]
    driver = block.driver_add("value").driver
    driver.type, driver.expression = "SCRIPTED", "1.0 * (frame == 5)"
    after = shown(bench, rho=rho)
    lips = place(who, np.array(who.face.matrix_world @ mouth(who)))
    assert moved_near(before, after, lips, 60) > 0.6


def mouth(who: objects.SubjectObjects) -> object:
    """The vertex that the funnel moves most."""
    keys = who.face.data.shape_keys.key_blocks
    moves = [np.empty(3 * len(who.face.data.vertices), np.float32) for _ in range(2)]
    keys["Basis"].data.foreach_get("co", moves[0])
    keys["mouthFunnel"].data.foreach_get("co", moves[1])
    most = np.abs(moves[1] - moves[0]).reshape(-1, 3).sum(axis=1).argmax()
    return keys["Basis"].data[int(most)].co


@pytest.mark.parametrize("rho", [True, False], ids=["rho", "no rho"])
def test_a_gaze_keyed_by_hand_moves_the_eyes(bench, rho):
    who, scene = bench.who, bpy.context.scene
    head = who.rig.pose.bones[objects.BONE]
    who.rig.animation_data_clear()
    still = shown(bench, rho=rho)
    for side in objects.GAZE:
        head[side] = [0.5, 0.1]
        head.keyframe_insert(f'["{side}"]', frame=FRAME[0])
    after = shown(bench, rho=rho)
    scene.frame_set(FRAME[0])
    change = np.abs(after - still).max(axis=2) > VISIBLE
    y, x = np.mgrid[0:SIZE, 0:SIZE]
    near = np.zeros((SIZE, SIZE), bool)
    for eye in who.eyes:
        where = place(who, np.array(eye.matrix_world.translation))
        near |= np.hypot(x + 0.5 - where[0], y + 0.5 - where[1]) < 18
    assert change[near].sum() > 20 and change[near].sum() / change.sum() > 0.9


def digests(who: objects.SubjectObjects, kind: str) -> bytes:
    source = geometry.ready_pass(who, SIZE, kind)
    bpy.context.view_layer.update()
    return source.digest(source.look())


def _camera(who):
    who.camera.location.x += 0.001


def _constraint(who):
    target = bpy.data.objects.new("target", None)
    bpy.context.scene.collection.objects.link(target)
    target.rotation_euler = (0.1, 0.0, 0.0)
    bone = who.rig.pose.bones[objects.BONE]
    constraint = bone.constraints.new("COPY_ROTATION")
    constraint.target, constraint.mix_mode = target, "ADD"


def _modifier(who):
    who.face.modifiers.new("Smooth", "SMOOTH").factor = 0.5


def _sculpt(who):
    sculpt(who, 10, 1e-4)


def _gaze(who):
    who.rig.animation_data_clear()
    who.rig.pose.bones[objects.BONE]["gaze_left"] = [0.3, 0.0]
    who.rig.update_tag()


def _repaint(who):
    nodes = who.face.active_material.node_tree.nodes
    image = next(node.image for node in nodes if node.type == "TEX_IMAGE")
    values = np.empty(4 * image.size[0] * image.size[1], np.float32)
    image.pixels.foreach_get(values)
    values[:4000] = 1 - values[:4000]
    image.pixels.foreach_set(values)


def _unwrap(who):
    uvs = who.face.data.uv_layers.active.uv
    uvs[0].vector.x += 0.01


def _subdivide(who):
    who.face.modifiers.new("Subdivision", "SUBSURF").levels = 1


EDITS = [_camera, _constraint, _modifier, _sculpt, _gaze]
DRAWN = [_repaint, _unwrap, _subdivide]


@pytest.mark.parametrize("edited", EDITS + DRAWN, ids=lambda edit: edit.__name__[1:])
@pytest.mark.parametrize("kind", ["vertices", "image"])
def test_whatever_decides_a_picture_changes_its_digest(scene, tmp_path, kind, edited):
    if kind == "image" and not geometry.can_draw():
        pytest.skip("no usable EGL: this machine cannot draw without a display")
    if kind == "vertices" and edited in DRAWN:
        pytest.skip("what is drawn on the mesh counts where it is drawn")
    who = build(captured(), tmp_path / "her")
    scene.frame_set(3)
    first = digests(who, kind)
    assert digests(who, kind) == first
    scene.frame_set(4)
    other = digests(who, kind)
    scene.frame_set(3)
    assert digests(who, kind) == first != other
    edited(who)
    assert digests(who, kind) != first


def test_what_decides_nothing_does_not_change_it(egg, scene):
    for kind in ("vertices", "image"):
        if kind == "image" and not geometry.can_draw():
            continue
        first = digests(egg, kind)
        thing = bpy.data.objects.new("elsewhere", None)
        scene.collection.objects.link(thing)
        egg.rig.data.display_type = "OCTAHEDRAL"
        assert digests(egg, kind) == first


def test_size_and_hint_count(egg):
    if geometry.can_draw():
        sizes = [geometry.ready_pass(egg, size, "image") for size in (256, 512)]
        assert len({source.digest(source.look()) for source in sizes}) == 2
    hints = [geometry.ready_pass(egg, 256, "vertices", rho=rho) for rho in (True, False)]
    assert len({source.digest(source.look()) for source in hints}) == 2
    assert hints[0](0, 0.0).HasField("rho") and not hints[1](0, 0.0).HasField("rho")


def test_what_is_hidden_is_said_and_not_guessed(egg, scene):
    """Blender does not evaluate it, so its keys would not count."""
    egg.eyes[0].hide_viewport = True
    bpy.context.view_layer.update()
    with pytest.raises(InputError, match="egg eye left is hidden: show it"):
        geometry.ready_pass(egg, SIZE, "vertices").look()
