"""Folds that leave speakers out: nobody is tested on a face that was learned from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from facewright.errors import InputError
from facewright.train.performance.track import Performance


@dataclass(frozen=True, slots=True)
class Fold:
    """Some speakers tested, all others to learn from.

    Attributes:
        identity: the speaker left out; of several, the first by name.
        train, test: performances of the others, and of those left out.
    """

    identity: str
    train: tuple[Performance, ...]
    test: tuple[Performance, ...]


def folds(clips: Sequence[Performance], count: int | None = None) -> Iterator[Fold]:
    """Folds that leave each speaker out once, by name.

    Args:
        clips: performances of two speakers or more.
        count: how many folds, each of which leaves several speakers out; None for one
            fold a speaker.

    Raises:
        InputError: there are fewer than two speakers, or fewer than folds.
    """
    speakers = sorted({clip.identity for clip in clips})
    if len(speakers) < 2:
        raise InputError(f"clips: expected two speakers or more, got {len(speakers)}")
    count = len(speakers) if count is None else count
    if not 2 <= count <= len(speakers):
        raise InputError(f"count: expected 2 to {len(speakers)} folds, got {count}")
    for first in range(count):
        left_out = speakers[first::count]
        yield Fold(
            left_out[0],
            tuple(clip for clip in clips if clip.identity not in left_out),
            tuple(clip for clip in clips if clip.identity in left_out),
        )
