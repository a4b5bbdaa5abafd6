"""What ``facewright train pose`` and ``evaluate-pose`` do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from facewright.drive.pose import HeadDriver, create
from facewright.errors import InputError
from facewright.train.performance import Performance, performances
from facewright.train.pose.recipe import PRESETS, Trainer
from facewright.train.pose.score import report
from facewright.train.pose.takes import take


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
    found = _performances(clips, manifest, cache or work / "tracks", leave_out, tell)
    kept = [take(clip) for clip in found if not _named(clip, leave_out)]
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
    found = _performances(clips, manifest, cache, only, tell)
    chosen = [take(clip) for clip in found if not only or _named(clip, only)]
    drivers: dict[str, HeadDriver] = {"prior": create("prior")}
    if weights is not None:
        drivers["diffusion"] = create("diffusion", weights)
    return report(chosen, drivers, tell, seeds, guidance)


def _performances(
    clips: Path,
    manifest: Path | None,
    cache: Path | None,
    names: Sequence[str],
    tell: Callable[[str], None],
) -> list[Performance]:
    """The folder's clips; each of ``names`` must be part of an identity."""
    found = performances(
        clips, manifest, cache, tell=lambda name, number, count: tell(f"{name} ({number}/{count})")
    )
    for name in names:
        if not any(_named(clip, [name]) for clip in found):
            raise InputError(f"identity: {name!r} is in no clip's")
    return found


def _named(clip: Performance, parts: Sequence[str]) -> bool:
    return any(part.lower() in clip.identity.lower() for part in parts)
