"""Clips and portraits -> the tasks of an evaluation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from facewright.capture import CaptureSession
from facewright.errors import InputError
from facewright.evaluate import tasks
from facewright.evaluate.options import Options


@dataclass(frozen=True, slots=True)
class Planned:
    """A task that is to be done.

    Attributes:
        name: unique among the tasks.
        sources: the files that it is made of.
        make: captures the sources.
    """

    name: str
    sources: tuple[Path, ...]
    make: Callable[[CaptureSession, tasks.Choice, tasks.Tell], tasks.Task]


def plan(
    mode: str, clips: Sequence[Path], options: Options, portraits: Sequence[Path] = (),
    most_pairs: int | None = None,
) -> list[Planned]:  # fmt: skip
    """The tasks of a mode: "self", "cross" or "audio".

    Raises:
        InputError: for no clips, or no portraits where they are needed.
    """
    if not clips:
        raise InputError("clips: expected at least one video")
    if mode == "cross":
        if not portraits:
            raise InputError("portraits: expected at least one picture")
        called = {
            path: name
            for paths in (portraits, clips)
            for path, name in zip(paths, _names(paths), strict=True)
        }
        crossed = tasks.pairs(portraits, clips, most_pairs)
        return [_crossed(portrait, clip, called) for portrait, clip in crossed]
    make: Callable[..., tasks.Task] = tasks.reenactment
    if mode == "audio":
        make = partial(tasks.dubbing, driver=options.driver, seed=options.seed)
    return [
        Planned(name, (clip,), partial(make, clip))
        for name, clip in zip(_names(clips), clips, strict=True)
    ]


def _crossed(portrait: Path, clip: Path, called: dict[Path, str]) -> Planned:
    make = partial(tasks.transfer, portrait, clip)
    return Planned(f"{called[portrait]} x {called[clip]}", (portrait, clip), make)


def _names(paths: Sequence[Path]) -> list[str]:
    """Stems, with the folder where two are alike."""
    stems = [path.stem for path in paths]
    names = [
        path.stem if stems.count(path.stem) == 1 else f"{path.parent.name}-{path.stem}"
        for path in paths
    ]
    if len(set(names)) < len(names):
        double = next(name for name in names if names.count(name) > 1)
        raise InputError(f"clips or portraits: two are called {double}; rename one")
    return names
