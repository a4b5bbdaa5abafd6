"""What the words of a prompt say on their own: styles, degrees, negations, sequences.

English, 17 more European languages, Turkish, Chinese, Japanese and Korean, all in one table
(``lexicon.json``): a prompt's language is not asked for. Where languages quarrel about a
word, English wins, then the order of the file. Accents may be left out.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any

from facewright.checks import Float32
from facewright.drive.emotion.styles import code_of

FILE = Path(__file__).with_name("lexicon.json")

# Scripts without spaces between words, and Hangul, whose endings are many.
_CJK = "\u3005\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af"
_PIECE = re.compile(rf"[{_CJK}]+|[^\W\d_{_CJK}]+(?:'[^\W\d_{_CJK}]+)?|[,;:.!?、，。；]")
_IS_CJK = re.compile(rf"[{_CJK}]")
_SHORTEST_STEM = 3


class Kind(Enum):
    """What a word is for."""

    STYLE = "style"
    DEGREE = "degree"
    NEGATION = "negation"
    NEGATION_AFTER = "negation of the word before"
    THOROUGHLY = "thoroughly"
    BREAK = "break"
    THEN = "then"
    FILLER = "filler"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Word:
    """A word or phrase of a prompt.

    Attributes:
        text: as the prompt has it, case and accents folded.
        kind: what it is for.
        code: (C,) of a style word.
        degree: of a degree word, -1..1.
        start, end: characters of the prompt after NFKC.
    """

    text: str
    kind: Kind
    start: int
    end: int
    code: Float32 | None = None
    degree: float = 0.0


@dataclass(frozen=True, slots=True)
class _Entry:
    kind: Kind
    code: Float32 | None = None
    degree: float = 0.0


def normalised(prompt: str) -> str:
    """The prompt in NFKC with plain apostrophes, spaces for hyphens: what ``Word.start`` counts."""
    text = unicodedata.normalize("NFKC", prompt)
    return text.replace("’", "'").replace("-", " ").replace("‐", " ").replace("–", " ")


def folded(word: str) -> str:
    """Without case and, but in CJK, accents."""
    if _IS_CJK.search(word):
        return word
    parts = unicodedata.normalize("NFD", word.casefold())
    return "".join(c for c in parts if unicodedata.category(c) != "Mn")


def mixture(key: str) -> dict[str, float]:
    """'angry 0.6 sad 0.5' -> {"angry": 0.6, "sad": 0.5}; a style alone counts 1."""
    weights: dict[str, float] = {}
    style = ""
    for part in key.split():
        if part[0].isdigit():
            weights[style] = float(part)
        elif part != "neutral":
            style = part
            weights[style] = 1.0
    return weights


def adverb(adjective: str) -> str:
    """'happy' -> 'happily', as English makes them."""
    if adjective.endswith("y"):
        return adjective[:-1] + "ily"
    if adjective.endswith("ic"):
        return adjective + "ally"
    if adjective.endswith("le"):
        return adjective[:-1] + "y"
    return adjective + "ly"


def uninflected(word: str) -> list[str]:
    """What an English word may be a form of: "happier" -> "happy", "saddest" -> "sad"."""
    roots = []
    for ending in ("est", "er", "ness", "ing", "ed", "s"):
        root = word.removesuffix(ending)
        if root == word or len(root) < _SHORTEST_STEM:
            continue
        roots += [root, root + "e"]
        if root.endswith("i"):
            roots.append(root[:-1] + "y")
        if root[-1] == root[-2]:
            roots.append(root[:-1])
    return roots


@cache
def contents() -> dict[str, Any]:
    """The lexicon's file."""
    return json.loads(FILE.read_text(encoding="utf-8"))


class Lexicon:
    """The table, ready to read prompts with; :func:`lexicon` keeps the one there is."""

    def __init__(self) -> None:
        self._phrases: dict[str, list[tuple[tuple[str, ...], _Entry]]] = {}
        self._words: dict[str, _Entry] = {}
        self._stems: dict[str, _Entry] = {}
        self._cjk: dict[str, _Entry] = {}
        data = contents()
        self._functions(data)
        for group in data["english"].values():
            for key, words in group.items():
                self._styles(key, words.replace("-", "_"))
        for key, words in data["english"]["adjectives"].items():
            self._styles(key, " ".join(adverb(w) for w in words.split() if "-" not in w))
        for language in data["languages"].values():
            for key, words in language.items():
                self._styles(key, words.replace("-", "_"))
        for language in data["cjk"].values():
            for key, words in language.items():
                for word in words.split():
                    self._cjk.setdefault(word, _Entry(Kind.STYLE, code_of(mixture(key))))
        for phrases in self._phrases.values():
            phrases.sort(key=lambda phrase: -len(phrase[0]))
        self._longest = max(map(len, self._cjk))

    def read(self, prompt: str) -> list[Word]:
        """The words of a prompt, in order; punctuation between clauses is a BREAK."""
        text = normalised(prompt)
        pieces = list(_PIECE.finditer(text))
        words: list[Word] = []
        k = 0
        while k < len(pieces):
            piece = pieces[k]
            if _IS_CJK.match(piece[0]):
                words.extend(self._cjk_words(piece[0], piece.start()))
                k += 1
                continue
            if not piece[0][0].isalpha():
                words.append(Word(piece[0], Kind.BREAK, piece.start(), piece.end()))
                k += 1
                continue
            entry, count = self._latin(pieces, k)
            last = pieces[k + count - 1]
            words.append(_word(folded(text[piece.start() : last.end()]), entry, piece, last))
            k += count
        return words

    def _functions(self, data: dict[str, Any]) -> None:
        listed = {
            Kind.NEGATION_AFTER: "negations_after",
            Kind.NEGATION: "negations",
            Kind.THOROUGHLY: "thoroughly",
            Kind.BREAK: "breaks",
            Kind.THEN: "then",
        }
        for kind, key in listed.items():
            for word in data[key].split():
                self._add(word.replace("-", "_"), _Entry(kind))
            for word in data.get(f"cjk_{key}", "").split():
                self._cjk.setdefault(word, _Entry(kind))
        for degree, words in data["degrees"].items():
            for word in words.split():
                self._add(word.replace("-", "_"), _Entry(Kind.DEGREE, degree=float(degree)))
        for degree, words in data["cjk_degrees"].items():
            for word in words.split():
                self._cjk.setdefault(word, _Entry(Kind.DEGREE, degree=float(degree)))
        for word in data["filler"].split():
            self._add(word, _Entry(Kind.FILLER))

    def _styles(self, key: str, words: str) -> None:
        entry = _Entry(Kind.STYLE, code_of(mixture(key)))
        for word in words.split():
            self._add(word, entry)

    def _add(self, word: str, entry: _Entry) -> None:
        parts = tuple(folded(part) for part in word.split("_"))
        if len(parts) > 1:
            self._phrases.setdefault(parts[0], []).append((parts, entry))
        elif parts[0].endswith("*"):
            self._stems.setdefault(parts[0][:-1], entry)
        else:
            self._words.setdefault(parts[0], entry)

    def _latin(self, pieces: list[re.Match[str]], k: int) -> tuple[_Entry, int]:
        """The entry of the longest phrase from piece ``k`` on, and how many pieces it has."""
        first = folded(pieces[k][0])
        for parts, entry in self._phrases.get(first, ()):
            following = tuple(folded(p[0]) for p in pieces[k : k + len(parts)])
            if following == parts:
                return entry, len(parts)
        found = self._word(first)
        if found is None and "'" in first:  # d'angoisse, l'ira
            found = self._word(first.split("'", 1)[1])
        return found or _Entry(Kind.UNKNOWN), 1

    def _word(self, word: str) -> _Entry | None:
        ends = range(len(word), _SHORTEST_STEM - 1, -1)
        stems = (self._stems[word[:end]] for end in ends if word[:end] in self._stems)
        roots = (self._words[root] for root in uninflected(word) if root in self._words)
        return self._words.get(word) or next(stems, None) or next(roots, None)

    def _cjk_words(self, run: str, offset: int) -> Iterator[Word]:
        """Longest entries from the left; what lies between them is unknown."""
        k = rest = 0
        while k < len(run):
            sizes = range(min(self._longest, len(run) - k), 0, -1)
            size = next((n for n in sizes if run[k : k + n] in self._cjk), 0)
            if size:
                if rest < k:
                    yield Word(run[rest:k], Kind.UNKNOWN, offset + rest, offset + k)
                entry = self._cjk[run[k : k + size]]
                at = offset + k
                yield Word(
                    run[k : k + size], entry.kind, at, at + size, entry.code, entry.degree
                )  # fmt: skip
                k += size
                rest = k
            else:
                k += 1
        if rest < k:
            yield Word(run[rest:k], Kind.UNKNOWN, offset + rest, offset + k)


def _word(text: str, entry: _Entry, first: re.Match[str], last: re.Match[str]) -> Word:
    return Word(text, entry.kind, first.start(), last.end(), entry.code, entry.degree)


@cache
def lexicon() -> Lexicon:
    """The table, made once."""
    return Lexicon()
