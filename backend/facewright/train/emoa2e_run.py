"""``facewright train emoa2e``: the corpus made or read, clips watched, the loop run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from facewright.drive import emoa2e
from facewright.errors import InputError
from facewright.train import emoa2e as recipe
from facewright.train.speech import corpus, watched
from facewright.train.speech.losses import landmark_basis


def run(
    work: Path,
    preset: str,
    *,
    iterations: int | None = None,
    seed: int = 0,
    landmarks: bool = True,
    start: Path | None = None,
    clips: Path | None = None,
    manifest: Path | None = None,
    cache: Path | None = None,
    leave_out: Sequence[str] = (),
    report: Callable[[str], None] = print,
) -> None:
    """Train a preset in the folder ``work``, or go on with it.

    Args:
        work: for corpus, checkpoint, log and weights.
        preset: a name of ``recipe.PRESETS``.
        iterations: where to stop; default: the preset's.
        seed: of weights, data and augmentation.
        landmarks: use the landmark loss.
        start: weights to begin from.
        clips: a folder of videos whose lips teach as well.
        manifest, cache: as for ``train.performance.performances``.
        leave_out: parts of identities and of the corpus' sources that are left out.
        report: told how it goes.

    Raises:
        InputError: an unknown preset, or clips without weights to begin from.
    """
    if preset not in recipe.PRESETS:
        raise InputError(f"preset: {preset!r} is not one of {', '.join(recipe.PRESETS)}")
    plan = recipe.PRESETS[preset]
    network = None if start is None else emoa2e.load(start)
    lips = []
    if clips is not None:
        if network is None or network.config.emotion:
            raise InputError("clips: give emotion-free weights to begin from (start) as well")
        lips = _watch(clips, manifest, cache, network, leave_out)
        for one in lips:
            report(f"{one.name}: {len(one.opening) / one.fps:.1f} s, late by {one.lag:+.2f} s")
    sound = work / "corpus.npz"
    if not sound.is_file():
        made = corpus.make(plan.espeak_hours, plan.flite_hours, plan.prompts, seed, report)
        corpus.save(sound, made)
    kept = [u for u in corpus.load(sound) if not any(part in u.source for part in leave_out)]
    pairs = corpus.Corpus(kept)
    report(f"{len(pairs)} utterances, {pairs.seconds() / 3600:.2f} h")
    basis = landmark_basis() if landmarks else None
    trainer = recipe.Trainer(pairs, plan, work, seed, basis, network, lips)

    def tell(iteration: int, means: dict[str, float]) -> None:
        shown = "  ".join(f"{k} {v:.4g}" for k, v in means.items())
        report(f"{iteration}/{plan.iterations}  {shown}")

    trainer.run(iterations, report=tell)


def _watch(
    folder: Path,
    manifest: Path | None,
    cache: Path | None,
    network: emoa2e.EmoA2E,
    leave_out: Sequence[str],
) -> list[watched.Clip]:
    from facewright.train.performance import performances

    found = watched.clips(performances(folder, manifest, cache), network)
    found = [one for one in found if not any(part in one.identity for part in leave_out)]
    if not found:
        raise InputError(f"clips: {folder} holds none whose sound is in sync")
    return found
