"""Phones from synthesisers and aligners, and the teacher's mouth for them."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from facewright.errors import InputError
from facewright.face.names import EXPRESSION_64
from facewright.train.speech import flite, teacher
from facewright.train.speech.corpus import Corpus, load, save
from facewright.train.speech.espeak import Espeak, phones_of
from facewright.train.speech.phones import ARPABET, TO_ARPABET, Phone, Utterance, fill, letters
from facewright.train.speech.score import closure_events, closure_of, score

MAMA = [Phone(s, 0.3 + 0.12 * k, 0.42 + 0.12 * k) for k, s in enumerate("mamafu")]


def column(beta: np.ndarray, name: str) -> np.ndarray:
    return beta[:, EXPRESSION_64.index(name)]


@pytest.mark.parametrize(
    ("ipa", "expected"),
    [("ˈaɪ", "aɪ"), ("tʃ", "ʃ"), ("iː", "i"), ("ɫ", "l"), ("ŋ̩", "ŋ"), ("pʲ", "p"), ("ɜː", "ɜ"),
     ("əl", "əl"), ("", ""), ("_:", ""), ("ɲ", "n"), ("d͡ʒ", "ʒ")],
)  # fmt: skip
def test_ipa_becomes_our_letters(ipa, expected):
    assert "".join(letters(ipa)) == expected


def test_every_letter_is_known_to_the_teacher_and_the_aligner():
    for symbol in TO_ARPABET:
        assert np.isfinite(teacher.curves([Phone(symbol, 0.1, 0.2)], 0.3)).all()
    assert {s for phones in ARPABET.values() for s in phones} <= set(TO_ARPABET)
    assert set(TO_ARPABET.values()) <= set(ARPABET)


def test_what_phones_leave_open_is_silence():
    filled = fill([Phone("a", 0.2, 0.3), Phone("m", 0.3, 0.4)], 1.0)
    assert [p.symbol for p in filled] == ["_", "a", "m", "_"]
    assert filled[-1].end == 1.0


class TestTeacher:
    beta = teacher.curves(MAMA, 1.3)

    def test_rests_before_and_after(self):
        assert self.beta.shape == (131, 64)
        assert np.abs(self.beta[:8]).max() < 0.02
        assert np.abs(self.beta[-8:]).max() < 0.05

    def test_closes_for_m_and_opens_for_a(self):
        closure = closure_of(self.beta)
        assert closure[[36, 60]] == pytest.approx(1.0)
        assert closure[[48, 72]].max() < 0.01
        jaw = column(self.beta, "jawOpen")
        assert jaw[[48, 72]].min() > 0.3
        assert jaw[[36, 60]].max() < 0.6 * jaw[48]

    def test_bites_for_f_and_rounds_for_u(self):
        assert column(self.beta, "lipFV")[84] == pytest.approx(1.0)
        assert column(self.beta, "lipFV")[:70].max() == 0
        pucker = column(self.beta, "mouthPucker")
        assert pucker.argmax() in range(88, 105)
        assert pucker[84] > 0.2  # rounding is anticipated through f
        assert pucker[48] < 0.05

    def test_stays_in_range_and_is_smooth(self):
        assert self.beta.min() >= 0 and self.beta.max() <= 1
        assert np.abs(np.diff(column(self.beta, "jawOpen"))).max() < 0.06

    def test_leaves_the_upper_face_alone(self):
        upper = [k for k, n in enumerate(EXPRESSION_64) if n.startswith(("eye", "brow", "cheek"))]
        assert not self.beta[:, upper].any()

    def test_lists_closures_and_joins_neighbours(self):
        assert len(teacher.closures(MAMA)) == 2
        lumber = [Phone("m", 0.1, 0.2), Phone("b", 0.2, 0.25)]
        assert teacher.closures(lumber) == [(pytest.approx(0.1), pytest.approx(0.24))]

    def test_a_late_curve_scores_lower(self):
        truth = score([self.beta], 100, [(MAMA, 1.3)])
        assert truth.jaw == pytest.approx(1.0, abs=1e-5)
        assert truth.bilabial_f == 1.0
        late = score([np.roll(self.beta, 8, axis=0)], 100, [(MAMA, 1.3)])
        assert late.jaw < 0.8
        assert late.bilabial_f == 0.0
        assert closure_events(closure_of(self.beta), 100) == pytest.approx([0.36, 0.60], abs=0.02)


def test_espeak_marks_the_release_of_p_and_the_onset_of_m():
    events = [(0.10, "a"), (0.30, "p"), (0.34, "a"), (0.50, "m"), (0.60, "a"), (0.8, "")]
    phones = {p.symbol + str(k): p for k, p in enumerate(phones_of(events, 0.9))}
    assert phones["p1"].start == pytest.approx(0.255)
    assert phones["a0"].end == pytest.approx(0.255)
    assert phones["m3"].start == pytest.approx(0.50)
    assert phones["a2"].start == phones["p1"].end
    (closed,) = teacher.closures([phones["p1"]])
    assert closed[1] < 0.305


def test_espeak_speaks_in_a_child_process():
    with Espeak() as espeak:
        one = espeak.speak("People may bake.", "en-us+f2", rate=150)
        slow = espeak.speak("People may bake.", "en-us+f2", rate=90)
        other = espeak.speak("Собака бежит.", "ru")
        with pytest.raises(RuntimeError, match="no voice 'xx-none'"):
            espeak.speak("a", "xx-none")
        assert espeak.words(["mamma", "papà"], "it") == [list("mamma"), list("papa")]
    assert [p.symbol for p in one.phones if p.symbol in "pbm"] == ["p", "p", "m", "b"]
    assert 0.8 < one.seconds < 2.5 < 1.3 * slow.seconds + 1
    assert slow.seconds > 1.3 * one.seconds
    assert other.language == "ru" and len(other.phones) > 8
    ends = [p.end for p in one.phones]
    assert ends == sorted(ends) and ends[-1] <= one.seconds
    # During /m/ the sound is weaker than in the vowel after it.
    m = next(k for k, p in enumerate(one.phones) if p.symbol == "m")

    def power(p: Phone) -> float:
        return float(np.square(one.samples[int(p.start * 16e3) : int(p.end * 16e3)] / 1e3).mean())

    assert power(one.phones[m]) < power(one.phones[m + 1])


@pytest.mark.skipif(shutil.which("flite") is None, reason="needs the program flite (apt: flite)")
def test_flite_speaks():
    said = flite.speak("my baby", "slt")
    assert "".join(p.symbol for p in said.phones) == "maɪbeɪbi"
    assert said.phones[-1].end < said.seconds
    assert flite.speak("my baby", "slt", 1.3).seconds > 1.2 * said.seconds
    with pytest.raises(InputError, match="flite"):
        flite.speak("my baby", "nobody")


def test_a_corpus_is_stored_and_read_back(tmp_path):
    made = [
        Utterance(
            np.arange(-500, 500, dtype=np.int16), (Phone("m", 0.0, 0.03),), "it", "prompts/it"
        ),
        Utterance(np.zeros(3000, np.int16), (), "en-us", "espeak/en-us"),
    ]
    save(tmp_path / "c.npz", made)
    back = load(tmp_path / "c.npz")
    assert [(u.language, u.source) for u in back] == [(u.language, u.source) for u in made]
    np.testing.assert_array_equal(back[0].samples, made[0].samples)
    assert back[0].phones[0].symbol == "m" and back[1].phones == ()
    corpus = Corpus(back)
    rng = np.random.default_rng(0)
    assert {corpus.draw(rng, 1.0) for _ in range(9)} == {0}
    assert {corpus.draw(rng, 0.0) for _ in range(9)} == {1}
    assert corpus.seconds("prompts") == pytest.approx(1000 / 16000)
    with pytest.raises(InputError, match="does not exist"):
        load(tmp_path / "none.npz")


def test_the_aligner_finds_the_words(examples):
    pytest.importorskip("pocketsphinx")
    import soundfile
    from facewright.train.speech.align import Aligner, seconds_per_phone

    samples, _ = soundfile.read(examples / "speech.wav", dtype="int16")
    text = (examples / "speech.txt").read_text()
    aligner = Aligner()
    phones = aligner.english(samples, text)
    assert sum(p.symbol in "pbm" for p in phones) >= 8
    mean, longest = seconds_per_phone(phones)
    assert 0.06 < mean < 0.12 and longest < 0.6
    assert 0.1 < phones[0].start < 0.4
    with pytest.raises(InputError, match="'xyzzyq' is not in the CMU dictionary"):
        aligner.english(samples, "xyzzyq")
