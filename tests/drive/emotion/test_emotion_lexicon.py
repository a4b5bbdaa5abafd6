"""Words of many languages, degrees and negations."""

from __future__ import annotations

import numpy as np
import pytest
from facewright.drive.emotion.lexicon import Kind, adverb, contents, lexicon, mixture
from facewright.drive.emotion.styles import STYLES, code_of


def strongest(prompt: str) -> str:
    words = [word for word in lexicon().read(prompt) if word.kind is Kind.STYLE]
    assert len(words) == 1, words
    assert words[0].code is not None
    return STYLES[int(words[0].code.argmax())]


@pytest.mark.parametrize(
    ("prompt", "style"),
    [
        ("happily", "happy"), ("FURIOUS", "angry"), ("glücklich", "happy"), ("wütender", "angry"),
        ("triste", "sad"), ("en colère", "angry"),
        ("en colere", "angry"), ("enfadada", "angry"), ("asustado", "afraid"),
        ("disgustata", "disgusted"), ("desprezo", "contemptuous"), ("verbaasd", "surprised"),
        ("przestraszony", "afraid"), ("förvånad", "surprised"), ("bedrøvet", "sad"),
        ("livredd", "afraid"), ("vihainen", "angry"), ("překvapená", "surprised"),
        ("злой", "angry"), ("удивлённая", "surprised"), ("сумний", "sad"), ("θυμωμένος", "angry"),
        ("üzgün", "sad"), ("speriat", "afraid"), ("boldog", "happy"), ("生气", "angry"),
        ("害怕", "afraid"), ("悲傷", "sad"), ("驚いている", "surprised"), ("嬉しい", "happy"),
        ("軽蔑した", "contemptuous"), ("슬픈", "sad"),
    ],
)  # fmt: skip
def test_emotion_words(prompt: str, style: str) -> None:
    assert strongest(prompt) == style


def test_every_entry_names_styles() -> None:
    data = contents()
    groups = [*data["english"].values(), *data["languages"].values(), *data["cjk"].values()]
    for group in groups:
        for key, words in group.items():
            assert code_of(mixture(key)).any() == (key != "neutral")
            assert words.split()
    # Every common language knows the paper's seven.
    for language in (*data["languages"].values(), *data["cjk"].values()):
        known = {style for key in language for style in mixture(key)}
        assert set(STYLES[:7]) <= known


def test_parts_of_a_prompt() -> None:
    kinds = {
        word.text: word.kind
        for word in lexicon().read("Not very happy at all, but a little sad; then CALM xyzzy")
    }
    assert kinds == {
        "not": Kind.NEGATION, "very": Kind.DEGREE, "happy": Kind.STYLE,
        "at all": Kind.THOROUGHLY, ",": Kind.BREAK, "but": Kind.BREAK, "a little": Kind.DEGREE,
        "sad": Kind.STYLE, ";": Kind.BREAK, "then": Kind.THEN, "calm": Kind.STYLE,
        "xyzzy": Kind.UNKNOWN,
    }  # fmt: skip


def test_chinese_takes_the_longest_word() -> None:
    words = lexicon().read("他不高兴，然后松了一口气")
    kinds = [(word.text, word.kind) for word in words if word.kind is not Kind.UNKNOWN]
    negated, happy, comma, then, relieved = kinds
    assert negated == ("不", Kind.NEGATION) and happy == ("高兴", Kind.STYLE)
    assert comma[1] is Kind.BREAK and then == ("然后", Kind.THEN)
    assert relieved == ("松了一口气", Kind.STYLE)


def test_places_are_of_the_prompt() -> None:
    prompt = "quite sadly surprised"
    for word in lexicon().read(prompt):
        assert prompt[word.start : word.end] == word.text


def test_adverbs_and_mixtures() -> None:
    assert [adverb(w) for w in ("happy", "sad", "ecstatic", "miserable")] == [
        "happily", "sadly", "ecstatically", "miserably",
    ]  # fmt: skip
    assert mixture("angry 0.6 sad 0.5") == {"angry": 0.6, "sad": 0.5}
    assert np.array_equal(code_of(mixture("neutral")), np.zeros(len(STYLES)))
