"""What an EmoA2E with emotion shows, beside the rules that it learned from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from facewright.checks import Float32
from facewright.drive import lips
from facewright.drive.emoa2e import EmoA2E
from facewright.drive.emotion import CODE, STYLES, combine, synthesise
from facewright.drive.heard import Heard
from facewright.train.speech.score import closure_events, closure_of

_ETAS = (1.0, 1.5, 2.0, 2.5, 3.0)


@dataclass(frozen=True, slots=True)
class Felt:
    """One style.

    Attributes:
        style: its name.
        agreement: correlation over the 64 blendshapes with the rules' offsets, η = 2, mean
            over the recordings.
        strength: the network's offsets over the rules', by length.
        rises: whether the offsets' length rises with η, 1 to 3 in steps of a half.
        closures: share of the neutral lips' closures that are there, within 20 ms, when the
            offsets are combined with them.
    """

    style: str
    agreement: float
    strength: float
    rises: bool
    closures: float

    def __str__(self) -> str:
        rises = "rises with η" if self.rises else "does NOT rise with η"
        return (
            f"{self.style:13} r {self.agreement:.2f}  strength {self.strength:.2f}  {rises}  "
            f"closures kept {self.closures:.2f}"
        )


def measured(network: EmoA2E, recordings: Sequence[Heard]) -> list[Felt]:
    """Every style on every recording."""
    found = []
    for k, style in enumerate(STYLES):
        code = np.zeros(CODE, np.float32)
        code[k] = 1.0
        lengths, agreement, strength, kept = [], [], [], []
        for heard in recordings:
            shown = {eta: network.emotion_offsets(heard.mfccs, code, eta) for eta in _ETAS}
            lengths.append([np.linalg.norm(shown[eta].mean(0)) for eta in _ETAS])
            rule = synthesise(code[None], np.array([2.0], np.float32))[0]
            mean = shown[2.0].mean(0)
            agreement.append(np.corrcoef(mean, rule)[0, 1])
            strength.append(np.linalg.norm(mean) / np.linalg.norm(rule))
            kept.append(_kept(network, heard, shown[2.0]))
        rises = bool((np.diff(np.mean(lengths, 0)) > 0).all())
        found.append(
            Felt(
                style,
                float(np.mean(agreement)),
                float(np.mean(strength)),
                rises,
                float(np.mean(kept)),
            )
        )
    return found


def _kept(network: EmoA2E, heard: Heard, offsets: Float32) -> float:
    rate = network.config.rate
    neutral = network.predict(heard.mfccs, emotion=np.zeros(CODE, np.float32))
    spoken = lips.articulate(neutral, rate, heard.presence.speaking)
    felt = combine(spoken, offsets)
    wanted = closure_events(closure_of(spoken), rate)
    events = np.array(closure_events(closure_of(felt), rate))
    hits = [t for t in wanted if len(events) and np.abs(events - t).min() <= 0.02]
    return len(hits) / max(len(wanted), 1)
