"""Texts with the code that they ask for: the lexicon's words and written phrases.

The held-out prompts of ``facewright.evaluate`` are not among them, and neither are the words
that make them hard; a test sees to that.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from facewright.checks import Float32
from facewright.drive.emotion.lexicon import adverb, contents, mixture
from facewright.drive.emotion.styles import code_of

FILE = Path(__file__).with_name("phrases.json")


@dataclass(frozen=True, slots=True)
class Item:
    """A word or phrase.

    Attributes:
        text: as it stands in the list.
        part: "adjective", "adverb", "noun", "verb" or "phrase".
        code: (C,).
        family: words of one stem have one; what is held out is held out by it.
    """

    text: str
    part: str
    code: Float32
    family: str


@cache
def items() -> tuple[Item, ...]:
    """Every word of the lexicon's English and every written phrase."""
    found = []
    english = contents()["english"]
    for part in ("adjectives", "nouns", "verbs"):
        for key, words in english[part].items():
            code = code_of(mixture(key))
            for word in words.split():
                plain = word.replace("-", " ")
                found.append(Item(plain, part[:-1], code, plain[:4]))
                if part == "adjectives" and "-" not in word and key != "neutral":
                    found.append(Item(adverb(word), "adverb", code, plain[:4]))
    for key, phrases in json.loads(FILE.read_text(encoding="utf-8"))["phrases"].items():
        code = code_of(mixture(key))
        found.extend(Item(phrase, "phrase", code, phrase) for phrase in phrases)
    return tuple(found)
