"""Checkpoints: everything a run needs to go on exactly, in one safetensors file.

One file is replaced at once, so that weights, optimizer and step always belong together.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from facewright.errors import InputError
from facewright.media.files import atomic_output

_KIND = "facewright training checkpoint"


def save(path: Path, step: int, parts: Mapping[str, Mapping[str, Tensor]]) -> None:
    """Write tensors by part and name.

    Args:
        path: of the file; replaced when all is written.
        step: steps that were done.
        parts: part -> name -> tensor, on any device.
    """
    from safetensors.torch import save_file

    tensors = {
        f"{part}.{name}": value.detach().cpu().contiguous()
        for part, values in parts.items()
        for name, value in values.items()
    }
    header = {"kind": _KIND, "state": json.dumps({"step": step, "parts": sorted(parts)})}
    with atomic_output(path) as pending:
        save_file(tensors, pending, metadata=header)


def load(path: Path) -> tuple[int, dict[str, dict[str, Tensor]]]:
    """The step and the parts of :func:`save`, on the CPU.

    Raises:
        InputError: for a file that is not a checkpoint, or is damaged.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            header = file.metadata() or {}
            if header.get("kind") != _KIND:
                raise InputError(f"checkpoint: {path} is no training checkpoint")
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        state = json.loads(header["state"])
        step, names = int(state["step"]), [str(name) for name in state["parts"]]
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"checkpoint: {path} cannot be read ({error})") from error
    parts: dict[str, dict[str, Tensor]] = {name: {} for name in names}
    for key, value in tensors.items():
        part, _, name = key.partition(".")
        if part not in parts:
            raise InputError(f"checkpoint: {path} holds {key!r}, of no known part")
        parts[part][name] = value
    return step, parts


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """The optimizer's moments, as ``index.name``."""
    return {
        f"{index}.{name}": torch.as_tensor(value)
        for index, slots in optimizer.state_dict()["state"].items()
        for name, value in slots.items()
    }


def restore_optimizer(
    optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor], path: Path
) -> None:
    """Give the optimizer its moments back; rates are the caller's to set."""
    state: dict[str, Any] = optimizer.state_dict()
    sizes = [p.shape for group in optimizer.param_groups for p in group["params"]]
    slots: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        index, _, name = key.partition(".")
        if not index.isdecimal() or int(index) >= len(sizes):
            raise InputError(f"checkpoint: {path}: optimizer.{key} is of no parameter")
        if value.ndim and value.shape != sizes[int(index)]:
            raise InputError(
                f"checkpoint: {path}: optimizer.{key} is {tuple(value.shape)}, "
                f"expected {tuple(sizes[int(index)])}"
            )
        slots.setdefault(int(index), {})[name] = value
    state["state"] = slots
    optimizer.load_state_dict(state)


def restore_module(module: nn.Module, tensors: Mapping[str, Tensor], part: str, path: Path) -> None:
    """Load a module's tensors; all must be there, of the right shape."""
    expected = module.state_dict()
    for key in sorted(expected.keys() ^ tensors.keys()):
        what = "lacks" if key in expected else "has an unknown"
        raise InputError(f"checkpoint: {path} {what} tensor {part}.{key}; use another folder")
    for key, value in tensors.items():
        if value.shape != expected[key].shape:
            raise InputError(
                f"checkpoint: {path}: {part}.{key} is {tuple(value.shape)}, expected "
                f"{tuple(expected[key].shape)}; use another folder"
            )
    module.load_state_dict(dict(tensors))
