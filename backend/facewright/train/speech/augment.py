"""Other voices, rooms and microphones from one recording, made while training.

Speed (pitch, formants and tempo together, as a tape does), vocal-tract length (formants
alone, by warping the mel filters), rooms (decaying noise as impulse response), equalisers
and telephone bands, coloured noise, other people talking, level.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import soxr

from facewright.checks import Float32
from facewright.drive import features
from facewright.train.speech.corpus import Corpus, int16_to_float

_FFT = 1 << 15
#: Factors of vocal-tract length, by which mel filters are warped.
WARPS = tuple(float(w) for w in np.round(np.linspace(0.86, 1.16, 11), 3))
_ROOMS = 48


@dataclass(frozen=True)
class Strength:
    """How often and how far; shares are probabilities."""

    speed: tuple[float, float] = (0.85, 1.2)
    room: float = 0.4
    equaliser: float = 0.6
    band: float = 0.15
    noise: float = 0.6
    noise_db: tuple[float, float] = (3.0, 40.0)  # signal to noise
    babble: float = 0.15
    babble_db: tuple[float, float] = (8.0, 25.0)
    level_db: float = 4.0
    nobody: float = 0.04  # noise alone: the mouth rests


class Microphone:
    """Another room, microphone and noise for a second or two of sound.

    Args:
        rng: what everything is drawn with.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self._rooms = [_room(np.random.default_rng(1000 + k)) for k in range(_ROOMS)]

    def __call__(
        self, sound: Float32, others: Float32 | None = None, strength: Strength | None = None
    ) -> Float32:
        """The sound disturbed.

        Args:
            sound: (N,) speech at ``features.SPEECH_RMS``, N up to 32768; all zero is nobody,
                and gets noise always.
            others: (N,) people who talk beside it, at the same level, or None.
            strength: how often and how far.
        """
        rng, s = self.rng, strength or Strength()
        n, alone = len(sound), not sound.any()
        if not alone:
            spectrum = np.fft.rfft(sound, _FFT)
            if rng.random() < s.room:
                room = self._rooms[rng.integers(_ROOMS)]
                spectrum = spectrum * (1 + rng.uniform(0.2, 1.0) * room)
            spectrum = spectrum * self._equaliser(len(spectrum), s)
            sound = np.fft.irfft(spectrum, _FFT)[:n].astype(np.float32)
            if others is not None:
                sound = sound + others * np.float32(10 ** (-rng.uniform(*s.babble_db) / 20))
        if alone or rng.random() < s.noise:
            sound = sound + self._noise(n) * np.float32(
                features.SPEECH_RMS * 10 ** (-rng.uniform(*s.noise_db) / 20)
            )
        return sound

    def _equaliser(self, bins: int, s: Strength) -> Float32:
        """A smooth gain per frequency bin."""
        rng = self.rng
        gain = np.ones(bins, np.float32)
        octave = np.log2(np.maximum(np.arange(bins) * features.RATE / _FFT, 40) / 40)
        if rng.random() < s.equaliser:
            knots = rng.normal(0, 4, 7)
            gain = 10 ** (np.interp(octave, np.linspace(0, 7.7, 7), knots) / 20)
        if rng.random() < s.band:
            low, high = rng.uniform(1.0, 3.2), rng.uniform(6.2, 7.4)  # 80-370 Hz, 2.9-6.8 kHz
            gain = gain / (1 + np.exp(12 * (low - octave))) / (1 + np.exp(12 * (octave - high)))
        return gain.astype(np.float32)

    def _noise(self, n: int) -> Float32:
        """Noise of RMS 1 whose power falls as 1 / f^a, a from 0 (white) to 2 (brown)."""
        rng = self.rng
        f = np.maximum(np.arange(n // 2 + 1), 8).astype(np.float32)
        spectrum = rng.standard_normal((2, len(f)), dtype=np.float32)
        spectrum = (spectrum[0] + 1j * spectrum[1]) * f ** np.float32(-rng.uniform(0, 1))
        noise = np.fft.irfft(spectrum, n).astype(np.float32)
        return noise / max(float(noise.std()), 1e-9)


@dataclass
class Sampler:
    """Draws training windows from a corpus.

    Attributes:
        corpus: where utterances and the teacher's curves come from.
        rate, window: positions per second and per window, the network's.
        human_share: probability that a window is recorded, not synthetic, speech.
        seed: of everything drawn.
    """

    corpus: Corpus
    rate: int
    window: int
    human_share: float = 0.4
    seed: int = 0
    strength: Strength = field(default_factory=Strength)

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)
        self._microphone = Microphone(self.rng)
        self._gains = [
            features.gain_for(features.speech_level(features.levels(int16_to_float(s))))
            for s in self.corpus.samples
        ]
        step = features.RATE // features.HOP // self.rate
        self._frames = (self.window - 1) * step + features.CLIP
        self._length = (self._frames - 1) * features.HOP + features.FFT
        self._clip = np.arange(self.window)[:, None] * step + np.arange(features.CLIP)

    def batch(self, size: int) -> tuple[Float32, Float32]:
        """MFCC clips (B, K, 19, 32) and the teacher's β (B, K, 64)."""
        pairs = [self._pair() for _ in range(size)]
        return np.stack([p[0] for p in pairs]), np.stack([p[1] for p in pairs])

    def _pair(self) -> tuple[Float32, Float32]:
        rng, s = self.rng, self.strength
        k = self.corpus.draw(rng, self.human_share)
        speed = float(rng.uniform(*s.speed))
        samples, curve = self.corpus.samples[k], self.corpus.curves[k]
        seconds = len(samples) / features.RATE
        span = self._length / features.RATE * speed
        # From half a second before the sentence to half a second after: rest is learned too.
        start = float(rng.uniform(-0.5, max(seconds - span, 0.0) + 0.5))
        alone = rng.random() < s.nobody
        sound = np.zeros(self._length, np.float32)
        if not alone:
            sound = self._cut(k, start, speed) * np.float32(self._gains[k])
        others = None
        if not alone and rng.random() < s.babble:
            other = self.corpus.draw(rng, 0.5)
            at = rng.uniform(0, len(self.corpus.samples[other]) / features.RATE)
            others = self._cut(other, at, 1.0) * np.float32(self._gains[other])
        sound = self._microphone(sound, others, s)
        sound *= np.float32(10 ** (rng.uniform(-s.level_db, s.level_db) / 20))
        mfccs = features.mfcc_of_frames(sound, float(rng.choice(WARPS)))
        # Position p of the window is at this time of the utterance.
        lead = (features.FFT / 2 + features.REACH * features.HOP) / features.RATE
        times = start + speed * (lead + np.arange(self.window) / self.rate)
        beta = np.zeros((self.window, curve.shape[1]), np.float32)
        if not alone:
            beta = _at(curve, times * 100)
        return mfccs[self._clip], beta

    def _cut(self, k: int, start: float, speed: float) -> Float32:
        """``_length`` samples of utterance k from ``start`` on, played at ``speed``."""
        samples = self.corpus.samples[k]
        begin = round(start * features.RATE)
        count = int(np.ceil(self._length * speed)) + 8
        part = int16_to_float(samples[max(begin, 0) : max(begin + count, 0)])
        before = min(max(-begin, 0), count)
        part = np.pad(part, (before, count - before - len(part)))
        played = soxr.resample(part, features.RATE * speed, features.RATE, quality="MQ")
        return np.pad(played, (0, max(0, self._length - len(played))))[: self._length]


def _at(curve: np.ndarray, places: np.ndarray) -> Float32:
    """Rows of a (T, C) curve at fractional places; zero (rest) outside."""
    low = np.floor(places).astype(np.int64)
    share = (places - low)[:, None].astype(np.float32)
    inside = ((low >= 0) & (low + 1 < len(curve)))[:, None]
    low = np.clip(low, 0, len(curve) - 2)
    value = curve[low].astype(np.float32) * (1 - share) + curve[low + 1].astype(np.float32) * share
    return np.where(inside, value, np.float32(0))


def _room(rng: np.random.Generator) -> np.ndarray:
    """Spectrum of a reverberation tail with the energy of the direct sound."""
    decay = rng.uniform(0.08, 0.6)  # seconds to -60 dB
    t = np.arange(int(0.4 * features.RATE)) / features.RATE
    tail = rng.standard_normal(len(t)) * 10 ** (-3 * t / decay)
    tail[: int(rng.uniform(0.002, 0.02) * features.RATE)] = 0
    return np.fft.rfft(tail / np.sqrt(np.sum(tail**2)), _FFT)
