"""Weights of the small network on disk; see ``stored``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from facewright import stored
from facewright.animate.tgdm.embedded import Embedded, EmbeddedConfig

#: The animator's name in the header of its files.
NAME = "tgdm"
#: What ships.
SHIPPED = Path(__file__).parent.parent / "weights" / "tgdm.safetensors"


def save(path: Path, network: Embedded, about: dict[str, str]) -> None:
    """Write weights with their header: name, config, and what ``about`` says (licence …).

    Numbers are stored in 16 bits, which frames do not show.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    stored.save(path, NAME, network, about, torch.float16)


def load(path: Path = SHIPPED) -> Embedded:
    """Read weights; every tensor must be there, of the right shape, finite.

    Raises:
        InputError: the file is missing, is not this network's, or does not fit its config.
    """
    return stored.load(path, NAME, _made)


def _made(config: dict[str, Any]) -> Embedded:
    sizes: Any = {k: tuple(v) if isinstance(v, list) else v for k, v in config.items()}
    return Embedded(EmbeddedConfig(**sizes))
