"""Clips as performances: tracked once, kept, joined with a manifest, split by speaker."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from facewright.errors import InputError
from facewright.media.video import VideoWriter
from facewright.train.performance import Performance, clips, folds, performances, track

FPS = 25.0
HEADER = "file,identity,audio,sync_note\n"


@pytest.fixture(scope="module")
def folder(examples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two clips of six frames: one face moves aside while speech is heard, one is silent."""
    folder = tmp_path_factory.mktemp("clips")
    picture = np.ascontiguousarray(cv2.imread(str(examples / "portrait.png"))[..., ::-1])
    for name, sound in (("aside", examples / "speech.wav"), ("mute", None)):
        with VideoWriter(folder / f"{name}.mp4", (320, 320), FPS, sound=sound) as writer:
            for k in range(6):
                writer.write(picture[:320, 60 + 4 * k : 380 + 4 * k])
    return folder


@pytest.fixture(scope="module")
def found(folder: Path) -> list[Performance]:
    return performances(folder, cache=folder / "kept")


def test_a_clip_is_motion_landmarks_and_sound(found: list[Performance]) -> None:
    aside, mute = found
    assert (aside.name, mute.name) == ("aside", "mute")
    assert aside.identity == "aside" and aside.size == (320, 320)
    assert len(aside) == 6 and aside.fps == pytest.approx(FPS)
    assert aside.seconds == pytest.approx(6 / FPS)
    assert aside.landmarks.shape == (6, 478, 2) and aside.known.all()
    moved = np.nanmean(aside.landmarks[5, :468, 0] - aside.landmarks[0, :468, 0])
    assert moved == pytest.approx(-20, abs=2)
    assert aside.speech is not None and aside.in_sync
    assert mute.speech is None and not mute.in_sync
    assert aside.shape.shape == (80,) and aside.neutral_pose.shape == (6,)


def test_a_track_is_kept_and_found_again(
    folder: Path, found: list[Performance], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("tracked a second time")

    monkeypatch.setattr(clips, "_track", refuse)
    again = performances(folder, cache=folder / "kept")
    for first, second in zip(found, again, strict=True):
        np.testing.assert_array_equal(first.motion.expression, second.motion.expression)
        np.testing.assert_array_equal(first.landmarks, second.landmarks)
        np.testing.assert_array_equal(first.neutral_pose, second.neutral_pose)
    with pytest.raises(AssertionError, match="second time"):
        performances(folder, cache=folder / "elsewhere")


def test_another_face_model_makes_tracks_stale() -> None:
    from facewright.face.library import load_model

    model = load_model()
    basis = model.expression_basis.copy()
    basis[0, 0, 0] += 1e-3
    first = track.key(b"clip", model)
    assert first == track.key(b"clip", model)
    assert first != track.key(b"another", model)
    assert first != track.key(b"clip", replace(model, expression_basis=basis))


def test_unknown_frames_stay_unknown(found: list[Performance], tmp_path: Path) -> None:
    clip = found[0]
    landmarks = clip.landmarks.copy()
    landmarks[2:4] = np.nan
    kept = track.Tracked(
        clip.motion, landmarks, clip.confidence, clip.size, clip.shape, clip.neutral_pose
    )
    track.save(tmp_path / "kept.npz", kept)
    np.testing.assert_array_equal(track.load(tmp_path / "kept.npz").landmarks, landmarks)


@pytest.mark.parametrize(
    ("audio", "note", "sound", "in_sync"),
    [
        ("yes", '"speech, in sync (best lag -1 frames, r=0.40)"', True, True),
        ("yes", "speech; source had video ahead of audio; corrected here", True, True),
        ("yes", '"speech, probably in sync, weak evidence"', True, False),
        ("yes", '"speech, sync unverified (best lag 15)"', True, False),
        ("no", "silent: audio belongs to another speaker", False, False),
    ],
)
def test_a_manifest_names_speakers_and_doubts(
    folder: Path, found: list[Performance], audio: str, note: str, sound: bool, in_sync: bool
) -> None:
    manifest = folder / "manifest.csv"
    manifest.write_text(HEADER + f"aside.mp4,Ada,{audio},{note}\n")
    (clip,) = performances(folder, manifest, folder / "kept")
    assert clip.identity == "Ada"
    assert (clip.speech is not None) == sound
    assert clip.in_sync == in_sync


def test_what_cannot_be_read_is_named(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no clip"):
        performances(tmp_path)
    manifest = tmp_path / "m.csv"
    manifest.write_text("file,identity\naside.mp4,Ada\n")
    with pytest.raises(InputError, match="no column 'audio'"):
        performances(folder, manifest)
    with pytest.raises(InputError, match="cannot be read"):
        performances(folder, tmp_path / "absent.csv")
    manifest.write_text(HEADER + "other.mp4,Ada,yes,in sync\n")
    with pytest.raises(InputError, match="no clip of the manifest"):
        performances(folder, manifest)


@pytest.fixture
def three(found: list[Performance]) -> Iterator[list[Performance]]:
    yield [replace(found[0], identity=who) for who in ("b", "a", "b")]


def test_folds_leave_one_speaker_out(three: list[Performance]) -> None:
    made = list(folds(three))
    assert [fold.identity for fold in made] == ["a", "b"]
    for fold in made:
        assert {clip.identity for clip in fold.test} == {fold.identity}
        assert fold.identity not in {clip.identity for clip in fold.train}
        assert len(fold.train) + len(fold.test) == 3
    several = [replace(three[0], identity=who) for who in "abcde"]
    pair = list(folds(several, 2))
    assert [{clip.identity for clip in fold.test} for fold in pair] == [set("ace"), set("bd")]
    with pytest.raises(InputError, match="count"):
        list(folds(several, 6))
    with pytest.raises(InputError, match="two speakers"):
        list(folds(three[:1]))
