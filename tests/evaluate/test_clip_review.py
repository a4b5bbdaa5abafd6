"""Every number of a review moves when it should, and stays when it should not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from facewright.capture import CaptureSession
from facewright.drive.base import DriveControls
from facewright.dub import DubOptions, dub
from facewright.errors import InputError, NoFaceError
from facewright.evaluate.review import Review, review_clip, sync
from facewright.media.picture import write_picture
from facewright.media.speech import Speech, encode_wav, read_speech
from facewright.media.video import VideoWriter, read_frames

SECONDS, FPS = 6.0, 20.0


@pytest.fixture(scope="module")
def session() -> CaptureSession:
    return CaptureSession()


@pytest.fixture(scope="module")
def talking(examples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example portrait saying the example sentence."""
    out = tmp_path_factory.mktemp("review") / "talk.mp4"
    controls = DriveControls(fps=FPS)
    options = DubOptions(controls=controls, extent="crop", animator="reproject")
    dub(examples / "portrait.png", examples / "speech.wav", out, options)
    return out


@pytest.fixture(scope="module")
def plain(talking: Path, examples: Path, session: CaptureSession) -> Review:
    return review_clip(talking, session, portrait=examples / "portrait.png")


def remade(frames: list[np.ndarray], out: Path, sound: bytes | Path | None) -> Path:
    height, width = frames[0].shape[:2]
    with VideoWriter(out, (width, height), FPS, sound=sound, quality=8) as writer:
        for frame in frames:
            writer.write(frame)
    return out


def later(source: Path, seconds: float) -> bytes:
    """The sound with silence before it."""
    speech = read_speech(source)
    silence = np.zeros(round(seconds * speech.rate), np.float32)
    return encode_wav(Speech(np.concatenate([silence, speech.samples]), speech.rate))


def test_a_good_clip_has_nothing_to_say(plain: Review) -> None:
    assert abs(plain.frames - SECONDS * FPS) <= 2 and plain.seconds == plain.frames / FPS
    assert plain.unseen == 0 and plain.frozen == 0
    assert plain.sound_seconds == pytest.approx(plain.seconds, abs=0.1)
    assert plain.sync > 0.2 and abs(plain.sync_offset) <= 80
    assert plain.identity > 0.85
    assert 0 < plain.flicker < 2
    assert plain.warnings == ()


@pytest.mark.parametrize("shift", [-0.1, 0.2])
def test_shifted_sound_shows_in_the_offset(
    talking: Path, plain: Review, session: CaptureSession, tmp_path: Path, shift: float
) -> None:
    """Sound that comes later makes the lips early by as much, and the other way."""
    speech = read_speech(talking)
    if shift < 0:
        moved = encode_wav(Speech(speech.samples[round(-shift * speech.rate) :], speech.rate))
    else:
        moved = later(talking, shift)
    (tmp_path / "moved.wav").write_bytes(moved)
    found = review_clip(talking, session, speech=tmp_path / "moved.wav")
    assert found.sync < plain.sync - 0.1
    assert found.sync_offset == pytest.approx(plain.sync_offset - 1000 * shift, abs=30)
    assert found.identity is None
    assert found.flicker == plain.flicker


def test_noise_raises_flicker(
    talking: Path, plain: Review, session: CaptureSession, tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    frames = [
        np.clip(frame + rng.normal(0, 4, frame.shape), 0, 255).astype(np.uint8)
        for frame in list(read_frames(talking))[:40]
    ]
    found = review_clip(remade(frames, tmp_path / "noisy.mp4", talking), session)
    assert found.flicker > plain.flicker + 1.5


def test_a_frozen_picture_is_counted_while_there_is_sound(
    talking: Path, session: CaptureSession, tmp_path: Path
) -> None:
    frames = list(read_frames(talking))
    frames[20:40] = [frames[20]] * 20
    found = review_clip(remade(frames, tmp_path / "frozen.mp4", talking), session)
    speaking = sync.loud(read_speech(talking), FPS, len(frames))[21:40].sum()
    assert speaking > 10
    assert found.frozen == pytest.approx(speaking, abs=2)
    silent = remade(frames[:60], tmp_path / "silent.mp4", None)
    found = review_clip(silent, session)
    assert found.frozen >= 17 and found.sync is None and found.sound_seconds is None
    assert "no sound" in found.warnings[0]


def test_frames_without_a_face_and_cut_sound_are_told(
    talking: Path, session: CaptureSession, tmp_path: Path
) -> None:
    frames = list(read_frames(talking))[:60]
    frames[10:15] = [np.full_like(frames[0], 90)] * 5
    found = review_clip(remade(frames, tmp_path / "gap.mp4", talking), session)
    assert found.unseen == 5
    assert any("no face in 5 of 60" in line for line in found.warnings)
    assert any("one of them is cut" in line for line in found.warnings)


def test_another_face_is_less_alike(
    talking: Path, plain: Review, session: CaptureSession, shared: Path
) -> None:
    others = sorted((shared / "media/dev/portraits").glob("*.jpg"))
    scores = []
    for portrait in others:
        try:
            scores.append(review_clip(talking, session, portrait=portrait).identity)
        except NoFaceError:
            continue
        if len(scores) == 3:
            break
    assert len(scores) == 3
    assert max(scores) < plain.identity - 0.1


def test_footage_is_a_portrait_too(talking: Path, plain: Review, session: CaptureSession) -> None:
    assert review_clip(talking, session, portrait=talking).identity > 0.85


@pytest.mark.parametrize("name", ["edt_Obama", "gohd_RoyBlunt"])
def test_real_people_are_in_sync_and_stay_themselves(
    session: CaptureSession, shared: Path, name: str, tmp_path: Path
) -> None:
    clip = shared / f"media/dev/clips256/{name}.mp4"
    found = review_clip(clip, session, portrait=clip)
    assert found.sync > 0.2 and -100 <= found.sync_offset <= 50
    assert found.identity > 0.8
    (tmp_path / "late.wav").write_bytes(later(clip, 0.2))
    late = review_clip(clip, session, speech=tmp_path / "late.wav")
    assert late.sync_offset == pytest.approx(found.sync_offset - 200, abs=30)


def test_lips_that_do_not_follow_tell_no_offset() -> None:
    rng = np.random.default_rng(3)
    speech = Speech(rng.normal(0, 0.1, 6 * 16000).astype(np.float32))
    found = sync.agreement(rng.uniform(0, 1, 150).astype(np.float32), 25.0, speech)
    assert found is not None and found.offset is None
    assert sync.agreement(np.ones(150, np.float32), 25.0, speech) is None
    assert sync.agreement(np.full(150, np.nan, np.float32), 25.0, speech) is None
    assert sync.agreement(np.zeros(10, np.float32), 25.0, speech) is None


def test_bad_input_names_the_file(talking: Path, session: CaptureSession, tmp_path: Path) -> None:
    grey = tmp_path / "grey.png"
    write_picture(grey, np.full((300, 300, 3), 128, np.uint8))
    with pytest.raises(NoFaceError, match=r"portrait: no face was found in .*grey\.png"):
        review_clip(talking, session, portrait=grey)
    text = tmp_path / "text.txt"
    text.write_text("not a film")
    with pytest.raises(InputError, match=r"text\.txt"):
        review_clip(text, session)
    with pytest.raises(InputError, match="longer than 1 s"):
        review_clip(talking, session, name="talk", max_seconds=1.0)


def test_it_can_be_called_off(talking: Path, session: CaptureSession) -> None:
    class Enough(Exception):  # noqa: N818
        pass

    shares = []

    def check(share: float) -> None:
        shares.append(share)
        if share > 0.2:
            raise Enough

    with pytest.raises(Enough):
        review_clip(talking, session, check=check)
    assert shares == sorted(shares) and shares[0] == 0
