"""Folds that leave a speaker out: nobody is tested on a face that was learned from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from facewright.errors import InputError
from facewright.train.performance.track import Performance


@dataclass(frozen=True, slots=True)
class Fold:
    """One speaker tested, all others to learn from.

    Attributes:
        identity: the speaker left out.
        train, test: performances of the others, and of this one.
    """

    identity: str
    train: tuple[Performance, ...]
    test: tuple[Performance, ...]


def folds(clips: Sequence[Performance]) -> Iterator[Fold]:
    """One fold for each speaker, by name.

    Raises:
        InputError: there are fewer than two speakers.
    """
    speakers = sorted({clip.identity for clip in clips})
    if len(speakers) < 2:
        raise InputError(f"clips: expected two speakers or more, got {len(speakers)}")
    for who in speakers:
        yield Fold(
            who,
            tuple(clip for clip in clips if clip.identity != who),
            tuple(clip for clip in clips if clip.identity == who),
        )
