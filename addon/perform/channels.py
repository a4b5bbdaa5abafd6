# SPDX-License-Identifier: GPL-3.0-or-later
"""What a motion moves on a subject: channels by datablock, and the region of each.

Two datablocks carry a subject's channels: the face's shape keys (mouth, eyes, brows) and
the rig (head, gaze).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import bpy
import numpy as np

from ..core.errors import InputError
from ..core.subject_data import MotionData
from ..subject import channels as of_subject
from ..subject.channels import Channel
from ..subject.objects import GAZE, SubjectObjects

#: What layers are combined by; "eyes" are the lids, "gaze" is where the eyeballs look.
REGIONS = ("mouth", "eyes", "brows", "head", "gaze")

_KEY_PATH = re.compile(r'^key_blocks\["(.+)"\]\.value$')
_FIRST_WORD = re.compile(r"[A-Z]?[a-z]+")
_WORDS = {"eye": "eyes", "eyes": "eyes", "brow": "brows", "brows": "brows"}
_MOVED = ("location", "rotation_euler", "rotation_quaternion", "rotation_axis_angle", "scale")


@dataclass(frozen=True, slots=True)
class Owner:
    """A datablock that carries channels.

    Attributes:
        id: whose animation data holds the layers.
        word: "face" or "head"; ends the names of its actions.
        additive: NLA blend type that adds around the neutral. Weights rest at 0 and are
            added (Blender 5.0's Combine takes 1 for their default); head and gaze rest at
            their properties' defaults, which Combine takes off.
    """

    id: bpy.types.ID
    word: str
    additive: str


@dataclass(slots=True)
class Curves:
    """Numbers of one owner.

    Attributes:
        channels: C channels.
        regions: C names of :data:`REGIONS`.
        values: (C, T) float32.
    """

    channels: list[Channel] = field(default_factory=list)
    regions: list[str] = field(default_factory=list)
    values: np.ndarray = field(default_factory=lambda: np.zeros((0, 0), np.float32))

    def add(self, columns: dict[Channel, np.ndarray], regions: list[str]) -> None:
        """Append channels with their (T,) values."""
        if not columns:
            return
        rows = np.stack([np.asarray(column, np.float32) for column in columns.values()])
        self.values = np.concatenate([self.values, rows]) if self.channels else rows
        self.channels += list(columns)
        self.regions += regions


def owners(subject: SubjectObjects) -> tuple[Owner, ...]:
    """The datablocks of a subject that hold channels, the face's first."""
    keys = getattr(subject.face.data, "shape_keys", None)
    face = () if keys is None else (Owner(keys, "face", "ADD"),)
    return (*face, Owner(subject.rig, "head", "COMBINE"))


def region_of_name(name: str) -> str:
    """The region that a blendshape moves, by the first word of its ARKit-like name."""
    found = _FIRST_WORD.search(name)
    return _WORDS.get(found.group().lower(), "mouth") if found else "mouth"


def region_table(subject: SubjectObjects) -> dict[str, str]:
    """Data path -> region, of everything that a motion can move on a subject."""
    table: dict[str, str] = {}
    for name, pairs in subject.mapping.items():
        for key, _ in pairs:
            table.setdefault(of_subject.key_path(key), region_of_name(name))
    prefix = f"{subject.head_path}." if subject.head_path else ""
    table |= {f"{prefix}{name}": "head" for name in _MOVED}
    return table | {f'{subject.head_path}["{side}"]': "gaze" for side in GAZE}


def curves_of(
    motion: MotionData, subject: SubjectObjects, regions: tuple[str, ...] = REGIONS
) -> tuple[dict[str, Curves], tuple[str, ...]]:
    """A motion as numbers of a subject, by owner's word, and notes on what it has no place for.

    Raises:
        InputError: the subject has nothing that the motion moves, or no such region exists.
    """
    strange = sorted(set(regions) - set(REGIONS))
    if strange or not regions:
        got = ", ".join(strange) or "none"
        raise InputError(f"regions: expected some of {', '.join(REGIONS)}, got {got}")
    if not len(motion):
        raise InputError("motion: expected at least one frame, got none")
    notes: list[str] = []
    face, head = Curves(), Curves()
    if {"mouth", "eyes", "brows"} & set(regions):
        table = region_table(subject)
        columns = of_subject.face_curves(subject, motion.names, motion.expression, motion.gaze)
        kept = {key: column for key, column in columns.items() if table[key[0]] in regions}
        face.add(kept, [table[path] for path, _ in kept])
        notes += _lacking(motion, subject)
    if "head" in regions:
        columns = of_subject.head_curves(subject, motion.pose)
        head.add(columns, ["head"] * len(columns))
    if "gaze" in regions:
        columns = of_subject.gaze_curves(subject, motion.gaze)
        head.add(columns, ["gaze"] * len(columns))
        if not columns and not subject.eyes_by_keys:
            notes.append(f"{subject.rig.name} has no gaze properties: its gaze was left out")
    return {"face": face, "head": head}, tuple(notes)


def _lacking(motion: MotionData, subject: SubjectObjects) -> list[str]:
    """A note on blendshapes that the face has nothing for."""
    mapping = subject.mapping
    missing = [name for name in motion.names if name not in mapping]
    if not missing:
        return []
    some = ", ".join(missing[:4]) + (", ..." if len(missing) > 4 else "")
    count = f"{len(missing)} of {len(motion.names)} blendshapes"
    return [f"{subject.face.name} has no shape key for {count}: {some}"]


def widen(subject: SubjectObjects, curves: Curves) -> None:
    """Let the sliders of shape keys reach their values, which their limits would clip."""
    if not curves.channels:
        return
    blocks = subject.face.data.shape_keys.key_blocks
    low, high = curves.values.min(axis=1), curves.values.max(axis=1)
    for row, (path, _) in enumerate(curves.channels):
        named = _KEY_PATH.match(path)
        if named:
            block = blocks[bpy.utils.unescape_identifier(named.group(1))]
            if low[row] < block.slider_min:
                block.slider_min = float(low[row])
            if high[row] > block.slider_max:
                block.slider_max = float(high[row])


def read(owner: Owner, channel: Channel) -> float:
    """What a channel is now."""
    value = owner.id.path_resolve(channel[0])
    return float(value[channel[1]]) if hasattr(value, "__len__") else float(value)


def write(owner: Owner, channel: Channel, value: float) -> None:
    """Set a channel, which lasts where nothing animates it."""
    path, index = channel
    whole = owner.id.path_resolve(path)
    if hasattr(whole, "__len__"):
        whole[index] = value
    else:
        holder, _, name = path.rpartition(".")
        setattr(owner.id.path_resolve(holder) if holder else owner.id, name, value)


def neutral(owner: Owner, channel: Channel) -> float:
    """The value that combining is around: 0, or the default of a gaze property."""
    path, index = channel
    holder, bracket, name = path.rpartition('["')
    if owner.word == "face" or not bracket or not path.endswith('"]') or name[:-2] not in GAZE:
        return 1.0 if path.endswith("scale") else 0.0
    head = owner.id.path_resolve(holder) if holder else owner.id
    default = head.id_properties_ui(name[:-2]).as_dict().get("default")
    if default is None:
        return 0.0
    return float(default[index] if hasattr(default, "__len__") else default)
