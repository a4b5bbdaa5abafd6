"""Audio2Exp (ControlTalk, section 3.2): what a sound changes in a given expression.

The paper's network edits the key points of its renderer; here an expression is the 64
blendshapes, and only those of the mouth can change. Its speech feature comes from a network
trained before and kept fixed; here that is EmoA2E with ``lips.articulate``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from facewright import stored
from facewright.drive.lips import SPOKEN
from facewright.face.names import EXPRESSION_64

_KINDS = ("jaw", "mouth", "lip", "tongue", "smileOpen", "snarlOpen", "cheekPuff", "cheekSuck")
#: Columns that a sound may change; all others pass through untouched.
MOUTH = [k for k, name in enumerate(EXPRESSION_64) if name.startswith(_KINDS)]


@dataclass(frozen=True, slots=True)
class Config:
    """What the network is made of; travels in the weights' header.

    Attributes:
        speech: columns of the speech feature A at one moment.
        moments: of A that are seen at once, around the frame's.
        step: seconds between them.
        width: of both hidden layers.
        mouth: columns that change.
    """

    speech: int = len(SPOKEN)
    moments: int = 3
    step: float = 0.02
    width: int = 192
    mouth: int = len(MOUTH)


class Audio2Exp(nn.Module):
    """ΔE of an expression E and a sound A: a perceptron whose last layer begins at zero.

    (The paper's "Zero Module": before training nothing is changed.)
    """

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        inputs = config.mouth + config.moments * config.speech
        self.body = nn.Sequential(
            nn.Linear(inputs, config.width),
            nn.GELU(),
            nn.Linear(config.width, config.width),
            nn.GELU(),
        )
        self.zero = nn.Linear(config.width, config.mouth)
        nn.init.zeros_(self.zero.weight)
        nn.init.zeros_(self.zero.bias)

    def forward(self, mouth: Tensor, speech: Tensor) -> Tensor:
        """ΔE.

        Args:
            mouth: (N, M) the expression's columns :data:`MOUTH`.
            speech: (N, moments · speech) A; zeros are silence.

        Returns:
            (N, M).
        """
        return self.zero(self.body(torch.cat([mouth, speech], -1)))


def save(path: Path, network: Audio2Exp, about: dict[str, str]) -> None:
    """Write weights with their header, in 16 bits."""
    stored.save(path, "audio2exp", network, about, torch.float16)


def load(path: Path) -> Audio2Exp:
    """Read weights; every tensor must be there, of the right shape, finite.

    Raises:
        InputError: the file is missing, is not Audio2Exp's, or does not fit its config.
    """
    return stored.load(path, "audio2exp", lambda config: Audio2Exp(Config(**config)))
