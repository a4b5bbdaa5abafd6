"""Making the projection: seconds, once the texts are embedded.

    facewright train emotion --work out/emotion

Words and phrases are held out by families ("happy", "happily", "happiness" are one) to
tell how prompts never seen are read; what ships knows all of them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from facewright.checks import Float32
from facewright.drive.emotion.encoders import Encoder
from facewright.drive.emotion.projection import Projection, embed, fitted, save
from facewright.train.emotion import data

#: Told what was done, a line at a time.
Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Preset:
    """A recipe.

    Attributes:
        gamma, ridge: of the kernel regression.
        folds: of families that are held out in turn.
    """

    gamma: float = 1.5
    ridge: float = 0.5
    folds: int = 5


@dataclass(frozen=True, slots=True)
class Score:
    """How items never seen are read.

    Attributes:
        count: of the items.
        first: share whose strongest style is right; neutral counts as one.
        cosine: mean between the code found and the one meant, of those that are not neutral.
    """

    count: int
    first: float
    cosine: float


class Remembered:
    """An encoder that embeds each text once."""

    def __init__(self, encoder: Encoder) -> None:
        self.name, self.size = encoder.name, encoder.size
        self._encoder = encoder
        self._known: dict[str, Float32] = {}

    def encode(self, texts: Sequence[str]) -> Float32:
        """(N, E) unit vectors of N texts."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if new:
            self._known.update(zip(new, self._encoder.encode(new), strict=True))
        return np.stack([self._known[text] for text in texts])


def score(network: Projection, encoder: Encoder, held: Sequence[data.Item]) -> Score:
    """How a network reads items, each as it stands in the list."""
    found = network.project(embed(encoder, [item.text for item in held]))
    wanted = np.stack([item.code for item in held])
    some = wanted.any(1)
    right = np.where(some, found.argmax(1) == wanted.argmax(1), True)
    right &= found.any(1) == some
    lengths = np.linalg.norm(found[some], axis=1) * np.linalg.norm(wanted[some], axis=1)
    cosines = (found[some] * wanted[some]).sum(1) / np.maximum(lengths, 1e-9)
    return Score(len(held), float(right.mean()), float(cosines.mean()))


def cross_validate(
    encoder: Encoder, preset: Preset, seed: int, items: Sequence[data.Item] | None = None
) -> dict[str, float]:
    """Hold each fold of families out; how its words and its phrases are read then.

    Returns:
        "words_first", "words_cosine", "phrases_first", "phrases_cosine": means over items.
    """
    every = data.items() if items is None else tuple(items)
    families = sorted({item.family for item in every})
    order = np.random.default_rng(seed).permutation(len(families)) % preset.folds
    fold_of = dict(zip(families, order.tolist(), strict=True))
    sums: dict[str, float] = {}
    counts = {"words": 0, "phrases": 0}
    for fold in range(preset.folds):
        kept = [item for item in every if fold_of[item.family] != fold]
        network = make(kept, encoder, preset)
        for kind in counts:
            held = [
                item
                for item in every
                if fold_of[item.family] == fold and (item.part == "phrase") == (kind == "phrases")
            ]
            if not held:
                continue
            result = score(network, encoder, held)
            counts[kind] += result.count
            for name in ("first", "cosine"):
                key = f"{kind}_{name}"
                sums[key] = sums.get(key, 0.0) + result.count * getattr(result, name)
    return {key: round(value / counts[key.split("_")[0]], 3) for key, value in sums.items()}


def make(chosen: Sequence[data.Item], encoder: Encoder, preset: Preset) -> Projection:
    """A projection that knows some items."""
    codes = np.stack([item.code for item in chosen])
    return fitted(encoder, [item.text for item in chosen], codes, preset.gamma, preset.ridge)


def run(
    work: Path,
    encoder: Encoder,
    preset: Preset | None = None,
    seed: int = 0,
    report: Report = print,
) -> dict[str, float]:
    """Cross-validate, make one of everything, and write ``emotion_text.safetensors`` in ``work``.

    Returns:
        What :func:`cross_validate` found.

    Raises:
        OutputError: the weights cannot be written.
    """
    preset = preset or Preset()
    work.mkdir(parents=True, exist_ok=True)
    encoder = Remembered(encoder)
    report(f"{len(data.items())} words and phrases, embedded by {encoder.name}")
    measured = cross_validate(encoder, preset, seed)
    report(f"held out: {json.dumps(measured)}")
    about = {
        "licence": "Apache-2.0",
        "recipe": json.dumps({"seed": seed, **asdict(preset)}),
        "held_out": json.dumps(measured),
    }
    save(work / "emotion_text.safetensors", make(data.items(), encoder, preset), about)
    return measured
