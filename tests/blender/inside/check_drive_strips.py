"""Sound strips become strips of the speech layer, each where its sound is."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import acting
import bpy
import numpy as np
import pytest
import versions
from acting import shown, spans, words
from check_bind import doll

from addon.core.client import Backend
from addon.core.errors import InputError
from addon.drive import sounds, speech
from addon.film import sequence
from addon.film import sound as mixdown
from addon.perform import layers
from addon.subject import bind
from addon.subject import objects as subject
from addon.subject.bind import Binding
from addon.ui import session

pytestmark = [acting.needs_backend, versions.needs_sound]


@pytest.fixture(scope="module")
def backend() -> Iterator[Backend]:
    with Backend(acting.ADDRESS) as backend:
        yield backend


@pytest.fixture
def anna(scene: bpy.types.Scene, backend: Backend, tmp_path: Path) -> subject.SubjectObjects:
    sequence.set_rate(scene, 24.0)
    return acting.actor(backend, "Anna", tmp_path)


def add(scene: bpy.types.Scene, path: Path, start: int, name: str = "") -> bpy.types.Strip:
    channel = 1 + len(sequence.strips(scene))
    return sequence.strips(scene).new_sound(name or path.stem, str(path), channel, start)


def show(scene: bpy.types.Scene) -> None:
    """The scene whose sequencer operators work on, which is the window's since Blender 5."""
    if hasattr(bpy.context.workspace, "sequencer_scene"):
        bpy.context.workspace.sequencer_scene = scene


def slow_down(scene: bpy.types.Scene, strip: bpy.types.Strip) -> None:
    """To half the speed, as the interface does (`retiming_keys.add` crashes before 5.2)."""
    scene.sequence_editor.active_strip, strip.select = strip, True
    show(scene)
    assert bpy.ops.sequencer.retiming_segment_speed_set(speed=50) == {"FINISHED"}


def likeness(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.corrcoef(a, b)[0, 1])


def test_each_strip_is_driven_where_it_is(anna, scene, backend, tmp_path):
    """Several, trimmed, moved before frame 0, one muted, one selected by name."""
    first = add(scene, words(tmp_path / "eins.wav", 1.0), -30)
    second = add(scene, words(tmp_path / "Größe 二.wav", 1.5), 40)
    second.frame_offset_start, second.frame_offset_end = 6, 4
    silent = add(scene, words(tmp_path / "silent.wav", 0.5), 200)
    silent.mute = True
    steps = []
    done = speech.drive_strips(scene, backend, progress=lambda *step: steps.append(step))
    assert spans(anna, "speech") == {
        first.name: (-30, -7),
        second.name: (46, second.frame_final_end - 1),
    }
    assert [placed.name for placed in done.placed] == [first.name, second.name]
    assert done.failed == []
    assert scene.frame_end >= second.frame_final_end - 1
    shares = [fraction for _, fraction, _ in steps]
    assert shares == sorted(shares) and shares[-1] == pytest.approx(1.0)
    assert any(stage.startswith("2 of 2: Größe") for stage, _, _ in steps)
    # What is trimmed away is not performed: the rest is as in the whole.
    whole = shown(anna, "jawOpen", range(46, 70))
    second.frame_offset_start = 0
    speech.drive_strips(scene, backend, strips=[second.name])
    assert spans(anna, "speech")[second.name][0] == 40
    assert likeness(shown(anna, "jawOpen", range(46, 70)), whole) > 0.9


@pytest.mark.parametrize("rate", [23.976, 30.0, 12.5])
def test_frames_lie_where_the_sound_is_at_any_rate(anna, scene, backend, tmp_path, rate):
    """Against Blender's own mixdown of what is heard."""
    sequence.set_rate(scene, rate)
    strip = add(scene, words(tmp_path / "words.wav", 2.0, 0.3), 17)
    strip.frame_offset_start = 5
    speech.drive_strips(scene, backend)
    begin, end = spans(anna, "speech")[strip.name]
    assert begin == 22 and end == strip.frame_final_end - 1
    scene.frame_start, scene.frame_end = 10, end
    heard = tmp_path / "heard.wav"
    mixdown.write(scene, heard, range(10, end + 1))
    driven = shown(anna, "jawOpen", range(begin, end + 1))
    scene.frame_set(1)
    sequence.strips(scene).remove(strip)
    layers.remove(anna, "speech")
    again = add(scene, heard, 10)
    speech.drive_strips(scene, backend, strips=[again.name])
    mixed = shown(anna, "jawOpen", range(begin, end + 1))
    inner = slice(3, -3)
    assert likeness(driven[inner], mixed[inner]) > 0.9
    off = [likeness(driven[4:-4], np.roll(mixed, lag)[4:-4]) for lag in (-1, 0, 1)]
    assert int(np.argmax(off)) == 1


def test_packed_relative_and_in_a_meta_strip(anna, scene, backend, tmp_path):
    file = words(tmp_path / "beside.wav", 0.8)
    near = add(scene, file, 1)
    near.sound.filepath = bpy.path.relpath(str(file))
    packed = add(scene, words(tmp_path / "packed.wav", 0.8), 60)
    packed.sound.pack()
    (tmp_path / "packed.wav").unlink()
    inner = add(scene, words(tmp_path / "inner.wav", 1.0), 100)
    for strip in sequence.strips(scene):
        strip.select = strip == inner
    show(scene)
    assert bpy.ops.sequencer.meta_make() == {"FINISHED"}
    (meta,) = (strip for strip in sequence.strips(scene) if strip.type == "META")
    meta.frame_offset_start, meta.frame_offset_end = 4, 5
    done = speech.drive_strips(scene, backend)
    assert done.failed == []
    found = spans(anna, "speech")
    assert found["beside"][0] == 1 and found["packed"][0] == 60
    assert found["inner"][0] == meta.frame_final_start
    assert found["inner"][1] == meta.frame_final_end - 1
    meta.mute = True
    assert speech.audible(scene) == ["beside", "packed"]
    scene.sequence_editor.channels[near.channel].mute = True
    assert speech.audible(scene) == ["packed"]


def test_a_changed_speed_is_driven_as_it_is_heard(anna, scene, backend, tmp_path):
    strip = add(scene, words(tmp_path / "words.wav", 2.0), 10)
    if not hasattr(strip, "retiming_keys"):
        pytest.skip("this Blender has no speed of sound strips")
    speech.drive_strips(scene, backend)
    plain = shown(anna, "jawOpen", range(10, strip.frame_final_end))
    slow_down(scene, strip)
    assert strip.frame_final_duration > 90
    before = (scene.frame_start, scene.frame_end)
    speech.drive_strips(scene, backend)
    assert scene.frame_start == before[0]
    begin, end = spans(anna, "speech")[strip.name]
    assert begin == 10 and end == strip.frame_final_end - 1
    slow = shown(anna, "jawOpen", range(10, end + 1))
    there = np.interp(np.arange(len(slow)) / 2, np.arange(len(plain)), plain)
    # Blender may lower the pitch with the speed, and lips then hear another voice.
    assert likeness(slow, there) > 0.4
    assert likeness(slow[: len(plain)], plain) < 0.4


def test_several_subjects_each_say_their_own(anna, scene, backend, tmp_path):
    bert = acting.actor(backend, "Bert", tmp_path)
    for k, who in enumerate((anna, bert)):
        strip = add(scene, words(tmp_path / f"line{k}.wav", 0.8), 1 + 30 * k)
        strip.facewright_drive.subject = who.rig
    nobody = add(scene, words(tmp_path / "nobody.wav", 0.5), 90)
    done = speech.drive_strips(scene, backend)
    assert spans(anna, "speech") == {"line0": (1, 19)}
    assert spans(bert, "speech") == {"line1": (31, 49)}
    assert [name for name, _ in done.failed] == [nobody.name]
    assert "2 in the scene; select one, or give nobody one of its own" in done.failed[0][1]
    assert done.summary().startswith("2 of 3 strips driven; nobody: ")
    # Given to somebody else, a strip leaves whom it drove before.
    sequence.strips(scene)["line1"].facewright_drive.subject = anna.rig
    speech.drive_strips(scene, backend, strips=["line1"], subject=bert)
    assert spans(bert, "speech") == {} and set(spans(anna, "speech")) == {"line0", "line1"}
    nobody.facewright_drive.subject = bert.rig
    for collection in bert.rig.users_collection:
        collection.objects.unlink(bert.rig)
    with pytest.raises(InputError, match="has left the scene; choose another"):
        speech.drive_strips(scene, backend, strips=["nobody"])


def test_driving_again_replaces_its_own_strip_alone(anna, scene, backend, tmp_path):
    one = add(scene, words(tmp_path / "one.wav", 0.8), 1)
    two = add(scene, words(tmp_path / "two.wav", 0.8), 30)
    speech.drive_strips(scene, backend)
    keys = anna.face.data.shape_keys
    keys.key_blocks["jawOpen"].value = 0.4
    keys.keyframe_insert('key_blocks["jawOpen"].value', frame=90)
    by_hand = keys.animation_data.action
    kept = shown(anna, "jawOpen", range(30, 49))
    one.name = "renamed"
    one.facewright_drive.use_seed, one.facewright_drive.seed = True, 5
    speech.drive_strips(scene, backend, strips=["renamed"])
    assert set(spans(anna, "speech")) == {"renamed", "two"}
    np.testing.assert_array_equal(shown(anna, "jawOpen", range(30, 49)), kept)
    assert keys.animation_data.action == by_hand
    # A copy brings the original's record along, and is still another strip.
    copy = add(scene, tmp_path / "two.wav", 60, "two.001")
    copy.facewright_drive.performer = two.facewright_drive.performer
    copy.facewright_drive.placed = two.facewright_drive.placed
    speech.drive_strips(scene, backend, strips=["two.001"])
    assert set(spans(anna, "speech")) == {"renamed", "two", "two.001"}


def test_a_mesh_of_ones_own_is_driven_too(scene, backend, tmp_path):
    """It has no photograph, no camera, no eyes, and keys of another spelling."""
    sequence.set_rate(scene, 24.0)
    who = bind.bind(Binding(face=doll()), scene=scene)
    add(scene, words(tmp_path / "one.wav", 1.0), 1)
    chosen = who.rig.facewright_perform
    acting.key(who.rig, "mouth_opening", {1: 1.5, 20: 1.0})
    chosen.emotion = "happy"
    done = speech.drive_strips(scene, backend)
    assert spans(who, "speech") == {"one": (1, 24)} and done.failed == []
    assert any("has no shape key for" in note for note in done.notes)
    assert np.ptp(shown(who, "JawOpen", range(1, 25))) > 0.1
    assert shown(who, "MouthSmileLeft", range(1, 25)).max() > 0.2


def test_strips_that_overlap_both_come(anna, scene, backend, tmp_path):
    add(scene, words(tmp_path / "one.wav", 1.0), 1)
    add(scene, words(tmp_path / "two.wav", 1.0), 13)
    done = speech.drive_strips(scene, backend)
    assert done.failed == []
    assert spans(anna, "speech") == {"one": (1, 24), "two": (13, 36)}


def test_as_before_is_as_it_was(anna, scene, backend, tmp_path):
    add(scene, words(tmp_path / "one.wav", 1.5), 1)
    chosen = anna.rig.facewright_perform
    chosen.seed, chosen.head_motion, chosen.emotion = 11, 2.5, "happy"
    speech.drive_strips(scene, backend)
    first = acting.turned(anna, range(1, 37)), shown(anna, "mouthSmileLeft", range(1, 37))
    chosen.seed, chosen.head_motion, chosen.emotion = 4, 1.0, ""
    speech.drive_strips(scene, backend)
    assert np.abs(acting.turned(anna, range(1, 37)) - first[0]).max() > 0.01
    chosen.seed, chosen.head_motion, chosen.emotion = 11, 2.5, "happy"
    speech.drive_strips(scene, backend)
    np.testing.assert_array_equal(acting.turned(anna, range(1, 37)), first[0])
    chosen.seed, chosen.head_motion, chosen.emotion = 4, 1.0, "sad"
    speech.drive_strips(scene, backend, again=True)
    np.testing.assert_array_equal(acting.turned(anna, range(1, 37)), first[0])
    np.testing.assert_array_equal(shown(anna, "mouthSmileLeft", range(1, 37)), first[1])
    bpy.ops.wm.save_as_mainfile(filepath=bpy.data.filepath)
    bpy.ops.wm.open_mainfile(filepath=bpy.data.filepath)
    kept = sequence.strips(bpy.context.scene)["one"].facewright_drive
    assert kept.performer.name == anna_name() and '"seed": 11' in kept.record


def anna_name() -> str:
    (rig,) = subject.in_scene(bpy.context.scene)
    return rig.name


def test_what_cannot_be_driven_is_told_and_the_rest_is(anna, scene, backend, tmp_path):
    add(scene, words(tmp_path / "good.wav", 0.6), 1)
    gone = add(scene, words(tmp_path / "gone.wav", 0.6), 40)
    (tmp_path / "gone.wav").unlink()
    done = speech.drive_strips(scene, backend)
    assert [placed.name for placed in done.placed] == ["good"]
    assert done.failed[0][0] == gone.name and "is not there" in done.failed[0][1]
    with pytest.raises(InputError, match="gone: strip: the file of gone is not there"):
        speech.drive_strips(scene, backend, strips=["gone"])
    scene.render.fps, scene.render.fps_base = 240, 0.5
    with pytest.raises(InputError, match="fps: expected a scene of 1 to 240"):
        speech.drive_strips(scene, backend)


class TestOperator:
    """The button, as a script calls it."""

    @pytest.fixture(autouse=True)
    def connected(self) -> Iterator[None]:
        session.disconnect()
        session.connect(session.Settings(acting.ADDRESS), lambda *step: None)
        yield
        session.disconnect()

    def test_selected_all_and_none(self, anna, scene, tmp_path):
        with pytest.raises(RuntimeError, match="Add a sound strip"):
            bpy.ops.facewright.drive_speech()
        strips = [add(scene, words(tmp_path / f"s{k}.wav", 0.5), 1 + 20 * k) for k in range(3)]
        for strip in strips:
            strip.select = False
        with pytest.raises(RuntimeError, match=r"Select sound strips .* \(3 there\), or drive all"):
            bpy.ops.facewright.drive_speech()
        strips[1].select = True
        assert bpy.ops.facewright.drive_speech() == {"FINISHED"}
        assert set(spans(anna, "speech")) == {"s1"}
        assert bpy.ops.facewright.drive_speech(which="ALL") == {"FINISHED"}
        assert set(spans(anna, "speech")) == {"s0", "s1", "s2"}
        assert not session.state.busy

    def test_undo_takes_it_back_whole(self, anna, scene, tmp_path):
        add(scene, words(tmp_path / "s.wav", 0.5), 1)
        bpy.context.preferences.edit.use_global_undo = True
        bpy.ops.ed.undo_push(message="before")
        assert bpy.ops.facewright.drive_speech("EXEC_DEFAULT", True) == {"FINISHED"}
        bpy.ops.ed.undo()
        (rig,) = subject.in_scene(bpy.context.scene)
        assert spans(subject.find(rig), "speech") == {}
        bpy.ops.ed.redo()
        (rig,) = subject.in_scene(bpy.context.scene)
        assert spans(subject.find(rig), "speech") == {"s": (1, 12)}

    def test_cancelled_in_the_middle_keeps_what_was_made(self, anna, scene, tmp_path, monkeypatch):
        for k in range(3):
            add(scene, words(tmp_path / f"s{k}.wav", 0.5), 1 + 20 * k)
        place = layers.place

        def stop_after(*arguments, **named):
            session.state.cancelled = True
            return place(*arguments, **named)

        monkeypatch.setattr(layers, "place", stop_after)
        assert bpy.ops.facewright.drive_speech(which="ALL") == {"FINISHED"}
        assert set(spans(anna, "speech")) == {"s0"}
        assert not session.state.busy


def test_only_what_is_heard_counts(anna, scene, tmp_path):
    strip = add(scene, words(tmp_path / "w.wav", 1.0), 10)
    strip.frame_offset_start = -6  # drawn out before the sound
    part = sounds.part_of(strip, 24.0)
    assert (part.start, part.offset) == (10, 0.0)
    part = sounds.part_of(strip, 24.0, (15, 20))
    assert (part.start, part.frames, part.offset) == (15, 5, pytest.approx(5 / 24))
    with pytest.raises(InputError, match="nothing of w is to be heard"):
        sounds.part_of(strip, 24.0, (100, 120))
    shutil.rmtree(tmp_path, ignore_errors=True)
