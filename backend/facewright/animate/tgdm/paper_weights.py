"""Weights of the published network on disk; see ``stored``."""

from __future__ import annotations

from pathlib import Path

import torch

from facewright import stored
from facewright.animate.tgdm.paper import Config, PaperTGDM

#: In the header of its files.
NAME = "tgdm-paper"


def save(path: Path, network: PaperTGDM, about: dict[str, str]) -> None:
    """Write weights with their header: name, config, and what ``about`` says (licence …)."""
    stored.save(path, NAME, network, about, torch.float32)


def load(path: Path) -> PaperTGDM:
    """Read weights; every tensor must be there, of the right shape, finite.

    Raises:
        InputError: the file is missing, is not this network's, or does not fit its config.
    """
    return stored.load(path, NAME, lambda config: PaperTGDM(Config(**config)))
