"""Ranges, cross-fades, and the form that the command line has."""

from __future__ import annotations

import numpy as np
import pytest
from facewright.drive.emotion.cues import EmotionCue, EmotionTrack, guessed, parse, track
from facewright.drive.emotion.styles import CODE, STYLES
from facewright.errors import InputError

HAPPY, SAD, ANGRY = (STYLES.index(name) for name in ("happy", "sad", "angry"))


def test_parse() -> None:
    assert parse("0-2.5:sadly surprised@2") == EmotionCue("sadly surprised", 0.0, 2.5, 2.0)
    assert parse("2.5-:relieved") == EmotionCue("relieved", 2.5)
    assert parse("happy@3") == EmotionCue("happy", intensity=3.0)
    assert parse(" 1 - 4s : sad, then calm @ 1.5 ") == EmotionCue("sad, then calm", 1.0, 4.0, 1.5)


@pytest.mark.parametrize(
    "text", ["", "0-2:", "2-1:sad", "sad@4", "sad@0.5", "sad@x", "1-2:@2", "0-2:sad@2@3", "5"]
)
def test_parse_tells_what_is_wrong(text: str) -> None:
    with pytest.raises(InputError, match=r"^emotion"):
        parse(text)


@pytest.mark.parametrize(
    "text",
    ["-1-2:sad", "nan-2:sad", "0:sad", "inf-:sad", "1,5-3:sad", "0--5:sad", "sad:happy", "0-2:a:b"],
)
def test_times_of_another_form_are_no_prompt(text: str) -> None:
    with pytest.raises(InputError, match=r"^emotion: expected \[START-\[END\]:\]PROMPT"):
        parse(text)


def test_numbers_out_of_range_are_told_with_their_cue() -> None:
    for text, message in (
        ("2-1:sad", "^emotion 'sad': end: expected more than the start, 2, got 1"),
        ("0-2:very sad@4", "^emotion 'very sad': intensity: expected values <= 3"),
        ("sad@0.5", "^emotion 'sad': intensity: expected values >= 1"),
    ):
        with pytest.raises(InputError, match=message):
            parse(text)


@pytest.mark.parametrize("prompt", ["sad\x00", "sad\nhappy", "\x1b[31msad", "sad\x85", None])
def test_control_characters_are_refused(prompt: str) -> None:
    with pytest.raises(InputError, match=r"^prompt: expected words on one line"):
        EmotionCue(prompt)


def test_prompts_of_unknown_words_are_told_once_with_what_is_shown() -> None:
    cues = [EmotionCue("happy, then flabbergasted"), EmotionCue("flabbergasted", 1, 2)]
    (line,) = guessed(cues)
    assert "'flabbergasted'" in line and "surprised" in line and "happy" not in line
    assert guessed([EmotionCue("sadly surprised")]) == ()


def test_fades_are_smooth_and_whole() -> None:
    made = track([EmotionCue("happy", 0, 2), EmotionCue("sad", 2, 4)], 6.0, fade=0.5)
    times = np.arange(0, 6, 0.01)
    code, offsets = made.code(times), made.offsets(times)
    assert code[0, HAPPY] == 1 and code[100, HAPPY] == 1
    assert code[200, HAPPY] == pytest.approx(0.5) == code[200, SAD]
    assert code[300, SAD] == 1 and not code[430:].any()
    assert np.allclose(code[:350].sum(1), 1, atol=1e-5)
    assert np.abs(np.diff(offsets, axis=0)).max() < 0.05


def test_any_rate_samples_the_same_performance() -> None:
    made = track([EmotionCue("sad", 0.5, 2), EmotionCue("extremely angry", 1.5)], 3.0)
    assert np.allclose(made.offsets(np.arange(75) / 25)[::5], made.offsets(np.arange(15) / 5))
    assert np.allclose(made.offsets(np.array([1.7])), made.offsets(np.arange(18) / 10)[17:])


def test_steps_share_a_cue() -> None:
    made = track([EmotionCue("sad, then angry, then happy", 0, 3, 2.5)], 3.0)
    code = made.code(np.array([0.5, 1.5, 2.5]))
    assert code[0, SAD] == code[1, ANGRY] == code[2, HAPPY] == 1
    assert np.allclose(made.intensity(np.array([0.5, 2.9, 50.0])), 2.5)
    assert made.code(np.array([50.0]))[0, HAPPY] == 1  # the last holds


def test_overlaps_show_both_and_gaps_are_neutral() -> None:
    made = track([EmotionCue("sad", 0, 3), EmotionCue("angry", 1, 4)], 6.0, fade=0.2)
    code = made.code(np.array([2.0, 5.0]))
    assert code[0, SAD] == pytest.approx(0.5) == code[0, ANGRY]
    assert not code[1].any()
    assert made.intensity(np.array([5.0]))[0] == 2.0


def test_short_cues_are_seen() -> None:
    made = track([EmotionCue("sad", 1.0, 1.1)], 3.0, fade=2.0)
    assert made.code(np.array([1.05]))[0, SAD] == pytest.approx(1.0)


def test_words_move_the_intensity() -> None:
    eta = [
        float(track([EmotionCue(p, intensity=2.0)], 1.0).intensity(np.array([0.5]))[0])
        for p in ("slightly sad", "sad", "very sad", "extremely sad")
    ]
    assert eta == sorted(eta) and eta[1] == 2.0 and 0.5 < eta[0] < eta[3] <= 3


def test_nothing_is_neutral() -> None:
    none = EmotionTrack()
    assert not none.offsets(np.arange(5.0)).any()
    assert none.code(np.arange(5.0)).shape == (5, CODE)


def test_what_is_wrong_is_told() -> None:
    with pytest.raises(InputError, match=r"^emotion 'sad': start: it starts at 5 s"):
        track([EmotionCue("sad", 5.0)], 3.0)
    with pytest.raises(InputError, match="end"):
        EmotionCue("sad", 2.0, 2.0)
    with pytest.raises(InputError, match="intensity"):
        EmotionCue("sad", intensity=3.5)
    with pytest.raises(InputError, match="fade"):
        track([], 3.0, fade=-1.0)
