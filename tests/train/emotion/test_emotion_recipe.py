"""The recipe: nothing held out is taught, and words never seen are read better than by chance."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from facewright.drive.emotion.encoders import SentenceEncoder
from facewright.drive.emotion.lexicon import Kind, lexicon
from facewright.drive.emotion.projection import embed, load
from facewright.drive.emotion.styles import STYLES
from facewright.evaluate.emotion import HELD_OUT, LATER, held_out
from facewright.train.emotion import data, recipe


@pytest.fixture(scope="module")
def encoder() -> recipe.Remembered:
    return recipe.Remembered(SentenceEncoder())


@pytest.fixture(scope="module")
def some() -> list[data.Item]:
    """Three styles' adjectives and nouns, so that a test takes seconds."""
    rows = [STYLES.index(style) for style in ("happy", "angry", "sad")]
    return [
        item
        for item in data.items()
        if item.part in ("adjective", "noun") and item.code[rows].max() == 1
    ][:90]


def test_held_out_prompts_are_in_no_list() -> None:
    prompts = json.loads(HELD_OUT.read_text(encoding="utf-8"))["prompts"]
    assert len(prompts) == len(held_out()) == 40
    taught = {item.text.lower() for item in data.items()}
    words = {word for text in taught for word in re.findall(r"[a-z]+", text)}
    for row in prompts:
        assert row["prompt"] not in taught
        # Prompts whose words are all common are unseen as sentences alone.
        unseen = {word for word in row["unseen"] if " " not in word}
        rare = unseen - {"fed", "ear", "noise", "dark", "won", "lost", "guard", "party"}
        assert not rare & words, row["prompt"]
        for word in unseen:
            kinds = {found.kind for found in lexicon().read(word)}
            assert kinds == {Kind.UNKNOWN}, word


def test_later_prompts_are_in_no_list() -> None:
    taught = {item.text.lower() for item in data.items()}
    later = {expected.prompt for expected in held_out(LATER)}
    assert len(later) == 40 and not later & (taught | {one.prompt for one in held_out()})


def test_items_have_codes_and_families() -> None:
    every = data.items()
    assert len(every) > 1500
    assert all(item.code.min() >= 0 and item.code.max() <= 1 for item in every)
    families = {item.text: item.family for item in every}
    assert families["happy"] == families["happily"] == families["happiness"]
    shown = {STYLES[int(item.code.argmax())] for item in every if item.code.any()}
    assert shown == set(STYLES)


def test_held_out_words_are_read_better_than_by_chance(
    encoder: recipe.Remembered, some: list[data.Item]
) -> None:
    found = recipe.cross_validate(encoder, recipe.Preset(folds=3), 0, some)
    assert found["words_first"] > 0.6  # of three styles
    assert "phrases_first" not in found


def test_run_writes_weights_that_load(
    tmp_path: Path,
    encoder: recipe.Remembered,
    some: list[data.Item],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(data, "items", lambda: tuple(some))
    told: list[str] = []
    measured = recipe.run(tmp_path, encoder, recipe.Preset(folds=2), report=told.append)
    network = load(tmp_path / "emotion_text.safetensors", encoder)
    assert network.config.centres == len(some) and measured["words_first"] > 0.5
    assert any("held out" in line for line in told)
    known = [item for item in some if item.code.max() == 1][:20]
    codes = network.project(embed(encoder, [item.text for item in known]))
    assert np.mean([c.argmax() == i.code.argmax() for c, i in zip(codes, known, strict=True)]) > 0.9
