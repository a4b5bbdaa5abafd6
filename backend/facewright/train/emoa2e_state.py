"""A training of EmoA2E on disk: network, average, optimiser and random numbers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

if TYPE_CHECKING:
    from facewright.train.emoa2e import Trainer


def write(trainer: Trainer) -> None:
    """Write the checkpoint, replaced at once."""
    from safetensors.torch import save_file

    tensors = {f"network.{k}": v for k, v in trainer.network.state_dict().items()}
    tensors |= {f"average.{k}": v for k, v in trainer.average.state_dict().items()}
    for index, state in trainer.optimizer.state_dict()["state"].items():
        tensors |= {f"adam.{index}.{key}": value for key, value in state.items()}
    header = {
        "iteration": str(trainer.iteration),
        "random": json.dumps(trainer.sampler.rng.bit_generator.state),
        "torch": torch.get_rng_state().numpy().tobytes().hex(),
    }
    part = trainer.checkpoint.with_suffix(".part")
    save_file({k: v.contiguous() for k, v in tensors.items()}, part, metadata=header)
    part.replace(trainer.checkpoint)


def read(trainer: Trainer) -> None:
    """Go on where :func:`write` left off."""
    from safetensors import safe_open

    from facewright.train.emoa2e import copy_of

    with safe_open(trainer.checkpoint, framework="pt") as file:
        header = file.metadata()
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    part = {
        name: {k[len(name) + 1 :]: v for k, v in tensors.items() if k.startswith(name + ".")}
        for name in ("network", "average", "adam")
    }
    trainer.network.load_state_dict(part["network"])
    trainer.average = copy_of(trainer.network)
    trainer.average.load_state_dict(part["average"])
    state = trainer.optimizer.state_dict()
    slots: dict[int, dict[str, Tensor]] = {}
    for key, value in part["adam"].items():
        index, _, name = key.partition(".")
        slots.setdefault(int(index), {})[name] = value
    state["state"] = slots
    trainer.optimizer.load_state_dict(state)
    trainer.iteration = int(header["iteration"])
    trainer.sampler.rng.bit_generator.state = json.loads(header["random"])
    raw = np.frombuffer(bytes.fromhex(header["torch"]), np.uint8).copy()
    torch.set_rng_state(torch.from_numpy(raw))
