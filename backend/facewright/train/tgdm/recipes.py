"""``facewright train tgdm``: the presets, and a run from a pack to weights that can ship."""

from __future__ import annotations

import copy
import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import torch
from torch import nn

from facewright.animate.tgdm import weights
from facewright.animate.tgdm.embedded import Embedded, EmbeddedConfig
from facewright.errors import InputError
from facewright.face.names import EXPRESSION_64
from facewright.train.tgdm.crops import Crops
from facewright.train.tgdm.few_steps import FewStepObjective
from facewright.train.tgdm.objective import EmbeddedObjective
from facewright.train.tgdm.parser import Parser, ParserObjective
from facewright.train.tgdm.plan import Plan
from facewright.train.tgdm.rendering import Rendering, render_pack
from facewright.train.tgdm.sheets import sheet_of
from facewright.train.tgdm.trainer import CHECKPOINT, Trainer

PRESETS = ("paper", "base", "embedded")


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a network over the reprojection is trained.

    Attributes:
        config: of the network.
        rendering: of its pairs.
        plan: of the run.
        few: of its second stage, see ``few_steps``.
        parser: of the parser that the second stage asks.
        sources, targets, crop: of a batch, see ``crops.Crops``.
    """

    config: EmbeddedConfig
    plan: Plan
    few: Plan
    parser: Plan
    rendering: Rendering = field(default_factory=Rendering)
    sources: int = 2
    targets: int = 8
    crop: int = 128


_PARSER = Plan(iterations=1600, rate=2e-3, warm_up=20, ema=0.99, channels_last=True,
               precision="bf16", workers=1, checkpoint_every=400)  # fmt: skip

RECIPES = {
    #: What two cores train in an hour or two.
    "embedded": Recipe(
        EmbeddedConfig(),
        Plan(iterations=7000, rate=6e-4, ema=0.998, channels_last=True, precision="bf16",
             workers=1, checkpoint_every=250, sheet_every=1000),
        Plan(iterations=800, rate=3e-4, warm_up=20, ema=0.99, channels_last=True,
             precision="bf16", workers=1, checkpoint_every=200),
        _PARSER,
    ),
    #: The same for a GPU: wider, more of everything.
    "base": Recipe(
        EmbeddedConfig(widths=(96, 192, 320), depths=(2, 3, 3), condition=256),
        Plan(iterations=60_000, rate=4e-4, ema=0.9995, channels_last=True, workers=12,
             checkpoint_every=1000, sheet_every=5000),
        Plan(iterations=6000, rate=1e-4, ema=0.999, channels_last=True, workers=12,
             checkpoint_every=1000),
        _PARSER,
        Rendering(sources=40, targets=48),
        sources=8, targets=8, crop=192,
    ),
}  # fmt: skip


def run(
    *,
    preset: str,
    data: Path,
    work: Path,
    iterations: int | None = None,
    batch: int | None = None,
    seed: int = 0,
    threads: int = 1,
    resume: bool = False,
    lpips: Path | None = None,
    start: Path | None = None,
    report: Callable[[str], None] = print,
) -> Path:
    """Train a preset on a pack; the path of the weights.

    Args:
        preset: one of ``PRESETS``.
        data: made by ``facewright data pack``.
        work: folder of pairs, checkpoint, log, contact sheets and weights.
        iterations: of the first stage, the preset's if None; the others in proportion.
        batch: frames a step, the preset's if None.
        seed: of weights, pairs, crops and noise.
        threads: of torch on the CPU, and processes that render.
        resume: go on from the checkpoint in ``work``.
        lpips: VGG-16's weights, for the preset ``paper``'s perceptual loss (eq. 20); a
            perceptual loss without weights if None.
        start: weights of the same preset to begin with, as those that ship; drawn from the
            seed if None. Not for the preset ``paper``.
        report: told what happens, line by line.

    Raises:
        InputError: an unknown preset, a pack that cannot be used, a checkpoint that is
            there though ``resume`` is not set, or absent though it is.
    """
    if preset not in PRESETS:
        raise InputError(f"preset: {preset!r} is not one of {', '.join(PRESETS)}")
    check_resume(work, resume)
    torch.set_num_threads(threads)
    if preset == "paper":
        if start is not None:
            raise InputError("start: preset 'paper' begins with seeded weights; leave it out")
        from facewright.train.tgdm.paper_recipe import train_pack

        return train_pack(
            data, work, iterations=iterations, batch=batch, seed=seed, jobs=threads, lpips=lpips,
            report=report,
        )  # fmt: skip
    if lpips is not None:
        raise InputError(f"lpips: preset {preset!r} is trained without it; leave it out")
    recipe = _asked(RECIPES[preset], iterations, batch)
    return train(recipe, data, work, seed, jobs=threads, start=start, report=report)


def check_resume(work: Path, resume: bool) -> None:
    """Neither overwrite a run nor pretend to go on with one that is not there."""
    there = (work / CHECKPOINT).is_file()
    if there and not resume:
        raise InputError(
            f"work: {work} holds the checkpoint of a run; go on with it by --resume, "
            "or name another folder"
        )
    if resume and not there:
        raise InputError(f"resume: {work} holds no checkpoint; leave --resume out to begin")


def _asked(recipe: Recipe, iterations: int | None, batch: int | None) -> Recipe:
    if iterations is not None:
        share = iterations / recipe.plan.iterations  # the other stages go along

        def scaled(plan: Plan) -> Plan:
            return replace(plan, iterations=max(1, round(share * plan.iterations)))

        recipe = replace(
            recipe,
            plan=replace(recipe.plan, iterations=iterations),
            few=scaled(recipe.few),
            parser=scaled(recipe.parser),
        )
    if batch is not None:
        if batch % recipe.sources:
            raise InputError(
                f"batch: expected a multiple of {recipe.sources} (sources a batch), got {batch}"
            )
        recipe = replace(recipe, targets=batch // recipe.sources)
    return recipe


def train(
    recipe: Recipe,
    data: Path,
    work: Path,
    seed: int = 0,
    *,
    jobs: int = 1,
    start: Path | None = None,
    report: Callable[[str], None] = print,
) -> Path:
    """Render what is not rendered yet, train, and write ``tgdm.safetensors``.

    Under accelerate's launcher the first process renders while the others wait, no longer
    than they wait for anything (minutes): render a large pack without the launcher first.
    """
    from accelerate import PartialState

    def rendered(done: int, of: int, what: str) -> None:
        report(f"rendered {done}/{of}: {what}")

    plan = replace(recipe.rendering, seed=seed)
    # One of several processes renders; the others find it done.
    state = PartialState()
    with state.main_process_first():
        folders = render_pack(data, work / "pairs", plan, jobs=jobs, report=rendered)
    first = make_trainer(recipe, folders, work, seed, start=start, report=report)
    first.run()
    parsing = make_parser_trainer(recipe, folders, work / "parser", seed, report=report)
    parsing.run()
    trainer = make_second_trainer(
        recipe, first.ema, parsing.ema, folders, work / "few", seed, report=report
    )
    trainer.run()
    about = {
        "licence": "Apache-2.0",
        "data": f"{data.name}: {len(folders)} sources of {plan.targets} frames",
        "recipe": json.dumps(asdict(recipe)),
        "steps": f"{first.step} + {trainer.step}",
        "seed": str(seed),
    }
    if start is not None:
        about["start"] = hashlib.sha256(start.read_bytes()).hexdigest()
    path = work / weights.SHIPPED.name
    if state.is_main_process:
        weights.save(path, trainer.ema, about)  # type: ignore[arg-type]
        report(f"{path}: {path.stat().st_size / 1e6:.1f} MB")
    return path


def make_trainer(
    recipe: Recipe,
    folders: tuple[Path, ...],
    work: Path,
    seed: int = 0,
    *,
    start: Path | None = None,
    report: Callable[[str], None] = print,
) -> Trainer:
    """A trainer of the small network on rendered pairs; ``start`` as of :func:`run`."""

    def sheet(model: nn.Module, step: int, folder: Path) -> None:
        sheet_of(model, folders, folder / f"samples-{step:06d}.png")

    torch.manual_seed(seed)
    network = Embedded(recipe.config) if start is None else weights.load(start)
    if network.config != recipe.config:
        raise InputError(f"start: {start} holds {network.config}, the preset is {recipe.config}")
    return Trainer(
        network.requires_grad_(True).train(),
        EmbeddedObjective(),
        _crops(recipe, recipe.plan, folders, seed),
        recipe.plan,
        work,
        seed,
        sheet=sheet,
        report=_told(report),
    )


def make_parser_trainer(
    recipe: Recipe,
    folders: tuple[Path, ...],
    work: Path,
    seed: int = 0,
    *,
    report: Callable[[str], None] = print,
) -> Trainer:
    """A trainer of the parser."""
    torch.manual_seed(seed)
    # One precision a process: accelerate refuses a second.
    plan = replace(recipe.parser, precision=recipe.plan.precision)
    crops = _crops(recipe, plan, folders, seed + 2)
    return Trainer(Parser(), ParserObjective(), crops, plan, work, seed, report=_told(report))


def make_second_trainer(
    recipe: Recipe,
    network: nn.Module,
    parser: nn.Module,
    folders: tuple[Path, ...],
    work: Path,
    seed: int = 0,
    *,
    report: Callable[[str], None] = print,
) -> Trainer:
    """A trainer of the second stage, which goes on with the first stage's network."""
    return Trainer(
        copy.deepcopy(network).requires_grad_(True),
        FewStepObjective(copy.deepcopy(parser)),  # type: ignore[arg-type]
        _crops(recipe, recipe.few, folders, seed + 1),
        recipe.few,
        work,
        seed,
        report=_told(report),
    )


def _crops(recipe: Recipe, plan: Plan, folders: tuple[Path, ...], seed: int) -> Crops:
    processes = int(os.environ.get("WORLD_SIZE", "1"))  # of accelerate's launcher
    return Crops(
        folders,
        EXPRESSION_64,
        plan.iterations * processes,
        recipe.sources,
        recipe.targets,
        recipe.crop,
        seed,
    )


def _told(report: Callable[[str], None]) -> Callable[[dict[str, float]], None]:
    return lambda line: report("  ".join(f"{key} {value:.4g}" for key, value in line.items()))
