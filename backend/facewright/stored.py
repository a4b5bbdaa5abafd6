"""A network's weights in one file: safetensors, and nothing of it is used unchecked."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from facewright.errors import InputError
from facewright.media.files import atomic_output

N = TypeVar("N", bound=nn.Module)

_DTYPES = (torch.float16, torch.bfloat16, torch.float32)


def save(
    path: Path, name: str, network: nn.Module, about: Mapping[str, str], dtype: torch.dtype
) -> None:
    """Write a network with its header: name, config, and what ``about`` says (licence …).

    Args:
        path: of the file; replaced when all is written.
        name: of the kind of network.
        network: its ``config`` is a dataclass of numbers.
        about: for whoever reads the header.
        dtype: that tensors are stored in.

    Raises:
        OutputError: ``path`` cannot be written.
    """
    from safetensors.torch import save_file

    config: Any = network.config
    header = {"name": name, "config": json.dumps(asdict(config)), **about}
    tensors = {
        key: value.detach().to("cpu", dtype).contiguous()
        for key, value in network.state_dict().items()
    }
    with atomic_output(path) as pending:
        save_file(tensors, pending, metadata=header)


def load(path: Path, name: str, make: Callable[[dict[str, Any]], N]) -> N:
    """Read a network; every tensor must be there, of the right shape, finite.

    Args:
        path: of the file.
        name: of the kind of network.
        make: a network from its config as a dict; it may raise TypeError or ValueError.

    Returns:
        The network in float32, for inference.

    Raises:
        InputError: the file is missing, is of another network, or does not fit its config.
    """
    header, tensors = _read(path)
    if header.get("name") != name:
        raise InputError(f"weights: {path} is of {header.get('name')!r}, not of {name!r}")
    try:
        # Nothing is allocated before the file is known to hold as much as it claims.
        with torch.device("meta"):
            config = json.loads(header["config"])
            expected = make(config).state_dict()
    except (
        AssertionError,
        AttributeError,
        KeyError,
        RecursionError,
        TypeError,
        ValueError,
    ) as error:
        raise InputError(f"weights: {path} has no usable config ({error})") from error
    for key in sorted(expected.keys() ^ tensors.keys()):
        what = "lacks" if key in expected else "has an unknown"
        raise InputError(f"weights: {path} {what} tensor {key!r}")
    for key, tensor in tensors.items():
        if tensor.shape != expected[key].shape:
            raise InputError(
                f"weights: {path}: {key!r} is {tuple(tensor.shape)}, "
                f"expected {tuple(expected[key].shape)}"
            )
        if tensor.dtype not in _DTYPES:
            raise InputError(
                f"weights: {path}: {key!r} is of {tensor.dtype}, expected float16, bfloat16 "
                "or float32"
            )
        if not torch.isfinite(tensor).all():
            raise InputError(f"weights: {path}: {key!r} holds numbers that are not finite")
    network = make(config)
    network.load_state_dict({key: value.float() for key, value in tensors.items()}, assign=True)
    return network.eval().requires_grad_(False)


def header(path: Path) -> dict[str, str]:
    """What a file of weights says of itself: name, config, licence ...; no tensor is read.

    Raises:
        InputError: the file is missing or no safetensors file.
    """
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise InputError(f"weights: {path} does not exist")
    try:
        with safe_open(path, framework="pt") as file:
            return file.metadata() or {}
    except (SafetensorError, OSError) as error:
        raise InputError(f"weights: {path} is not a safetensors file ({error})") from error


def _read(path: Path) -> tuple[dict[str, str], dict[str, Tensor]]:
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise InputError(f"weights: {path} does not exist")
    try:
        with safe_open(path, framework="pt") as file:
            names = file.keys()
            return file.metadata() or {}, {name: file.get_tensor(name) for name in names}
    except (SafetensorError, OSError) as error:
        raise InputError(f"weights: {path} is not a safetensors file ({error})") from error
