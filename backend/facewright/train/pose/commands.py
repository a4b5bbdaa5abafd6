"""What ``facewright train pose`` and ``evaluate-pose`` do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from facewright.drive.pose import HeadDriver, create
from facewright.errors import InputError
from facewright.train.performance import performances
from facewright.train.pose.recipe import PRESETS, Trainer
from facewright.train.pose.score import report
from facewright.train.pose.takes import Take, take


def train(
    clips: Path,
    work: Path,
    preset: str = "embedded",
    *,
    iterations: int | None = None,
    seed: int = 0,
    manifest: Path | None = None,
    cache: Path | None = None,
    leave_out: Sequence[str] = (),
    tell: Callable[[str], None] = print,
) -> Path:
    """Train on all speakers of a folder but those left out; the weights' path.

    Args:
        clips, manifest, cache: see :func:`facewright.train.performance.performances`; the
            cache is a folder of ``work`` if None.
        work: for checkpoint, log and weights.
        preset: one of :data:`facewright.train.pose.recipe.PRESETS`.
        iterations: where to stop; the preset's end if None.
        seed: of weights, windows and noise.
        leave_out: parts of identities.
        tell: takes lines of progress.

    Raises:
        InputError: for a preset, folder or name that is not there.
    """
    if preset not in PRESETS:
        raise InputError(f"preset: {preset!r} is not one of {', '.join(PRESETS)}")
    takes = _takes(clips, manifest, cache or work / "tracks", tell)
    kept = [t for t in takes if not _named(t, leave_out)]
    _checked(takes, leave_out)
    heard = sum(t.seconds for t in kept if t.heard is not None)
    tell(f"{len(kept)} clips, {sum(t.seconds for t in kept):.0f} s, {heard:.0f} s with sound")
    trainer = Trainer(kept, PRESETS[preset], work, seed)

    def told(iteration: int, means: dict[str, float]) -> None:
        shown = "  ".join(f"{k} {v:.4g}" for k, v in means.items())
        tell(f"{iteration}/{PRESETS[preset].iterations}  {shown}")

    trainer.run(iterations, report=told)
    return trainer.result


def evaluate(
    clips: Path,
    weights: Path | None = None,
    *,
    manifest: Path | None = None,
    cache: Path | None = None,
    only: Sequence[str] = (),
    seeds: int = 8,
    guidance: float = 0.4,
    tell: Callable[[str], None] = print,
) -> dict[str, list[dict[str, float]]]:
    """Print the prior, and the diffusion if there are weights, beside real heads.

    Args:
        clips, manifest, cache: as in :func:`train`; nothing is kept without a cache.
        weights: of the diffusion; the prior alone if None.
        only: parts of the identities to score: those that were left out. All if empty.
        seeds: motions made for each clip.
        guidance: γ.
        tell: takes the lines.

    Returns:
        For each driver, :func:`facewright.train.pose.score.score` of each clip.
    """
    takes = _takes(clips, manifest, cache, tell)
    _checked(takes, only)
    chosen = [t for t in takes if not only or _named(t, only)]
    drivers: dict[str, HeadDriver] = {"prior": create("prior")}
    if weights is not None:
        drivers["diffusion"] = create("diffusion", weights)
    return report(chosen, drivers, tell, seeds, guidance)


def _takes(
    clips: Path, manifest: Path | None, cache: Path | None, tell: Callable[[str], None]
) -> list[Take]:
    found = performances(
        clips, manifest, cache, tell=lambda name, number, count: tell(f"{name} ({number}/{count})")
    )
    return [take(clip) for clip in found]


def _named(take: Take, parts: Sequence[str]) -> bool:
    return any(part.lower() in take.identity.lower() for part in parts)


def _checked(takes: Sequence[Take], parts: Sequence[str]) -> None:
    for part in parts:
        if not any(_named(take, [part]) for take in takes):
            raise InputError(f"identity: {part!r} is in no clip's")
