"""Training GoHD's head-pose diffusion (eq. 1-3) on tracked clips, on a CPU.

    facewright train pose CLIPS --work out/pose

tracks the clips once, trains both networks, keeps a checkpoint and a log, goes on from the
checkpoint when started again, and writes ``pose.safetensors`` (averaged weights).
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from facewright.drive.pose.denoiser import Config, PoseNetworks, save
from facewright.drive.pose.diffusion import SCHEDULE, loss
from facewright.train.pose.takes import Sampler, Take

LICENCE = "Apache-2.0"


@dataclass(frozen=True, slots=True)
class Preset:
    """A recipe.

    Attributes:
        iterations, batch, rate, warm_up: of Adam, with a cosine down to rate / 50; the
            rate is the paper's (appendix C).
        ema: decay of the averaged weights that are kept.
        deaf: share of windows whose sound is withheld, so that both networks know what
            heads do whatever is said.
        config: of the networks.
    """

    iterations: int = 3000
    batch: int = 16
    rate: float = 6e-4
    warm_up: int = 100
    ema: float = 0.998
    deaf: float = 0.1
    config: Config = field(default_factory=Config)


PRESETS = {
    #: Six minutes of one core.
    "embedded": Preset(),
    #: For hours of tracked clips, on a GPU or over night.
    "desk": Preset(iterations=100_000, batch=32, ema=0.9995,
                   config=Config(width=128, blocks=6, heads=8, window=256)),
    #: Seconds: does the recipe run at all?
    "smoke": Preset(iterations=60, batch=8, warm_up=5, ema=0.9, rate=3e-3,
                    config=Config(window=24, width=16, heads=2, blocks=2, dropout=0.0)),
}  # fmt: skip


class Trainer:
    """The loop: seeded, resumable; one thread unless torch is told otherwise.

    Args:
        takes: heads to learn from.
        preset: the recipe.
        work: folder of checkpoint, log and result.
        seed: of weights, windows and noise.
    """

    def __init__(self, takes: Sequence[Take], preset: Preset, work: Path, seed: int = 0) -> None:
        torch.manual_seed(seed)
        self.preset, self.work = preset, work
        self.networks = PoseNetworks(preset.config)
        config = preset.config
        self.sampler = Sampler(takes, config.rate, config.window, seed)
        self.optimizer = torch.optim.Adam(self.networks.parameters(), preset.rate)
        self.iteration = 0
        self.names = sorted(t.name for t in self.sampler.takes)
        if self.checkpoint.is_file():
            self._resume()
        else:
            self._statistics()
            self.average = _copy(self.networks)

    @property
    def checkpoint(self) -> Path:
        return self.work / "checkpoint.safetensors"

    @property
    def result(self) -> Path:
        return self.work / "pose.safetensors"

    def run(
        self,
        until: int | None = None,
        every: int = 100,
        report: Callable[[int, dict[str, float]], None] | None = None,
    ) -> dict[str, float]:
        """Train up to iteration ``until`` (default: the preset's); the last mean losses."""
        until = self.preset.iterations if until is None else until
        self.networks.train()
        sums: dict[str, float] = {}
        means: dict[str, float] = {}
        started, count = time.process_time(), 0
        while self.iteration < until:
            for group in self.optimizer.param_groups:
                group["lr"] = self._rate()
            step = self._step()
            self.iteration += 1
            count += 1
            for key, value in step.items():
                sums[key] = sums.get(key, 0.0) + value
            if self.iteration % every == 0 or self.iteration == until:
                means = {k: v / count for k, v in sums.items()}
                means["cpu_seconds"] = time.process_time() - started
                sums, count = {}, 0
                self.save()
                with (self.work / "log.jsonl").open("a") as log:
                    log.write(json.dumps({"iteration": self.iteration, **means}) + "\n")
                if report:
                    report(self.iteration, means)
        return means

    def save(self) -> None:
        """Checkpoint (everything) and result (averaged weights), each replaced at once."""
        from safetensors.torch import save_file

        self.work.mkdir(parents=True, exist_ok=True)
        tensors = {f"networks.{k}": v for k, v in self.networks.state_dict().items()}
        tensors |= {f"average.{k}": v for k, v in self.average.state_dict().items()}
        for index, state in self.optimizer.state_dict()["state"].items():
            tensors |= {f"adam.{index}.{key}": value for key, value in state.items()}
        header = {
            "iteration": str(self.iteration),
            "random": json.dumps(self.sampler.rng.bit_generator.state),
            "torch": torch.get_rng_state().numpy().tobytes().hex(),
        }
        part = self.checkpoint.with_suffix(".part")
        save_file({k: v.contiguous() for k, v in tensors.items()}, part, metadata=header)
        part.replace(self.checkpoint)
        recipe = {"iteration": self.iteration, "takes": self.names, **asdict(self.preset)}
        about = {"licence": LICENCE, "recipe": json.dumps(recipe)}
        save(self.result, self.average, about)

    def _step(self) -> dict[str, float]:
        preset = self.preset
        poses, references, sounds, known = map(torch.from_numpy, self.sampler.batch(preset.batch))
        known = known & (torch.rand(preset.batch) >= preset.deaf)
        networks = self.networks
        x = (poses - references[:, None]) / networks.pose_scale
        a = networks.heard(sounds, known)
        c = networks.conditioned(a, references)
        # The two share windows, and neither weights nor noise.
        parts = {
            "conditional": _loss(networks.conditional, x, c),
            "unconditional": _loss(networks.unconditional, x, a),
        }
        self.optimizer.zero_grad()
        sum(parts.values(), torch.zeros(())).backward()
        for network in (networks.conditional, networks.unconditional):
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        self.optimizer.step()
        # The average starts quickly and slows down to the preset's decay.
        decay = min(preset.ema, (1 + self.iteration) / (10 + self.iteration))
        with torch.no_grad():
            pairs = zip(self.average.parameters(), networks.parameters(), strict=True)
            for mean, now in pairs:
                mean.lerp_(now, 1 - decay)
        return {key: float(value.detach()) for key, value in parts.items()}

    def _rate(self) -> float:
        preset, k = self.preset, self.iteration
        progress = min(1.0, k / preset.iterations)
        cosine = 0.5 * (1 + math.cos(math.pi * progress))
        return preset.rate * min(1.0, (k + 1) / preset.warm_up) * (0.02 + 0.98 * cosine)

    def _statistics(self) -> None:
        """The networks' units: spread of poses, mean and spread of the sound."""
        networks = self.networks
        poses = np.concatenate([t.poses for t in self.sampler.takes])
        networks.pose_scale.copy_(torch.from_numpy(poses.std(0) + 1e-6))
        curves = [t.curves for t in self.sampler.takes if t.curves is not None]
        if curves:
            rows = np.concatenate(curves)
            networks.sound_mean.copy_(torch.from_numpy(rows.mean(0)))
            networks.sound_scale.copy_(torch.from_numpy(rows.std(0) + 1e-3))

    def _resume(self) -> None:
        from safetensors import safe_open

        with safe_open(self.checkpoint, framework="pt") as file:
            header = file.metadata()
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        part = {
            name: {k[len(name) + 1 :]: v for k, v in tensors.items() if k.startswith(name + ".")}
            for name in ("networks", "average", "adam")
        }
        self.networks.load_state_dict(part["networks"])
        self.average = _copy(self.networks)
        self.average.load_state_dict(part["average"])
        state = self.optimizer.state_dict()
        slots: dict[int, dict[str, Tensor]] = {}
        for key, value in part["adam"].items():
            index, _, name = key.partition(".")
            slots.setdefault(int(index), {})[name] = value
        state["state"] = slots
        self.optimizer.load_state_dict(state)
        self.iteration = int(header["iteration"])
        self.sampler.rng.bit_generator.state = json.loads(header["random"])
        raw = np.frombuffer(bytes.fromhex(header["torch"]), np.uint8).copy()
        torch.set_rng_state(torch.from_numpy(raw))


def _loss(network: torch.nn.Module, x: Tensor, condition: Tensor) -> Tensor:
    """Eq. 2 at a random n for each window."""
    step = torch.randint(SCHEDULE.length, (len(x),))
    return loss(lambda noisy, n: network(noisy, condition, n), x, torch.randn_like(x), step)


def _copy(networks: PoseNetworks) -> PoseNetworks:
    twin = PoseNetworks(networks.config)
    twin.load_state_dict(networks.state_dict())
    return twin.eval().requires_grad_(False)
