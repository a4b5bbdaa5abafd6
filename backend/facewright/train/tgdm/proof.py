"""Is it a diffusion model? The published network, made small, trained on one clip.

From pure noise it has to come nearer to frames that it never saw than the still source
does, and each of its conditions has to count: frames told another frame's ρ̂, I3d or
source have to come out worse.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from facewright.animate.tgdm.samplers import sample
from facewright.animate.tgdm.schedule import LINEAR, noised
from facewright.checks import UInt8
from facewright.evaluate.metrics import psnr
from facewright.media.files import write_bytes
from facewright.media.picture import write_picture
from facewright.train.tgdm.paper_pairs import (
    Shot,
    pair,
    random_colours,
    read_shot,
    signed,
    stacked,
)
from facewright.train.tgdm.paper_recipe import Learner, asked, trainer
from facewright.train.tgdm.proof_pictures import attention, bound, pictures, sheet

#: Blocks of frames, every which one is held out, and frames left out on its either side.
BLOCK, EVERY, GUARD = 10, 5, 2
CONDITIONS = ("rho", "render", "source")
#: t at which the noise loss of held-out frames is compared.
_TIMES = tuple(range(100, 1000, 200))


def held_out(count: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Frames of a clip to train on, and frames never seen: whole blocks, and not those
    beside a block, which look almost like its edge."""
    out = np.arange(count) // BLOCK % EVERY == EVERY // 2
    near = np.convolve(out, np.ones(2 * GUARD + 1), "same") > 0
    return np.flatnonzero(~near), np.flatnonzero(out)


@dataclass(frozen=True, slots=True)
class Score:
    """One way of telling the network about held-out frames.

    Attributes:
        psnr: (N,) dB of each frame made from pure noise.
        noise_loss: (N,) of each frame, eq. 18, the mean over a few t.
    """

    psnr: NDArray[np.float64]
    noise_loss: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Proof:
    """What came out.

    Attributes:
        still: (N,) dB of the source itself as each frame.
        told: scores by what was told: "truth"; "rho", "render" and "source" with that one
            shuffled among frames. "source" is on recoloured pairs, so it is compared with
            "recoloured", the same pairs told the truth.
        sheet: source, truth, made frame and made with each condition shuffled.
    """

    still: NDArray[np.float64]
    told: dict[str, Score]
    sheet: UInt8

    def lines(self) -> list[str]:
        """For a person."""
        truth = self.told["truth"]
        gain = _between(truth.psnr - self.still)
        lines = [
            f"held-out frames: {len(self.still)}; from pure noise {truth.psnr.mean():.2f} dB, "
            f"still source {self.still.mean():.2f} dB: {gain} dB"
        ]
        for name in CONDITIONS:
            base, other = self.told["recoloured" if name == "source" else "truth"], self.told[name]
            lines.append(
                f"{name} shuffled: {_between(other.psnr - base.psnr)} dB, noise loss "
                f"{base.noise_loss.mean():.4f} -> {other.noise_loss.mean():.4f} "
                f"({_between((other.noise_loss / base.noise_loss - 1) * 100, 1)} %)"
            )
        return lines


def train(
    clip: Path,
    work: Path,
    *,
    preset: str = "proof",
    iterations: int | None = None,
    seed: int = 0,
    report: Callable[[str], None] = print,
) -> tuple[Learner, Shot]:
    """Train on the clip's frames that are not held out, or go on with it.

    Returns:
        The averaged network, and the clip.
    """
    recipe = asked(preset, iterations)
    shot = read_shot(clip, recipe.config.side)
    seen, _ = held_out(len(shot.frames))
    report(f"{clip.name}: {len(shot.frames)} frames, {len(seen)} to train on")

    def told(line: dict[str, float]) -> None:
        report("  ".join(f"{key} {value:.4g}" for key, value in line.items()))

    made = trainer(recipe, [shot], [seen], work, seed, report=told)
    made.run()
    write_bytes(work / "recipe.json", json.dumps(asdict(recipe), indent=2).encode())
    learner = made.ema
    assert isinstance(learner, Learner)
    return learner, shot


@torch.no_grad()
def prove(
    learner: Learner, shot: Shot, *, frames: int = 20, steps: int = 50, seed: int = 0
) -> Proof:
    """Make held-out frames from pure noise, told the truth and told something else.

    Args:
        learner: trained on the rest of the clip.
        shot: the clip; its first frame is the source.
        frames: how many of the held-out ones, evenly spread.
        steps: of DDIM.
        seed: of noise, shuffles and colours.
    """
    _, out = held_out(len(shot.frames))
    rows = out[np.linspace(0, len(out) - 1, min(frames, len(out))).round().astype(int)]
    rng = np.random.default_rng(seed)
    colours = [random_colours(rng) for _ in rows]
    plain = stacked([pair(shot, int(row), 0) for row in rows])
    coloured = stacked([pair(shot, int(row), 0, c) for row, c in zip(rows, colours, strict=True)])
    # Half of the frames away: far from its own in time, and nobody keeps their own.
    other = np.roll(np.arange(len(rows)), len(rows) // 2)
    batches = {"truth": plain, "recoloured": coloured}
    for name in CONDITIONS:
        base = coloured if name == "source" else plain
        batches[name] = base | {name: base[name][other]}
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(signed(plain["target"]).shape, generator=generator)
    scores, made = {}, {}
    for name, batch in batches.items():
        made[name] = _made(learner, batch, noise, steps)
        truth = pictures(signed(batch["target"]))
        ratios = np.array([psnr(a, b) for a, b in zip(made[name], truth, strict=True)])
        scores[name] = Score(ratios, _noise_loss(learner, batch, noise))
    still = np.array([psnr(shot.frames[0], shot.frames[row]) for row in rows])
    return Proof(still, scores, sheet(shot, rows, made, coloured))


def run(
    clip: Path,
    work: Path,
    *,
    preset: str = "proof",
    iterations: int | None = None,
    frames: int = 20,
    steps: int = 50,
    seed: int = 0,
    report: Callable[[str], None] = print,
) -> Proof:
    """Train and prove; writes proof.json, proof.png and attention.png beside the checkpoint."""
    learner, shot = train(
        clip, work, preset=preset, iterations=iterations, seed=seed, report=report
    )
    proof = prove(learner, shot, frames=frames, steps=steps, seed=seed)
    for line in proof.lines():
        report(line)
    numbers = {
        "still": proof.still.tolist(),
        **{
            name: {"psnr": score.psnr.tolist(), "noise_loss": score.noise_loss.tolist()}
            for name, score in proof.told.items()
        },
    }
    write_bytes(work / "proof.json", json.dumps(numbers, indent=1).encode())
    write_picture(work / "proof.png", proof.sheet)
    write_picture(
        work / "attention.png",
        attention(learner, shot, int(held_out(len(shot.frames))[1][-1]), seed),
    )
    return proof


def _made(learner: Learner, batch: dict[str, Tensor], noise: Tensor, steps: int) -> UInt8:
    denoise = bound(learner, batch)
    return pictures(sample(denoise, noise, steps, sampler="ddim", prediction="epsilon"))


def _noise_loss(learner: Learner, batch: dict[str, Tensor], noise: Tensor) -> NDArray[np.float64]:
    picture, denoise = signed(batch["target"]), bound(learner, batch)
    found = []
    for moment in _TIMES:
        time = torch.full((len(picture),), moment)
        predicted = denoise(noised(picture, noise, time, LINEAR), time)
        found.append((predicted - noise).square().mean((1, 2, 3)).double().numpy())
    return np.mean(found, 0)


def _between(values: NDArray[np.float64], digits: int = 2) -> str:
    """The mean and its 95 % interval over frames, by bootstrap."""
    rng = np.random.default_rng(0)
    means = values[rng.integers(len(values), size=(4000, len(values)))].mean(1)
    low, high = np.percentile(means, [2.5, 97.5])
    return f"{values.mean():+.{digits}f} ({low:+.{digits}f} to {high:+.{digits}f})"
