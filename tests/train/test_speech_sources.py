"""Where speech comes from, what it is scored against, and the command line of recipes."""

from __future__ import annotations

import gzip
import shutil

import numpy as np
import pytest
from facewright import cli
from facewright.errors import InputError
from facewright.train.speech import prompts, score, seen, texts


def test_sentences_are_seeded_words_of_the_language():
    pytest.importorskip("faker")
    russian = texts.sentences("ru", 1)
    first = [next(russian) for _ in range(3)]
    again = texts.sentences("ru", 1)
    assert [next(again) for _ in range(3)] == first
    assert all("а" <= c <= "я" or c in " ,.ё-" for c in "".join(first).lower())
    assert all(3 <= len(s.split()) <= 14 for s in first)
    assert first != [next(texts.sentences("ru", 2)) for _ in range(3)]


def test_prompts_without_sound_or_with_lost_letters_are_left_out(tmp_path, monkeypatch):
    lines = [
        "\ufeff; a comment", "added: Aggiunto.", "beep: [tono]", "exactly: sar? esatto",
        "absent: Non registrato.", "muted: Voce disattivata. (You are muted.)", "one: Premi 1.",
    ]  # fmt: skip
    words = tmp_path / "asterisk-core-sounds-it"
    words.mkdir()
    with gzip.open(words / "core-sounds-it.txt.gz", "wt", encoding="utf-8") as file:
        file.write("\n".join(lines))
    (tmp_path / "it").mkdir()
    for name in ("added", "beep", "exactly", "muted", "one"):
        (tmp_path / "it" / f"{name}.g722").touch()
    monkeypatch.setattr(prompts, "WORDS", tmp_path)
    monkeypatch.setattr(prompts, "SOUNDS", tmp_path)
    found = [(path.stem, text) for path, text in prompts.listing("it")]
    assert found == [("added", "Aggiunto"), ("muted", "Voce disattivata")]
    with pytest.raises(InputError, match="install asterisk-core-sounds-ru"):
        list(prompts.listing("ru"))


def test_sentences_to_score_are_aligned(tmp_path, examples):
    pytest.importorskip("pocketsphinx")
    shutil.copy(examples / "speech.wav", tmp_path / "one.wav")
    text = (examples / "speech.txt").read_text().lower().replace(".", "").strip()
    (tmp_path / "transcription").write_text(f"<s> {text} </s> (one)\n")
    (sentence,) = score.aligned_sentences(tmp_path)
    assert sentence.seconds == pytest.approx(6.05)
    assert len(sentence.phones) > 50
    (tmp_path / "transcription").write_text("no such form\n")
    with pytest.raises(InputError, match="another form"):
        list(score.aligned_sentences(tmp_path))
    with pytest.raises(InputError, match="install pocketsphinx-testdata"):
        list(score.aligned_sentences(tmp_path / "none"))


def test_lags_are_found_and_told_apart():
    rng = np.random.default_rng(0)
    predicted = np.convolve(rng.standard_normal(300), np.ones(5), "same").astype(np.float32)
    late = np.roll(predicted, 2)
    late[50:60] = np.nan
    zero, lag, best = seen.lagged_correlation(predicted, late)
    assert lag == 2
    assert best > 0.98 > 0.8 > zero
    assert seen.lagged_correlation(predicted, np.full(300, np.nan, np.float32))[0] == 0


def test_a_wrong_preset_is_one_line(tmp_path, capsys):
    assert cli.run(["train", "emoa2e", "--preset", "nope", "--work", str(tmp_path)]) == 2
    told = capsys.readouterr().err
    assert told == "facewright: preset: 'nope' is not one of embedded, emotion, desk, smoke\n"
