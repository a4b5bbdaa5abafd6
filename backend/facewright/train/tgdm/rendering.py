"""A pack's clips -> rendered pairs on disk, by as many processes as there are cores."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from facewright.errors import FacewrightError, InputError
from facewright.train.data.shards import Clip, open_pack
from facewright.train.tgdm import pairs as pairing

#: The array that is written last: a folder with it is whole.
_LAST = pairing.Pairs.__slots__[-1] + ".npy"


@dataclass(frozen=True, slots=True)
class Rendering:
    """How many pairs are made of each clip.

    Attributes:
        sources: frames of a clip that are taken for its portrait.
        targets: frames that each of them is made to follow.
        seed: of the choice.
    """

    sources: int = 12
    targets: int = 32
    seed: int = 0


def render_pack(
    pack: Path,
    folder: Path,
    plan: Rendering,
    *,
    split: str = "train",
    jobs: int = 1,
    report: Callable[[int, int, str], None] | None = None,
) -> tuple[Path, ...]:
    """Render a pack's pairs, or what of them is not there yet.

    Args:
        pack: made by ``facewright data pack``, at 256 pixels.
        folder: of the pairs, one subfolder a source; about 27 MB each.
        plan: how many.
        split: of the pack's identities.
        jobs: processes.
        report: called with clips done, clips in all, and what was done last.

    Returns:
        The sources' folders, in order.

    Raises:
        InputError: a pack that cannot be used.
    """
    opened = open_pack(pack)
    if opened.size != pairing.SIDE:
        raise InputError(
            f"data: expected a pack of {pairing.SIDE} pixels, got {opened.size}; "
            f"pack it with --size {pairing.SIDE}"
        )
    clips = [clip for clip in opened.of(split) if clip.count > 2]
    if not clips:
        raise InputError(f"data: {pack} has no clips to take for {split!r}")
    tell = report or (lambda done, of, what: None)
    made: list[Path] = []
    # Spawned: MediaPipe and OpenMP do not survive a fork.
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        running = [pool.submit(_render_clip, clip, folder, plan) for clip in clips]
        for done, job in enumerate(as_completed(running), 1):
            folders, said = job.result()
            made += folders
            tell(done, len(clips), said)
    if not made:
        raise InputError(f"data: no frame of {pack} could be taken for a portrait")
    return tuple(sorted(made))


def _render_clip(clip: Clip, folder: Path, plan: Rendering) -> tuple[list[Path], str]:
    """One clip's sources; what failed is told, and left out."""
    import cv2
    import torch

    from facewright.capture import CaptureSession

    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    rng = np.random.default_rng([plan.seed, zlib.crc32(clip.name.encode())])
    data = clip.read()
    usable = pairing.portraits(data.landmarks)
    count = min(plan.sources, len(usable))
    sources = np.sort(rng.choice(usable, count, replace=False))
    session = CaptureSession()
    made, failed = [], []
    for source in sources.tolist():
        place = folder / f"{clip.name}-{source:05d}"
        chance = np.random.default_rng([plan.seed, source, zlib.crc32(clip.name.encode())])
        if not (place / _LAST).is_file():
            try:
                targets = pairing.choose_targets(data.landmarks, source, plan.targets, chance)
                rendered = pairing.render(data.frames, data.landmarks, source, targets, session)
            except FacewrightError as error:
                failed.append(f"frame {source}: {error}")
                continue
            rendered.save(place)
        made.append(place)
    session.close()
    return made, "; ".join([f"{clip.name}: {len(made)} sources", *failed])
