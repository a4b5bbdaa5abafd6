"""Weights of the small network on disk: safetensors, checked before they are used."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from facewright.animate.tgdm.embedded import Embedded, EmbeddedConfig
from facewright.errors import InputError

#: The animator's name in the header of its files.
NAME = "tgdm"
#: What ships.
SHIPPED = Path(__file__).parent.parent / "weights" / "tgdm.safetensors"


def save(path: Path, network: Embedded, about: dict[str, str]) -> None:
    """Write weights with their header: name, config, and what ``about`` says (licence …).

    Numbers are stored in 16 bits, which frames do not show.
    """
    from safetensors.torch import save_file

    header = {"name": NAME, "config": json.dumps(asdict(network.config)), **about}
    tensors = {k: v.detach().half().contiguous() for k, v in network.state_dict().items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, path, metadata=header)


def load(path: Path = SHIPPED) -> Embedded:
    """Read weights; every tensor must be there, of the right shape, finite.

    Raises:
        InputError: the file is missing, is not this network's, or does not fit its config.
    """
    header, tensors = _read(path)
    if header.get("name") != NAME:
        raise InputError(f"weights: {path} is of {header.get('name')!r}, not of {NAME!r}")
    try:
        config: dict[str, Any] = json.loads(header["config"])
        sizes: Any = {k: tuple(v) if isinstance(v, list) else v for k, v in config.items()}
        network = Embedded(EmbeddedConfig(**sizes))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"weights: {path} has no usable config ({error})") from error
    expected = network.state_dict()
    for key in sorted(expected.keys() ^ tensors.keys()):
        what = "lacks" if key in expected else "has an unknown"
        raise InputError(f"weights: {path} {what} tensor {key!r}")
    for key, tensor in tensors.items():
        if tensor.shape != expected[key].shape:
            raise InputError(
                f"weights: {path}: {key!r} is {tuple(tensor.shape)}, "
                f"expected {tuple(expected[key].shape)}"
            )
        if not torch.isfinite(tensor).all():
            raise InputError(f"weights: {path}: {key!r} holds numbers that are not finite")
    network.load_state_dict(tensors)
    return network.eval().requires_grad_(False)


def _read(path: Path) -> tuple[dict[str, str], dict[str, Tensor]]:
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise InputError(f"weights: {path} does not exist")
    try:
        with safe_open(path, framework="pt") as file:
            names = file.keys()
            return file.metadata() or {}, {name: file.get_tensor(name) for name in names}
    except SafetensorError as error:
        raise InputError(f"weights: {path} is not a safetensors file ({error})") from error
