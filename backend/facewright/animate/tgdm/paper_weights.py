"""Weights of the published network on disk: safetensors, checked before they are used."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import torch

from facewright.animate.tgdm.paper import Config, PaperTGDM
from facewright.errors import InputError
from facewright.media.files import atomic_output

#: In the header of its files.
NAME = "tgdm-paper"


def save(path: Path, network: PaperTGDM, about: dict[str, str]) -> None:
    """Write weights with their header: name, config, and what ``about`` says (licence …)."""
    from safetensors.torch import save_file

    header = {"name": NAME, "config": json.dumps(asdict(network.config)), **about}
    tensors = {k: v.detach().cpu().contiguous() for k, v in network.state_dict().items()}
    with atomic_output(path) as pending:
        save_file(tensors, pending, metadata=header)


def load(path: Path) -> PaperTGDM:
    """Read weights; every tensor must be there, of the right shape, finite.

    Raises:
        InputError: the file is missing, is not this network's, or does not fit its config.
    """
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise InputError(f"weights: {path} does not exist")
    try:
        with safe_open(path, framework="pt") as file:
            header = file.metadata() or {}
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise InputError(f"weights: {path} is not a safetensors file ({error})") from error
    if header.get("name") != NAME:
        raise InputError(f"weights: {path} is of {header.get('name')!r}, not of {NAME!r}")
    try:
        # Nothing is allocated before the file is known to hold as much as it claims.
        with torch.device("meta"):
            network = PaperTGDM(Config(**json.loads(header["config"])))
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"weights: {path} has no usable config ({error})") from error
    expected = network.state_dict()
    for key in sorted(expected.keys() ^ tensors.keys()):
        what = "lacks" if key in expected else "has an unknown"
        raise InputError(f"weights: {path} {what} tensor {key!r}")
    for key, tensor in tensors.items():
        if tensor.shape != expected[key].shape or tensor.dtype != torch.float32:
            raise InputError(
                f"weights: {path}: {key!r} is {tuple(tensor.shape)} of {tensor.dtype}, "
                f"expected {tuple(expected[key].shape)} of float32"
            )
        if not torch.isfinite(tensor).all():
            raise InputError(f"weights: {path}: {key!r} holds numbers that are not finite")
    network.load_state_dict(tensors, assign=True)
    return network.eval().requires_grad_(False)
