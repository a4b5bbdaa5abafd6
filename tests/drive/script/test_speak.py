"""Scripts spoken by espeak-ng, in a process of its own."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from facewright.drive import script
from facewright.drive.script import engine
from facewright.errors import InputError


@pytest.fixture(autouse=True)
def installed() -> None:
    try:
        engine.find()
    except InputError as error:
        pytest.skip(str(error))


@pytest.fixture
def program_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """An espeak-ng of which only the program is there."""
    import shutil

    program = shutil.which("espeak-ng")
    if program is None:
        pytest.skip("needs the program espeak-ng on PATH")
    monkeypatch.setattr(engine, "find", lambda: engine.Engine("", "", program))
    for cached in (engine.voices, engine.variants):
        cached.cache_clear()
    yield
    for cached in (engine.voices, engine.variants):
        cached.cache_clear()


def level(spoken: script.Spoken, start: float, end: float) -> float:
    samples = spoken.speech.samples[int(start * 16000) : int(end * 16000)]
    return float(np.sqrt((samples**2).mean()))


def test_words_and_directions_have_their_times() -> None:
    said = "[sadly surprised] Oh. [relieved] There you are. [] Good."
    spoken = script.speak(said)
    assert spoken.speech.rate == 16000
    assert spoken.text == "Oh. There you are. Good."
    assert [word.text for word in spoken.words] == ["Oh", "There", "you", "are", "Good"]
    assert all(w.start < w.end <= spoken.speech.seconds for w in spoken.words)
    (first, a, b), (second, c, d) = spoken.cues
    assert (first, second) == ("sadly surprised", "relieved")
    assert (a, b, c) == (0.0, spoken.words[1].start, spoken.words[1].start)
    assert d == spoken.words[4].start
    # There is sound where words are, and quiet in the pause between the sentences.
    oh, there = spoken.words[:2]
    assert there.start - oh.end > 0.1
    assert level(spoken, oh.start, oh.end) > 10 * level(spoken, oh.end + 0.05, there.start - 0.03)
    assert "".join(p.text for p in spoken.phones).replace("ˈ", "").startswith("oʊð")


def test_words_of_other_scripts_and_parts_of_words() -> None:
    spoken = script.speak("Déjà vu, 25 naïve Ünïcodes.", "fr")
    starts = [word.start for word in spoken.words]
    assert starts == sorted(starts)
    assert [w.text for w in spoken.words][:3] == ["Déjà", "vu", "25"]


def test_punctuation_pauses_and_rate() -> None:
    plain = script.speak("one two three four")
    paused = script.speak("One. Two. Three. Four.")
    assert paused.speech.seconds > plain.speech.seconds + 0.5
    fast = script.speak("one two three four", rate=320)
    assert fast.speech.seconds < 0.75 * plain.speech.seconds


def test_voices_are_listed_and_variants_sound_different() -> None:
    codes = {voice.language for voice in script.voices()}
    assert {"en-us", "de", "ja", "ru", "it"} <= codes
    a, b = (script.speak("Good morning.", voice=v).speech.samples for v in (None, "f3"))
    n = min(len(a), len(b))
    assert np.abs(a[:n] - b[:n]).max() > 0.05


@pytest.mark.parametrize(
    ("language", "found"),
    [("EN_us", "en-us"), ("zh", "cmn"), ("pt-PT", "pt"), ("de-AT", "de"), ("en-NZ", "en-gb")],
)
def test_codes_are_found_as_people_write_them(language: str, found: str) -> None:
    assert engine.resolve(language)[0].language == found


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"language": "german"}, r"did you mean de\?"),
        ({"language": "xq"}, "no voice speaks 'xq'"),
        ({"language": "../../etc/passwd"}, "no voice speaks"),
        ({"voice": "f99"}, "no variant is called 'f99'; there are f1"),
        ({"voice": "../x"}, "no variant is"),
        ({"rate": 20}, "rate"),
        ({"pitch": 200}, "pitch"),
        ({"max_seconds": 0.5}, "longer than 0.5 s"),
    ],
)
def test_what_is_not_there_is_told(wrong: dict, says: str) -> None:
    with pytest.raises(InputError, match=says):
        script.speak("Hello out there, everybody.", **wrong)


def test_markup_and_phoneme_codes_are_read_as_text() -> None:
    plain = script.speak("Hello there.")
    marked = script.speak("Hello \\[\\[h@l'oU\\]\\] <b>there</b>.")
    assert marked.speech.seconds > plain.speech.seconds


def test_the_library_never_enters_this_process() -> None:
    script.speak("Hello.")
    assert "espeakng_loader" not in sys.modules
    if sys.platform == "linux":
        from pathlib import Path

        assert "espeak" not in Path("/proc/self/maps").read_text()


def test_the_program_alone_speaks_each_direction_in_turn(program_only: None) -> None:
    spoken = script.speak("[angry] No \\[\\[x! [calm] Never mind.", "en-gb", "f3")
    assert spoken.words == ()
    (first, a, b), (second, c, d) = spoken.cues
    assert (first, second, a, b, d) == ("angry", "calm", 0.0, c, spoken.speech.seconds)
    assert {"en-us", "de"} <= {voice.language for voice in script.voices()}
    with pytest.raises(InputError, match="did you mean de"):
        script.speak("Hallo", "german")


def test_without_espeak_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    engine.find.cache_clear()
    monkeypatch.setattr(engine.shutil, "which", lambda name: None)
    monkeypatch.setattr(engine.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(engine.ctypes.util, "find_library", lambda name: None)
    with pytest.raises(InputError, match="apt install espeak-ng"):
        engine.find()
    monkeypatch.undo()
    engine.find.cache_clear()


def test_directions_become_emotion_cues() -> None:
    spoken = script.speak("[sadly surprised @2] Oh. [relieved] There you are.")
    first, last = script.emotions(spoken)
    assert (first.prompt, first.start, first.intensity) == ("sadly surprised", 0.0, 2.0)
    assert first.end == last.start == spoken.words[1].start
    assert (last.prompt, last.end) == ("relieved", None)
    for wrong in ("[1-2:happy] Hi", "[happy@9] Hi", "[42] Hi"):
        with pytest.raises(InputError):
            script.emotions(script.speak(wrong))
