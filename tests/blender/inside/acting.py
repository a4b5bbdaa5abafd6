"""Subjects that can be driven by the real backend, and what they then do."""

from __future__ import annotations

import os
import wave
from dataclasses import replace
from pathlib import Path

import bpy
import numpy as np
import pytest
import synthetic

from addon.core.client import Backend
from addon.subject import construct
from addon.subject import objects as subject
from addon.v1 import service_pb2

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
ADDRESS = os.environ.get("FACEWRIGHT_ADDRESS", "")
needs_backend = pytest.mark.skipif(
    not ADDRESS, reason="needs a backend's address in FACEWRIGHT_ADDRESS"
)


def words(path: Path, seconds: float, start: float = 0.0) -> Path:
    """A part of the example sentence."""
    with wave.open(str(EXAMPLES / "speech.wav")) as source, wave.open(str(path), "wb") as part:
        rate = source.getframerate()
        part.setparams(source.getparams())
        source.setpos(int(start * rate))
        part.writeframes(source.readframes(int(seconds * rate)))
    return path


def actor(backend: Backend, name: str, folder: Path) -> subject.SubjectObjects:
    """A small subject with the default model's blendshapes, which no photograph was needed for."""
    asked = service_pb2.GetPosesRequest(protocol_version=service_pb2.PROTOCOL_VERSION)
    names = tuple(backend._stub.GetPoses(asked).names)
    data = replace(synthetic.subject(names=names), subject_id="")
    photo = folder / f"{name}.png"
    photo.write_bytes(synthetic.png(np.zeros((801, 600, 3), np.uint8)))
    return construct.build(data, name=name, photo=photo, folder=folder)


def shown(who: subject.SubjectObjects, key: str, frames: range) -> np.ndarray:
    """A shape key's weight as Blender evaluates it, frame by frame."""
    scene, values = bpy.context.scene, []
    for frame in frames:
        scene.frame_set(frame)
        values.append(who.face.data.shape_keys.key_blocks[key].value)
    return np.array(values)


def turned(who: subject.SubjectObjects, frames: range) -> np.ndarray:
    """(T, 3) the head's rotation, radians, as Blender evaluates it."""
    scene, values = bpy.context.scene, []
    for frame in frames:
        scene.frame_set(frame)
        values.append(tuple(who.head.rotation_euler))
    return np.array(values)


def looked(who: subject.SubjectObjects, frames: range) -> np.ndarray:
    """(T, 2) the left eye's gaze, as Blender evaluates it."""
    scene, values = bpy.context.scene, []
    for frame in frames:
        scene.frame_set(frame)
        values.append(tuple(who.head[subject.GAZE[0]]))
    return np.array(values)


def spans(who: subject.SubjectObjects, layer: str) -> dict[str, tuple[int, int]]:
    """NLA strips of a layer on the face: name -> first and last frame."""
    from addon.perform import layers, record, stack

    (owner, *_) = layers.owners(who)
    return {
        record.name_of(strip.action): (int(strip.frame_start), int(strip.frame_end))
        for _, strip in stack.strips(owner, layer)
    }


def key(owner: bpy.types.Object, name: str, points: dict[int, object]) -> None:
    """Key a control of a subject as an animator does."""
    chosen = owner.facewright_perform
    for frame, value in points.items():
        setattr(chosen, name, value)
        assert chosen.keyframe_insert(name, frame=frame)
