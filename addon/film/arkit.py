# SPDX-License-Identifier: GPL-3.0-or-later
"""ARKit's 52 weights from the evaluated scene, and from a file as a motion."""

from __future__ import annotations

from pathlib import Path

import bpy
import numpy as np

from ..core import arkit_csv, rotation
from ..core.arkit_csv import ANGLES, NAMES, Recording
from ..core.errors import InputError
from ..core.subject_data import MotionData
from ..perform.layers import REGIONS
from ..subject.objects import SubjectObjects
from .sampling import Sampled


def recording(subject: SubjectObjects, sampled: Sampled) -> Recording:
    """What a phone's recording of it would say.

    Raises:
        InputError: the face has none of ARKit's shape keys.
    """
    mapping, face = subject.mapping, sampled.shapes[0]
    weights = np.zeros((len(sampled.frames), len(NAMES)), np.float32)
    found = False
    for column, name in enumerate(NAMES):
        shares = [(face.of(key), share) for key, share in mapping.get(name, ()) if share]
        if shares:  # the weight that explains its keys best
            size = sum(share * share for _, share in shares)
            weights[:, column] = sum(values * share for values, share in shares) / size
            found = True
    if not found:
        raise InputError(
            f"export: {subject.face.name} has none of ARKit's shape keys (jawOpen, ...)"
        )
    angles = np.zeros((len(weights), len(ANGLES)), np.float32)
    angles[:, :3] = sampled.head_angles[:, [1, 0, 2]]
    if sampled.gaze is not None:
        weights = arkit_csv.with_gaze(weights, sampled.gaze)
        angles[:, 3:] = arkit_csv.eye_angles(sampled.gaze)
    return Recording(sampled.fps, weights, angles)


def read(path: Path | str, scene: bpy.types.Scene) -> tuple[MotionData, tuple[str, ...]]:
    """The motion of a CSV file at the scene's rate, and the regions that it speaks of.

    Raises:
        InputError: not such a file; it names the line.
    """
    file = arkit_csv.read(Path(path), scene.render.fps / scene.render.fps_base)
    pose = np.zeros((len(file), 6), np.float32)
    regions: tuple[str, ...] = REGIONS
    if file.angles is None:
        regions = tuple(region for region in REGIONS if region != "head")
    else:
        yaw, pitch, roll = file.angles[:, :3].T
        pose[:, :3] = rotation.vectors_from_euler(np.stack([pitch, yaw, roll], axis=1))
    motion = MotionData(
        fps=file.fps,
        model="arkit",
        names=NAMES,
        expression=file.weights,
        pose=pose,
        gaze=arkit_csv.gaze_of(file),
    )
    return motion, regions
