"""The sentences that lips are scored on, and what a recogniser hears in them: kept."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facewright.errors import InputError
from facewright.media.files import write_bytes
from facewright.train.speech import prompts
from facewright.train.speech.phones import RATE, Phone
from facewright.train.speech.rivals import Allphone
from facewright.train.speech.score import Sentence, aligned_prompts


def english_prompts(cache: Path | None, count: int = 100) -> list[Sentence]:
    """As :func:`facewright.train.speech.score.aligned_prompts`, which takes minutes.

    Args:
        cache: a folder where the phones (not the sound) are kept; None: nowhere.
        count: how many.

    Raises:
        InputError: the prompts are not installed.
        OutputError: the cache cannot be written.
    """
    kept = None if cache is None else cache / f"english-prompts-{count}.json"
    if kept is not None and kept.is_file():
        return _read(kept)
    found = aligned_prompts(count)
    if kept is not None:
        kept.parent.mkdir(parents=True, exist_ok=True)
        rows = [
            {"name": s.name, "samples": len(s.samples), "phones": [_row(p) for p in s.phones]}
            for s in found
        ]
        write_bytes(kept, json.dumps(rows).encode())
    return found


def _read(kept: Path) -> list[Sentence]:
    rows = {(row["name"], row["samples"]): row["phones"] for row in json.loads(kept.read_bytes())}
    names = {name for name, _ in rows}
    found = []
    for path, _ in prompts.listing("en"):
        if path.stem not in names:
            continue
        samples = prompts.decode(path)
        phones = rows.pop((path.stem, len(samples)), None)
        if phones is not None:
            spoken = tuple(Phone(symbol, start, end) for symbol, start, end in phones)
            found.append(Sentence(path.stem, samples, spoken, len(samples) / RATE))
    if rows:
        raise InputError(f"{kept}: names prompts that are not installed; remove it")
    return found


def _row(phone: Phone) -> tuple[str, float, float]:
    return phone.symbol, phone.start, phone.end


class KeptAllphone(Allphone):
    """Free phone recognition that remembers what it recognised, since it takes minutes.

    Args:
        cache: a folder where phones (not the sound) are kept; None: nowhere.
    """

    def __init__(self, cache: Path | None) -> None:
        self._kept = None if cache is None else cache / "allphone.json"
        self._known: dict[str, list[tuple[str, float, float]]] = {}
        self._started = False
        if self._kept is not None and self._kept.is_file():
            self._known = json.loads(self._kept.read_bytes())

    def phones(self, samples: NDArray[np.int16]) -> list[Phone]:
        """Phones of (N,) mono samples at 16 kHz."""
        key = hashlib.sha256(samples.astype("<i2").tobytes()).hexdigest()[:16]
        if key not in self._known:
            if not self._started:
                super().__init__()
                self._started = True
            self._known[key] = [_row(phone) for phone in super().phones(samples)]
            if self._kept is not None:
                self._kept.parent.mkdir(parents=True, exist_ok=True)
                write_bytes(self._kept, json.dumps(self._known).encode())
        return [Phone(symbol, start, end) for symbol, start, end in self._known[key]]
