"""Prompts -> codes: compounds, negation, sequences, words that nobody listed."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pytest
from facewright.drive.emotion.reading import compound, intensity_with, opposite
from facewright.drive.emotion.styles import STYLES, code_of
from facewright.drive.emotion.text import Interpreter, interpreter, steps
from facewright.errors import InputError


@pytest.fixture(scope="module")
def reader() -> Interpreter:
    return interpreter()


class Unwanted:
    """An encoder for prompts that need none."""

    name, size = "none", 3

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        raise AssertionError(f"encoded {texts}")


def styles(reader: Interpreter, prompt: str) -> dict[str, float]:
    return reader.read(prompt).styles


def test_known_words_need_no_encoder() -> None:
    reading = Interpreter(Unwanted()).read("sadly surprised")
    assert reading.known
    assert reading.styles == {"sad": 0.71, "surprised": 0.71}
    assert "sadly, surprised" in reading.explanation


def test_compounds_show_both(reader: Interpreter) -> None:
    for prompt in ("happily surprised", "angry and sad", "wütend und traurig", "悲しい 驚き"):
        assert list(styles(reader, prompt).values()) == [0.71, 0.71]
    assert styles(reader, "glad and happy") == {"happy": 1.0}


@pytest.mark.parametrize(
    ("prompt", "style"),
    [
        ("not happy at all", "sad"), ("not happy", "sad"), ("isn't angry", "calm"),
        ("pas du tout content", "sad"), ("不开心", "sad"), ("mutlu değil", "sad"),
        ("嬉しくない", "sad"), ("not angry, but sad", "sad"), ("without fear", "calm"),
        ("nicht traurig", "calm"), ("not sad or angry", "calm"),
    ],
)  # fmt: skip
def test_negation(reader: Interpreter, prompt: str, style: str) -> None:
    assert next(iter(styles(reader, prompt))) == style


def test_negation_has_degrees(reader: Interpreter) -> None:
    very, plain, thorough = (
        styles(reader, f"not {words}")["sad"] for words in ("very happy", "happy", "happy at all")
    )
    assert very < plain < thorough
    # English says "cannot stop", and means the contrary of a negation.
    assert next(iter(styles(reader, "he cannot stop smiling"))) == "happy"


def test_degree_words(reader: Interpreter) -> None:
    degrees = [reader.read(f"{word} sad").degree for word in ("slightly", "", "very", "extremely")]
    assert degrees == sorted(set(degrees))
    assert reader.read("ein bisschen traurig").degree < 0 < reader.read("とても悲しい").degree


@pytest.mark.parametrize("eta", [1.0, 2.0, 3.0])
def test_degree_never_leaves_the_range(eta: float) -> None:
    with_degrees = [intensity_with(eta, degree) for degree in (-1, -0.5, 0, 0.5, 1)]
    assert with_degrees[2] == eta
    assert all(0 < value <= 3 for value in with_degrees)
    assert all(a < b or b == 3 for a, b in itertools.pairwise(with_degrees))
    assert intensity_with(1.5, 0.5) < intensity_with(1.6, 0.5)


def test_sequences(reader: Interpreter) -> None:
    first, second = reader.sequence("sadly surprised, then relieved")
    assert first.styles == {"sad": 0.71, "surprised": 0.71}
    assert list(second.styles) == ["calm", "happy"]
    assert steps("happy, and then angry -> sad") == ["happy", "angry", "sad"]
    assert steps("erst froh, dann traurig") == ["erst froh", "traurig"]
    assert steps("先高兴然后生气") == ["先高兴", "生气"]
    assert steps("怒っている、それから悲しい") == ["怒っている", "悲しい"]
    with pytest.raises(InputError, match="then"):
        steps("happy, then")


def test_unknown_words_fall_to_the_nearest_style_and_say_so(reader: Interpreter) -> None:
    reading = reader.read("wants to strangle somebody")
    assert not reading.known
    assert "angry" in reading.styles
    assert "nearest" in reading.explanation and "wants to strangle somebody" in reading.explanation
    assert 0.6 < np.linalg.norm(reading.code) < 1.5


@pytest.mark.parametrize("prompt", ["quixotic", "flabbergasted + quixotic"])
def test_a_guess_tells_the_three_strongest_styles(reader: Interpreter, prompt: str) -> None:
    reading = reader.read(prompt)
    assert len(reading.styles) > 3  # all of them are shown
    shown = reading.explanation.split(", ")[0].split(" + ")
    assert [style.split()[0] for style in shown] == list(reading.styles)[:3]


def test_hatred_is_between_anger_and_contempt(reader: Interpreter) -> None:
    code = reader.read("hatred").code
    near = {style: float(code @ code_of({style: 1.0})) for style in STYLES[:7]}
    assert set(sorted(near, key=lambda s: -near[s])[:2]) == {"angry", "contemptuous"}


def test_averages(reader: Interpreter) -> None:
    both = reader.average(["happy", "surprised"])
    assert set(both.styles) == {"happy", "surprised"}
    mostly = reader.average(["happy", "surprised"], [3, 1])
    assert mostly.styles["happy"] > both.styles["happy"] > mostly.styles["surprised"]
    assert reader.read("happy + surprised").styles == both.styles
    with pytest.raises(InputError, match="weights"):
        reader.average(["happy"], [1, 2])


@pytest.mark.parametrize("prompt", ["", "  ", "12 !", "x" * 501, None])
def test_what_is_no_prompt(reader: Interpreter, prompt: str) -> None:
    with pytest.raises(InputError, match="prompt"):
        reader.read(prompt)


def test_compound_and_opposite() -> None:
    sad, happy = code_of({"sad": 1.0}), code_of({"happy": 0.6})
    assert np.linalg.norm(compound([sad, happy])) == pytest.approx(1.0)
    assert compound([sad * 0, sad * 0]).sum() == 0
    assert opposite(sad).argmax() == STYLES.index("calm")
    assert opposite(happy, thorough=True).sum() > opposite(happy).sum()
