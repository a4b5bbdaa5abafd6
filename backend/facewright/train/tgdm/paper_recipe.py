"""The recipe of the preset ``paper``: what the published network is trained on and how."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from facewright import checks
from facewright.animate.tgdm import paper_weights
from facewright.animate.tgdm.paper import Config, PaperTGDM
from facewright.animate.tgdm.schedule import noised
from facewright.errors import InputError
from facewright.train.tgdm.losses import DenoisingLosses, Weights
from facewright.train.tgdm.paper_pairs import PaperPairs, Shot, signed
from facewright.train.tgdm.perceptual import perceptual
from facewright.train.tgdm.plan import Plan
from facewright.train.tgdm.trainer import Trainer


@dataclass(frozen=True, slots=True)
class Recipe:
    """How the network is trained.

    Attributes:
        config: of the network.
        plan: of the run.
        batch: pairs a step, in each process.
        weights: of the losses.
    """

    config: Config
    plan: Plan
    batch: int
    weights: Weights = field(default_factory=Weights)


# Not in bf16: where x_t is nearly all noise, ε has to be said to within √ᾱ (1/60 at t = 900)
# of itself for x̂_0 to mean anything (eq. 5), and bf16 rounds to 1/256.
RECIPES = {
    #: As published: 200,000 steps of 8 pairs at a rate of 2e-4.
    "paper": Recipe(
        Config(),
        Plan(iterations=200_000, rate=2e-4, ema=0.9999, channels_last=True, precision="no",
             workers=4, checkpoint_every=1000),
        batch=8,
    ),
    #: One clip, small frames, a fifth of the width: what a CPU trains in minutes.
    "proof": Recipe(
        Config(side=64, width=24, multipliers=(1, 1, 2, 4, 8), blocks=1),
        Plan(iterations=1500, rate=1e-3, warm_up=50, scalar_rate=20.0, ema=0.995,
             channels_last=True, precision="no", log_every=25, checkpoint_every=100),
        batch=8,
        # Noise hides more of small frames, so that its loss is higher.
        weights=Weights(switch=0.1),
    ),
    #: Seconds: does the recipe run at all?
    "smoke": Recipe(
        Config(side=32, width=8, multipliers=(1, 2, 2), blocks=1),
        Plan(iterations=20, rate=2e-3, warm_up=3, ema=0.9, precision="no", log_every=5,
             checkpoint_every=10),
        batch=4,
        # The image losses take part in so short a run too.
        weights=Weights(memory=0.5, switch=0.7),
    ),
}  # fmt: skip


class PaperObjective(nn.Module):
    """Noise a batch of targets, let the network say the noise, and take eq. 18-21."""

    def __init__(self, losses: DenoisingLosses) -> None:
        super().__init__()
        self.losses = losses

    def forward(
        self, model: nn.Module, batch: dict[str, Tensor], generator: torch.Generator
    ) -> dict[str, Tensor]:
        """The losses of a batch of :class:`PaperPairs`."""
        picture = signed(batch["target"])
        device, schedule = picture.device, self.losses.schedule
        noise = torch.randn(picture.shape, generator=generator, device=device)
        time = torch.randint(schedule.length, (len(picture),), generator=generator, device=device)
        noisy = noised(picture, noise, time, schedule)
        predicted = model(
            noisy, time, signed(batch["render"]), signed(batch["source"]), batch["rho"],
            batch["known"],
        )  # fmt: skip
        return self.losses(predicted, noise, noisy, picture, time)


class Learner(nn.Module):
    """Encoder and denoiser as one call, so that processes can share their gradients."""

    def __init__(self, network: PaperTGDM) -> None:
        super().__init__()
        self.network = network

    def forward(
        self,
        noisy: Tensor,
        time: Tensor,
        render: Tensor,
        source: Tensor,
        rho: Tensor | None,
        known: Tensor | None = None,
    ) -> Tensor:
        """(B, 3, S, S) ε_θ; the source is the (B, 3, S, S) picture."""
        features = self.network.encode(source)
        return self.network(noisy, time, render, features, rho, known)


def trainer(
    recipe: Recipe,
    shots: Sequence[Shot],
    rows: Sequence[NDArray[np.intp]],
    work: Path,
    seed: int = 0,
    *,
    lpips: Path | None = None,
    sheet: Callable[[nn.Module, int, Path], None] | None = None,
    report: Callable[[dict[str, float]], None] | None = None,
) -> Trainer:
    """A trainer of the published network on clips.

    Args:
        recipe: what is trained, and how.
        shots: the clips.
        rows: of each clip, which frames are trained on.
        work: folder of checkpoint and log.
        seed: of weights, pairs and noise.
        lpips: VGG-16's weights for LPIPS; the loss without weights if None.
        sheet, report: as for ``Trainer``.
    """
    torch.manual_seed(seed)
    network = PaperTGDM(recipe.config)
    chosen = [shot.rho[r, recipe.config.window // 2] for shot, r in zip(shots, rows, strict=True)]
    network.condition.standardise(torch.from_numpy(np.concatenate(chosen)))
    losses = DenoisingLosses(perceptual(lpips), recipe.weights)
    pairs = PaperPairs(shots, rows, recipe.batch, seed)
    return Trainer(
        Learner(network), PaperObjective(losses), pairs, recipe.plan, work, seed,
        sheet=sheet, report=report,
    )  # fmt: skip


def train_pack(
    data: Path,
    work: Path,
    *,
    preset: str = "paper",
    iterations: int | None = None,
    batch: int | None = None,
    seed: int = 0,
    jobs: int = 1,
    lpips: Path | None = None,
    report: Callable[[str], None] = print,
) -> Path:
    """Train the published network on a pack; the path of its weights.

    Args:
        data: made by ``facewright data pack``.
        work: folder of shots, checkpoint, log and weights; goes on from a checkpoint.
        preset: one of ``RECIPES``.
        iterations, batch: of the run, the preset's if None.
        seed: of weights, pairs and noise.
        jobs: processes that track and render.
        lpips: VGG-16's weights for LPIPS (eq. 20); the loss without weights if None.
        report: told what happens, line by line.

    Raises:
        InputError: an unknown preset, a pack or a checkpoint that cannot be used.
    """
    from facewright.train.tgdm.shots import render_shots

    recipe = asked(preset, iterations, batch)
    shots = render_shots(data, work / "shots", recipe.config.side, jobs=jobs, report=report)
    rows = [np.arange(len(shot.frames)) for shot in shots]

    def told(line: dict[str, float]) -> None:
        report("  ".join(f"{key} {value:.4g}" for key, value in line.items()))

    made = trainer(recipe, shots, rows, work, seed, lpips=lpips, report=told)
    made.run()
    learner = made.ema
    assert isinstance(learner, Learner)
    about = {
        "data": f"{data.name}: {len(shots)} clips",
        "recipe": json.dumps(asdict(recipe)),
        "steps": str(made.step),
        "seed": str(seed),
    }
    path = work / "tgdm-paper.safetensors"
    paper_weights.save(path, learner.network, about)
    report(f"{path}: {path.stat().st_size / 1e6:.1f} MB")
    return path


def asked(preset: str, iterations: int | None = None, batch: int | None = None) -> Recipe:
    """A preset's recipe, with what was asked for otherwise."""
    if preset not in RECIPES:
        raise InputError(f"preset: {preset!r} is not one of {', '.join(RECIPES)}")
    recipe = RECIPES[preset]
    if iterations is not None:
        recipe = replace(recipe, plan=replace(recipe.plan, iterations=iterations))
    if batch is not None:
        recipe = replace(recipe, batch=int(checks.number("batch", batch, low=1)))
    return recipe
