"""The face in a movie gives a subject its motion; on a clip whose motion is known."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import acting
import bpy
import numpy as np
import pytest
from acting import EXAMPLES, shown, spans, turned

from addon.core.client import Backend
from addon.core.errors import InputError
from addon.drive import video
from addon.drive.video import Footage
from addon.film import movie as film
from addon.film import sequence
from addon.perform import layers
from addon.subject import construct
from addon.subject import objects as subject
from addon.ui import session
from addon.v1 import face_pb2

pytestmark = acting.needs_backend
RATE, COUNT, SIZE = 25.0, 30, 256
TIMES = np.arange(COUNT) / RATE
JAW = 0.3 * (1 - np.cos(2 * np.pi * TIMES / 0.8))
TURN = 0.15 * np.sin(2 * np.pi * TIMES / 1.6)


@pytest.fixture(scope="module")
def backend() -> Iterator[Backend]:
    with Backend(acting.ADDRESS) as backend:
        yield backend


@pytest.fixture(scope="module")
def captured(backend):
    return backend.capture(EXAMPLES / "portrait.png", size=SIZE)


@pytest.fixture(scope="module")
def clip(backend, captured, tmp_path_factory) -> Path:
    """The example portrait, textured with a known motion, and rendered to a movie."""
    folder = tmp_path_factory.mktemp("Film ü")
    names = captured.key_names
    with backend.animate(captured.subject_id, size=SIZE, animator="reproject") as stream:
        sent, pictures = 0, []
        while len(pictures) < COUNT:
            while sent < COUNT and stream.has_room:
                weights = np.zeros(len(names), np.float32)
                weights[names.index("jawOpen")] = JAW[sent]
                known = face_pb2.CoefficientFrame(
                    expression=weights, pose=[0, TURN[sent], 0, 0, 0, 0], gaze=[0, 0, 0, 0]
                )
                stream.send(
                    face_pb2.GeometryFrame(index=sent, time_code=sent / RATE, coefficients=known)
                )
                sent += 1
            if result := stream.receive(0.2):
                pictures.append(result.picture)
    return movie(folder, pictures)


def movie(folder: Path, pictures: list[bytes]) -> Path:
    """Frames as an H.264 movie, by Blender's sequencer."""
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    scene = bpy.context.scene
    sequence.set_rate(scene, RATE)
    sequence.set_colour(scene)
    names = [f"{k:03}.png" for k in range(len(pictures))]
    for name, data in zip(names, pictures, strict=True):
        (folder / name).write_bytes(data)
    sequence.place_frames(scene, folder, names, 1, (SIZE, SIZE))
    scene.frame_start, scene.frame_end = 1, len(pictures)
    path = folder / "Gesicht.mp4"
    film.render(scene, path)
    return path


@pytest.fixture
def anna(scene, backend, captured, tmp_path) -> subject.SubjectObjects:
    sequence.set_rate(scene, 24.0)
    photo = tmp_path / "portrait.png"
    photo.write_bytes((EXAMPLES / "portrait.png").read_bytes())
    return construct.build(captured, name="Anna", photo=photo, folder=tmp_path)


def likeness(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.corrcoef(a, b)[0, 1])


def at(frames: range, first: int, rate: float, offset: float, values: np.ndarray) -> np.ndarray:
    """What the clip does at frames of the scene."""
    return np.interp(offset + (np.array(frames) - first) / rate, TIMES, values)


def test_the_motion_of_a_file_comes_at_the_scenes_rate(anna, scene, backend, clip):
    steps = []
    done = video.drive_video(
        scene, backend, Footage(clip, "take", -10), same_person=True,
        progress=lambda *step: steps.append(step),
    )  # fmt: skip
    begin, end = spans(anna, "video")["take"]
    assert begin == -10 and end == -10 + done.placed[0].frames - 1
    assert done.placed[0].frames == int(TIMES[-1] * 24) + 1
    frames = range(begin, end + 1)
    assert likeness(shown(anna, "jawOpen", frames), at(frames, begin, 24, 0, JAW)) > 0.85
    turn = turned(anna, frames)[:, 1]
    assert likeness(turn, at(frames, begin, 24, 0, TURN)) > 0.9
    assert "finding the face" in {stage for stage, _, _ in steps}
    assert not done.notes


def test_regions_are_chosen_and_speech_stays(anna, scene, backend, clip):
    done = video.drive_video(scene, backend, Footage(clip, "take", 1), regions=("head",))
    frames = range(1, 1 + done.placed[0].frames)
    assert np.ptp(turned(anna, frames)[:, 1]) > 0.1
    assert np.ptp(shown(anna, "jawOpen", frames)) == 0
    with pytest.raises(InputError, match="regions: choose at least one"):
        video.drive_video(scene, backend, Footage(clip, "take", 1), regions=())


def test_a_movie_strip_gives_its_visible_part(anna, scene, clip):
    session.disconnect()
    session.connect(session.Settings(acting.ADDRESS), lambda *step: None)
    with pytest.raises(RuntimeError, match="Choose a video, or add a movie strip"):
        bpy.ops.facewright.drive_video()
    strip = sequence.strips(scene).new_movie("Aufnahme", str(clip), 3, 20)
    strip.frame_offset_start, strip.frame_offset_end = 12, 5
    footage = video.footage_of(scene, "Aufnahme")
    assert footage.start == 32  # one frame of the movie on each of the scene's
    assert footage.offset == pytest.approx(12 / RATE) and footage.rate == pytest.approx(RATE)
    chosen = anna.rig.facewright_perform
    chosen.video_brows = chosen.video_eyes = False
    assert bpy.ops.facewright.drive_video() == {"FINISHED"}
    begin, end = spans(anna, "video")["Aufnahme"]
    assert begin == 32 and abs(end - (strip.frame_final_end - 1)) <= 1
    frames = range(begin, end + 1)
    assert likeness(shown(anna, "jawOpen", frames), at(frames, begin, RATE, 12 / RATE, JAW)) > 0.8
    # Once more: its own strip is replaced, and what was chosen now counts.
    chosen.video_head = False
    assert bpy.ops.facewright.drive_video() == {"FINISHED"}
    assert list(spans(anna, "video")) == ["Aufnahme"]
    assert np.ptp(turned(anna, frames)) == 0
    layers.remove(anna, "video", "Aufnahme")
    session.disconnect()


def test_a_slower_strip_is_followed_as_it_is_shown(anna, scene, backend, clip):
    sequence.set_rate(scene, RATE)
    strip = sequence.strips(scene).new_movie("slow", str(clip), 3, 10)
    if hasattr(bpy.context.workspace, "sequencer_scene"):
        bpy.context.workspace.sequencer_scene = scene
    scene.sequence_editor.active_strip, strip.select = strip, True
    assert bpy.ops.sequencer.retiming_segment_speed_set(speed=50) == {"FINISHED"}
    footage = video.footage_of(scene, "slow")
    assert footage.rate == pytest.approx(2 * RATE, rel=0.05)
    video.drive_video(scene, backend, footage)
    begin, end = spans(anna, "video")["slow"]
    assert begin == 10 and end - begin > 1.8 * COUNT
    frames = range(begin, end + 1)
    there = at(frames, begin, footage.rate, 0, JAW)
    assert likeness(shown(anna, "jawOpen", frames), there) > 0.8


def test_what_shows_no_face_is_told(anna, scene, backend, tmp_path):
    (tmp_path / "no.mp4").write_bytes((EXAMPLES / "speech.txt").read_bytes())
    with pytest.raises(InputError, match=r"no\.mp4"):
        video.drive_video(scene, backend, tmp_path / "no.mp4")
    with pytest.raises(InputError, match="there is no file"):
        video.drive_video(scene, backend, tmp_path / "nowhere.mp4")
    assert spans(anna, "video") == {}


def test_gaps_are_named_by_the_scenes_frames():
    sure = np.array([1, 0, 0, 1, 0, 1, 1], np.float32)
    assert video.gaps(sure, 10) == "11-12, 14"
    assert video.gaps(np.ones(3, np.float32), 1) == ""
    many = np.tile([1.0, 0.0], 9)
    assert video.gaps(many, 0) == "1, 3, 5, 7, 9 and 4 more"
