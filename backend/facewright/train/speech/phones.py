"""Phones in time, in one alphabet, whichever synthesiser or aligner named them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: Sample rate of every utterance, Hz.
RATE = 16000

SILENCE = "_"

#: ARPABET (CMU dictionary, flite) -> our alphabet. Diphthongs are two phones.
ARPABET: dict[str, tuple[str, ...]] = {
    "AA": ("ɑ",), "AE": ("æ",), "AH": ("ʌ",), "AO": ("ɔ",), "AW": ("a", "ʊ"), "AX": ("ə",),
    "AY": ("a", "ɪ"), "EH": ("ɛ",), "ER": ("ɚ",), "AXR": ("ɚ",), "EY": ("e", "ɪ"), "IH": ("ɪ",),
    "IX": ("ɪ",), "IY": ("i",), "OW": ("o", "ʊ"), "OY": ("ɔ", "ɪ"), "UH": ("ʊ",), "UW": ("u",),
    "UX": ("u",), "B": ("b",), "CH": ("ʃ",), "D": ("d",), "DH": ("ð",), "DX": ("ɾ",), "F": ("f",),
    "EL": ("l",), "EM": ("m",), "EN": ("n",), "G": ("ɡ",), "HH": ("h",), "HV": ("h",),
    "JH": ("ʒ",), "K": ("k",), "L": ("l",), "M": ("m",), "N": ("n",), "NG": ("ŋ",), "P": ("p",),
    "R": ("ɹ",), "S": ("s",), "SH": ("ʃ",), "T": ("t",), "TH": ("θ",), "V": ("v",), "W": ("w",),
    "Y": ("j",), "Z": ("z",), "ZH": ("ʒ",),
}  # fmt: skip

#: Our alphabet -> the nearest ARPABET phone, to align any language with an English model.
TO_ARPABET: dict[str, str] = {
    "i": "IY", "y": "IY", "ɨ": "IH", "ʉ": "UW", "ɯ": "UW", "u": "UW", "ɪ": "IH", "ʏ": "IH",
    "ʊ": "UH", "e": "EH", "ø": "ER", "ɘ": "AH", "ɵ": "AH", "ɤ": "AH", "o": "AO", "ə": "AH",
    "ɛ": "EH", "œ": "ER", "ɜ": "ER", "ɚ": "ER", "ɞ": "ER", "ʌ": "AH", "ɔ": "AO", "æ": "AE",
    "ɐ": "AA", "a": "AA", "ɶ": "AA", "ɑ": "AA", "ɒ": "AO", "p": "P", "b": "B", "m": "M",
    "f": "F", "v": "V", "ʋ": "V", "w": "W", "ɥ": "W", "β": "B", "ɸ": "F", "t": "T", "d": "D",
    "n": "N", "l": "L", "ɾ": "D", "r": "R", "ɹ": "R", "s": "S", "z": "Z", "θ": "TH", "ð": "DH",
    "ʃ": "SH", "ʒ": "ZH", "j": "Y", "k": "K", "ɡ": "G", "ŋ": "NG", "x": "HH", "h": "HH",
}  # fmt: skip

# Letters that move the face as another letter does.
_SAME = {
    "g": "ɡ", "ɱ": "m", "ʙ": "b", "ɓ": "b", "ⱱ": "v", "ʍ": "w", "ɰ": "w", "ʈ": "t", "ɖ": "d",
    "ɗ": "d", "ɳ": "n", "ɲ": "n", "ɭ": "l", "ʎ": "l", "ɫ": "l", "ɬ": "l", "ɮ": "l", "ʟ": "l",
    "ɺ": "ɾ", "ɽ": "ɾ", "ɻ": "ɹ", "ʂ": "ʃ", "ɕ": "ʃ", "ʐ": "ʒ", "ʑ": "ʒ", "c": "k", "ɟ": "ɡ",
    "ç": "j", "ʝ": "j", "q": "k", "ɢ": "ɡ", "ɠ": "ɡ", "ɣ": "x", "χ": "x", "ʁ": "x", "ʀ": "x",
    "ħ": "h", "ʕ": "h", "ɦ": "h", "ʔ": "h", "ɧ": "ʃ", "ᵻ": "ɪ", "ɝ": "ɚ", "ɴ": "ŋ",
    "ᵊ": "ə", "ʲ": "j",
}  # fmt: skip
# The closure of an affricate is the tongue's; what the lips do is the fricative's.
_AFFRICATES = {"tʃ": "ʃ", "dʒ": "ʒ", "tɕ": "ʃ", "dʑ": "ʒ", "tʂ": "ʃ", "dʐ": "ʒ", "ts": "s",
               "dz": "z", "pf": "pf"}  # fmt: skip

VOWELS = frozenset("iyɨʉɯuɪʏʊeøɘɵɤoəɛœɜɚɞʌɔæɐaɶɑɒ")
BILABIALS = frozenset("pbm")


@dataclass(frozen=True, slots=True)
class Phone:
    """One phone: a letter of our alphabet or :data:`SILENCE`, and when, in seconds.

    A stop lasts from the beginning of its closure to the end of its burst.
    """

    symbol: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Utterance:
    """A spoken sentence.

    Attributes:
        samples: (N,) int16 mono at 16 kHz.
        phones: in order, without overlap; what they leave open is silence.
        language: as espeak-ng names it ("en-us").
        source: "espeak", "flite" or "prompts", and the voice: "flite/slt".
    """

    samples: NDArray[np.int16]
    phones: tuple[Phone, ...]
    language: str
    source: str

    @property
    def seconds(self) -> float:
        return len(self.samples) / RATE


def letters(ipa: str) -> list[str]:
    """The letters of our alphabet in one IPA symbol as synthesisers write it.

    Stress, length, tone and secondary articulation are dropped; palatalisation after a
    consonant moves the tongue, not the lips, and is dropped too. ``letters("ˈaɪ")`` is
    ``["a", "ɪ"]``; ``letters("tʃ")`` is ``["ʃ"]``.
    """
    ipa = unicodedata.normalize("NFD", ipa)
    ipa = "".join(c for c in ipa if not unicodedata.combining(c) and c not in "ˈˌːˑ͡ʰʱʷˤ˞-'ʼ")
    if len(ipa) > 1:
        ipa = ipa.replace("ʲ", "")
    for pair, single in _AFFRICATES.items():
        ipa = ipa.replace(pair, single)
    same = (_SAME.get(c, c) for c in ipa)
    return [c for c in same if c in TO_ARPABET]


def split(symbols: Iterable[str], start: float, end: float) -> list[Phone]:
    """Phones of equal length that share [start, end)."""
    symbols = list(symbols)
    edges = np.linspace(start, end, len(symbols) + 1)
    return [
        Phone(s, float(a), float(b)) for s, a, b in zip(symbols, edges, edges[1:], strict=False)
    ]


def fill(phones: Iterable[Phone], seconds: float) -> list[Phone]:
    """The phones with silence wherever they leave the time [0, seconds] open."""
    out: list[Phone] = []
    now = 0.0
    for phone in phones:
        if phone.start > now + 0.005:
            out.append(Phone(SILENCE, now, phone.start))
        out.append(phone)
        now = max(now, phone.end)
    if seconds > now + 0.005:
        out.append(Phone(SILENCE, now, seconds))
    return out
