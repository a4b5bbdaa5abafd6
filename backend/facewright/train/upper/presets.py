"""Recipes of the expression predictor: how large, and for how long."""

from __future__ import annotations

from dataclasses import dataclass, field

from facewright.drive.upper import network
from facewright.train.upper import losses


@dataclass(frozen=True, slots=True)
class Preset:
    """A recipe.

    Attributes:
        espeak_hours, flite_hours, prompts: the corpus of stage 1.
        human_share: of its sequences that are recorded speech.
        reader_steps: of the lip reader's training.
        iterations, batch, window, rate: of each stage; windows are in frames.
        judges_rate: learning rate of the discriminators.
        warm_up: iterations.
        ema: decay of the averaged weights that are kept.
        weights: λ.
    """

    espeak_hours: float = 0.5
    flite_hours: float = 0.3
    prompts: tuple[str, ...] = ()
    human_share: float = 0.4
    reader_steps: int = 200
    iterations: tuple[int, int] = (1200, 150)
    batch: tuple[int, int] = (8, 8)
    window: tuple[int, int] = (30, 100)
    rate: tuple[float, float] = (1e-3, 5e-4)
    judges_rate: float = 1e-4
    warm_up: int = 50
    ema: float = 0.995
    weights: losses.Weights = field(default_factory=losses.Weights)
    config: network.Config = field(default_factory=network.Config)


PRESETS = {
    #: Some minutes of one core. Clips of seconds, so shorter windows than published,
    #: and faster judges, for there are few iterations.
    "embedded": Preset(),
    #: As published (appendix C), for hours of video and a GPU's patience.
    "paper": Preset(espeak_hours=4, flite_hours=1.5, prompts=("it", "ru"), reader_steps=4000,
                    iterations=(200_000, 100_000), batch=(64, 32), window=(30, 300),
                    rate=(1e-4, 1e-4), judges_rate=1e-6, warm_up=1000, ema=0.9995,
                    config=network.Config(audio=256, eye=256, noise=64, width=512)),
    #: Seconds: does the recipe run at all?
    "smoke": Preset(espeak_hours=0.01, flite_hours=0.0, reader_steps=20, iterations=(30, 12),
                    batch=(4, 3), window=(12, 24), rate=(3e-3, 3e-3), warm_up=3, ema=0.9,
                    config=network.Config(audio=16, eye=16, noise=4, width=32)),
}  # fmt: skip
