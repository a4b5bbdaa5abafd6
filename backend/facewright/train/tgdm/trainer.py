"""The training loop: seeded, resumable, on one CPU, one GPU or many (by accelerate).

What a step does follows from the seed and the step's number alone: batches are asked for
by number and random numbers start anew in each step. So a run that was stopped and went
on is, on a CPU to the bit, the run that was not stopped.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from facewright.errors import CancelledError
from facewright.train.tgdm import state
from facewright.train.tgdm.batches import images, in_order, moved
from facewright.train.tgdm.log import Log
from facewright.train.tgdm.plan import Plan
from facewright.train.tgdm.stopping import Stopping

CHECKPOINT = "checkpoint.safetensors"
LOG = "log.jsonl"


class Objective(Protocol):
    """What is minimised; one that is a module too has its state kept with the run."""

    def __call__(
        self, model: nn.Module, batch: Any, generator: torch.Generator
    ) -> Mapping[str, Tensor]:
        """Losses of one batch.

        Args:
            model: the network, in training; call it, for it may be wrapped.
            batch: as the data set gave it, on the model's device.
            generator: on that device; the only source of randomness to use.

        Returns:
            "loss", which is minimised, and scalars to be logged beside it.
        """
        ...


class Trainer:
    """Trains a network; making it again in the same folder goes on from the checkpoint.

    Attributes:
        model: the network that learns.
        ema: its averaged weights, which ship.
        step: steps done.
    """

    def __init__(
        self,
        model: nn.Module,
        objective: Objective,
        batches: Dataset[Any],
        plan: Plan,
        folder: Path,
        seed: int = 0,
        *,
        sheet: Callable[[nn.Module, int, Path], None] | None = None,
        report: Callable[[dict[str, float]], None] | None = None,
    ) -> None:
        """Set up, and load the folder's checkpoint if there is one.

        Args:
            model: the network; whoever made it has seeded its weights.
            objective: the losses.
            batches: ``batches[k]`` is the whole k-th batch: tensors, or tuples, lists or
                dicts of them, made from its own seed and k alone. With P processes, step
                s takes the batches s P .. s P + P - 1, one each.
            plan: the recipe.
            folder: of checkpoint, log and sheets.
            seed: of all that is random in training.
            sheet: called with (averaged network, step, folder) every ``sheet_every``.
            report: called with each line of the log.

        Raises:
            InputError: for a checkpoint that does not fit the network.
        """
        from accelerate import Accelerator

        gpu = torch.cuda.is_available()
        precision = plan.precision
        if precision == "auto":
            precision = "bf16" if gpu else "no"
        self.accelerator = Accelerator(mixed_precision=precision)
        self.plan, self.folder, self.seed = plan, folder, seed
        self.objective, self.batches = objective, batches
        self._sheet, self._report = sheet, report
        self.step = 0
        self.model = model.to(self.accelerator.device)
        if plan.channels_last:
            self.model = self.model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.ema = copy.deepcopy(self.model).eval().requires_grad_(False)
        if isinstance(objective, nn.Module):
            objective.to(self.accelerator.device)
        optimizer = torch.optim.AdamW(
            _groups(self.model, plan),
            lr=plan.rate,
            betas=plan.betas,
            weight_decay=plan.weight_decay,
            fused=gpu,
        )
        if self.checkpoint.is_file():
            self._resume(optimizer)
        prepared = torch.compile(self.model) if plan.compile else self.model
        self._wrapped, self._optimizer = self.accelerator.prepare(prepared, optimizer)

    @property
    def checkpoint(self) -> Path:
        """Where the run's state is kept."""
        return self.folder / CHECKPOINT

    def run(self, until: int | None = None, *, seconds: float | None = None) -> dict[str, float]:
        """Train up to step ``until`` (default: the plan's), or for as long as given.

        SIGTERM and Ctrl-C end it after the current step, with a checkpoint.

        Args:
            until: steps in all, counted from the run's start.
            seconds: of this call, after which it stops likewise, without an error.

        Returns:
            The last line of the log.

        Raises:
            CancelledError: where a signal ended it.
            FacewrightError: where the loss ceases to be a number; the last checkpoint is
                from before.
        """
        last = self.plan.iterations if until is None else min(until, self.plan.iterations)
        main, count = self.accelerator.is_main_process, self.accelerator.num_processes
        log = Log(self.folder / LOG if main else None, self.plan, self.step, last)
        started = time.monotonic()
        self._wrapped.train()
        with Stopping(self.accelerator) as stopping:
            for batch in self._from_here(last):
                log.add(self._one_step(batch), count * images(batch))
                self.step += 1
                over = seconds is not None and time.monotonic() - started > seconds
                stop = stopping.agreed(over)
                self._after_step(log, final=stop or self.step == last)
                if stop:
                    break
        # The main process has written the checkpoint when the others go on.
        self.accelerator.wait_for_everyone()
        if stopping.by_signal:
            raise CancelledError(f"training stopped at step {self.step}; run again to go on")
        return log.line

    def save(self) -> None:
        """Write the checkpoint."""
        parts = {
            "model": self.model.state_dict(),
            "ema": self.ema.state_dict(),
            "optimizer": state.optimizer_tensors(self._optimizer),
        }
        if isinstance(self.objective, nn.Module):
            parts["objective"] = self.objective.state_dict()
        self.folder.mkdir(parents=True, exist_ok=True)
        state.save(self.checkpoint, self.step, parts)

    def _after_step(self, log: Log, *, final: bool) -> None:
        plan, main = self.plan, self.accelerator.is_main_process
        saving = final or self.step % plan.checkpoint_every == 0
        if saving or self.step % plan.log_every == 0:
            log.write(self.step, self._report)
        if saving and main:
            self.save()
        if main and self._sheet and plan.sheet_every and self.step % plan.sheet_every == 0:
            self._sheet(self.ema, self.step, self.folder)

    def _one_step(self, batch: Any) -> dict[str, Tensor]:
        rank = self.accelerator.process_index
        number = _mixed(self.seed, self.step, rank)
        torch.manual_seed(number)  # what a layer may draw, dropout for one
        generator = torch.Generator(self.accelerator.device).manual_seed(number)
        for group in self._optimizer.param_groups:
            group["lr"] = self.plan.rate_at(self.step) * group["factor"]
        parts = self.objective(self._wrapped, moved(batch, self.accelerator.device), generator)
        self._optimizer.zero_grad()
        self.accelerator.backward(parts["loss"])
        norm = self.accelerator.clip_grad_norm_(self.model.parameters(), self.plan.clip)
        self._optimizer.step()
        self._average(self.plan.decay_at(self.step))
        return {key: value.detach() for key, value in parts.items()} | {"gradient": norm}

    @torch.no_grad()
    def _average(self, decay: float) -> None:
        means: list[Tensor] = list(self.ema.parameters())
        news: list[Tensor] = list(self.model.parameters())
        torch._foreach_lerp_(means, news, 1 - decay)
        for mean, new in zip(self.ema.buffers(), self.model.buffers(), strict=True):
            mean.copy_(new)

    def _from_here(self, last: int) -> Iterator[Any]:
        """The batches of the steps to come, one of each step's for this process."""
        count, rank = self.accelerator.num_processes, self.accelerator.process_index
        numbers = [step * count + rank for step in range(self.step, last)]
        gpu = self.accelerator.device.type == "cuda"
        return in_order(self.batches, numbers, workers=self.plan.workers, pinned=gpu)

    def _resume(self, optimizer: torch.optim.Optimizer) -> None:
        path = self.checkpoint
        self.step, parts = state.load(path)
        for part in ("model", "ema", "optimizer"):
            parts.setdefault(part, {})
        state.restore_module(self.model, parts["model"], "model", path)
        state.restore_module(self.ema, parts["ema"], "ema", path)
        state.restore_optimizer(optimizer, parts["optimizer"], path)
        if isinstance(self.objective, nn.Module):
            state.restore_module(self.objective, parts.get("objective", {}), "objective", path)


def _groups(model: nn.Module, plan: Plan) -> list[dict[str, Any]]:
    scalars = [p for p in model.parameters() if not p.ndim]
    rest = [p for p in model.parameters() if p.ndim]
    groups = [{"params": rest, "factor": 1.0}, {"params": scalars, "factor": plan.scalar_rate}]
    return [group for group in groups if group["params"]]


def _mixed(*numbers: int) -> int:
    """One 63-bit seed of several numbers."""
    words = np.random.SeedSequence([n & 0xFFFFFFFF for n in numbers]).generate_state(2)
    return int(words[0]) << 31 | int(words[1]) >> 1
