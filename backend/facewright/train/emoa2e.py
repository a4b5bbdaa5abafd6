"""Training EmoA2E (TGDM, eq. 12-14) on the speech corpus, on a CPU.

    facewright train emoa2e --preset embedded --work out/emoa2e

makes the corpus if it is not there, trains, keeps a checkpoint and a log, goes on from
the checkpoint when started again, and writes ``emoa2e.safetensors`` (averaged weights).
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from facewright.checks import Float32
from facewright.drive.emoa2e import Config, EmoA2E, save
from facewright.drive.lips import PRESS
from facewright.face.names import EXPRESSION_64
from facewright.train.speech.augment import Sampler
from facewright.train.speech.corpus import Corpus

#: Columns that tell how far the lips are shut.
PRESS_COLUMNS = [EXPRESSION_64.index("mouthPressLeft"), EXPRESSION_64.index("mouthPressRight")]
LICENCE = "Apache-2.0"
CREDIT = (
    "Trained on espeak-ng and flite speech and on Italian prompts (c) 2012 Carlo Flora "
    "(segreterietelefoniche.it) and Russian prompts (c) 2010 Maxim Topal (ivrvoice.ru), "
    "CC-BY-3.0"
)


@dataclass(frozen=True, slots=True)
class Preset:
    """A recipe.

    Attributes:
        espeak_hours, flite_hours, prompts: the corpus.
        iterations, batch, rate, warm_up: of Adam, with a cosine down to rate / 50.
        human_share: of windows that are recorded speech.
        weight_rec, weight_lm: λ_rec, λ_lm (eq. 14); landmarks are in millimetres.
        weight_closure: of the closure loss, ours: plain squares shrink short closures.
        ema: decay of the averaged weights that ship.
        identity_spread: standard deviation of the random α that the network is shown. The
            corpus has no faces, so it learns that motion does not depend on α.
    """

    espeak_hours: float = 4.0
    flite_hours: float = 1.5
    prompts: tuple[str, ...] = ("it", "ru")
    iterations: int = 11000
    batch: int = 16
    rate: float = 1e-3
    warm_up: int = 300
    human_share: float = 0.4
    weight_rec: float = 100.0
    weight_lm: float = 0.1
    weight_closure: float = 20.0
    ema: float = 0.999
    identity_spread: float = 1.0
    config: Config = field(default_factory=Config)


PRESETS = {
    #: Under an hour of one core.
    "embedded": Preset(),
    #: A night of one core.
    "desk": Preset(espeak_hours=12, flite_hours=4, iterations=120_000, batch=32,
                   config=Config(width=192, layers=6, heads=6, hidden=576)),
    #: Seconds: does the recipe run at all?
    "smoke": Preset(espeak_hours=0.01, flite_hours=0.0, prompts=(), iterations=30, batch=4,
                    warm_up=5, ema=0.9, config=Config(width=32, layers=1, heads=2, hidden=64)),
}  # fmt: skip


def losses(
    predicted: Tensor, truth: Tensor, preset: Preset, landmark_basis: Tensor | None
) -> dict[str, Tensor]:
    """L_rec (eq. 12), L_lm (eq. 13), the closure loss, and their weighted sum (eq. 14).

    Args:
        predicted, truth: (B, K, 64) β̂ and β.
        landmark_basis: (64, 204) displacement of the 68 landmarks per unit of β, in
            millimetres: the model is linear, so l - l̂ is the basis times β - β̂. Or None.
    """
    error = predicted - truth
    out = {"rec": error.square().sum(-1).mean()}
    total = preset.weight_rec * out["rec"]
    if landmark_basis is not None:
        out["lm"] = (error @ landmark_basis).square().sum(-1).mean()
        total = total + preset.weight_lm * out["lm"]
    shut = truth[..., PRESS_COLUMNS].mean(-1) / PRESS
    said = predicted[..., PRESS_COLUMNS].mean(-1) / PRESS
    out["closure"] = ((said - shut).square() * (1 + 4 * shut)).mean()
    out["total"] = total + preset.weight_closure * out["closure"]
    return out


def landmark_basis() -> Float32:
    """(64, 204) millimetres per unit of β of the default model's 68 landmarks."""
    from facewright.face.library import load_model

    model = load_model()
    points = model.landmark_points(model.expression_basis, model.landmarks68)
    return (1000 * model.metres_per_unit * points).reshape(len(points), -1).astype(np.float32)


class Trainer:
    """The loop: seeded, resumable; one thread unless torch is told otherwise.

    Args:
        corpus: training pairs.
        preset: the recipe.
        work: folder of checkpoint, log and result.
        seed: of weights, data order and augmentation.
        basis: from :func:`landmark_basis`, or None to leave L_lm out.
    """

    def __init__(
        self,
        corpus: Corpus,
        preset: Preset,
        work: Path,
        seed: int = 0,
        basis: Float32 | None = None,
    ) -> None:
        torch.manual_seed(seed)
        self.preset, self.work = preset, work
        self.basis = None if basis is None else torch.from_numpy(basis)
        self.network = EmoA2E(preset.config)
        config = preset.config
        self.sampler = Sampler(corpus, config.rate, config.window, preset.human_share, seed)
        self.optimizer = torch.optim.Adam(self.network.parameters(), preset.rate, betas=(0.9, 0.98))
        self.iteration = 0
        if self.checkpoint.is_file():
            self._resume()
        else:
            self._statistics()
            self.average = _copy(self.network)

    @property
    def checkpoint(self) -> Path:
        return self.work / "checkpoint.safetensors"

    def run(
        self,
        until: int | None = None,
        every: int = 200,
        report: Callable[[int, dict[str, float]], None] | None = None,
    ) -> dict[str, float]:
        """Train up to iteration ``until`` (default: the preset's); the last mean losses."""
        preset = self.preset
        until = preset.iterations if until is None else until
        sums: dict[str, float] = {}
        means: dict[str, float] = {}
        started = time.process_time()
        while self.iteration < until:
            for group in self.optimizer.param_groups:
                group["lr"] = self._rate()
            step = self._step()
            self.iteration += 1
            for key, value in step.items():
                sums[key] = sums.get(key, 0.0) + value
            if self.iteration % every == 0 or self.iteration == until:
                count = (self.iteration - 1) % every + 1
                means = {k: v / count for k, v in sums.items()}
                means["cpu_seconds"] = time.process_time() - started
                sums = {}
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
        tensors = {f"network.{k}": v for k, v in self.network.state_dict().items()}
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
        about = {
            "licence": LICENCE,
            "credit": CREDIT,
            "recipe": json.dumps({"iteration": self.iteration, **asdict(self.preset)}),
        }
        part = self.work / "emoa2e.part"
        save(part, self.average, about)
        part.replace(self.work / "emoa2e.safetensors")

    def _step(self) -> dict[str, float]:
        preset = self.preset
        audio, truth = self.sampler.batch(preset.batch)
        alpha = torch.randn(preset.batch, preset.config.identity) * preset.identity_spread
        alpha[: preset.batch // 2] = 0
        predicted = self.network(torch.from_numpy(audio), alpha)
        parts = losses(predicted, torch.from_numpy(truth), preset, self.basis)
        self.optimizer.zero_grad()
        parts["total"].backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 30.0)
        self.optimizer.step()
        # The average starts quickly and slows down to the preset's decay.
        decay = min(preset.ema, (1 + self.iteration) / (10 + self.iteration))
        with torch.no_grad():
            pairs = zip(self.average.parameters(), self.network.parameters(), strict=True)
            for mean, now in pairs:
                mean.lerp_(now, 1 - decay)
        return {key: float(value.detach()) for key, value in parts.items()}

    def _rate(self) -> float:
        preset, k = self.preset, self.iteration
        progress = min(1.0, k / preset.iterations)
        cosine = 0.5 * (1 + math.cos(math.pi * progress))
        return preset.rate * min(1.0, (k + 1) / preset.warm_up) * (0.02 + 0.98 * cosine)

    def _statistics(self) -> None:
        clips, _ = self.sampler.batch(256)
        flat = torch.from_numpy(clips[:, :, 9]).flatten(0, 1)
        self.network.mean.copy_(flat.mean(0))
        self.network.scale.copy_(flat.std(0) + 1e-3)

    def _resume(self) -> None:
        from safetensors import safe_open

        with safe_open(self.checkpoint, framework="pt") as file:
            header = file.metadata()
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        part = {
            name: {k[len(name) + 1 :]: v for k, v in tensors.items() if k.startswith(name + ".")}
            for name in ("network", "average", "adam")
        }
        self.network.load_state_dict(part["network"])
        self.average = _copy(self.network)
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


def _copy(network: EmoA2E) -> EmoA2E:
    twin = EmoA2E(network.config)
    twin.load_state_dict(network.state_dict())
    return twin.requires_grad_(False)
