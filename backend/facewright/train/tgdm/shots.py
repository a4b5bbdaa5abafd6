"""A pack's clips -> shots on disk, mapped into memory when they are trained on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import fields
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from facewright.errors import FacewrightError, InputError
from facewright.train.data.shards import Clip, open_pack
from facewright.train.tgdm.paper_pairs import Shot, shot_of

#: Written last: a folder with it is whole.
_WHOLE = "whole"
_ARRAYS = tuple(field.name for field in fields(Shot))


def save(shot: Shot, folder: Path) -> None:
    """Keep a shot's arrays as .npy."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in _ARRAYS:
        np.save(folder / f"{name}.npy", getattr(shot, name), allow_pickle=False)
    (folder / _WHOLE).touch()


def load(folder: Path) -> Shot:
    """Map what :func:`save` kept.

    Raises:
        InputError: for a folder that is not whole, or was damaged.
    """
    try:
        if not (folder / _WHOLE).is_file():
            raise InputError(f"shot: {folder} is not whole; remove it, and it is made again")
        arrays = [
            np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in _ARRAYS
        ]
    except (OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"shot: {folder} is damaged ({error}); remove it") from error
    return Shot(*arrays)


class KeptShots(Sequence[Shot]):
    """Shots in folders, each mapped when it is asked for.

    A map holds its file open, and would be copied whole to processes that make batches: a
    data set has thousands of clips.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = tuple(folders)

    def __len__(self) -> int:
        return len(self._folders)

    def __getitem__(self, number: Any) -> Any:
        """One shot; raises as :func:`load`."""
        return load(self._folders[number])


def render_shots(
    pack: Path,
    folder: Path,
    side: int,
    *,
    split: str = "train",
    jobs: int = 1,
    report: Callable[[str], None] = lambda line: None,
) -> KeptShots:
    """The shots of a pack; makes those that are not in ``folder`` yet.

    Args:
        pack: made by ``facewright data pack``.
        folder: of the shots, two pictures and 3 KB a frame.
        side: of their pictures.
        split: of the pack's identities.
        jobs: processes.
        report: told what happens, line by line.

    Raises:
        InputError: a pack without clips that could be used.
    """
    clips = [clip for clip in open_pack(pack).of(split) if clip.count > 1]
    kept = folder / f"{side}"
    missing = [clip for clip in clips if not (kept / clip.name / _WHOLE).is_file()]
    for done, said in enumerate(_made(missing, kept, side, jobs), 1):
        report(f"shot {done}/{len(missing)}: {said}")
    folders = [kept / c.name for c in clips if (kept / c.name / _WHOLE).is_file()]
    if not folders:
        raise InputError(f"data: {pack} has no {split!r} clip that could be used")
    return KeptShots(folders)


def _made(clips: list[Clip], folder: Path, side: int, jobs: int) -> Iterator[str]:
    if jobs == 1:
        yield from (_make(clip, folder / clip.name, side) for clip in clips)
        return
    # Spawned: MediaPipe and OpenMP do not survive a fork.
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        running = [pool.submit(_make_alone, clip, folder / clip.name, side) for clip in clips]
        yield from (job.result() for job in as_completed(running))


def _make_alone(clip: Clip, folder: Path, side: int) -> str:
    """In a process of its own, on one core."""
    import cv2
    import torch

    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    return _make(clip, folder, side)


def _make(clip: Clip, folder: Path, side: int) -> str:
    """Make one; what failed is told, and left out."""
    from facewright.capture import CaptureSession

    session = CaptureSession()
    try:
        data = clip.read()
        save(shot_of(data.frames, data.landmarks, session, side), folder)
    except FacewrightError as error:
        return f"{clip.name} left out: {error}"
    finally:
        session.close()
    return clip.name
