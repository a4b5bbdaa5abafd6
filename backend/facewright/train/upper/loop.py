"""A training loop that logs, keeps checkpoints and goes on from them exactly."""

from __future__ import annotations

import copy
import json
import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from facewright.errors import InputError
from facewright.media.files import atomic_output

Report = Callable[[str, int, dict[str, float]], None]


class Loop:
    """What both stages share.

    Args:
        name: of the stage: names its checkpoint and its lines in the log.
        work: folder of checkpoint and log.
        modules: networks that learn, by name.
        averaged: which of them is averaged.
        rates: learning rate of each optimizer: of each module by its name.
        generators: whose states a checkpoint holds.
        iterations, warm_up: of the schedule, a cosine down to a fiftieth.
        ema: decay of the average.
        step: one iteration; it returns the losses.
    """

    def __init__(
        self,
        name: str,
        work: Path,
        modules: Mapping[str, nn.Module],
        averaged: str,
        rates: Mapping[str, float],
        generators: Mapping[str, np.random.Generator],
        iterations: int,
        warm_up: int,
        ema: float,
        step: Callable[[], dict[str, float]],
    ) -> None:
        self.name, self.work, self.modules = name, work, dict(modules)
        self.rates, self.generators = dict(rates), dict(generators)
        self.iterations, self.warm_up, self.ema, self.step = iterations, warm_up, ema, step
        self.optimizers = {
            key: torch.optim.Adam(module.parameters(), self.rates[key], betas=(0.5, 0.98))
            for key, module in self.modules.items()
        }
        self.averaged = averaged
        self.average = copy.deepcopy(self.modules[averaged]).requires_grad_(False)
        self.iteration = 0
        if self.checkpoint.is_file():
            self._resume()

    @property
    def checkpoint(self) -> Path:
        return self.work / f"{self.name}.checkpoint.safetensors"

    def run(
        self, until: int | None = None, every: int = 100, report: Report | None = None
    ) -> dict[str, float]:
        """Train up to iteration ``until`` (default: all); the last mean losses."""
        until = self.iterations if until is None else min(until, self.iterations)
        sums: dict[str, float] = {}
        means: dict[str, float] = {}
        started = time.process_time()
        while self.iteration < until:
            for key, optimizer in self.optimizers.items():
                optimizer.param_groups[0]["lr"] = self.rates[key] * self._schedule()
            step = self.step()
            self._average()
            self.iteration += 1
            for key, value in step.items():
                sums[key] = sums.get(key, 0.0) + value
            if self.iteration % every == 0 or self.iteration == until:
                count = (self.iteration - 1) % every + 1
                means = {key: value / count for key, value in sums.items()}
                sums = {}
                self.save()
                self._log({**means, "cpu_seconds": time.process_time() - started})
                if report:
                    report(self.name, self.iteration, means)
        return means

    def save(self) -> None:
        """Write the checkpoint, whole or not at all."""
        from safetensors.torch import save_file

        self.work.mkdir(parents=True, exist_ok=True)
        tensors = {f"average.{k}": v for k, v in self.average.state_dict().items()}
        for key, module in self.modules.items():
            tensors |= {f"{key}.{k}": v for k, v in module.state_dict().items()}
            for index, state in self.optimizers[key].state_dict()["state"].items():
                tensors |= {f"adam.{key}.{index}.{k}": v for k, v in state.items()}
        header = {
            "iteration": str(self.iteration),
            "random": json.dumps({k: g.bit_generator.state for k, g in self.generators.items()}),
            "torch": torch.get_rng_state().numpy().tobytes().hex(),
        }
        with atomic_output(self.checkpoint) as part:
            save_file({k: v.contiguous() for k, v in tensors.items()}, part, metadata=header)

    def _schedule(self) -> float:
        cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, self.iteration / self.iterations)))
        return min(1.0, (self.iteration + 1) / self.warm_up) * (0.02 + 0.98 * cosine)

    def _average(self) -> None:
        # The average starts quickly and slows down to its decay.
        decay = min(self.ema, (1 + self.iteration) / (10 + self.iteration))
        with torch.no_grad():
            pairs = zip(
                self.average.parameters(), self.modules[self.averaged].parameters(), strict=True
            )
            for mean, now in pairs:
                mean.lerp_(now, 1 - decay)

    def _log(self, means: dict[str, float]) -> None:
        with (self.work / "log.jsonl").open("a") as log:
            line = {"stage": self.name, "iteration": self.iteration, **means}
            log.write(json.dumps(line) + "\n")

    def _resume(self) -> None:
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(self.checkpoint, framework="pt") as file:
                header = file.metadata()
                tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
            self.average.load_state_dict(_part(tensors, "average"))
            for key, module in self.modules.items():
                module.load_state_dict(_part(tensors, key))
                self._resume_optimizer(key, _part(tensors, f"adam.{key}"))
            random = json.loads(header["random"])
            raw = np.frombuffer(bytes.fromhex(header["torch"]), np.uint8).copy()
            self.iteration = int(header["iteration"])
        except (SafetensorError, RuntimeError, KeyError, TypeError, ValueError) as error:
            raise InputError(
                f"work: {self.checkpoint} is not a checkpoint of this recipe; remove it"
                f" or choose another folder ({error})"
            ) from error
        for key, generator in self.generators.items():
            generator.bit_generator.state = random[key]
        torch.set_rng_state(torch.from_numpy(raw))

    def _resume_optimizer(self, key: str, tensors: dict[str, Tensor]) -> None:
        slots: dict[int, dict[str, Tensor]] = {}
        for name, value in tensors.items():
            index, _, slot = name.partition(".")
            slots.setdefault(int(index), {})[slot] = value
        state = self.optimizers[key].state_dict()
        state["state"] = slots
        self.optimizers[key].load_state_dict(state)


def _part(tensors: dict[str, Tensor], name: str) -> dict[str, Tensor]:
    return {k[len(name) + 1 :]: v for k, v in tensors.items() if k.startswith(name + ".")}
