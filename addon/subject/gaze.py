# SPDX-License-Identifier: GPL-3.0-or-later
"""Eyes that look at a target, blended with the gaze properties.

The gaze properties turn the eyes by drivers. On top each eye tracks the target with the
smallest turn, from its own centre, so that both meet there; how far it does is the head's
property ``gaze_target``, 0 to 1, by a driver that needs no Python. What is keyed, driven or
constrained counts, since what is sent is how the eyes are turned in the end.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import bpy
from mathutils import Vector

from ..core.errors import InputError
from . import bound_eyes
from .objects import GAZE, ROLE, SubjectObjects

#: The head's property: 0 follows the gaze properties, 1 the target.
AMOUNT = "gaze_target"
TRACK, LIMIT = "Facewright Gaze", "Facewright Gaze Limit"
#: How far eyes turn towards a target, in degrees: up and down, aside. A target behind the
#: head would else turn them inside out.
REACH = (35.0, 45.0)
#: Where a new target is, before the eyes; metres.
_AHEAD = 0.6
#: Cosine of how far an eye's axis may be off the way the face looks.
_STRAIGHT = 0.9
_LIDS = ("eyeLookUp", "eyeLookDown", "eyeLookOut", "eyeLookIn")
#: Weight of each of these for a radian of the eye, from how far the default model's lids go
#: and how much of an eye's turn they follow: 0.7 / 5.9, 0.9 / 14.3 and 1 / 30 a degree.
_FOLLOW = {"eyeLookUp": 6.80, "eyeLookDown": 3.61, "eyeLookOut": 1.91, "eyeLookIn": 1.91}


def add_target(subject: SubjectObjects, name: str) -> bpy.types.Object:
    """Make the target, an empty before the eyes, and let the eyes track it.

    The eyes go on following the gaze properties until ``gaze_target`` is raised.

    Raises:
        InputError: the subject has no eyes of its own.
    """
    if not subject.eyes:
        raise InputError(f"{subject.rig.name} has no eyes that could be aimed")
    head = subject.head
    if AMOUNT not in head:
        head[AMOUNT] = 0.0
        head.id_properties_ui(AMOUNT).update(
            min=0.0,
            max=1.0,
            default=0.0,
            description="Whether the eyes follow the gaze properties, 0, or the target, 1",
        )
    # A driver that is evaluated before Blender's copy has the property stays invalid.
    subject.rig.update_tag()
    bpy.context.view_layer.update()
    target = target_of(subject)
    if target is None:
        target = bpy.data.objects.new(name, None)
        target[ROLE] = "gaze_target"
        target.empty_display_type, target.empty_display_size = "SPHERE", 0.02
        for collection in subject.rig.users_collection:
            collection.objects.link(target)
        middle = sum((eye.matrix_world.translation for eye in subject.eyes), Vector())
        ahead = _ahead(subject)
        target.location = middle / len(subject.eyes) + ahead * _AHEAD
    for eye in subject.eyes:
        _track(subject, eye, target)
    return target


def target_of(subject: SubjectObjects) -> bpy.types.Object | None:
    """What the eyes track, or None."""
    return tracked(subject.eyes)


def tracked(eyes: Iterable[bpy.types.Object]) -> bpy.types.Object | None:
    """The first target that one of these tracks, or None."""
    for eye in eyes:
        constraint = eye.constraints.get(TRACK)
        if constraint is not None and constraint.target is not None:
            return constraint.target
    return None


def _track(subject: SubjectObjects, eye: bpy.types.Object, target: bpy.types.Object) -> None:
    track = eye.constraints.get(TRACK)
    if track is None:
        track = eye.constraints.new("DAMPED_TRACK")
        track.name, track.track_axis = TRACK, _axis(subject, eye)
        _drive_influence(subject, track)
        if subject.bound:
            _aim(track, target)  # the limit's angles are about other axes there
            return
        limit = eye.constraints.new("LIMIT_ROTATION")
        limit.name, limit.owner_space = LIMIT, "LOCAL"
        limit.use_limit_x = limit.use_limit_y = True
        up, aside = (math.radians(degrees) for degrees in REACH)
        limit.min_x, limit.max_x, limit.min_y, limit.max_y = -up, up, -aside, aside
        _drive_influence(subject, limit)
    _aim(track, target)


def _aim(track: bpy.types.Constraint, target: bpy.types.Object) -> None:
    track.target = target


def _ahead(subject: SubjectObjects) -> Vector:
    """The way the face looks, in the world."""
    if subject.bound:
        return Vector(bound_eyes.model_axes(subject)[:, 2])
    return (subject.face.matrix_world.to_3x3() @ Vector((0.0, 0.0, 1.0))).normalized()


def _axis(subject: SubjectObjects, eye: bpy.types.Object) -> str:
    """The axis of an eye that looks ahead.

    Raises:
        InputError: none of a bound eye's axes does.
    """
    if not subject.bound:
        return "TRACK_Z"
    local = eye.matrix_world.to_3x3().normalized().inverted() @ _ahead(subject)
    index = max(range(3), key=lambda axis: abs(local[axis]))
    if abs(local[index]) < _STRAIGHT:
        raise InputError(f"{eye.name}: none of its axes points where the face looks; turn it so")
    return f"TRACK_{'NEGATIVE_' if local[index] < 0 else ''}{'XYZ'[index]}"


def _drive_influence(subject: SubjectObjects, constraint: bpy.types.Constraint) -> None:
    driver = constraint.driver_add("influence").driver
    driver.type = "AVERAGE"
    variable = driver.variables.new()
    variable.name = "amount"
    variable.targets[0].id = subject.rig
    variable.targets[0].data_path = f'{subject.head_path}["{AMOUNT}"]'


def reset(subject: SubjectObjects, gaze: tuple[float, ...] = (0.0, 0.0, 0.0, 0.0)) -> None:
    """Look along ``gaze`` (left x, y, right x, y), and no more at the target."""
    head = subject.head
    for eye, side in enumerate(GAZE):
        if side in head:
            head[side] = list(gaze[2 * eye : 2 * eye + 2])
    if AMOUNT in head:
        head[AMOUNT] = 0.0
    subject.rig.update_tag()


def lids_follow(subject: SubjectObjects, follow: bool) -> int:
    """Let the lids go with the eyes, or no more; how many shape keys that concerns.

    The shape keys eyeLook* get drivers on the eyes' own turn, whatever turned them. A driver
    rules its shape key: keys on it have no say while it is there.

    Raises:
        InputError: a bound mesh, whose eyes turn about axes of their own.
    """
    if subject.bound:
        raise InputError("lids: they follow the eyes of a subject from a photograph only")
    keys = subject.face.data.shape_keys
    count = 0
    for eye, side in zip(subject.eyes, ("Left", "Right"), strict=False):
        for stem in _LIDS:
            for key, weight in subject.mapping.get(stem + side, ()) if keys else ():
                block = keys.key_blocks[key]
                block.driver_remove("value")
                if follow:
                    _drive_lid(block, eye, stem, side, weight)
                count += 1
    return count


def _drive_lid(
    block: bpy.types.ShapeKey, eye: bpy.types.Object, stem: str, side: str, weight: float
) -> None:
    driver = block.driver_add("value").driver
    driver.type = "SCRIPTED"
    variable = driver.variables.new()
    variable.name, variable.type = "turn", "TRANSFORMS"
    turn = variable.targets[0]
    turn.id, turn.transform_space = eye, "LOCAL_SPACE"
    vertical = stem in ("eyeLookUp", "eyeLookDown")
    turn.transform_type = "ROT_X" if vertical else "ROT_Y"
    # About x an eye turns down; about y to the subject's left.
    down, left = stem == "eyeLookDown", (stem == "eyeLookOut") == (side == "Left")
    sign = "" if (down if vertical else left) else "-"
    rate = _FOLLOW[stem] * weight
    driver.expression = f"max(0, min({weight:g}, {sign}turn * {rate:.4g}))"
