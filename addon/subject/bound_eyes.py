# SPDX-License-Identifier: GPL-3.0-or-later
"""The eyes of a bound mesh: objects that were there before, turned by the gaze."""

from __future__ import annotations

import bpy
import numpy as np

from ..core.errors import InputError
from .objects import GAZE, RECORD, SubjectObjects

#: How far an eye's origin may be from its middle, in parts of its radius.
_OFF_CENTRE = 0.3


def check(eye: bpy.types.Object) -> None:
    """Refuse an eyeball that would not turn in its place.

    Raises:
        InputError: its origin is not in its middle.
    """
    corners = np.array(eye.bound_box)
    radius = (corners.max(0) - corners.min(0)).max() / 2
    if np.linalg.norm(corners.mean(0)) > _OFF_CENTRE * max(radius, 1e-9):
        raise InputError(
            f"{eye.name} does not turn about its middle: Object > Set Origin > Origin to Geometry"
        )


def turn(who: SubjectObjects) -> None:
    """Gaze properties on the head, and drivers that turn the eyes by them.

    An eye turns by its delta rotation, about axes of what it hangs from, so its own
    rotation stays as it was. With gaze (x, y) in model axes and z = sqrt(1 - x^2 - y^2) it is
    the quaternion (1 + z, A (-y, x, 0)), which Blender normalises.
    """
    head = who.head
    for side in GAZE:
        head[side] = [0.0, 0.0]
        head.id_properties_ui(side).update(min=-1.0, max=1.0, soft_min=-0.6, soft_max=0.6)
    who.rig.update_tag()
    bpy.context.view_layer.update()
    for eye, side in zip(who.eyes, GAZE, strict=True):
        eye.rotation_mode = "QUATERNION"
        axes = _parent_axes(who, eye)
        terms = ["1 + sqrt(max(0, 1 - x*x - y*y))"]
        terms += [f"{row[1]:.6g}*x - {row[0]:.6g}*y" for row in axes]
        for index, expression in enumerate(terms):
            driver = eye.driver_add("delta_rotation_quaternion", index).driver
            driver.type = "SCRIPTED"
            for component, letter in enumerate("xy"):
                variable = driver.variables.new()
                variable.name = letter
                variable.targets[0].id = who.rig
                variable.targets[0].data_path = f'{who.head_path}["{side}"][{component}]'
            driver.expression = expression.replace("- -", "+ ")


def _parent_axes(who: SubjectObjects, eye: bpy.types.Object) -> np.ndarray:
    """(3, 3) rotation from model axes to those that the eye's delta rotation is about."""
    model = model_axes(who)
    basis = np.array(eye.matrix_basis)[:3, :3]
    world = np.array(eye.matrix_world)[:3, :3]
    left, _, right = np.linalg.svd(world @ np.linalg.inv(basis))  # world = parent basis
    return np.linalg.inv(left @ right) @ model


def model_axes(who: SubjectObjects) -> np.ndarray:
    """(3, 3) model axes in the world, at rest: of a bound mesh's head."""
    rig = who.rig
    if rig[RECORD]["bone"]:
        bone = rig.data.bones[rig[RECORD]["bone"]]
        matrix = np.array(rig.matrix_world) @ np.array(bone.matrix_local)
        left, _, right = np.linalg.svd(matrix[:3, :3])
        return left @ right @ who.head_axes
    left, _, right = np.linalg.svd(np.array(rig.parent.matrix_world)[:3, :3])
    return left @ right
