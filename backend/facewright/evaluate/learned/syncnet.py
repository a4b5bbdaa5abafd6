"""LSE-C and LSE-D: do lips and sound agree (SyncNet, Chung and Zisserman 2016).

As in "A lip sync expert is all you need" (Prajwal et al. 2020, section 4): features of
five frames and of the 0.2 s of sound with them; distances over offsets of ±15 frames are
averaged over the clip; LSE-D is the least, LSE-C the median less the least.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from facewright.checks import Float32, UInt8
from facewright.errors import InputError
from facewright.evaluate.judges import Found, Judge, View
from facewright.evaluate.learned.mfcc import mfcc
from facewright.evaluate.learned.onnx import Network
from facewright.evaluate.tasks import Task

_RATE, _FPS = 16_000, 25.0
_FRAMES, _STEPS, _PER_FRAME = 5, 20, 4  # of a window: frames, MFCC steps, steps a frame
_OFFSETS = 15
_SIZE = 224
_ROOM = 0.4  # at either side of the face's box, of its half side; twice that below


class SyncNet(Judge):
    """LSE-C and LSE-D of rows whose every frame was compared, at 25 frames a second.

    Takes 224 x 224 crops of the face, blue first, 0..255, as (1, 3, 5, 224, 224), and 13
    MFCCs of 20 steps, as (1, 1, 13, 20).
    """

    def __init__(self, face: Path, sound: Path) -> None:
        self._face, self._sound = Network(face), Network(sound)
        self._task: Task | None = None
        self._seen: dict[str, list[tuple[int, UInt8, Float32 | None]]] = {}

    def start(self, task: Task) -> None:
        """Let the last clip's frames go."""
        self._task, self._seen = task, {}

    def frame(self, view: View) -> Found:
        """Keep the frame, and where its face is."""
        box = None if view.points is None else _box(view.points)
        self._seen.setdefault(view.row, []).append((view.number, view.frame, box))
        return {}

    def finish(self) -> dict[str, Found]:
        """``lse_c`` and ``lse_d`` by row; nothing for clips that cannot be judged."""
        assert self._task is not None
        task, numbers = self._task, self._task.numbers
        whole = np.array_equal(np.diff(numbers), np.ones(len(numbers) - 1))
        if not whole or abs(task.fps - _FPS) > 0.01 or len(numbers) < _FRAMES + _OFFSETS:
            return {}
        windows = self._heard(task)
        if windows is None:
            return {}
        return {row: self._judged(seen, windows) for row, seen in self._seen.items()}

    def _heard(self, task: Task) -> Float32 | None:
        """(W, D) features of the sound that goes with each window of frames."""
        from facewright.media.speech import read_speech

        try:
            speech = read_speech(task.clip)
        except InputError:
            return None  # a silent clip
        steps = mfcc(speech.samples, _RATE)
        starts = [_PER_FRAME * n for n in task.numbers[: 1 - _FRAMES]]
        cuts = [steps[s : s + _STEPS].T[None] for s in starts if s + _STEPS <= len(steps)]
        return self._sound(np.stack(cuts)) if len(cuts) > _OFFSETS else None

    def _judged(self, seen: list[tuple[int, UInt8, Float32 | None]], heard: Float32) -> Found:
        boxes = _filled([box for _, _, box in seen])
        if boxes is None:
            return {}
        faces = np.stack(
            [_crop(frame, box) for (_, frame, _), box in zip(seen, boxes, strict=True)]
        )
        count = min(len(faces) - _FRAMES + 1, len(heard))
        windows = [
            self._face(faces[None, k : k + _FRAMES].transpose(0, 4, 1, 2, 3).astype(np.float32))
            for k in range(count)
        ]
        return agreement(np.concatenate(windows), heard[:count])


def agreement(lips: Float32, sound: Float32) -> Found:
    """``lse_d`` and ``lse_c`` of (W, D) features of the same windows.

    Raises:
        InputError: where both halves give features of different lengths.
    """
    if lips.shape != sound.shape:
        raise InputError(f"syncnet: features differ in shape: {lips.shape}, {sound.shape}")
    padded = np.pad(sound, ((_OFFSETS, _OFFSETS), (0, 0)))
    offsets = range(2 * _OFFSETS + 1)
    distances = [
        float(np.linalg.norm(lips - padded[k : k + len(lips)] + 1e-6, axis=1).mean())
        for k in offsets
    ]
    least = min(distances)
    return {"lse_d": least, "lse_c": float(np.median(distances)) - least}


def _box(points: Float32) -> Float32:
    """(3,) centre and half side of the face's box."""
    low, high = points[:468].min(0), points[:468].max(0)
    return np.array([*(low + high) / 2, (high - low).max() / 2], np.float32)


def _filled(boxes: list[Float32 | None]) -> Float32 | None:
    """(N, 3) boxes of all frames, from those of some; None where there are none."""
    given = [k for k, box in enumerate(boxes) if box is not None]
    if not given:
        return None
    known = np.stack([box for box in boxes if box is not None])
    every = np.arange(len(boxes))
    return np.stack([np.interp(every, given, known[:, k]) for k in range(3)], -1)


def _crop(frame: UInt8, box: Float32) -> UInt8:
    x, y, half = box
    side = 2 * half * (1 + _ROOM)
    corner = (x - side / 2, y - half)  # the room is at the sides and below
    scale = _SIZE / max(float(side), 1.0)
    matrix = np.array([[scale, 0, -corner[0] * scale], [0, scale, -corner[1] * scale]])
    matrix[:, 2] += 0.5 * scale - 0.5
    crop = cv2.warpAffine(
        frame, matrix, (_SIZE, _SIZE), borderMode=cv2.BORDER_CONSTANT, borderValue=(110,) * 3
    )
    return np.ascontiguousarray(crop[..., ::-1])
