"""What a step of each stage does: E_map learns lips, G_lstm eyes and brows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from facewright.drive.upper import network
from facewright.drive.upper.feature import SIZE
from facewright.evaluate.gohd_metrics import EYE_POINTS
from facewright.face.names import EXPRESSION_64
from facewright.train.upper import losses
from facewright.train.upper.data import MappedLips, Takes
from facewright.train.upper.discriminators import EyeDiscriminator, PatchDiscriminator
from facewright.train.upper.experts import LipReader
from facewright.train.upper.loop import Loop, Report
from facewright.train.upper.presets import Preset

_CLIP = 5.0  # of the generator's gradient
_UPPER = [name.startswith(("brow", "eye")) for name in EXPRESSION_64]


class Lips:
    """Stage 1 (eq. 5 and 18-24): E_map learns from the expert's lips.

    Args:
        predictor: both stages' networks; its mapper learns.
        batches: sequences under made-up brows.
        face: landmarks of expressions.
        reader: Φ_read, or None.
        preset: the recipe.
        work: folder of checkpoint and log.
    """

    def __init__(
        self,
        predictor: network.Predictor,
        batches: MappedLips,
        face: losses.Face,
        reader: LipReader | None,
        preset: Preset,
        work: Path,
        generators: dict[str, np.random.Generator],
    ) -> None:
        self.mapper, self.batches, self.face = predictor.mapper, batches, face
        self.reader, self.preset = reader, preset
        fresh = not (work / "stage1.checkpoint.safetensors").is_file()
        if fresh:
            self._statistics()
        self.loop = Loop(
            "stage1", work, {"mapper": self.mapper}, "mapper", {"mapper": preset.rate[0]},
            {"batches": batches.rng, **generators},
            preset.iterations[0], preset.warm_up, preset.ema, self._step,
        )  # fmt: skip

    def run(
        self, until: int | None = None, every: int = 100, report: Report | None = None
    ) -> dict[str, float]:
        """Train; afterwards the predictor's mapper holds the averaged weights."""
        means = self.loop.run(until, every, report)
        if self.loop.iteration >= self.loop.iterations:
            self.mapper.load_state_dict(self.loop.average.state_dict())
        return means

    def _step(self) -> dict[str, float]:
        batch = self.batches.batch(self.preset.batch[0])
        made = self.mapper(self.mapper.audio(batch.clips), batch.initial, batch.feature)
        parts = losses.stage1(made, batch.expression, self.face, self.reader, self.preset.weights)
        optimizer = self.loop.optimizers["mapper"]
        optimizer.zero_grad()
        parts["total"].backward()
        torch.nn.utils.clip_grad_norm_(self.mapper.parameters(), _CLIP * 4)
        optimizer.step()
        return {key: float(value.detach()) for key, value in parts.items()}

    def _statistics(self) -> None:
        flat = self.batches.batch(64).clips[:, :, 9].flatten(0, 1)
        self.mapper.audio.mean.copy_(flat.mean(0))
        self.mapper.audio.scale.copy_(flat.std(0) + 1e-3)


class Eyes:
    """Stage 2 (eq. 6-8 and 25-27): G_lstm against three discriminators.

    Args:
        predictor: its mapper comes from stage 1 and stays; its generator learns.
        takes: sequences of clips.
        face: landmarks of expressions.
        reader: Φ_read, or None.
        preset: the recipe.
        work: folder of checkpoint and log.
    """

    def __init__(
        self,
        predictor: network.Predictor,
        takes: Takes,
        face: losses.Face,
        reader: LipReader | None,
        preset: Preset,
        work: Path,
    ) -> None:
        self.predictor, self.takes, self.face = predictor, takes, face
        self.reader, self.preset = reader, preset
        config = preset.config
        predictor.mapper.requires_grad_(False)
        self.judges = {
            "eye": EyeDiscriminator(
                config.audio, 3 * len(EYE_POINTS), longest=max(512, preset.window[1])
            ),
            "te": PatchDiscriminator(SIZE),
            "tf": PatchDiscriminator(config.outputs),
        }
        rates = {"generator": preset.rate[1], **dict.fromkeys(self.judges, preset.judges_rate)}
        self.loop = Loop(
            "stage2", work, {"generator": predictor.generator, **self.judges}, "generator",
            rates, {"takes": takes.rng},
            preset.iterations[1], preset.warm_up, preset.ema, self._step,
        )  # fmt: skip
        self.upper = torch.tensor(_UPPER)

    def run(
        self, until: int | None = None, every: int = 50, report: Report | None = None
    ) -> dict[str, float]:
        """Train; the last mean losses."""
        return self.loop.run(until, every, report)

    def averaged(self) -> network.Predictor:
        """The predictor with the averaged generator."""
        out = network.Predictor(self.preset.config)
        out.mapper.load_state_dict(self.predictor.mapper.state_dict())
        out.generator.load_state_dict(self.loop.average.state_dict())
        return out.eval().requires_grad_(False)

    def _step(self) -> dict[str, float]:
        size = self.preset.batch[1]
        batch = self.takes.batch(size)
        noise = torch.randn(*batch.feature.shape[:2], self.preset.config.noise)
        with torch.no_grad():
            code = self.predictor.mapper.audio(batch.clips)
            lips = self.predictor.mapper(code, batch.initial, batch.feature)
            # The clip's own brows and lids over resynchronised lips, as in the paper.
            truth = torch.where(self.upper, batch.expression, lips)
        feature = self.predictor.generator(code, batch.initial, batch.feature[:, 0], noise)
        made = self.predictor.mapper(code, batch.initial, feature)
        parts = self._judge(code, batch.feature, truth, feature.detach(), made.detach())
        for key in self.judges:
            self._descend(key, parts[f"d_{key}"])
        parts |= self.generator_losses(code, batch.feature, truth, feature, made)
        self._descend("generator", parts["total"])
        return {key: float(value.detach()) for key, value in parts.items()}

    def generator_losses(
        self, code: Tensor, real: Tensor, truth: Tensor, feature: Tensor, made: Tensor
    ) -> dict[str, Tensor]:
        """Eq. 25 and its parts.

        Args:
            code: (B, T, A) Φ_a of the sound.
            real, truth: (B, T, 21) f and (B, T, E) e.
            feature, made: f̂ and ê.
        """
        weights = self.preset.weights
        judges = self.judges
        parts = {
            "ssim": losses.ssim(real, feature),
            "one_eye": losses.one_eye(real, feature),
            "ad": losses.judged_real(judges["eye"](code, self.face.eye_points(made))),
            "te": losses.judged_real(judges["te"](feature)),
            "tf": losses.judged_real(judges["tf"](made)),
            "stage1": losses.stage1(made, truth, self.face, self.reader, weights)["total"],
        }
        return parts | {"total": losses.stage2(parts, weights)}

    def _judge(
        self, code: Tensor, real: Tensor, truth: Tensor, feature: Tensor, made: Tensor
    ) -> dict[str, Tensor]:
        """The discriminators' losses."""
        face, judges = self.face, self.judges
        # D_te hears nothing, so that silent clips show it what is real as well.
        seen = torch.cat([real, self.takes.silent(len(real))])
        pairs = {
            "eye": (
                judges["eye"](code, face.eye_points(truth)),
                judges["eye"](code, face.eye_points(made)),
            ),
            "te": (judges["te"](seen), judges["te"](feature)),
            "tf": (judges["tf"](truth), judges["tf"](made)),
        }
        return {
            f"d_{key}": 0.5 * (losses.judged_real(shown) + losses.judged_made(fake))
            for key, (shown, fake) in pairs.items()
        }

    def _descend(self, key: str, loss: Tensor) -> None:
        optimizer = self.loop.optimizers[key]
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.loop.modules[key].parameters(), _CLIP)
        optimizer.step()
