"""A text becomes speech, a sound strip and a performance."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import acting
import bpy
import numpy as np
import pytest
import versions
from acting import shown, spans

from addon.core.client import Backend
from addon.core.errors import InputError
from addon.drive import script, speech
from addon.film import sequence
from addon.subject import objects as subject
from addon.ui import session

pytestmark = [acting.needs_backend, versions.needs_sound]
TEXT = "[happy @3] Oh, hello. [sad @3] I must go now."


@pytest.fixture(scope="module")
def backend() -> Iterator[Backend]:
    with Backend(acting.ADDRESS) as backend:
        if not any(driver.scripts for driver in backend.hello().drivers):
            pytest.skip("the backend has no synthesiser")
        yield backend


@pytest.fixture
def anna(scene: bpy.types.Scene, backend: Backend, tmp_path: Path) -> subject.SubjectObjects:
    sequence.set_rate(scene, 24.0)
    return acting.actor(backend, "Anna", tmp_path)


def sounds(scene: bpy.types.Scene) -> list[bpy.types.Strip]:
    return [strip for strip in sequence.strips(scene) if strip.type == "SOUND"]


def test_the_speech_lies_on_the_timeline_and_beside_the_file(anna, scene, backend):
    done = script.drive_script(scene, backend, TEXT, start=12)
    (strip,) = sounds(scene)
    assert spans(anna, "speech") == {strip.name: (12, 12 + done.placed[0].frames - 1)}
    assert abs(strip.frame_final_duration - done.placed[0].frames) <= 1
    path = Path(bpy.path.abspath(strip.sound.filepath))
    assert strip.sound.filepath.startswith("//")
    assert path.parent.name == "scene_files"
    assert path.stem == f"speech_{hashlib.sha256(path.read_bytes()).hexdigest()[:12]}"
    frames = range(12, strip.frame_final_end)
    half = len(frames) // 2
    smile, frown = (shown(anna, f"mouth{name}Left", frames) for name in ("Smile", "Frown"))
    assert smile[:half].mean() > smile[-half // 2 :].mean() + 0.1
    assert frown[-half // 2 :].mean() > frown[:half].mean() + 0.05
    assert np.ptp(shown(anna, "jawOpen", frames)) > 0.1


def test_another_run_replaces_its_own_strip_where_it_is_now(anna, scene, backend):
    script.drive_script(scene, backend, "One two three.", start=1)
    script.drive_script(scene, backend, "Something else.", name="Other", start=100)
    (mine,) = (strip for strip in sounds(scene) if strip.name == "Script")
    mine.frame_start = 40
    mine.facewright_drive.use_seed, mine.facewright_drive.seed = True, 3
    script.drive_script(scene, backend, "Four five six seven eight.")
    assert sorted(strip.name for strip in sounds(scene)) == ["Other", "Script"]
    found = spans(anna, "speech")
    assert found["Script"][0] == 40 and found["Other"][0] == 100
    (mine,) = (strip for strip in sounds(scene) if strip.name == "Script")
    assert mine.facewright_drive.seed == 3 and '"seed": 3' in mine.facewright_drive.record


def test_its_strip_driven_as_sound_keeps_the_directions(anna, scene, backend):
    script.drive_script(scene, backend, TEXT, start=1)
    (strip,) = sounds(scene)
    frames = range(1, strip.frame_final_end)
    first = shown(anna, "mouthSmileLeft", frames)
    speech.drive_strips(scene, backend)
    np.testing.assert_allclose(shown(anna, "mouthSmileLeft", frames), first, atol=1e-5)
    strip.frame_offset_start = 10
    speech.drive_strips(scene, backend)
    assert spans(anna, "speech")[strip.name][0] == 11
    inner = range(11, strip.frame_final_end - 1)
    np.testing.assert_allclose(
        shown(anna, "mouthSmileLeft", inner), first[10 : 10 + len(inner)], atol=0.02
    )


def test_markers_beyond_its_end_do_no_harm(anna, scene, backend):
    scene.timeline_markers.new("emotion: angry", frame=15)
    scene.timeline_markers.new("emotion: happy", frame=5000)
    script.drive_script(scene, backend, "One two three four.", start=1)
    (strip,) = sounds(scene)
    brows = shown(anna, "browDownLeft", range(1, strip.frame_final_end))
    assert brows[20:].mean() > brows[:6].mean() + 0.1


def test_intensity_is_that_of_directions_that_say_none(anna, scene, backend):
    shows = []
    for eta in (1.0, 3.0):
        anna.rig.facewright_perform.intensity = eta
        script.drive_script(scene, backend, "[happy] One two three.", start=1)
        shows.append(shown(anna, "mouthSmileLeft", range(1, 20)).mean())
    assert shows[1] > shows[0] + 0.1


def test_what_cannot_be_spoken_is_told(anna, scene, backend):
    for text, match in (("  ", "write some words"), ("a" * 20_001, "at most 20000 characters")):
        with pytest.raises(InputError, match=match):
            script.drive_script(scene, backend, text)
    with pytest.raises(InputError, match="language"):
        script.drive_script(scene, backend, "Hello.", language="klingon-x")
    assert sounds(scene) == [] and spans(anna, "speech") == {}
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    with pytest.raises(InputError, match=r"Save the \.blend first|there is none in the scene"):
        script.drive_script(bpy.context.scene, backend, "Hello.")


def test_the_button_takes_a_text_block(anna, scene):
    session.disconnect()
    session.connect(session.Settings(acting.ADDRESS), lambda *step: None)
    chosen = anna.rig.facewright_perform
    with pytest.raises(RuntimeError, match="write some words"):
        bpy.ops.facewright.drive_script()
    text = bpy.data.texts.new("Szene 1")
    text.write("Guten Tag.\nWie geht es?")
    chosen.script_text, chosen.language = text, "de"
    scene.frame_set(7)
    assert bpy.ops.facewright.drive_script() == {"FINISHED"}
    (strip,) = sounds(scene)
    assert strip.name == "Szene 1" and strip.frame_final_start == 7
    assert strip.facewright_drive.subject == anna.rig
    session.disconnect()
