"""The command: parts by name, what is absent is said."""

from __future__ import annotations

import sys

import pytest


@pytest.fixture
def voice(root, monkeypatch):
    monkeypatch.syspath_prepend(str(root))
    from benchmarks import voice

    return voice


def test_absent_inputs_are_said(voice, tmp_path, capsys):
    assert voice.main(["--only", "real", "-o", str(tmp_path / "report")]) == 0
    assert "not measured: needs --clips and --manifest" in capsys.readouterr().out
    text = (tmp_path / "report" / "numbers.md").read_text()
    assert "Lips beside real ones" in text
    assert "not measured" in (tmp_path / "report" / "index.html").read_text()


def test_sentences_that_are_not_there_are_said(voice, tmp_path, capsys, monkeypatch):
    from facewright.train.speech import prompts

    monkeypatch.setattr(prompts, "WORDS", tmp_path)
    assert voice.main(["--only", "lips", "--sentences", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    if "pocketsphinx" in sys.modules:
        assert "LibriVox: sentences:" in out and "English prompts:" in out


def test_unknown_parts_are_refused(voice, capsys):
    assert voice.main(["--only", "lips,hair"]) == 2
    assert "hair" in capsys.readouterr().out


def test_clips_that_train_are_refused(voice, tmp_path, capsys):
    (tmp_path / "clips").mkdir()
    manifest = tmp_path / "m.csv"
    manifest.write_text(
        "split,kind,file,identity,seconds,audio,sync_note\n"
        "train,clip256,clips/a.mp4,somebody,9,yes,in sync\n"
    )
    arguments = ["--only", "real", "--clips", str(tmp_path / "clips"), "--manifest", str(manifest)]
    assert voice.main(arguments) == 0
    assert "holds clips that train" in capsys.readouterr().out
