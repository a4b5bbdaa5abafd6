"""Training EmoA2E (TGDM, eq. 12-14) on the speech corpus, on a CPU.

    facewright train emoa2e --preset embedded --work out/emoa2e

makes the corpus if it is not there, trains, keeps a checkpoint and a log, goes on from
the checkpoint when started again, and writes ``emoa2e.safetensors`` (averaged weights).
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
from torch import Tensor, nn

from facewright.checks import Float32
from facewright.drive.emoa2e import Config, EmoA2E, save
from facewright.drive.emotion import CODE
from facewright.errors import InputError
from facewright.train import emoa2e_state
from facewright.train.speech import emotions, watched
from facewright.train.speech.augment import Sampler
from facewright.train.speech.corpus import Corpus
from facewright.train.speech.losses import losses, seen_loss

LICENCE = "Apache-2.0"
CREDIT = (
    "Trained on espeak-ng and flite speech, on speech and lips of HDTF videos (CC BY 4.0; Zhang "
    "et al., CVPR 2021), on a public-domain address (J. F. Kennedy, 1961), and on Italian "
    "prompts (c) 2012 Carlo Flora (segreterietelefoniche.it) and Russian prompts (c) 2010 "
    "Maxim Topal (ivrvoice.ru), CC-BY-3.0"
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
        copies: of recognised speech in the corpus, which is little.
        neutral: of a network with emotion, the share of windows that have none.
        seen: windows of real lips in each batch, beside it, where clips are given.
        weight_seen: of the loss against real lips, ours.
        identity_spread: standard deviation of the random α that the network is shown. The
            corpus has no faces, so it learns that motion does not depend on α.
    """

    espeak_hours: float = 5.0
    flite_hours: float = 2.0
    prompts: tuple[str, ...] = ("it", "ru")
    iterations: int = 11000
    batch: int = 16
    rate: float = 1e-3
    warm_up: int = 300
    human_share: float = 0.4
    weight_rec: float = 100.0
    weight_lm: float = 0.1
    weight_closure: float = 20.0
    copies: int = 6
    neutral: float = 0.6
    seen: int = 4
    weight_seen: float = 100.0
    ema: float = 0.999
    identity_spread: float = 1.0
    config: Config = field(default_factory=Config)


PRESETS = {
    #: Under an hour of one core.
    "embedded": Preset(),
    #: The same with z_emo and φ; begin it from the former's weights.
    "emotion": Preset(iterations=8000, config=Config(emotion=CODE)),
    #: A night of one core.
    "desk": Preset(espeak_hours=12, flite_hours=4, iterations=120_000, batch=32,
                   config=Config(width=192, layers=6, heads=6, hidden=576)),
    #: Seconds: does the recipe run at all?
    "smoke": Preset(espeak_hours=0.01, flite_hours=0.0, prompts=(), iterations=30, batch=4,
                    warm_up=5, ema=0.9, config=Config(width=32, layers=1, heads=2, hidden=64)),
}  # fmt: skip


class Trainer:
    """The loop: seeded, resumable; one thread unless torch is told otherwise.

    Args:
        corpus: training pairs.
        preset: the recipe.
        work: folder of checkpoint, log and result.
        seed: of weights, data order and augmentation.
        basis: from :func:`landmark_basis`, or None to leave L_lm out.
        start: a network to begin from; what this one has beyond it begins at random.
        clips: real lips to learn from as well.
    """

    def __init__(
        self,
        corpus: Corpus,
        preset: Preset,
        work: Path,
        seed: int = 0,
        basis: Float32 | None = None,
        start: EmoA2E | None = None,
        clips: Sequence[watched.Clip] = (),
    ) -> None:
        torch.manual_seed(seed)
        self.preset, self.work = preset, work
        self.basis = None if basis is None else torch.from_numpy(basis)
        self.network = EmoA2E(preset.config)
        config = preset.config
        self.sampler = Sampler(corpus, config.rate, config.window, preset.human_share, seed)
        self.seen = None
        if clips:
            self.seen = watched.Windows(clips, config.rate, config.window, self.sampler.rng)
        self.optimizer = torch.optim.Adam(self.network.parameters(), preset.rate, betas=(0.9, 0.98))
        self.iteration = 0
        if self.checkpoint.is_file():
            emoa2e_state.read(self)
        else:
            self._statistics()
            if start is not None:
                _adopt(self.network, start)
            if config.emotion:
                _heard_beside(self.network, self.sampler, codes=256)
            self.average = copy_of(self.network)

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
        self.work.mkdir(parents=True, exist_ok=True)
        emoa2e_state.write(self)
        about = {
            "licence": LICENCE,
            "credit": CREDIT,
            "recipe": json.dumps({"iteration": self.iteration, **asdict(self.preset)}),
        }
        part = self.work / "emoa2e.part"
        save(part, self.average, about)
        part.replace(self.work / "emoa2e.safetensors")

    def _step(self) -> dict[str, float]:
        preset, config, rng = self.preset, self.preset.config, self.sampler.rng
        audio, truth = self.sampler.batch(preset.batch)
        seen = np.zeros((0, config.window), np.float32)
        if self.seen is not None:
            more, seen = self.seen.batch(preset.seen)
            audio = np.concatenate([audio, more])
        alpha = torch.randn(len(audio), config.identity) * preset.identity_spread
        alpha[: preset.batch // 2] = 0
        emotion: tuple[Tensor, ...] = ()
        if config.emotion:
            codes, eta = emotions.draw(rng, len(audio), preset.neutral)
            codes[preset.batch :] = 0  # real lips are taken to be neutral
            truth = emotions.targets(truth, codes[: preset.batch], eta[: preset.batch], config.rate)
            emotion = torch.from_numpy(codes), torch.from_numpy(eta)
        predicted = self.network(torch.from_numpy(audio), alpha, *emotion)
        taught = predicted[: preset.batch]
        parts = losses(taught, torch.from_numpy(truth), preset, self.basis)
        if len(seen):
            parts["seen"] = seen_loss(predicted[preset.batch :], torch.from_numpy(seen))
            parts["total"] = parts["total"] + preset.weight_seen * parts["seen"]
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


def _adopt(network: EmoA2E, start: EmoA2E) -> None:
    """Take over every tensor of ``start`` (weights, statistics of the MFCCs)."""
    ours, theirs = network.state_dict(), start.state_dict()
    for key, tensor in theirs.items():
        if key not in ours or ours[key].shape != tensor.shape:
            raise InputError(f"start: its {key!r} does not fit this preset")
    network.load_state_dict(ours | theirs)


def _heard_beside(network: EmoA2E, sampler: Sampler, codes: int) -> None:
    """Bring φ and z_emo's tokens to the size of the audio's.

    Audio tokens of a trained network are a hundred times as large as fresh ones of emotion,
    which layer normalisation would then all but hide.
    """
    audio, _ = sampler.batch(4)
    drawn, _ = emotions.draw(np.random.default_rng(0), codes, 0.0)
    with torch.no_grad():
        clips = ((torch.from_numpy(audio) - network.mean) / network.scale).flatten(2)
        size = network.audio(clips).std()
        felt = network.emotion(torch.from_numpy(drawn))
        last = network.emotion[2]
        assert isinstance(last, nn.Linear)
        last.weight.mul_(size / (felt - felt.mean(0)).std())
        last.bias.zero_()
        network.base_intensity.mul_(size / network.base_intensity.std())


def copy_of(network: EmoA2E) -> EmoA2E:
    """The same network, which does not learn."""
    twin = EmoA2E(network.config)
    twin.load_state_dict(network.state_dict())
    return twin.requires_grad_(False)
