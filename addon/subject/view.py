# SPDX-License-Identifier: GPL-3.0-or-later
"""What a subject is seen with: its camera, the photograph behind, the atlas on its mesh."""

from __future__ import annotations

from pathlib import Path

import bpy
import numpy as np
from mathutils import Matrix

from ..core.client import is_subject_file
from ..core.subject_data import Pinhole, SubjectData
from ..film.paths import portable

SENSOR_MM = 36.0
#: Camera axes (x right, y up, looking along -z) in the world's (z up).
CAMERA_AXES = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])


def upright(data: SubjectData, photo: Path, path: Path) -> bpy.types.Image | None:
    """The whole photograph, upright; None where only a turned one is at hand.

    Blender undoes neither a turn (EXIF) nor a colour profile, so what the backend read is
    written beside the subject. An older backend sends none: then the file itself, if it stands.
    """
    if data.photo:
        suffix = ".png" if data.photo.startswith(b"\x89PNG") else ".jpg"
        return picture(data.photo, path.with_name(path.name + suffix))
    if is_subject_file(photo):
        return None
    plate = load(photo)
    return plate if tuple(plate.size) == data.photo_size else None


def picture(data: bytes, path: Path) -> bpy.types.Image:
    """Write a picture file and load it as an sRGB image."""
    path.write_bytes(data)
    return load(path)


def load(path: Path) -> bpy.types.Image:
    """An sRGB image of a file, by a path that moves with the .blend."""
    image = bpy.data.images.load(str(path), check_existing=True)
    image.reload()
    image.filepath = portable(path)
    image.colorspace_settings.name = "sRGB"
    return image


def camera(
    data: SubjectData,
    view: Pinhole,
    plate: bpy.types.Image | None,
    name: str,
    collection: bpy.types.Collection,
) -> bpy.types.Object:
    """A camera whose picture is ``view``'s, with the photograph behind."""
    lens = bpy.data.cameras.new(name)
    set_view(lens, view)
    lens.clip_start, lens.clip_end = 0.01, 100.0
    if plate is not None:
        lens.show_background_images = True
        background = lens.background_images.new()
        background.image = plate
        background.display_depth = "BACK"
        background.frame_method = "STRETCH"
        background.alpha = 1.0
    thing = bpy.data.objects.new(name, lens)
    collection.objects.link(thing)
    matrix = np.eye(4)
    matrix[:3, :3] = CAMERA_AXES
    matrix[:3, 3] = -CAMERA_AXES @ data.pose[3:6] * data.metres_per_unit
    thing.matrix_world = Matrix(matrix)
    return thing


def set_view(lens: bpy.types.Camera, view: Pinhole) -> None:
    """Give a Blender camera the intrinsics of ``view``.

    Blender's shift is in widths of the picture, to the right and up; the principal point
    moves the other way.
    """
    width, height = view.size
    lens.sensor_fit = "HORIZONTAL"
    lens.sensor_width = SENSOR_MM
    lens.lens = view.focal * SENSOR_MM / width
    lens.shift_x = (width / 2 - view.centre[0]) / width
    lens.shift_y = (view.centre[1] - height / 2) / width


def material(atlas: bpy.types.Image, name: str) -> bpy.types.Material:
    """Shows the atlas as it is: the photograph's light is in it already."""
    made = bpy.data.materials.new(name)
    if made.node_tree is None:  # always there from Blender 5
        made.use_nodes = True
    tree = made.node_tree
    tree.nodes.clear()
    texture = tree.nodes.new("ShaderNodeTexImage")
    texture.image = atlas
    emission = tree.nodes.new("ShaderNodeEmission")
    output = tree.nodes.new("ShaderNodeOutputMaterial")
    for node, x in ((texture, -500), (emission, -200), (output, 0)):
        node.location = (x, 0)
    tree.links.new(texture.outputs["Color"], emission.inputs["Color"])
    tree.links.new(emission.outputs["Emission"], output.inputs["Surface"])
    tree.nodes.active = texture  # what texture paint and the solid view show
    return made
