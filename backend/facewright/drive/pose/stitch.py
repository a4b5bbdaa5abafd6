"""Long sequences from a network that sees a window: one noise, one denoising for all.

Every window predicts the noise of its stretch of the same x_n, and where windows overlap
their predictions are averaged before the step is taken (MultiDiffusion, Bar-Tal et al.
2023). So there is one sequence at every step and nothing to join afterwards. The noise
belongs to moments, not to a run: a stretch made alone is the stretch of the whole.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from facewright.checks import Float32
from facewright.drive.pose.denoiser import PoseNetworks
from facewright.drive.pose.diffusion import SCHEDULE, clean, guided
from facewright.face.coefficients import POSE

_BLOCK = 256  # positions whose noise is drawn at a time
_LIMIT = 4.0  # spreads that x̂_0 is kept within: early steps divide by almost nothing
_BATCH = 32  # windows computed at a time: memory hardly grows with the length


def anchored_noise(first: int, last: int, seed: int) -> Float32:
    """(last - first, 6) standard normal noise of positions ``first`` .. ``last`` - 1.

    A position's noise follows from the position and the seed alone.
    """
    blocks = range(first // _BLOCK, (last - 1) // _BLOCK + 1)
    drawn = [
        # Seeds count from zero, blocks may not: the first windows begin before the sound.
        np.random.default_rng([seed, 0x905E, 2 * abs(block) + (block < 0)]).standard_normal(
            (_BLOCK, POSE), np.float32
        )
        for block in blocks
    ]
    begin = first - blocks[0] * _BLOCK
    return np.concatenate(drawn)[begin : begin + last - first]


def starts(first: int, last: int, total: int, window: int, reach: int) -> range:
    """Where windows begin that decide positions ``first`` .. ``last`` - 1 of ``total``.

    They lie on one grid of half a window, whoever asks; every position is in two of them.
    Positions farther than ``reach`` away are left out.
    """
    hop = window // 2
    low = max(-1, (first - reach) // hop - 1)
    high = min((total - 1) // hop, (last - 1 + reach) // hop)
    return range(low * hop, high * hop + 1, hop)


@torch.inference_mode()
def residuals(
    networks: PoseNetworks,
    sound: Float32,
    first: int,
    last: int,
    *,
    seed: int,
    guidance: float,
    steps: int,
    reference: Float32,
) -> Float32:
    """Δ̂p = x̂_0 of positions ``first`` .. ``last`` - 1, sampled by DDIM (Song et al. 2021).

    Args:
        networks: the two of eq. 3.
        sound: (P, A) a_t of all positions of the recording.
        first, last: the stretch that is asked for, within 0 .. P.
        seed: of the noise.
        guidance: γ, 0..1.
        steps: calls of the networks.
        reference: (6,) p_0.

    Returns:
        (last - first, 6), in the units of the training poses.
    """
    config = networks.config
    # A step carries what a position is at most one window far.
    begins = starts(first, last, len(sound), config.window, steps * config.window)
    origin, end = begins[0], begins[-1] + config.window
    x = torch.from_numpy(anchored_noise(origin, end, seed))
    scheduler = _ddim(steps)
    for moment in scheduler.timesteps:
        noise = _predicted(networks, sound, x, begins, int(moment), guidance, reference)
        step = torch.full((len(x),), int(moment), dtype=torch.int64)
        found = clean(x, noise, step).clamp(-_LIMIT, _LIMIT)
        x = scheduler.step(found, moment, x, return_dict=False)[0]
    wanted = x[first - origin : last - origin]
    return (wanted * networks.pose_scale).numpy().astype(np.float32)


def _predicted(
    networks: PoseNetworks,
    sound: Float32,
    x: Tensor,
    begins: range,
    step: int,
    guidance: float,
    reference: Float32,
) -> Tensor:
    """(L, 6) ε^γ of the whole sequence: windows weigh less towards their ends."""
    window = networks.config.window
    fade = torch.sin(torch.pi * (torch.arange(window) + 0.5) / window)[:, None].square()
    total, weight = torch.zeros_like(x), torch.zeros(len(x), 1)
    origin = begins[0]
    for batch in _batches(begins):
        places = np.array(batch)[:, None] + np.arange(window)
        # Beyond the recording its ends are held, as its sound is.
        held = torch.from_numpy(sound[np.clip(places, 0, len(sound) - 1)])
        noisy = torch.stack([x[k - origin : k - origin + window] for k in batch])
        found = _noise(networks, noisy, held, step, guidance, reference)
        for begin, values in zip(batch, found, strict=True):
            part = slice(begin - origin, begin - origin + window)
            total[part] += fade * values
            weight[part] += fade
    return total / weight


def _noise(
    networks: PoseNetworks,
    x: Tensor,
    sound: Tensor,
    step: int,
    guidance: float,
    reference: Float32,
) -> Tensor:
    """ε^γ of a batch of windows (eq. 3); a network without a say is not asked."""
    heard = networks.heard(sound)
    moment = torch.full((len(x),), step, dtype=torch.int64)
    p_0 = torch.from_numpy(reference).expand(len(x), -1)
    if guidance == 0:
        return networks.unconditional(x, heard, moment)
    conditional = networks.conditional(x, networks.conditioned(heard, p_0), moment)
    if guidance == 1:
        return conditional
    return guided(conditional, networks.unconditional(x, heard, moment), guidance)


def _batches(begins: range) -> Iterator[range]:
    for k in range(0, len(begins), _BATCH):
        yield begins[k : k + _BATCH]


def _ddim(steps: int):  # type: ignore[no-untyped-def]  # diffusers is imported where used
    from diffusers import DDIMScheduler

    scheduler = DDIMScheduler(
        num_train_timesteps=SCHEDULE.length,
        trained_betas=SCHEDULE.betas().numpy(),
        prediction_type="sample",
        timestep_spacing="trailing",
        clip_sample=False,
    )
    scheduler.set_timesteps(steps)
    return scheduler
