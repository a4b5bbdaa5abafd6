"""Real lips to learn from: how far they part in videos whose sound goes with the picture.

There are no phones here and no blendshapes, only one number a frame. It teaches when lips
part and meet and how far in proportion, not how far in millimetres: each clip's opening is
brought to the teacher's mean and spread, so a speaker's size and habits fall out.

Sound and picture of published videos are apart by up to a tenth of a second, and differently
so in each. Closures tell by how much, for lips that are shut make no vowel: each clip is
moved to where its openings agree best with the closures that its sound asks for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from facewright.checks import Float32
from facewright.drive import features, lips
from facewright.drive.emoa2e import EmoA2E
from facewright.face.names import EXPRESSION_64
from facewright.train.performance.track import Performance
from facewright.train.speech.augment import WARPS, Microphone
from facewright.train.speech.seen import opening_of

#: Mean and spread of ``lips.opening`` of the teacher's curves while somebody speaks.
MEAN, SPREAD = 0.22, 0.13
_LAGS = np.arange(-0.16, 0.1601, 0.01)  # seconds by which the lips may be late
_PRESS = [EXPRESSION_64.index("mouthPressLeft"), EXPRESSION_64.index("mouthPressRight")]


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip's sound and its lips.

    Attributes:
        name, identity: as the performance's.
        samples: (N,) float32 mono 16 kHz, speech at ``features.SPEECH_RMS``.
        opening: (T,) of the inner lips over the eyes' distance.
        fps: of ``opening``.
        lag: seconds by which the picture is late (negative: ahead of the sound).
    """

    name: str
    identity: str
    samples: Float32
    opening: Float32
    fps: float
    lag: float

    def target(self, times: np.ndarray) -> Float32:
        """Opening in the teacher's unit at ``times`` (seconds of the sound); NaN outside."""
        seen = np.clip(self.opening, *np.nanpercentile(self.opening, [1, 99]))
        seen = (seen - np.nanmean(seen)) / np.nanstd(seen)
        frames = (times + self.lag) * self.fps
        inside = (frames >= 0) & (frames <= len(seen) - 1)
        value = np.interp(frames, np.arange(len(seen)), seen)
        return np.where(inside, MEAN + SPREAD * value, np.nan).astype(np.float32)


def clips(performances: Sequence[Performance], network: EmoA2E) -> list[Clip]:
    """Those performances whose sound is in sync, with their lags.

    Args:
        performances: of :func:`facewright.train.performance.performances`.
        network: emotion-free; it tells where the sound asks for closures.
    """
    found = []
    for one in performances:
        if not one.in_sync or one.speech is None:
            continue
        samples = features.resampled(one.speech.samples, one.speech.rate)
        gain = features.gain_for(features.speech_level(features.levels(samples)))
        closure = network.predict(features.mfcc(samples, gain))[:, _PRESS].mean(1) / lips.PRESS
        opening = opening_of(one.landmarks)
        lag = _lag(closure, network.config.rate, opening, one.fps)
        found.append(
            Clip(one.name, one.identity, samples * np.float32(gain), opening, one.fps, lag)
        )
    return found


class Windows:
    """Windows of clips, disturbed as the corpus is, but neither sped up nor slowed down.

    Args:
        clips: what to draw from, in proportion to length.
        rate, window: positions per second and per window, the network's.
        rng: what everything is drawn with.
    """

    def __init__(
        self, clips: Sequence[Clip], rate: int, window: int, rng: np.random.Generator
    ) -> None:
        self.clips, self.rate, self.window, self.rng = clips, rate, window, rng
        self._microphone = Microphone(rng)
        length = np.array([len(c.opening) / c.fps for c in clips])
        self._shares = length / length.sum()
        step = features.RATE // features.HOP // rate
        self._frames = np.arange(window)[:, None] * step + np.arange(features.CLIP)
        self._length = int(self._frames[-1, -1]) * features.HOP + features.FFT

    def batch(self, size: int) -> tuple[Float32, Float32]:
        """MFCC clips (B, K, 19, 32) and the lips' opening (B, K), NaN where unknown."""
        pairs = [self._pair() for _ in range(size)]
        return np.stack([p[0] for p in pairs]), np.stack([p[1] for p in pairs])

    def _pair(self) -> tuple[Float32, Float32]:
        rng = self.rng
        clip = self.clips[rng.choice(len(self.clips), p=self._shares)]
        seconds = len(clip.samples) / features.RATE
        start = rng.uniform(0, max(seconds - self._length / features.RATE, 0.01))
        begin = round(start * features.RATE)
        sound = clip.samples[begin : begin + self._length]
        sound = np.pad(sound, (0, self._length - len(sound)))
        sound = self._microphone(sound) * np.float32(10 ** (rng.uniform(-4, 4) / 20))
        mfccs = features.mfcc_of_frames(sound, float(rng.choice(WARPS)))
        lead = (features.FFT / 2 + features.REACH * features.HOP) / features.RATE
        times = begin / features.RATE + lead + np.arange(self.window) / self.rate
        return mfccs[self._frames], clip.target(times)


def _lag(closure: Float32, rate: float, opening: Float32, fps: float) -> float:
    """Seconds by which the openings come after the closures, by correlation."""
    times = np.arange(len(opening)) / fps
    good = np.isfinite(opening)
    agreement = []
    for lag in _LAGS:
        asked = np.interp((times - lag) * rate, np.arange(len(closure)), closure)
        agreement.append(-np.corrcoef(asked[good], opening[good])[0, 1])
    return float(_LAGS[int(np.argmax(agreement))])
