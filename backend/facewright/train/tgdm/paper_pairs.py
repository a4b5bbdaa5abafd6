"""Pairs of frames of one clip, as the paper trains on them: a source and a target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from facewright import checks
from facewright.animate.tgdm.rendered import FaceRenderer, descriptors, windows
from facewright.capture import CaptureSession
from facewright.capture.track_fit import fit_track
from facewright.checks import Float32, UInt8
from facewright.errors import InputError

#: How far a pair's colours are moved: gain and offset of each channel, share of pairs.
GAIN, OFFSET, RECOLOURED = 0.2, 0.05, 0.5
#: Share of targets whose ρ̂ is withheld.
WITHHELD = 0.1


@dataclass(frozen=True, slots=True)
class Shot:
    """A clip with what the network is told about each frame.

    Attributes:
        frames: (T, S, S, 3) uint8 sRGB.
        renders: (T, S, S, 3) uint8, I3d of each in the first frame's identity, texture
            and light.
        rho: (T, 3, 261) ρ̂ of each frame and its neighbours.
    """

    frames: UInt8
    renders: UInt8
    rho: Float32

    def __post_init__(self) -> None:
        count, side = len(self.frames), self.frames.shape[1]
        checks.floats("rho", self.rho, (count, "W", "K"))
        for name in ("frames", "renders"):
            if getattr(self, name).shape != (count, side, side, 3):
                got = getattr(self, name).shape
                raise InputError(f"{name}: expected shape ({count}, S, S, 3), got {got}")


def read_shot(clip: Path, side: int) -> Shot:
    """Track a clip of square frames around a head; see :func:`shot_of`.

    Raises:
        InputError: for a clip without square frames or without a face.
    """
    from facewright.capture.track_landmarks import track_landmarks
    from facewright.media.video import read_frames, read_video_info

    frames = list(read_frames(clip))
    if not frames or frames[0].shape[0] != frames[0].shape[1]:
        raise InputError(f"{clip}: expected square frames around a head")
    session = CaptureSession()
    try:
        fps = read_video_info(clip).fps
        marks = track_landmarks(frames, session.finder, fps=fps)
        return shot_of(np.stack(frames), marks.smooth, session, side)
    finally:
        session.close()


def shot_of(frames: UInt8, landmarks: Float32, session: CaptureSession, side: int) -> Shot:
    """The frames of a clip that show the face, at ``side`` pixels, with I3d and ρ̂.

    The first of them is the subject: its identity, texture and light are everybody's.

    Args:
        frames: (T, S, S, 3) uint8 sRGB.
        landmarks: (T, 478, 2) in their pixels, smoothed; NaN where there is no face.
        session: captures.
        side: of the shot's pictures.

    Raises:
        InputError: for a clip that shows a face in no two frames.
        NoFaceError: where none is found in the first of them after all.
    """
    seen = np.flatnonzero(np.isfinite(landmarks).all((1, 2)))
    if len(seen) < 2:
        raise InputError("landmarks: expected a face in at least two frames")
    size = frames.shape[1]
    subject = session.capture(frames[seen[0]], size=size, box=(0, 0, size, size))
    fitted = fit_track(landmarks, subject)
    beta, gaze = fitted.expression, fitted.gaze
    pose = fitted.relative_pose(subject.coefficients.pose)
    rho = windows(descriptors(subject, beta, pose, gaze))
    renders = FaceRenderer(subject, side)(beta[seen], pose[seen], gaze[seen])
    small = [cv2.resize(frames[i], (side, side), interpolation=cv2.INTER_AREA) for i in seen]
    return Shot(np.stack(small), renders, rho[seen])


@dataclass(frozen=True, slots=True)
class Colours:
    """A change of colours, x -> gain x + offset in 0..1, (3,) each."""

    gain: Float32
    offset: Float32

    def __call__(self, frame: UInt8) -> UInt8:
        """(…, 3) uint8 recoloured."""
        moved = frame * self.gain + 255 * self.offset
        return np.round(moved.clip(0, 255)).astype(np.uint8)


def random_colours(rng: np.random.Generator) -> Colours:
    """As far from the clip's own as training goes."""
    gain = 1 + rng.uniform(-GAIN, GAIN, 3)
    return Colours(gain.astype(np.float32), rng.uniform(-OFFSET, OFFSET, 3).astype(np.float32))


class PaperPairs(Dataset[dict[str, Tensor]]):
    """Batches by step: targets and sources at random from the same clip.

    Half of the pairs are recoloured, source and target alike, while I3d stays: frames of
    one clip look alike, and only so does the network have to ask the source for colours.
    """

    def __init__(
        self,
        shots: Sequence[Shot],
        rows: Sequence[NDArray[np.intp]],
        batch: int,
        seed: int,
    ) -> None:
        """Take pairs from ``rows`` of each of the ``shots``.

        Raises:
            InputError: where a shot offers fewer than two frames.
        """
        for shot, chosen in zip(shots, rows, strict=True):
            if len(chosen) < 2 or chosen.min() < 0 or chosen.max() >= len(shot.frames):
                raise InputError(
                    f"rows: expected at least 2 of 0..{len(shot.frames) - 1}, got {len(chosen)}"
                )
        self.shots, self.rows = shots, [np.asarray(chosen) for chosen in rows]
        self.batch = int(checks.number("batch", batch, low=1))
        self.seed = seed

    def __getitem__(self, step: int) -> dict[str, Tensor]:
        rng = np.random.default_rng([self.seed & 0xFFFFFFFF, step])
        return stacked([self._pair(rng) for _ in range(self.batch)])

    def _pair(self, rng: np.random.Generator) -> dict[str, np.ndarray]:
        which = int(rng.integers(len(self.shots)))
        shot = self.shots[which]
        target, source = rng.choice(self.rows[which], 2, replace=False)
        colours = random_colours(rng)
        recoloured = rng.random() < RECOLOURED
        known = rng.random() >= WITHHELD
        return pair(shot, int(target), int(source), colours if recoloured else None, bool(known))


def pair(
    shot: Shot, target: int, source: int, colours: Colours | None = None, known: bool = True
) -> dict[str, np.ndarray]:
    """What training is given of one target frame and one source frame."""
    pictures = shot.frames[[target, source]]
    if colours is not None:
        pictures = colours(pictures)
    return {
        "target": pictures[0],
        "source": pictures[1],
        "render": shot.renders[target],
        "rho": shot.rho[target],
        "known": np.array(known),
    }


def stacked(pairs: Sequence[dict[str, np.ndarray]]) -> dict[str, Tensor]:
    """Pairs as a batch: pictures (B, 3, S, S) uint8, ρ̂ and known as they are."""
    batch = {}
    for key in pairs[0]:
        values = torch.from_numpy(np.stack([p[key] for p in pairs]))
        batch[key] = values.permute(0, 3, 1, 2).contiguous() if values.ndim == 4 else values
    return batch


def signed(pictures: Tensor) -> Tensor:
    """uint8 pictures in -1 .. 1."""
    return pictures.float() / 127.5 - 1
