"""Driven strips follow their sound and the scene's frame rate; undo, overrides, links."""

from __future__ import annotations

from pathlib import Path

import bpy
import pytest
from check_layers import MOUTH, close, face, key_by_hand, lively, shown, values  # noqa: F401

from addon.core.errors import InputError
from addon.film import sequence
from addon.perform import bake, follow, layers, record, stack
from addon.perform.channels import owners
from addon.subject import objects as subject

SPEECH = Path(__file__).resolve().parents[3] / "examples" / "speech.wav"


def add_sound(scene: bpy.types.Scene, name: str, start: int) -> bpy.types.Strip:
    """A sound strip of the example."""
    try:
        return sequence.strips(scene).new_sound(
            name=name, filepath=str(SPEECH), channel=1, frame_start=start
        )
    except RuntimeError as error:
        pytest.skip(f"this bpy has no sound: {error}")


def strip_of(who: subject.SubjectObjects, name: str, kind: str = record.DRIVEN):
    ((_, strip),) = stack.strips(owners(who)[0], "speech", kind, name)
    return strip


def test_strips_follow_their_sounds(face, scene):  # noqa: F811
    one, two = add_sound(scene, "one", 1), add_sound(scene, "two", 101)
    first, second = lively(1), lively(2)
    layers.place(first, face, layer="speech", name="one", start=3)  # the lips come later
    layers.place(second, face, layer="speech", name="two", start=101)
    layers.place(lively(3), face, layer="video", name="clip", start=1, regions=("brows",))
    assert follow.follow(face, scene) == 0
    one.frame_start, two.frame_start = 91, 11  # they change places
    assert follow.follow(face, scene) == 4
    assert (strip_of(face, "one").frame_start, strip_of(face, "one").frame_end) == (93, 112)
    assert strip_of(face, "two").frame_start == 11
    close(shown(face, 95), values(first, 2))
    want = values(second, 4)
    close(shown(face, 60), values(second, 19))
    close(shown(face, 15)[:2], want[:2])
    names = {track.name for track in face.rig.animation_data.nla_tracks}
    assert names == {"rest", "speech"}
    two.frame_final_start = 15  # trimmed, where it is
    assert follow.follow(face, scene) == 0


def test_edits_follow_too(face, scene):  # noqa: F811
    sound = add_sound(scene, "one", 1)
    layers.place(lively(1), face, layer="speech", name="one", start=1)
    layers.open_layer(face, "speech")
    key_by_hand(face, "jawOpen", 5, 0.6)
    layers.open_layer(face, "hand")
    layers.place(lively(2), face, layer="speech", name="one", start=1)
    want = shown(face, 5)
    sound.frame_start = 31
    follow.follow(face, scene)
    close(shown(face, 35), want)
    assert strip_of(face, "one", record.EDITS).frame_start == 31


def test_another_frame_rate_is_followed(face, scene):  # noqa: F811
    speech, clip = lively(1, 49), lively(2, 25)
    scene.render.fps = 24
    layers.place(speech, face, layer="speech", name="take", start=1)
    layers.place(clip, face, layer="speech", name="more", start=61)
    key_by_hand(face, "jawOpen", 13, 0.5)
    key_by_hand(face, "jawOpen", 73, 0.1)
    hand = 0.5 - values(speech, 12)[MOUTH]
    assert follow.stale(face, scene) is None
    scene.render.fps = 48
    assert follow.stale(face, scene) == pytest.approx(24.0)
    assert follow.retime(face, scene) == 4
    assert follow.stale(face, scene) is None
    want = values(speech, 12)
    want[MOUTH] += hand
    close(shown(face, 25), want)
    strip = strip_of(face, "take")
    assert (strip.frame_start, strip.frame_end, strip.scale) == (1, 97, 2)
    assert follow.retime(face, scene) == 0
    scene.render.fps, scene.render.fps_base = 24, 1.0
    follow.retime(face, scene)
    close(shown(face, 13), want)
    scene.render.fps = 30
    follow.retime(face, scene, hand=False)
    half = values(speech, 24)
    half[MOUTH] = shown(face, 31)[MOUTH]
    close(shown(face, 31), half)


def test_sounds_and_rates_together(face, scene):  # noqa: F811
    scene.render.fps = 24
    sound = add_sound(scene, "one", 11)
    speech = lively(1, 25)
    layers.place(speech, face, layer="speech", name="one", start=14)
    scene.render.fps = 48
    sound.frame_start = 101
    follow.retime(face, scene)
    assert strip_of(face, "one").frame_start == pytest.approx(107)
    close(shown(face, 107 + 24), values(speech, 12))


def test_driving_again_at_another_rate_keeps_edits_in_time(face, scene):  # noqa: F811
    scene.render.fps = 24
    layers.place(lively(1, 25), face, layer="speech", name="take", start=1)
    layers.open_layer(face, "speech")
    key_by_hand(face, "jawOpen", 13, 0.6)
    layers.open_layer(face, "hand")
    change = 0.6 - values(lively(1, 25), 12)[MOUTH]
    scene.render.fps = 48
    again = lively(2, 49)
    layers.place(again, face, layer="speech", name="take", start=1)
    want = values(again, 24)
    want[MOUTH] += change
    close(shown(face, 25), want)
    assert follow.stale(face, scene) is None


def test_each_step_is_undone_in_one(face, scene):  # noqa: F811
    name = face.rig.name
    bpy.ops.ed.undo_push(message="before")
    before = shown(face, 5)
    layers.place(lively(1), face, layer="speech", name="take", start=1)
    bpy.ops.ed.undo_push(message="place")
    placed = shown(face, 5)
    bake.bake(face, range(1, 21))
    bpy.ops.ed.undo_push(message="bake")

    def again() -> subject.SubjectObjects:
        return subject.find(bpy.data.objects[name])

    bpy.ops.ed.undo()
    close(shown(again(), 5), placed)
    assert not again().rig.facewright_layers.baked
    layers.remove(again(), "speech")
    bpy.ops.ed.undo_push(message="remove")
    bpy.ops.ed.undo()
    close(shown(again(), 5), placed)
    bpy.ops.ed.undo()
    assert not any(stack.strips(owner, "speech") for owner in owners(again()))
    close(shown(again(), 5), before)
    bpy.ops.ed.redo()
    close(shown(again(), 5), placed)


@pytest.fixture
def library(face, scene, tmp_path) -> Path:  # noqa: F811
    """A file with a driven subject, to link from."""
    layers.place(lively(1), face, layer="speech", name="take", start=1)
    path = tmp_path / "library.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "shot.blend"))
    return path


def link(library: Path) -> bpy.types.Collection:
    with bpy.data.libraries.load(str(library), link=True) as (source, target):
        target.collections = list(source.collections)
    return next(one for one in bpy.data.collections if one.library)


def test_linked_subjects_are_refused_in_words(library):
    collection = link(library)
    bpy.context.scene.collection.children.link(collection)
    rig = next(thing for thing in collection.all_objects if subject.RECORD in thing)
    who = subject.find(rig)
    for work in (
        lambda: layers.place(lively(2), who, layer="speech", name="take", start=1),
        lambda: layers.remove(who, "speech"),
        lambda: layers.open_layer(who, "speech"),
        lambda: bake.bake(who, range(1, 5)),
        lambda: follow.follow(who, bpy.context.scene),
    ):
        with pytest.raises(InputError, match="linked from another file"):
            work()


def test_overridden_subjects_have_layers_of_their_own(library, tmp_path):
    scene = bpy.context.scene
    collection = link(library)
    made = collection.override_hierarchy_create(
        scene, bpy.context.view_layer, do_fully_editable=True
    )
    rig = next(thing for thing in made.all_objects if subject.RECORD in thing)
    who = subject.find(rig)
    close(shown(who, 5), values(lively(1), 4))
    layers.place(lively(2), who, layer="speech", name="more", start=31)
    assert who.face.data.shape_keys.library is None
    close(shown(who, 35), values(lively(2), 4))
    close(shown(who, 5), values(lively(1), 4))
    key_by_hand(who, "jawOpen", 35, 0.5)
    rig.facewright_layers.hand.eyes = "REPLACE"
    want = values(lively(2), 4)
    want[MOUTH], want[1] = 0.5, 0.0
    close(shown(who, 35), want)
    name = rig.name
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "shot.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "shot.blend"))
    again = next(
        thing for thing in bpy.context.scene.objects if thing.name == name and not thing.library
    )
    assert again.facewright_layers.hand.eyes == "REPLACE"
    close(shown(subject.find(again), 35), want)
