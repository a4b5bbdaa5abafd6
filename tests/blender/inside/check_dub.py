"""From a portrait and a voice to a movie and a .blend, with the real backend."""

from __future__ import annotations

import os
import shutil
import wave
from pathlib import Path

import bpy
import numpy as np
import pytest
import synthetic
import versions

from addon.core.client import Backend
from addon.film import sequence
from addon.headless import cli
from addon.subject import objects as subject
from addon.subject.person import Person
from addon.texture import geometry
from addon.ui import session
from addon.ui import texture as texture_ui
from addon.v1 import face_pb2

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
ADDRESS = os.environ.get("FACEWRIGHT_ADDRESS", "")
SECONDS, RATE = 1.2, 20.0

pytestmark = pytest.mark.skipif(
    not ADDRESS, reason="needs a backend's address in FACEWRIGHT_ADDRESS"
)


def first_words(path: Path) -> Path:
    """The beginning of the example sentence."""
    with wave.open(str(EXAMPLES / "speech.wav")) as source, wave.open(str(path), "wb") as part:
        part.setparams(source.getparams())
        part.writeframes(source.readframes(int(SECONDS * source.getframerate())))
    return path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a dub; in the newer Blender with a backend of its own."""
    if not versions.HAS_SOUND:
        pytest.skip(versions.NO_SOUND)
    folder = tmp_path_factory.mktemp("dub")
    speech = first_words(folder / "words.wav")
    arguments = ["dub", str(EXAMPLES / "portrait.png"), str(speech), "-o"]
    arguments += [str(folder / "out/talk.mp4"), "--blend", str(folder / "out/talk.blend")]
    arguments += ["--sheet", str(folder / "out/talk.png"), "--fps", str(RATE), "--size", "256"]
    arguments += ["--extent", "crop"]
    if bpy.app.version < (5, 0, 0):
        arguments += ["--address", ADDRESS]
    assert cli.main(arguments) == 0
    speech.unlink()  # what is made needs none of what it was made from
    return folder / "out"


@pytest.fixture
def opened(made: Path, tmp_path: Path) -> subject.SubjectObjects:
    """The .blend, moved with its folder and opened; connected to the tests' backend."""
    shutil.copytree(made, tmp_path / "moved")
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "moved/talk.blend"))
    session.disconnect()
    session.connect(session.Settings(ADDRESS), lambda *step: None)
    (rig,) = subject.in_scene(bpy.context.scene)
    bpy.context.view_layer.objects.active = rig
    yield subject.find(rig)
    session.disconnect()


def pixels(path: Path) -> np.ndarray:
    """An 8-bit picture file as an (H, W, 3) int array."""
    image = bpy.data.images.load(str(path))
    values = np.empty(4 * image.size[0] * image.size[1], np.float32)
    image.pixels.foreach_get(values)
    width, height = image.size
    bpy.data.images.remove(image)
    return np.rint(values.reshape(height, width, 4)[::-1, :, :3] * 255).astype(int)


def fcurves(owner: bpy.types.ID) -> list[bpy.types.FCurve]:
    """Every F-curve of the strips that were driven."""
    found = []
    for track in [each for each in owner.animation_data.nla_tracks if each.name != "rest"]:
        for strip in track.strips:
            if hasattr(strip, "action_slot"):
                layer = strip.action.layers[0].strips[0]
                found += layer.channelbag(strip.action_slot).fcurves
            else:
                found += strip.action.fcurves
    return found


def frame_files(who: subject.SubjectObjects) -> Path:
    """Where the texture operator puts its pictures."""
    return who.photo.parent / "frames"


def texture(**settings: object) -> None:
    """Run the operator over frames 1..6 with settings."""
    scene = bpy.context.scene
    scene.frame_start, scene.frame_end = 1, 6
    for name, value in settings.items():
        setattr(scene.facewright_texture, name, value)
    scene.facewright_texture.size = "256"
    assert bpy.ops.facewright.texture() == {"FINISHED"}


def test_nothing_but_the_results_is_there(made: Path) -> None:
    assert sorted(path.name for path in made.iterdir()) == [
        "talk.blend",
        "talk.mp4",
        "talk.png",
        "talk_files",
    ]


def test_blend_has_the_performance(opened: subject.SubjectObjects) -> None:
    scene, frames = bpy.context.scene, round(SECONDS * RATE)
    assert abs(scene.frame_end - frames) <= 1
    keys = opened.face.data.shape_keys
    assert len(keys.key_blocks) == 65
    curves = fcurves(keys) + fcurves(opened.rig)
    for curve in curves:
        assert tuple(curve.range()) == (scene.frame_start, scene.frame_end), curve.data_path
    paths = {curve.data_path for curve in curves}
    assert sum(path.startswith("key_blocks") for path in paths) >= 25
    assert {
        'pose.bones["head"].location',
        'pose.bones["head"].rotation_euler',
        'pose.bones["head"]["gaze_left"]',
        'pose.bones["head"]["gaze_right"]',
    } <= paths
    jaw = next(curve for curve in curves if "jawOpen" in curve.data_path)
    opening = [jaw.evaluate(frame) for frame in range(1, scene.frame_end + 1)]
    assert max(opening) - min(opening) > 0.05  # she speaks
    assert scene.render.filepath == "//talk.mp4"
    assert scene.render.image_settings.file_format == "FFMPEG"


def test_blend_moves_with_its_folder(opened: subject.SubjectObjects) -> None:
    paths = [image.filepath for image in bpy.data.images if image.source == "FILE"]
    paths += [sound.filepath for sound in bpy.data.sounds]
    for strip in sequence.strips(bpy.context.scene):
        if strip.type == "IMAGE":
            paths += [strip.directory + element.filename for element in strip.elements]
    assert len(paths) > bpy.context.scene.frame_end
    here = Path(bpy.data.filepath).parent
    for path in paths:
        assert path.startswith("//"), path
        assert Path(bpy.path.abspath(path)).resolve().is_relative_to(here.resolve())
        assert Path(bpy.path.abspath(path)).is_file(), path
    assert opened.photo.is_file()


def test_sequencer_shows_what_was_sent(opened: subject.SubjectObjects, tmp_path: Path) -> None:
    scene = bpy.context.scene
    kinds = sorted(strip.type for strip in sequence.strips(scene))
    assert kinds == ["IMAGE", "SOUND"]
    settings = scene.render.image_settings
    if hasattr(settings, "media_type"):
        settings.media_type = "IMAGE"
    settings.file_format, settings.color_mode = "PNG", "RGB"
    scene.frame_set(9)
    scene.render.filepath = str(tmp_path / "still.png")
    bpy.ops.render.render(write_still=True)
    sent = pixels(tmp_path / "moved/talk_files/frames/frame_00009.png")
    assert np.abs(pixels(tmp_path / "still.png") - sent).max() <= 1


def test_an_edited_key_changes_its_frame_and_no_other(opened: subject.SubjectObjects) -> None:
    """Also: a backend that never saw the subject captures it anew, to the same id."""
    texture(geometry="vertices")
    folder = frame_files(opened)
    before = {path.name: path.read_bytes() for path in folder.glob("*.png")}
    assert len(before) == round(SECONDS * RATE)  # the dub's own frames, six of them anew
    curve = next(c for c in fcurves(opened.face.data.shape_keys) if "jawOpen" in c.data_path)
    curve.keyframe_points[3].co.y += 0.5
    curve.update()
    texture(geometry="vertices")
    after = {path.name: path.read_bytes() for path in folder.glob("*.png")}
    assert {name for name in after if after[name] != before[name]} == {"frame_00004.png"}
    (folder / "old.png").write_bytes(before["frame_00004.png"])
    change = np.abs(pixels(folder / "old.png") - pixels(folder / "frame_00004.png")).max(axis=-1)
    assert change.max() > 40 and (change > 20).mean() < 0.25  # the mouth, not the picture


def test_a_part_comes_out_as_in_the_whole(opened: subject.SubjectObjects) -> None:
    """The animator looks at neighbours; the part brings those that it lies between."""
    scene, folder = bpy.context.scene, frame_files(opened)
    texture(geometry="vertices", animator="blended")
    whole = {path.name: path.read_bytes() for path in folder.glob("*.png")}
    for path in folder.glob("*.png"):
        path.unlink()
    scene.use_preview_range = True
    scene.frame_preview_start, scene.frame_preview_end = 3, 4
    assert bpy.ops.facewright.texture() == {"FINISHED"}
    part = {path.name: path.read_bytes() for path in folder.glob("*.png")}
    assert sorted(part) == ["frame_00003.png", "frame_00004.png"]
    assert part == {name: whole[name] for name in part}
    scene.frame_start, scene.frame_end = 3, 4  # now the scene has no others
    assert bpy.ops.facewright.texture() == {"FINISHED"}
    assert {path.read_bytes() for path in folder.glob("*.png")} != set(part.values())


def test_an_edited_key_changes_what_looks_at_it(opened: subject.SubjectObjects) -> None:
    texture(geometry="vertices", animator="blended")
    folder = frame_files(opened)
    before = {path.name: path.read_bytes() for path in folder.glob("*.png")}
    curve = next(c for c in fcurves(opened.face.data.shape_keys) if "jawOpen" in c.data_path)
    curve.keyframe_points[3].co.y += 0.5
    curve.update()
    texture(geometry="vertices", animator="blended")
    after = {path.name: path.read_bytes() for path in folder.glob("*.png")}
    changed = sorted(name for name in after if after[name] != before[name])
    assert changed == ["frame_00003.png", "frame_00004.png", "frame_00005.png"]


def test_quality_steps_and_seed_reach_the_animator(opened: subject.SubjectObjects) -> None:
    shades = {}
    for quality, steps, seed in (
        ("final", 0, 0),
        ("preview", 0, 0),
        ("preview", 4, 0),
        ("final", 0, 9),
    ):
        texture(geometry="vertices", animator="blended", quality=quality, steps=steps, seed=seed)
        shades[quality, steps, seed] = pixels(frame_files(opened) / "frame_00002.png").mean()
    final = shades["final", 0, 0]
    assert shades["preview", 0, 0] > final * 1.02
    assert shades["preview", 4, 0] == final
    assert shades["final", 0, 9] == pytest.approx(final + 9, abs=0.5)
    with pytest.raises(RuntimeError, match="steps: expected 1 to 20, got 21"):
        texture(animator="blended", steps=21)
    with pytest.raises(RuntimeError, match="steps: animator 'reproject' has no sampling steps"):
        texture(animator="reproject", steps=2)


def test_the_panel_knows_what_the_backend_has(opened: subject.SubjectObjects) -> None:
    state = session.state
    assert state.animator("blended").max_steps == 20
    assert state.animator("").name == state.capabilities.default_animator
    assert state.animator("magic") is None
    settings = bpy.context.scene.facewright_texture
    choices = dict(texture_ui.settings._animators(settings, bpy.context, ""))
    assert "three frames in one" in choices["blended"]
    session.disconnect()
    assert state.animators() == {} and state.animator("") is None


def test_images_and_vertices_give_the_same_pictures(opened: subject.SubjectObjects) -> None:
    if not geometry.can_draw():
        pytest.skip("no usable EGL: this machine cannot draw without a display")
    shown = {}
    for kind in ("vertices", "image"):
        texture(geometry=kind)
        shown[kind] = pixels(frame_files(opened) / "frame_00005.png")
    error = np.mean((shown["image"] - shown["vertices"]) ** 2.0)
    assert 10 * np.log10(255**2 / error) > 30  # decibels


def test_vertices_are_where_the_backend_puts_them(
    opened: subject.SubjectObjects, tmp_path: Path
) -> None:
    """The same frame as weights, posed by the backend, and as vertices, posed by Blender."""
    scene, frame = bpy.context.scene, 7
    scene.frame_set(frame)
    head = opened.rig.pose.bones[subject.BONE]
    axis, angle = head.rotation_euler.to_quaternion().to_axis_angle()
    keys = opened.face.data.shape_keys.key_blocks
    weights = face_pb2.CoefficientFrame(
        expression=[key.value for key in keys[1:]],
        pose=[*(axis * angle), *head.location],
        gaze=[*head["gaze_left"], *head["gaze_right"]],
    )
    shown = geometry.create_pass(opened, 256, "vertices")(2, 0.1)
    backend, known = session.state.backend, Person.of(opened)
    with known.ensure(backend, lambda: backend.animate(known.subject_id, size=256)) as stream:
        stream.send(face_pb2.GeometryFrame(index=1, time_code=0.0, coefficients=weights))
        stream.send(shown)
        pictures = []
        for name in ("weights.png", "vertices.png"):
            (tmp_path / name).write_bytes(stream.receive(60).picture)
            pictures.append(pixels(tmp_path / name))
    error = np.mean((pictures[0] - pictures[1]) ** 2.0)
    assert 10 * np.log10(255**2 / max(error, 1e-9)) > 45  # decibels


def _column(who: subject.SubjectObjects, name: str) -> list[float]:
    """The keys of a blendshape."""
    path = f'key_blocks["{name}"].value'
    (curve,) = (c for c in fcurves(who.face.data.shape_keys) if c.data_path == path)
    return [key.co[1] for key in curve.keyframe_points]


@versions.needs_sound
def test_buttons_do_the_same_step_by_step(tmp_path: Path) -> None:
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    session.disconnect()
    session.connect(session.Settings(ADDRESS), lambda *step: None)
    scene = bpy.context.scene
    scene.facewright_subject.photo = str(EXAMPLES / "portrait.png")
    with pytest.raises(RuntimeError, match=r"Save the \.blend first"):
        bpy.ops.facewright.new_subject()
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "steps.blend"))
    assert bpy.ops.facewright.new_subject() == {"FINISHED"}
    with pytest.raises(RuntimeError, match="Add a sound strip"):
        bpy.ops.facewright.drive_speech()
    words = first_words(tmp_path / "words.wav")
    strip = sequence.strips(scene).new_sound("words", str(words), 1, 11)
    strip.frame_offset_start = 5  # trimmed: speech begins later in the sound
    assert bpy.ops.facewright.drive_speech() == {"FINISHED"}
    (rig,) = subject.in_scene(scene)
    who = subject.find(rig)
    curves = fcurves(who.face.data.shape_keys)
    assert {curve.range()[0] for curve in curves} == {16.0}
    assert {curve.range()[1] for curve in curves} == {strip.frame_final_end - 1.0}
    neutral = _column(who, "browDownLeft")
    chosen = rig.facewright_perform
    chosen.emotion, chosen.intensity = "angry", 3.0
    chosen.gaze, chosen.head_motion = "still", 0.0
    assert bpy.ops.facewright.drive_speech() == {"FINISHED"}
    assert np.mean(_column(who, "browDownLeft")) > np.mean(neutral) + 0.2
    chosen.emotion = "angry" + "!" * 300  # Blender cuts it to what may be sent
    assert len(chosen.emotion) <= 200
    scene.frame_start, scene.frame_end = 16, 18
    assert bpy.ops.facewright.texture() == {"FINISHED"}
    scene.use_preview_range = True
    scene.frame_preview_start = scene.frame_preview_end = 19
    assert bpy.ops.facewright.texture() == {"FINISHED"}
    frames = next(s for s in sequence.strips(scene) if s.name == sequence.FRAMES)
    assert (frames.frame_final_start, frames.frame_final_duration) == (16, 4)
    assert pixels(frame_files(who) / "frame_00016.png").shape == (512, 512, 3)
    session.disconnect()


class TestBadInput:
    """One clear line, the right status, nothing left behind."""

    def dub(self, folder: Path, capsys: pytest.CaptureFixture, *changes: str) -> tuple[int, str]:
        arguments = {
            "portrait": str(EXAMPLES / "portrait.png"),
            "speech": str(EXAMPLES / "speech.wav"),
            "--output": str(folder / "out.mp4"),
            "--address": ADDRESS,
        } | dict(zip(changes[::2], changes[1::2], strict=True))
        words = ["dub", arguments.pop("portrait"), arguments.pop("speech")]
        status = cli.main(words + [word for pair in arguments.items() for word in pair])
        lines = [x for x in capsys.readouterr().err.splitlines() if x.startswith("facewright: ")]
        return status, lines[-1]

    @pytest.mark.parametrize(
        ("argument", "name", "content", "status", "says"),
        [
            ("portrait", "grey.png", "grey", 3, "face"),
            ("portrait", "empty.png", b"", 2, "is empty"),
            ("portrait", "cut.jpg", b"\xff\xd8\xff\xe0\x00\x10JFIF", 2, "damaged picture"),
            ("speech", "text.wav", b"not a sound at all", 2, "not a sound file"),
            ("--output", "out.avi", None, 2, ".mp4"),
            ("--size", "300", None, 2, "size"),
            ("--fps", "0.5", None, 2, "fps"),
            ("--steps", "-1", None, 2, "steps: expected a whole number from 0"),
            pytest.param("--steps", "3", None, 2, "steps: animator", marks=versions.needs_sound),
            ("--quality", "best", None, 2, "quality: expected one of final, preview"),
            ("--address", "127.0.0.1:1", None, 4, "no backend answers"),
        ],
    )
    def test_is_one_line(
        self, tmp_path, capsys, monkeypatch, argument, name, content, status, says
    ) -> None:
        if argument == "--address":  # nobody will answer
            monkeypatch.setattr("addon.core.client.CONNECT_SECONDS", 1.0)
        if content == "grey":
            content = synthetic.png(np.full((300, 300, 3), 128, np.uint8))
        value = name
        if isinstance(content, bytes):
            (tmp_path / name).write_bytes(content)
        if content is not None or argument == "--output":
            value = str(tmp_path / name)
        out = tmp_path / "results"
        out.mkdir()
        got, line = self.dub(out, capsys, argument, value)
        assert (got, says in line) == (status, True), line
        assert list(out.iterdir()) == []


def test_capabilities_name_the_animator() -> None:
    with Backend(ADDRESS) as backend:
        assert "reproject" in {animator.name for animator in backend.hello().animators}
