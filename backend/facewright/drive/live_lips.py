"""Lips of a sound that still comes in: EmoA2E on windows that end now."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from facewright.checks import Float32
from facewright.drive import features, lips
from facewright.drive.controls import DriveControls
from facewright.drive.emoa2e import EmoA2E, one_thread
from facewright.drive.heard import GRID
from facewright.drive.listening import AHEAD, Listening

_STEP = 2  # positions between the ends of two windows
_CLIP = features.REACH / GRID  # seconds of MFCCs after a clip's centre


class LiveLips:
    """What successive windows say of each position, averaged: far from a window's edges, where
    it has context on both sides, it counts more, by the weights of ``EmoA2E.predict``.

    Args:
        network: EmoA2E.
        sound: that comes in.
        controls: ``mouth_opening`` and ``lip_offset`` of them.
        identity: (80,) alpha, or None for the mean face.
    """

    def __init__(
        self,
        network: EmoA2E,
        sound: Listening,
        controls: DriveControls,
        identity: Float32 | None = None,
    ) -> None:
        config = network.config
        self._network, self._sound, self._controls = network, sound, controls
        alpha = np.zeros(config.identity, np.float32) if identity is None else identity
        self._alpha = torch.as_tensor(alpha, dtype=torch.float32)[None]
        self._fade = np.sin(np.pi * (np.arange(config.window) + 0.5) / config.window) ** 2
        self._sum = np.zeros((0, config.outputs))  # of positions _first to _end
        self._weight = np.zeros(0)
        self._first, self._end = 0, -1

    def read(self, seconds: float) -> None:
        """Read all windows that the first ``seconds`` of the sound suffice for."""
        last = int(np.floor((seconds - AHEAD - _CLIP) * self._network.config.rate + 1e-6))
        for end in range(self._end + _STEP, last + 1, _STEP):
            self._add(end)

    def __call__(self, times: np.ndarray) -> Float32:
        """(T, 64) lips at ``times``, of the last second."""
        rate = self._network.config.rate
        predicted = (self._sum / self._weight[:, None]).astype(np.float32)
        speaking = self._sound.speaking(round(self._first * GRID / rate))
        curves = lips.articulate(predicted, rate, speaking, self._controls.mouth_opening)
        late = self._controls.lip_offset / 1000
        return lips.sampled(curves, (times - late) * rate - self._first)

    @torch.inference_mode()
    def _add(self, end: int) -> None:
        """Read the window whose last position is ``end``."""
        config = self._network.config
        positions = end - config.window + 1 + np.arange(config.window)
        clips = torch.from_numpy(self._sound.clips(positions / config.rate))[None]
        extra: tuple[Tensor, ...] = ()
        if config.emotion:  # said without any, as offline
            extra = (torch.zeros(1, config.emotion), torch.ones(1))
        with one_thread():
            beta = self._network(clips, self._alpha, *extra)[0].numpy()
        inside = positions >= 0
        self._extend(max(int(positions[0]), 0), end)
        rows = positions[inside] - self._first
        self._sum[rows] += self._fade[inside, None] * beta[inside]
        self._weight[rows] += self._fade[inside]

    def _extend(self, first: int, end: int) -> None:
        """Keep the positions from ``first`` to ``end``."""
        gone, more = first - self._first, end - self._end
        self._sum = np.concatenate([self._sum[gone:], np.zeros((more, self._sum.shape[1]))])
        self._weight = np.concatenate([self._weight[gone:], np.zeros(more)])
        self._first, self._end = first, end
