"""``facewright train emoa2e``: the corpus made or read, clips watched, the loop run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from facewright.drive import emoa2e, features
from facewright.errors import InputError
from facewright.media.speech import Speech, read_speech
from facewright.train import emoa2e as recipe
from facewright.train.performance import performances
from facewright.train.speech import corpus, watched
from facewright.train.speech.align import Aligner
from facewright.train.speech.losses import landmark_basis
from facewright.train.speech.phones import Utterance
from facewright.train.speech.recognised import Recogniser, utterance

T = TypeVar("T")


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
    recordings: Path | None = None,
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
        clips: a folder of videos whose lips teach as well, and whose English speech joins
            the corpus.
        manifest, cache: as for ``train.performance.performances``.
        recordings: a folder of .wav files of English speech that joins the corpus.
        leave_out: parts of identities, file names and the corpus' sources that are left out.
        report: told how it goes.

    Raises:
        InputError: an unknown preset, or clips without weights to begin from.
    """
    if preset not in recipe.PRESETS:
        raise InputError(f"preset: {preset!r} is not one of {', '.join(recipe.PRESETS)}")
    plan = recipe.PRESETS[preset]
    network = None if start is None else emoa2e.load(start)
    lips: list[watched.Clip] = []
    voices: dict[str, Speech] = {}
    if clips is not None:
        if network is None or network.config.emotion:
            raise InputError("clips: give emotion-free weights to begin from (start) as well")
        found = _without(performances(clips, manifest, cache), leave_out, lambda p: p.identity)
        lips = watched.clips(found, network)
        for one in lips:
            report(f"{one.name}: {len(one.opening) / one.fps:.1f} s, late by {one.lag:+.2f} s")
        voices |= {p.name: p.speech for p in found if p.speech is not None}
    if recordings is not None:
        files = _without(sorted(recordings.glob("*.wav")), leave_out, lambda f: f.stem)
        voices |= {file.stem: read_speech(file) for file in files}
    sound = work / "corpus.npz"
    if not sound.is_file():
        made = corpus.make(plan.espeak_hours, plan.flite_hours, plan.prompts, seed, report)
        corpus.save(sound, made)
    kept = _without(corpus.load(sound), leave_out, lambda u: u.source)
    pairs = corpus.Corpus(kept + plan.copies * _recognised(voices, report))
    report(f"{len(pairs)} utterances, {pairs.seconds() / 3600:.2f} h")
    basis = landmark_basis() if landmarks else None
    trainer = recipe.Trainer(pairs, plan, work, seed, basis, network, lips)

    def tell(iteration: int, means: dict[str, float]) -> None:
        shown = "  ".join(f"{k} {v:.4g}" for k, v in means.items())
        report(f"{iteration}/{plan.iterations}  {shown}")

    trainer.run(iterations, report=tell)


def _without(things: Sequence[T], parts: Sequence[str], name: Callable[[T], str]) -> list[T]:
    """Those in whose name none of the parts occurs."""
    return [thing for thing in things if not any(part in name(thing) for part in parts)]


def _recognised(voices: dict[str, Speech], report: Callable[[str], None]) -> list[Utterance]:
    if not voices:
        return []
    recogniser, aligner = Recogniser(), Aligner()
    found = []
    for name, speech in voices.items():
        samples = features.resampled(speech.samples, speech.rate)
        one = utterance(samples, f"prompts/recognised/{name}", recogniser, aligner)
        report(f"{name}: {'not understood' if one is None else f'{len(one.phones)} phones'}")
        found += [one] if one else []
    return found
