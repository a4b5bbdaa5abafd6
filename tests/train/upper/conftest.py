"""What the tests of the expression predictor share: speech with phones, made-up clips."""

from __future__ import annotations

import numpy as np
import pytest
from facewright.face.motion import Motion
from facewright.face.names import EXPRESSION_64
from facewright.media.speech import Speech
from facewright.train.performance import Performance
from facewright.train.speech.phones import Phone, Utterance


@pytest.fixture(scope="session")
def utterances() -> list[Utterance]:
    """Twelve "sentences": tones whose colour tells an open from a shut mouth."""
    rng = np.random.default_rng(0)
    made = []
    for _ in range(12):
        phones, parts, now = [], [], 0.0
        for symbol in rng.choice(["a", "m", "s", "u"], 16):
            seconds = float(rng.uniform(0.08, 0.2))
            times = np.arange(int(seconds * 16000)) / 16000
            pitch = {"a": 700, "m": 200, "s": 3000, "u": 400}[symbol]
            parts.append(0.2 * np.sin(2 * np.pi * pitch * times))
            phones.append(Phone(str(symbol), now, now + len(times) / 16000))
            now += len(times) / 16000
        samples = (np.concatenate(parts) * 32767).astype(np.int16)
        made.append(Utterance(samples, tuple(phones), "en", "espeak/test"))
    return made


def clip(
    name: str, who: str, seed: int, *, sound: bool = True, seconds: float = 5.0
) -> Performance:
    """A face whose brows rise with loud syllables, and that blinks."""
    rng, seconds = np.random.default_rng(seed), 5.0
    times = np.arange(int(seconds * 25)) / 25
    loud = (np.sin(2 * np.pi * times / rng.uniform(0.9, 1.4)) > 0.5).astype(np.float32)
    expression = np.zeros((len(times), 64), np.float32)
    expression[:, EXPRESSION_64.index("browInnerUp")] = 0.1 + 0.4 * loud
    for side in ("Left", "Right"):
        expression[
            len(times) // 2 : len(times) // 2 + 4, EXPRESSION_64.index(f"eyeBlink{side}")
        ] = 1
    audio = np.arange(int(seconds * 16000)) / 16000
    voice = np.interp(audio, times, 0.05 + 0.3 * loud) * np.sin(2 * np.pi * 200 * audio)
    motion = Motion(
        25.0, "test", EXPRESSION_64, expression,
        np.zeros((len(times), 6), np.float32), np.zeros((len(times), 4), np.float32),
    )  # fmt: skip
    return Performance(
        name=name, identity=who, fps=25.0, motion=motion,
        landmarks=np.zeros((len(times), 478, 2), np.float32),
        confidence=np.ones(len(times), np.float32), size=(64, 64),
        shape=np.zeros(80, np.float32), neutral_pose=np.zeros(6, np.float32),
        speech=Speech(voice.astype(np.float32)) if sound else None, in_sync=sound,
    )  # fmt: skip


@pytest.fixture(scope="session")
def performances() -> list[Performance]:
    """Two speakers with two clips each, and one silent clip."""
    return [
        clip("a1", "Ada", 1), clip("a2", "Ada", 2), clip("b1", "Ben", 3), clip("b2", "Ben", 4),
        clip("c1", "Cleo", 5, sound=False),
    ]  # fmt: skip
