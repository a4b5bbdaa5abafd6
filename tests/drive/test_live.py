"""Live driving: the same frames for any chunks, near the offline ones, from bounded memory."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import soxr
from facewright import drive
from facewright.drive import DriveControls, listening, live
from facewright.drive.controls import Sources
from facewright.drive.emotion.cues import EmotionCue
from facewright.drive.emotion.text import Interpreter
from facewright.drive.live import LOOK_AHEAD, Live, LiveFrames
from facewright.drive.speaker import Speaker
from facewright.errors import InputError
from facewright.face.names import EXPRESSION_64
from facewright.media.speech import Speech, read_speech
from facewright.train.speech.score import closure_of

JAW = EXPRESSION_64.index("jawOpen")
CONTROLS = DriveControls(seed=1)


@pytest.fixture(scope="module")
def driver() -> Speaker:
    made = drive.create("emoa2e")
    assert isinstance(made, Speaker)
    return made


@pytest.fixture(scope="module")
def speech(examples) -> Speech:
    return read_speech(examples / "speech.wav")


def perform(performance: Live, samples: np.ndarray, sizes: list[int]) -> LiveFrames:
    """All frames of a sound that comes in chunks of ``sizes``, over and over."""
    parts, at, k = [], 0, 0
    while at < len(samples):
        parts.append(performance.feed(samples[at : at + sizes[k % len(sizes)]]))
        at, k = at + sizes[k % len(sizes)], k + 1
    parts.append(performance.finish())
    firsts = [part.first for part in parts]
    assert firsts == np.cumsum([0, *map(len, parts[:-1])]).tolist()
    return LiveFrames(
        0, *(np.concatenate([getattr(p, n) for p in parts]) for n in ("expression", "pose", "gaze"))
    )


@pytest.fixture(scope="module")
def live_frames(driver, speech) -> LiveFrames:
    return perform(Live(driver, None, CONTROLS), speech.samples, [640])


@pytest.mark.parametrize("sizes", [[100_000], [1, 7000, 333, 2048], [160]])
def test_chunks_of_any_size_give_the_same_frames(driver, speech, live_frames, sizes):
    short = speech.samples[: 2 * 16000]
    other = perform(Live(driver, None, CONTROLS), short, sizes)
    for name in ("expression", "pose", "gaze"):
        whole = getattr(live_frames, name)[:44]  # what follows sees the end of the short one
        np.testing.assert_array_equal(getattr(other, name)[:44], whole)


def test_it_is_near_what_hindsight_makes(driver, speech, live_frames):
    offline = driver(speech, None, CONTROLS)
    assert live_frames.expression.shape == offline.expression.shape
    jaw = np.corrcoef(live_frames.expression[:, JAW], offline.expression[:, JAW])[0, 1]
    assert jaw > 0.85
    now, then = closure_of(live_frames.expression) > 0.9, closure_of(offline.expression) > 0.9
    assert np.count_nonzero(now & then) >= 0.75 * np.count_nonzero(then)
    assert np.count_nonzero(now & then) >= 0.75 * np.count_nonzero(now)
    assert live_frames.expression.min() >= 0
    assert live_frames.expression.max() <= 1


def test_frames_come_no_later_than_the_look_ahead(driver, speech):
    performance = Live(driver, None, CONTROLS)
    count = 0
    for k in range(0, 32000, 640):
        count += len(performance.feed(speech.samples[k : k + 640]))
        known = (k + 640) / 16000
        assert count == max(0, int(np.floor((known - LOOK_AHEAD) * 25 + 1e-6)) + 1)


def test_another_sample_rate_is_heard_alike(driver, speech, live_frames):
    dense = soxr.resample(speech.samples[: 3 * 16000], 16000, 48000)
    other = perform(Live(driver, None, CONTROLS, rate=48000), dense, [1920])
    jaw = other.expression[:60, JAW]
    assert np.corrcoef(jaw, live_frames.expression[:60, JAW])[0, 1] > 0.98


def test_loudness_hardly_matters(driver, speech, live_frames):
    quiet = perform(Live(driver, None, CONTROLS), 0.15 * speech.samples[: 4 * 16000], [640])
    jaw = quiet.expression[25:90, JAW]
    assert np.corrcoef(jaw, live_frames.expression[25:90, JAW])[0, 1] > 0.9


@pytest.mark.parametrize("noise", [0.0, 5e-4])
def test_silence_rests(driver, noise):
    hiss = (noise * np.random.default_rng(0).standard_normal(32000)).astype(np.float32)
    frames = perform(Live(driver, None, CONTROLS), hiss, [640])
    lips = [k for k, n in enumerate(EXPRESSION_64) if n.startswith(("jaw", "mouth", "lip"))]
    assert frames.expression[:, lips].max() == 0
    assert np.abs(frames.pose).max() > 0  # and is alive


@pytest.mark.parametrize("fps", [10.0, 23.976, 60.0])
def test_any_frame_rate(driver, speech, live_frames, fps):
    short = speech.samples[: 3 * 16000]
    frames = perform(Live(driver, None, replace(CONTROLS, fps=fps)), short, [640])
    assert len(frames) == Speech(short).frames(fps)
    times = np.arange(len(frames)) / fps
    near = np.interp(times, np.arange(151) / 25, live_frames.expression[:, JAW])
    keep = times < 2.7
    assert np.corrcoef(frames.expression[keep, JAW], near[keep])[0, 1] > 0.95


def test_a_longer_plan_begins_as_a_shorter_one(driver, speech, live_frames, monkeypatch):
    monkeypatch.setattr(live, "_PLANNED", 1.5)
    often = perform(Live(driver, None, CONTROLS), speech.samples, [640])
    np.testing.assert_allclose(often.gaze, live_frames.gaze, atol=1e-6)
    np.testing.assert_allclose(often.expression, live_frames.expression, atol=1e-5)


def test_emotion_and_sources_are_performed(driver, speech, live_frames):
    still = replace(CONTROLS, sources=Sources(head="photo"))
    sad = replace(still, emotion=(EmotionCue("angry", 1.0, intensity=3.0),))
    frames = perform(Live(driver, None, sad), speech.samples[: 3 * 16000], [640])
    brow = EXPRESSION_64.index("browDownLeft")
    assert frames.expression[40:60, brow].mean() > frames.expression[:15, brow].mean() + 0.2
    assert not frames.pose.any()


def test_prompts_are_read_once_before_the_sound(driver, speech, monkeypatch):
    monkeypatch.setattr(live, "_PLANNED", 0.2)  # planned again and again
    felt = replace(CONTROLS, emotion=(EmotionCue("wants to strangle somebody", intensity=3.0),))
    performance = Live(driver, None, felt)

    def late(self, prompt):
        raise AssertionError(f"read {prompt!r} while the sound comes in")

    monkeypatch.setattr(Interpreter, "sequence", late)
    frames = perform(performance, speech.samples[:16000], [640])
    assert frames.expression[:, EXPRESSION_64.index("browDownLeft")].mean() > 0.2


def test_steps_of_an_emotion_need_an_end(driver, speech):
    steps = EmotionCue("angry, then happy", intensity=3.0)
    message = "emotion 'angry, then happy': live needs an end"
    with pytest.raises(InputError, match=message):
        Live(driver, None, replace(CONTROLS, emotion=(steps,)))
    ended = replace(CONTROLS, emotion=(replace(steps, end=2.0),))
    brows = perform(Live(driver, None, ended), speech.samples[: 2 * 16000], [640]).expression
    brow = EXPRESSION_64.index("browDownLeft")
    assert brows[5:18, brow].mean() > brows[35:, brow].mean() + 0.2


def test_memory_does_not_grow(driver, monkeypatch):
    monkeypatch.setattr(listening, "_MEMORY", 300)
    performance = Live(driver, None, replace(CONTROLS, fps=1.0))
    samples = (0.1 * np.random.default_rng(1).standard_normal(16000)).astype(np.float32)
    sizes = []
    for _ in range(6):
        performance.feed(samples)
        sound, lips = performance._sound, performance._lips
        sizes.append(sum(a.size for a in (sound._samples, sound._mfccs, lips._sum, sound._levels)))
    assert sizes[-1] <= sizes[-2]


def test_what_needs_the_future_is_refused(driver):
    for controls, message in (
        (DriveControls(smoothing=20.0), "smoothing: live driving has none"),
        (DriveControls(lip_offset=-10.0), "lip_offset: live lips cannot be early"),
        (DriveControls(head_model="diffusion"), "head_model: 'diffusion' needs the whole speech"),
    ):
        with pytest.raises(InputError, match=message):
            Live(driver, None, controls)
    with pytest.raises(InputError, match="rate: expected values >= 8000"):
        Live(driver, None, DriveControls(), rate=10)


def test_bad_samples_are_refused(driver):
    performance = Live(driver, None, DriveControls())
    with pytest.raises(InputError, match="samples: expected finite"):
        performance.feed(np.float32([0.0, np.nan]))
    assert len(performance.finish()) == 1
    with pytest.raises(InputError, match="was finished"):
        performance.feed(np.zeros(10, np.float32))
