"""The animator ``tgdm``: reprojection, and the small network on top of it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from facewright import checks
from facewright.animate.base import Geometry, answered, checked_steps, window
from facewright.animate.reproject import Drawn, Reproject, ReprojectState, draw
from facewright.animate.tgdm import conditions, noise, weights
from facewright.animate.tgdm.embedded import Prediction, composed, normalised
from facewright.animate.tgdm.samplers import sample
from facewright.animate.tgdm.schedule import LINEAR, noised
from facewright.animate.tgdm.trust import trust
from facewright.capture.subject import Subject
from facewright.checks import Float32, UInt8
from facewright.errors import InputError

#: Share of the schedule at which sampling begins, from the noised reprojection.
START = 0.6
#: How far the gate gives way where an opening shows the photo's own teeth or eyes: what the
#: network draws there is nearer on average, and softer. Compared with 0 on two speakers
#: held out of training: 0.6 dB less at the mouth, landmarks nearer by 0.05 px.
_KEPT = 0.8
#: Frames that a GPU takes at once; a CPU takes them singly, so that no frame's sums are
#: rounded by the company it is in.
_GPU_BATCH = 16


@dataclass(frozen=True, slots=True)
class TgdmState:
    """What is worked out once per subject and size.

    Attributes:
        subject: whose frames.
        base: of the reprojection.
        features: of the photo, see ``Embedded.encode``.
        source_rho: (K_exp + 7,) numbers of the photo.
        metres: of a unit of the subject's model.
    """

    subject: Subject
    base: ReprojectState
    features: tuple[Tensor, Tensor]
    source_rho: Float32
    metres: float


@dataclass(frozen=True, slots=True)
class Made:
    """One frame, and what of it was generated.

    Attributes:
        frame: (S, S, 3) uint8 sRGB.
        generated: (256, 256) 0..1 how far the network drew it; the rest is the photo's.
        flow: (2, 64, 64) pixels of 256 by which the reprojection was moved.
    """

    frame: UInt8
    generated: Float32
    flow: Float32


class Tgdm:
    """TGDM with the reprojection as its condition (see ``embedded``).

    Args:
        file: weights; those that ship if None.
        device: of the network; a GPU where there is one if None.

    Raises:
        InputError: for weights that cannot be used.
    """

    name = weights.NAME
    summary = "diffusion on top of the reprojection: teeth, lids, wrinkles, shading"
    licence = "Apache-2.0"
    sizes: tuple[int, ...] = (256, 512, 1024)
    needs_correspondence = True
    reach = 1
    #: One step by default: on speakers held out of training, more gained less than 0.1 dB.
    steps: tuple[int, int, int] | None = (1, 1, 200)
    preview_steps: int | None = 1

    def __init__(self, file: Path | None = None, device: str | None = None) -> None:
        self.device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        path = file or weights.SHIPPED
        network = weights.load(path).to(self.device)
        self.weights_sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        self.network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._reproject = Reproject()

    def prepare(self, subject: Subject, size: int) -> TgdmState:
        """Lay the photo onto the mesh and encode it.

        Raises:
            InputError: for a size outside 64..1024, or a subject whose model has other
                blendshapes than the network was trained on.
        """
        count = len(subject.model.expression_names)
        if count != self.network.config.expression:
            raise InputError(
                f"subject: animator {self.name!r} knows {self.network.config.expression} "
                f"blendshapes, those of {subject.model.name!r} are {count}; use 'reproject'"
            )
        base = self._reproject.prepare(subject, size)
        source = torch.from_numpy(conditions.source_planes(base.texture)).movedim(-1, 0)[None]
        with torch.inference_mode(), self._precision():
            features = self.network.encode(source.to(self.device).float() / 127.5 - 1)
        return TgdmState(
            subject=subject,
            base=base,
            features=features,
            source_rho=conditions.source_rho(subject),
            metres=subject.model.metres_per_unit,
        )

    def __call__(
        self,
        geometry: Geometry,
        state: TgdmState,
        seed: int = 0,
        *,
        steps: int | None = None,
        check: Callable[[], None] | None = None,
    ) -> UInt8:
        """(B, size, size, 3) uint8 sRGB frames; see ``base.Animator``."""
        return np.stack([m.frame for m in self.make(geometry, state, seed, steps, check)])

    def make(
        self,
        geometry: Geometry,
        state: TgdmState,
        seed: int = 0,
        steps: int | None = None,
        check: Callable[[], None] | None = None,
    ) -> list[Made]:
        """Frames, each with the map of what was generated; arguments as of a call."""
        count = checked_steps(self, steps)
        rho = self._rho(geometry, state)
        drawn: list[Drawn] = []
        planes: list[UInt8] = []
        for found in state.base.correspondences(geometry):
            if check is not None:
                check()
            drawn.append(draw(found, state.base))
            planes.append(conditions.planes(found, drawn[-1]))
        grain = noise.photo_noise(seed)
        each = 1 if self.device.type == "cpu" else _GPU_BATCH
        made: list[Made] = []
        for first in range(0, len(drawn), each):
            rows = slice(first, first + each)
            some = None if rho is None else rho[rows]
            made += self._some(drawn[rows], planes[rows], some, state, grain, count, check)
        return made

    def _some(
        self,
        drawn: list[Drawn],
        planes: list[UInt8],
        rho: Float32 | None,
        state: TgdmState,
        grain: Float32,
        steps: int,
        check: Callable[[], None] | None,
    ) -> list[Made]:
        with torch.inference_mode():
            told = torch.from_numpy(np.stack(planes)).to(self.device).movedim(-1, 1)
            seen = normalised(told).contiguous(memory_format=torch.channels_last)
            epsilon = torch.cat([noise.carried(grain, d.points) for d in drawn]).to(self.device)
            known = torch.full((len(drawn),), rho is not None, device=self.device)
            if rho is None:
                sizes = conditions.Rho(self.network.config.expression)
                rho = np.zeros((len(drawn), 3 * sizes.frame + sizes.source), np.float32)
            numbers = torch.from_numpy(rho).to(self.device)
            bound = _Denoiser(
                partial(self._predict, planes=seen, source=state.features, rho=numbers, known=known)
            )
            start = torch.full((len(drawn),), LINEAR.at(START), device=self.device)
            noisy = noised(seen[:, :3], epsilon, start)
            sample(bound, noisy, steps, prediction="sample", start=START, check=check)
            own = np.stack([conditions.own(d, p) for d, p in zip(drawn, planes, strict=True)])
            return self._finished(bound.last, drawn, torch.from_numpy(own).to(self.device))

    def _predict(self, noisy: Tensor, time: Tensor, **told: Any) -> Prediction:
        with self._precision():
            return self.network(noisy, time, **told)

    def _precision(self) -> torch.autocast:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=_has_bfloat(self.device))

    def _finished(self, told: Prediction, drawn: list[Drawn], own: Tensor) -> list[Made]:
        """Frames at the reprojection's resolution, whose own detail they keep."""
        heard = torch.from_numpy(np.stack([trust(d) for d in drawn])).to(self.device)[:, None]
        flow, colour = told.flow * heard, told.colour * heard
        wide = F.interpolate(heard, scale_factor=4, mode="bilinear", align_corners=False)
        gate = told.gate * wide * (1 - _KEPT * own[:, None])
        full = torch.from_numpy(np.stack([d.frame for d in drawn])).to(self.device)
        full = full.movedim(-1, 1).float() / 127.5 - 1
        out = composed(full, flow, colour, gate, told.detail)
        frames = ((out + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
        pictures = frames.movedim(1, -1).cpu().numpy()
        gates, flows = gate[:, 0].cpu().numpy(), flow.cpu().numpy()
        return [Made(*parts) for parts in zip(pictures, gates, flows, strict=True)]

    def _rho(self, geometry: Geometry, state: TgdmState) -> Float32 | None:
        """(B, 3 (K_exp + 10) + K_exp + 7) what the network is told of each frame."""
        if geometry.rho is None:
            return None
        given = geometry.rho
        checks.floats(
            "geometry.rho.expression",
            given.expression,
            (len(geometry.indices), self.network.config.expression),
        )
        frames = conditions.frame_rho(given.expression, given.pose, given.gaze, state.metres)
        around = frames[window(geometry, self.reach)].reshape(len(answered(geometry)), -1)
        own = np.broadcast_to(state.source_rho, (len(around), len(state.source_rho)))
        return np.concatenate([around, own], -1).astype(np.float32)


def _has_bfloat(device: torch.device) -> bool:
    """Whether 16 bits are faster: without instructions for them they are far slower."""
    if device.type == "cuda":
        return True
    asked = getattr(torch.cpu, "_is_avx512_bf16_supported", None)  # not of all versions
    return asked is not None and bool(asked())


class _Denoiser:
    """The network for a sampler, remembering the parts of what it said last."""

    last: Prediction

    def __init__(self, predict: Callable[[Tensor, Tensor], Prediction]) -> None:
        self._predict = predict

    def __call__(self, noisy: Tensor, time: Tensor) -> Tensor:
        self.last = self._predict(noisy, time)
        return self.last.x0
