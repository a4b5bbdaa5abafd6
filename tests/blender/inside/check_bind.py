"""A mesh that was there before is driven, shown and textured as a subject."""

from __future__ import annotations

import os
from pathlib import Path

import bpy
import numpy as np
import pytest
import synthetic
from mathutils import Euler, Matrix, Vector

from addon.core import alignment, face_keys, rotation
from addon.core.client import Backend
from addon.core.errors import InputError
from addon.core.subject_data import MotionData
from addon.perform import layers
from addon.subject import bind, construct, gaze, match, poses, posing, upkeep
from addon.subject import objects as subject
from addon.subject.bind import Binding
from addon.texture import geometry
from addon.ui import session

ROOT = Path(__file__).resolve().parents[3]
ICT = ROOT.parent / "shared/models/ict_facekit.npz"
ADDRESS = os.environ.get("FACEWRIGHT_ADDRESS", "")
needs_backend = pytest.mark.skipif(not ADDRESS, reason="needs FACEWRIGHT_ADDRESS")


def mesh_object(name: str, points: np.ndarray, faces: np.ndarray) -> bpy.types.Object:
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(points.tolist(), [], faces.tolist())
    thing = bpy.data.objects.new(name, mesh)
    bpy.context.scene.collection.objects.link(thing)
    return thing


def add_keys(thing: bpy.types.Object, keys: dict[str, np.ndarray]) -> None:
    rest = np.empty(3 * len(thing.data.vertices), np.float32)
    thing.data.vertices.foreach_get("co", rest)
    thing.shape_key_add(name="Basis", from_mix=False)
    for name, offsets in keys.items():
        key = thing.shape_key_add(name=name, from_mix=False)
        key.data.foreach_set("co", rest + offsets.astype(np.float32).ravel())
        key.value = 0.0


def pascal(name: str) -> str:
    return name[0].upper() + name[1:]


def doll(place: np.ndarray | None = None, spell=pascal) -> bpy.types.Object:
    """A head of the default model's proportions with ARKit's keys, placed by a matrix."""
    points, faces, _ = synthetic.sphere(0.1, 24, 32)
    points += [0.0, 0.02, 0.02]
    keys = {}
    for row, name in enumerate(face_keys.ARKIT_52):
        middle = np.array(alignment.REFERENCE.get(name, (0.0, -0.02, 0.11)))
        near = np.exp(-(((points - middle) / 0.02) ** 2).sum(1))
        keys[spell(name)] = near[:, None] * 0.01 * np.eye(3)[row % 3]
    thing = mesh_object("Doll", points, faces)
    add_keys(thing, keys)
    thing.matrix_world = Matrix(np.eye(4) if place is None else place)
    bpy.context.view_layer.update()
    return thing


def placed(angles=(1.4, 0.1, -0.3), scale=100.0, shift=(3.0, -2.0, 9.0)) -> np.ndarray:
    matrix = np.eye(4)
    matrix[:3, :3] = scale * np.array(Euler(angles).to_matrix())
    matrix[:3, 3] = shift
    return matrix


def performance(names=face_keys.ARKIT_52 + face_keys.EXTRAS_12, frames: int = 6) -> MotionData:
    rng = np.random.default_rng(2)
    pose = rng.normal(0, 0.2, (frames, 6)) * [1, 1, 1, 0.1, 0.1, 0.1]
    return MotionData(
        fps=25.0,
        model="default",
        names=tuple(names),
        expression=rng.uniform(0, 0.5, (frames, len(names))).astype(np.float32),
        pose=pose.astype(np.float32),
        gaze=rng.uniform(-0.3, 0.3, (frames, 4)).astype(np.float32),
    )


def world(thing: bpy.types.Object) -> np.ndarray:
    evaluated = thing.evaluated_get(bpy.context.evaluated_depsgraph_get())
    flat = np.empty(3 * len(evaluated.data.vertices), np.float32)
    evaluated.data.vertices.foreach_get("co", flat)
    matrix = np.array(evaluated.matrix_world)
    return flat.reshape(-1, 3) @ matrix[:3, :3].T + matrix[:3, 3]


def keyed(who: subject.SubjectObjects) -> dict[str, float]:
    keys = who.face.data.shape_keys
    evaluated = keys.evaluated_get(bpy.context.evaluated_depsgraph_get()).key_blocks
    return {name: evaluated[name].value for name in evaluated.keys()}  # noqa: SIM118


@pytest.mark.parametrize("place", [np.eye(4), placed(), placed(scale=0.01)])
def test_a_mesh_with_arkits_keys_performs(scene, place):
    """Wherever it is and however large: keys under its own names, the head in its own place."""
    thing = doll(place)
    at_rest = world(thing)
    bpy.context.view_layer.objects.active = thing
    assert bpy.ops.facewright.bind_mesh() == {"FINISHED"}
    np.testing.assert_allclose(world(thing), at_rest, rtol=1e-4, atol=1e-4 * np.abs(place).max())
    (rig,) = subject.in_scene(scene)
    who = subject.find(rig)
    assert who.bound and not who.textured and who.face == thing
    said = performance()
    layers.place(said, who, layer="speech", name="words", start=1)
    for frame in range(len(said)):
        scene.frame_set(1 + frame)
        shown, row = keyed(who), dict(zip(said.names, said.expression[frame], strict=True))
        assert shown["JawOpen"] == pytest.approx(row["jawOpen"], abs=1e-6)
        assert shown["MouthClose"] == pytest.approx(row["mouthClose"] / 2, abs=1e-6)
        assert shown["MouthRollLower"] == pytest.approx(
            row["mouthRollLower"] + 0.8 * row["lipFV"], abs=1e-6
        )
        # The doll's own points, moved by the motion's numbers in model space.
        weights = np.array([shown[pascal(name)] for name in face_keys.ARKIT_52])
        keys = thing.data.shape_keys
        rest = bind.key_points(keys.reference_key)
        offsets = [bind.key_points(keys.key_blocks[pascal(n)]) - rest for n in face_keys.ARKIT_52]
        local = rest + np.tensordot(weights, offsets, 1)
        turn, shift = rotation.matrix_from_vector(said.pose[frame, :3]), said.pose[frame, 3:]
        want = (local @ turn.T + shift) @ place[:3, :3].T + place[:3, 3]
        size = np.cbrt(np.linalg.det(place[:3, :3]))
        assert np.abs(world(thing) - want).max() / size < 0.006  # metres of the head


def test_the_head_may_be_any_bone(scene):
    """Its axes and its unit are its own; the head moves by the motion's numbers all the same."""
    place = placed(scale=10.0)
    thing = doll(place)
    rig = bpy.data.objects.new("Rig", bpy.data.armatures.new("Rig"))
    scene.collection.objects.link(rig)
    rig.matrix_world = Matrix.Rotation(0.5, 4, "X") @ Matrix.Scale(0.5, 4)
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    bone = rig.data.edit_bones.new("DEF-head")
    local = rig.matrix_world.inverted() @ Matrix(place)
    bone.head = local.translation
    bone.tail = bone.head + Vector((0.3, 1.0, 2.0))
    bone.roll = 0.7
    bpy.ops.object.mode_set(mode="OBJECT")
    thing.parent, thing.parent_type, thing.parent_bone = rig, "BONE", "DEF-head"
    bpy.context.view_layer.update()
    thing.matrix_world = Matrix(place)
    bpy.context.view_layer.update()
    before = world(thing)
    chosen = scene.facewright_subject
    chosen.own_mesh, chosen.armature, chosen.bone = thing, rig, "DEF-nowhere"
    with pytest.raises(RuntimeError, match="expected one of Rig's bones"):
        bpy.ops.facewright.bind_mesh()
    chosen.bone = "DEF-head"
    assert bpy.ops.facewright.bind_mesh() == {"FINISHED"}
    who = subject.find(rig)
    np.testing.assert_allclose(world(thing), before, atol=1e-4)
    said = performance()
    said.expression[:] = 0
    layers.place(said, who, layer="speech", name="words", start=1)
    for frame in range(len(said)):
        scene.frame_set(1 + frame)
        inverse = np.linalg.inv(place)
        model = before @ inverse[:3, :3].T + inverse[:3, 3]
        turn, shift = rotation.matrix_from_vector(said.pose[frame, :3]), said.pose[frame, 3:]
        want = (model @ turn.T + shift) @ place[:3, :3].T + place[:3, 3]
        assert np.abs(world(thing) - want).max() / 10 < 0.006


@pytest.mark.parametrize("turned", [(0.0, 0.0, 0.0), (0.4, -0.2, 1.1)])
def test_eyes_of_its_own_follow_the_gaze(scene, turned):
    place = placed()
    thing = doll(place)
    eyes = []
    for side in (1, -1):
        points, faces, _ = synthetic.sphere(0.012, 8, 10)
        eye = mesh_object(f"Eye {side}", points, faces)
        at = Matrix(place) @ Matrix.Translation((0.032 * side, 0.045, 0.085))
        eye.matrix_world = at @ Euler(turned).to_matrix().to_4x4()
        eyes.append(eye)
    bpy.context.view_layer.update()
    chosen = scene.facewright_subject
    chosen.own_mesh, chosen.eye_left, chosen.eye_right = thing, *eyes
    assert bpy.ops.facewright.bind_mesh() == {"FINISHED"}
    (rig,) = subject.in_scene(scene)
    who = subject.find(rig)
    rest = [np.array(eye.matrix_world)[:3, :3] for eye in eyes]
    who.head["gaze_left"], who.head["gaze_right"] = [0.3, -0.2], [-0.1, 0.25]
    rig.update_tag()
    bpy.context.view_layer.update()
    axes = np.array(Matrix(place).to_3x3().normalized())
    graph = bpy.context.evaluated_depsgraph_get()
    for eye, old, (x, y) in zip(eyes, rest, ((0.3, -0.2), (-0.1, 0.25)), strict=True):
        turn = np.array(eye.evaluated_get(graph).matrix_world)[:3, :3] @ np.linalg.inv(old)
        ahead = axes.T @ turn @ axes @ [0.0, 0.0, 1.0]
        np.testing.assert_allclose(ahead, [x, y, np.sqrt(1 - x * x - y * y)], atol=0.05)
    if any(turned):
        with pytest.raises(RuntimeError, match="none of its axes points where the face looks"):
            bpy.ops.facewright.aim_eyes()
        return
    assert bpy.ops.facewright.aim_eyes() == {"FINISHED"}
    target = gaze.target_of(who)
    target.location = Matrix(place) @ Vector((0.1, 0.1, 0.7))
    rig.update_tag()
    bpy.context.view_layer.update()
    graph = bpy.context.evaluated_depsgraph_get()
    for eye in eyes:
        shown = eye.evaluated_get(graph).matrix_world
        direction = shown.to_3x3() @ Vector((0, 0, 1))
        assert direction.angle(target.location - shown.translation) < 1e-2


def test_shape_keys_may_turn_the_eyes(scene):
    """As ARKit's do: 30 degrees for a weight of 1; lids that ask for more have their way."""
    who = bind.bind(Binding(doll(), eyes_by_keys=True), scene=scene)
    said = performance(frames=1)
    said.gaze[:] = np.sin(np.radians([[12.0, -21.0, 6.0, 15.0]]))
    for name in face_keys.ARKIT_52:
        if name.startswith("eyeLook"):
            said.expression[0, said.names.index(name)] = 0.35
    notes = layers.place(said, who, layer="speech", name="words", start=1)
    assert not any("gaze" in note for note in notes)
    scene.frame_set(1)
    shown = keyed(who)
    wanted = {"OutLeft": 0.4, "DownLeft": 0.7, "InRight": 0.35, "UpRight": 0.5, "InLeft": 0.35}
    for way, weight in wanted.items():
        assert shown[f"EyeLook{way}"] == pytest.approx(weight, abs=1e-4)


def test_eyes_that_do_not_turn_about_their_middle_are_refused(scene):
    thing = doll()
    points, faces, _ = synthetic.sphere(0.012, 8, 10)
    eyes = [mesh_object("Eye", points + np.array([0.03, 0, 0]), faces) for _ in range(2)]
    with pytest.raises(InputError, match="Origin to Geometry"):
        bind.bind(Binding(thing, eyes=tuple(eyes)), scene=scene)
    with pytest.raises(InputError, match="both or none"):
        bind.bind(Binding(thing, eyes=tuple(eyes[:1])), scene=scene)


def test_the_mapping_is_a_text_to_edit(scene):
    thing = doll(spell=lambda name: name.replace("jawOpen", "Mund auf"))
    chosen = scene.facewright_subject
    chosen.own_mesh = thing
    assert bpy.ops.facewright.write_mapping() == {"FINISHED"}
    text = bpy.data.texts["Doll mapping"]
    assert "jawOpen =\n" in text.as_string() and "# not used: Mund auf" in text.as_string()
    edited = text.as_string().replace("jawOpen =\n", "jawOpen = Mund auf * 0.5\n")
    text.clear()
    text.write(edited)
    assert bpy.ops.facewright.bind_mesh() == {"FINISHED"}
    who = subject.find(subject.in_scene(scene)[0])
    assert who.mapping["jawOpen"] == (("Mund auf", 0.5),)
    text.clear()
    text.write(edited.replace("* 0.5", "* 2"))
    assert bpy.ops.facewright.read_mapping() == {"FINISHED"}
    assert who.mapping["jawOpen"] == (("Mund auf", 2.0),)
    text.write("\njawOpen = gone")
    with pytest.raises(RuntimeError, match="the mesh has no shape key 'gone'"):
        bpy.ops.facewright.read_mapping()


def test_sliders_and_poses_work_on_it(scene):
    who = bind.bind(Binding(doll()), scene=scene)
    bpy.context.view_layer.objects.active = who.face
    poses.apply(who, {"jawOpen": 0.6, "mouthClose": 0.4, "browInnerUp": 1.0}, regions=["mouth"])
    blocks = who.face.data.shape_keys.key_blocks
    assert blocks["JawOpen"].value == pytest.approx(0.6)
    assert blocks["MouthClose"].value == pytest.approx(0.2)
    assert blocks["BrowInnerUp"].value == 0
    assert bpy.ops.facewright.reset_face(group="Jaw") == {"FINISHED"}
    assert blocks["JawOpen"].value == 0
    blocks["MouthSmileLeft"].value = 0.7
    bpy.ops.facewright.mirror_face()
    assert blocks["MouthSmileRight"].value == pytest.approx(0.7)
    assert posing.photographed(who) == {}


def test_what_cannot_be_bound_is_named(scene):
    points, faces, _ = synthetic.sphere(0.1)
    plain = mesh_object("Ball", points, faces)
    with pytest.raises(InputError, match="no shape key that is spelt like one of ARKit's"):
        bind.bind(Binding(plain), scene=scene)
    with pytest.raises(InputError, match="choose the mesh"):
        bind.bind(Binding(bpy.data.objects.new("None", None)), scene=scene)
    who = bind.bind(Binding(doll()), scene=scene)
    with pytest.raises(InputError, match="belongs to a subject already"):
        bind.bind(Binding(who.face), scene=scene)
    with pytest.raises(InputError, match="no photograph"):
        geometry.create_pass(who, 256, "auto")


def test_deleting_gives_the_mesh_back_as_it_was(scene):
    thing = doll(placed())
    before, objects_before = world(thing), set(bpy.data.objects)
    parent, keys = thing.parent, dict(thing.items())
    who = bind.bind(Binding(thing), scene=scene)
    layers.place(performance(), who, layer="speech", name="words", start=1)
    bpy.context.view_layer.objects.active = thing
    upkeep.remove(who.rig, scene)
    bpy.context.view_layer.update()
    assert set(bpy.data.objects) == objects_before
    assert (thing.parent, dict(thing.items())) == (parent, keys)
    for block in thing.data.shape_keys.key_blocks:
        block.value = 0.0
    bpy.context.view_layer.update()
    np.testing.assert_allclose(world(thing), before, atol=1e-3)


def ict() -> bpy.types.Object:
    """ICT-FaceKit as its users have it: its own names, centimetres, y up."""
    if not ICT.is_file():
        pytest.skip("needs ICT-FaceKit beside the checkout")
    stored = np.load(ICT)
    thing = mesh_object("ICT", stored["v_mean"], stored["faces"])
    scale = stored["exp_scale"][:, None, None]
    names = [str(name) for name in stored["exp_names"]]
    add_keys(thing, dict(zip(names, stored["exp_q"] * scale, strict=True)))
    thing.data.shade_smooth()
    return thing


@pytest.fixture(scope="module")
def person():
    """A portrait's subject, captured by the real backend."""
    if not ADDRESS:
        pytest.skip("needs FACEWRIGHT_ADDRESS")
    with Backend(ADDRESS) as backend:
        return backend.capture(ROOT / "examples/portrait.png")


@pytest.fixture
def portrait(scene, person, tmp_path) -> subject.SubjectObjects:
    photo = tmp_path / "portrait.png"
    photo.write_bytes((ROOT / "examples/portrait.png").read_bytes())
    return construct.build(person, name="person", photo=photo, folder=tmp_path)


def textured(who: subject.SubjectObjects, backend: Backend, animator: str) -> np.ndarray:
    """The current frame's picture, (256, 256, 3)."""
    frame = geometry.create_pass(who, 256, "auto")(1, 0.0)
    with backend.animate(who.subject_id, size=256, animator=animator) as stream:
        stream.send(frame)
        stream.finish()
        result = stream.receive(150)
    if result.HasField("error"):
        raise AssertionError(result.error.message)
    image = bpy.data.images.new("answer", 8, 8)
    image.pack(data=result.picture, data_len=len(result.picture))
    image.source = "FILE"
    pixels = np.empty(256 * 256 * 4, np.float32)
    image.pixels.foreach_get(pixels)
    return pixels.reshape(256, 256, 4)[::-1, :, :3]


@needs_backend
def test_ict_facekit_is_textured_with_a_photograph(portrait, scene):
    if not geometry.can_draw():
        pytest.skip("no usable EGL: this machine cannot draw without a display")
    scene.facewright_subject.own_mesh = ict()
    scene.facewright_subject.portrait = portrait.rig
    assert bpy.ops.facewright.bind_mesh() == {"FINISHED"}
    (rig,) = (rig for rig in subject.in_scene(scene) if rig != portrait.rig)
    who = subject.find(rig)
    assert set(face_keys.ARKIT_52) - set(who.mapping) == {"tongueOut"}
    assert who.textured and who.corresponds and who.subject_id == portrait.subject_id
    planes = geometry.create_pass(who, 256, "image")(1, 0.0).image
    own = geometry.create_pass(portrait, 256, "image")(1, 0.0).image
    parts = np.frombuffer(planes.parts, np.uint8).reshape(256, 256)
    theirs = np.frombuffer(own.parts, np.uint8).reshape(256, 256)
    both = (parts == 1) & (theirs == 1)
    assert both.sum() > 0.6 * (theirs == 1).sum()
    uvs = [np.frombuffer(i.uv, "<f2").reshape(256, 256, 2).astype(float) for i in (planes, own)]
    off = np.linalg.norm(uvs[0] - uvs[1], axis=-1)[both]
    assert np.median(off) < 0.02  # of the atlas

    with Backend(ADDRESS) as backend:
        still = textured(who, backend, "reproject")
        blocks = who.face.data.shape_keys.key_blocks
        blocks["jawOpen"].value = 0.6
        bpy.context.view_layer.update()
        opened = textured(who, backend, "reproject")
    moved = np.abs(opened - still).max(-1) > 0.1
    mouth = np.zeros((256, 256), bool)
    at = landmark_pixel(who, "jawOpen")
    mouth[int(at[1]) - 45 : int(at[1]) + 45, int(at[0]) - 45 : int(at[0]) + 45] = True
    assert moved[mouth].mean() > 0.1
    assert moved[~mouth].mean() < 0.3 * moved[mouth].mean()


def landmark_pixel(who: subject.SubjectObjects, name: str) -> np.ndarray:
    point = bind.landmarks(who.face, who.mapping)[name]
    camera = np.linalg.inv(np.array(who.camera.matrix_world.normalized()))
    x, y, z = (camera[:3, :3] @ point + camera[:3, 3]) / who.metres_per_unit
    view = who.crop_camera.resized(256)
    return np.array(view.centre) + view.focal * np.array([x, -y]) / -z


@needs_backend
def test_any_mesh_is_sent_where_the_animator_takes_it(portrait, scene):
    """Without shape keys and without correspondence: a plain picture."""
    if not geometry.can_draw():
        pytest.skip("no usable EGL: this machine cannot draw without a display")
    points, faces, _ = synthetic.sphere(0.1, 24, 32)
    ball = mesh_object("Ball", points, faces)
    ball.matrix_world = portrait.face.matrix_world
    bpy.context.view_layer.update()
    who = bind.bind(Binding(ball), portrait, scene=scene)
    assert who.textured and not who.corresponds
    assert upkeep.doubts(who.rig) == upkeep.doubts(portrait.rig) == []
    image = geometry.create_pass(who, 256, "image")(1, 0.0).image
    assert not image.uv and not image.parts
    with Backend(ADDRESS) as backend:
        picture = textured(who, backend, "shown")
        assert 0.05 < (picture.max(-1) > 0.2).mean() < 0.9
        with pytest.raises(AssertionError, match="needs uv and parts"):
            textured(who, backend, "reproject")
    session.disconnect()
    session.connect(session.Settings(ADDRESS), lambda *step: None)
    bpy.context.view_layer.objects.active = ball
    scene.facewright_texture.animator = "reproject"
    scene.frame_start = scene.frame_end = 1
    with pytest.raises(RuntimeError, match="Ball shows no pixels of the photograph"):
        bpy.ops.facewright.texture()
    session.disconnect()
    # Laid over the face by hand, it can show the photograph all the same.
    assert match.correspond(who, portrait) > 0
    assert geometry.create_pass(who, 256, "image")(1, 0.0).image.uv
    upkeep.remove(who.rig, scene)
    assert not ball.data.uv_layers and "part" not in ball.data.attributes
    assert subject.find(portrait.rig).camera == scene.camera


@needs_backend
def test_extra_geometry_hides_what_is_behind_it(portrait, scene):
    if not geometry.can_draw():
        pytest.skip("no usable EGL: this machine cannot draw without a display")
    before = np.frombuffer(geometry.create_pass(portrait, 256, "image")(1, 0.0).image.parts, "u1")
    points, faces, _ = synthetic.sphere(0.03)
    mask = mesh_object("Mask", points, faces)
    mask.matrix_world = portrait.face.matrix_world @ Matrix.Translation((0, 0.045, 0.12))
    bpy.ops.object.select_all(action="DESELECT")
    mask.select_set(True)
    bpy.context.view_layer.objects.active = portrait.rig
    assert bpy.ops.facewright.add_geometry() == {"FINISHED"}
    bpy.context.view_layer.update()
    who = subject.find(portrait.rig)
    assert who.extras == (mask,)
    image = geometry.create_pass(who, 256, "image")(1, 0.0).image
    after, shaded = np.frombuffer(image.parts, "u1"), np.frombuffer(image.shaded, "u1")
    hidden = (before > 0) & (after == 0)
    assert hidden.sum() > 300
    assert (shaded.reshape(-1, 4)[hidden, 3] == 255).mean() > 0.9
    assert bpy.ops.facewright.remove_geometry() == {"FINISHED"}
    assert subject.find(portrait.rig).extras == ()


def teardown_module() -> None:
    session.disconnect()
