# SPDX-License-Identifier: GPL-3.0-or-later
"""ARKit's 52 weights from the evaluated scene to a CSV file, and from one onto a layer."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import bpy
import numpy as np

from ..core import arkit_csv, rotation
from ..core.arkit_csv import Recording
from ..core.errors import InputError
from ..core.subject_data import MotionData
from ..subject.objects import SubjectObjects
from .sampling import Sampled, euler, finished, sample


def recording(sampled: Sampled) -> Recording:
    """What a phone's recording of it would say.

    Raises:
        InputError: the mesh has none of ARKit's shape keys.
    """
    shared = [name for name in arkit_csv.NAMES if name in sampled.names]
    if not shared:
        raise InputError(
            "export: the face has none of ARKit's shape keys (jawOpen, eyeBlinkLeft, ...)"
        )
    weights = np.zeros((len(sampled.frames), len(arkit_csv.NAMES)), np.float32)
    weights[:, [arkit_csv.NAMES.index(name) for name in shared]] = sampled.weights[
        :, [sampled.names.index(name) for name in shared]
    ]
    angles = np.zeros((len(weights), len(arkit_csv.ANGLES)), np.float32)
    x, y, z = euler(sampled.head).T
    angles[:, 0], angles[:, 1], angles[:, 2] = y, x, z
    gaze = sampled.gaze
    if gaze is not None:
        weights = arkit_csv.with_gaze(weights, gaze)
        angles[:, 3:] = arkit_csv.eye_angles(gaze)
    return Recording(sampled.fps, weights, angles)


def motion_of(file: Recording) -> MotionData:
    """A recording as a motion: without the head's where the file does not say it (it rests)."""
    pose = np.zeros((len(file), 6), np.float32)
    if file.angles is not None:
        yaw, pitch, roll = file.angles[:, :3].T
        pose[:, :3] = rotation.vectors_from_euler(np.stack([pitch, yaw, roll], axis=1))
    return MotionData(
        fps=file.fps,
        model="arkit",
        names=arkit_csv.NAMES,
        expression=file.weights,
        pose=pose,
        gaze=arkit_csv.gaze_of(file),
    )


def write_csv(subject: SubjectObjects, path: Path | str, frames: range) -> Path:
    """Write what a subject does over ``frames`` of the open scene; blocks.

    Raises:
        InputError: no shape key of ARKit's, or not a name for a CSV file.
        OutputError: it cannot be written.
    """
    from .exports import export

    return export(subject, path, format="csv", frames=frames)


def encoded(sampled: Sampled) -> bytes:
    """The bytes of the CSV file."""
    return arkit_csv.encode(recording(sampled))


def read_csv(path: Path | str, scene: bpy.types.Scene) -> MotionData:
    """The motion of a CSV file, at the scene's rate.

    Raises:
        InputError: not such a file; it names the line.
    """
    return motion_of(arkit_csv.read(Path(path), scene.render.fps / scene.render.fps_base))


def sampled_now(subject: SubjectObjects, frames: range) -> Sampled:
    """What a subject does over ``frames``; blocks."""
    return finished(sample(subject, frames))


Steps = Generator[float, None, Sampled]
