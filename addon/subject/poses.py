# SPDX-License-Identifier: GPL-3.0-or-later
"""The pose library: named poses as actions that are assets, and how one is put on a face.

Each pose is an action on shape keys, by Facewright's names, with one key each; editing the
action edits the pose. Blender's own pose library poses bones alone, so poses are applied
here. A viseme says what the mouth does, an emotion everything but where the lids follow
the eyes.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import bpy
import numpy as np

from ..core.errors import InputError, OutputError
from ..core.face_keys import REGIONS, region_of
from ..core.subject_data import PoseData
from . import channels
from .objects import SubjectObjects

#: Custom properties of a pose's action: its name and its group.
POSE, GROUP = "facewright_pose", "facewright_pose_group"
#: Group -> catalog's id and path in the asset browser.
CATALOGS = {
    "viseme": ("5f2d3f6e-3b0c-4c1e-9f57-0f1d5b7a6c01", "Facewright/Visemes"),
    "emotion": ("5f2d3f6e-3b0c-4c1e-9f57-0f1d5b7a6c02", "Facewright/Emotions"),
}
_CATALOG_FILE = "blender_assets.cats.txt"
_CATALOG_HEAD = "# Asset catalogs. Empty lines and lines starting with `#` will be ignored.\n"
#: What an emotion leaves to the eyes.
_GAZE_LIDS = "eyeLook"


def stored() -> list[bpy.types.Action]:
    """The poses of this file, visemes first, each group in the order it was made in."""
    found = [action for action in bpy.data.actions if POSE in action]
    order = list(CATALOGS)
    return sorted(found, key=lambda a: (order.index(a[GROUP]), a.get("facewright_place", 0)))


def named(name: str) -> bpy.types.Action:
    """The pose called ``name``.

    Raises:
        InputError: there is none.
    """
    for action in stored():
        if name in (action[POSE], action.name):
            return action
    raise InputError(f"pose: {name!r} is not in this file; press Make Pose Library first")


def store(poses: Iterable[PoseData]) -> list[bpy.types.Action]:
    """Make an action of each pose that is not there yet, marked as an asset.

    Returns:
        All of them, those that were there before as they are.
    """
    present = {action[POSE]: action for action in stored()}
    result = []
    for place, pose in enumerate(poses):
        if pose.group not in CATALOGS:
            continue  # of a newer backend
        action = present.get(pose.name)
        if action is None:
            action = _new(pose)
            action["facewright_place"] = place
        _mark(action, pose)
        result.append(action)
    return result


def _new(pose: PoseData) -> bpy.types.Action:
    label = pose.name.removeprefix("viseme_")
    title = f"Viseme {label}" if pose.group == "viseme" else label.capitalize()
    action = bpy.data.actions.new(title)
    action[POSE], action[GROUP] = pose.name, pose.group
    if hasattr(action, "slots"):  # Blender 4.4 and later
        slot = action.slots.new(id_type="KEY", name="Face")
        strip = action.layers.new("Layer").strips.new(type="KEYFRAME")
        holder = strip.channelbag(slot, ensure=True)
    else:
        holder, action.id_root = action, "KEY"
    for name, weight in pose.weights.items():
        if _told(pose.group, name):
            curve = holder.fcurves.new(channels.key_path(name))
            curve.keyframe_points.insert(1.0, weight)
    return action


def _told(group: str, name: str) -> bool:
    """Whether poses of a group say something about a shape key."""
    if group == "viseme":
        return region_of(name) == "mouth"
    return not name.startswith(_GAZE_LIDS)


def _mark(action: bpy.types.Action, pose: PoseData) -> None:
    action.asset_mark()
    about = action.asset_data
    about.catalog_id = CATALOGS[pose.group][0]
    about.description = pose.summary
    about.author = about.author or "Facewright"
    for tag in ("Facewright", pose.group, pose.name.removeprefix("viseme_")):
        about.tags.new(tag, skip_if_exists=True)


def weights_of(action: bpy.types.Action) -> dict[str, float]:
    """Facewright's names -> weights of a pose's action, as its first keys say."""
    result = {}
    for curve in _curves(action):
        name = curve.data_path.removeprefix('key_blocks["').removesuffix('"].value')
        if len(name) < len(curve.data_path) and len(curve.keyframe_points):
            result[name] = float(curve.keyframe_points[0].co.y)
    return result


def _curves(action: bpy.types.Action) -> list[bpy.types.FCurve]:
    if not hasattr(action, "slots"):
        return list(action.fcurves)
    strips = (strip for layer in action.layers for strip in layer.strips)
    return [curve for strip in strips for bag in strip.channelbags for curve in bag.fcurves]


def apply(
    subject: SubjectObjects,
    weights: dict[str, float],
    *,
    amount: float = 1.0,
    regions: Iterable[str] = REGIONS,
    add: bool = False,
) -> list[bpy.types.ShapeKey]:
    """Put a pose on a face.

    Args:
        subject: whose face.
        weights: Facewright's names -> weights; names that the face lacks are left out.
        amount: 0 changes nothing, 1 is the whole pose.
        regions: of :data:`..core.face_keys.REGIONS`; what is in none of them stays.
        add: on top of what the face shows, instead of in its place.

    Returns:
        The shape keys that were set.

    Raises:
        InputError: an unknown region, or a face without any of the names.
    """
    wanted = set(regions)
    if not wanted or wanted - set(REGIONS):
        raise InputError(f"regions: expected some of {', '.join(REGIONS)}, got {sorted(wanted)}")
    names = [name for name in weights if region_of(name) in wanted]
    row = np.array([[weights[name] for name in names]], np.float32)
    told = channels.face_weights(subject, names, row)
    blocks = subject.face.data.shape_keys.key_blocks
    for key, values in told.items():
        block, value = blocks[key], float(values[0])
        kept = block.value if add else (1.0 - amount) * block.value
        result = kept + amount * value
        if add:
            result = min(max(result, block.slider_min), block.slider_max)
        block.slider_min = min(block.slider_min, result)
        block.slider_max = max(block.slider_max, result)
        block.value = result
    return [blocks[key] for key in told]


def set_preview(action: bpy.types.Action, shaded: np.ndarray) -> None:
    """Give a pose its picture.

    Args:
        action: the pose's.
        shaded: (2 S, 2 S, 4) uint8 sRGB and coverage, the first row on top.
    """
    size = shaded.shape[0] // 2
    halved = shaded.reshape(size, 2, size, 2, 4).astype(np.float32).mean((1, 3)) / 255
    preview = action.preview_ensure()
    preview.image_size = (size, size)
    preview.image_pixels_float.foreach_set(halved[::-1].ravel())


def write_catalogs(folder: Path) -> bool:
    """Name the poses' catalogs in a folder's catalog file; whether it had to be changed.

    What others wrote there stays as it is, to the byte; the file is replaced in one step.

    Raises:
        OutputError: it cannot be read or written.
    """
    path = folder / _CATALOG_FILE
    try:
        old = path.read_bytes() if path.exists() else b""
        missing = [
            f"{key}:{where}:{where.replace('/', '-')}\n"
            for key, where in CATALOGS.values()
            if key.encode() not in old.lower()
        ]
        if not missing:
            return False
        head = "" if old else f"{_CATALOG_HEAD}\nVERSION 1\n\n"
        gap = "\n" if old and not old.endswith(b"\n") else ""
        unfinished = path.with_name(f"{path.name}.new")
        unfinished.write_bytes(old + (head + gap + "".join(missing)).encode())
        unfinished.replace(path)
    except OSError as error:
        raise OutputError(f"{path}: {error.strerror}") from error
    return True
