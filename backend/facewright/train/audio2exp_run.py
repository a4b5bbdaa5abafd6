"""``facewright train audio2exp``: speech and faces gathered, the network trained, measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from facewright.checks import Float32
from facewright.drive import emoa2e, lips
from facewright.drive.adapt import Audio2Exp, adapt
from facewright.drive.speaker import WEIGHTS
from facewright.errors import InputError
from facewright.train import audio2exp as recipe
from facewright.train.performance import Performance, performances
from facewright.train.speech import corpus

_ENOUGH = 0.5  # hours of synthetic speech where a corpus has to be made


def run(
    work: Path,
    *,
    clips: Path | None = None,
    manifest: Path | None = None,
    cache: Path | None = None,
    leave_out: Sequence[str] = (),
    speaker: Path | None = None,
    iterations: int | None = None,
    seed: int = 0,
    report: Callable[[str], None] = print,
) -> None:
    """Train, measure on faces left out, and write ``work/audio2exp.safetensors``.

    Args:
        work: a folder; its ``corpus.npz`` is used if it is there.
        clips, manifest, cache: as for ``train.performance.performances``; without clips,
            base expressions are random.
        leave_out: parts of identities whose clips are left out, to measure on.
        speaker: EmoA2E's weights; default: those that ship.
        iterations: default: the preset's.
        seed: of weights and data.
        report: told how it goes.
    """
    preset = recipe.Preset()
    if iterations is not None:
        preset = replace(preset, iterations=iterations)
    found = [] if clips is None else performances(clips, manifest, cache)
    out = [p for p in found if any(part in p.identity for part in leave_out)]
    kept = [p for p in found if p not in out]
    if clips is not None and not kept:
        raise InputError("leave_out: leaves no clip to learn from")
    sound = work / "corpus.npz"
    if not sound.is_file():
        made = corpus.make(_ENOUGH, 0.0, ("it", "ru"), seed, report)
        corpus.save(sound, made)
    network = emoa2e.load(speaker or WEIGHTS)
    pairs = corpus.Corpus(corpus.load(sound)[::8])  # every eighth: a minute to listen to
    speech = recipe.speech_of(pairs, network, preset.config, preset.utterances, seed)
    report(f"{len(speech[0]) / network.config.rate / 60:.1f} min of speech, {len(kept)} clips")
    sampler = recipe.Sampler(recipe.tracked_expressions(kept), speech, preset, seed)

    def tell(step: int, parts: dict[str, float]) -> None:
        shown = "  ".join(f"{k} {v:.4f}" for k, v in parts.items())
        report(f"{step}/{preset.iterations}  {shown}")

    trained = recipe.train(sampler, preset, seed, tell)
    recipe.write(work / "audio2exp.safetensors", trained, preset)
    if out:
        report(measured(trained, out, speech))


def measured(
    network: Audio2Exp, clips: Sequence[Performance], speech: tuple[Float32, Float32]
) -> str:
    """What the network makes of faces that it never saw, in the unit of ``lips.opening``."""
    base = recipe.tracked_expressions(clips)
    feature, said = (np.resize(part, (len(base), part.shape[1])) for part in speech)
    wanted = recipe.target(recipe.rests(base), said)
    with torch.inference_mode():
        calm = adapt(network, base, np.zeros_like(feature))
        spoken = adapt(network, base, feature)
    before, after = lips.opening(base).mean(), lips.opening(calm).mean()
    error = np.abs(lips.opening(spoken) - lips.opening(wanted)).mean()
    r = np.corrcoef(lips.opening(spoken), lips.opening(wanted))[0, 1]
    kept = np.corrcoef(lips.opening(spoken), lips.opening(base))[0, 1]
    return (
        f"left out: {len(base)} frames; opening {before:.3f} before, {after:.3f} after silence; "
        f"speech off the rule by {error:.3f} (r {r:.3f}); r with the old mouth {kept:.3f}"
    )
