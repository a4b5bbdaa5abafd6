# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures in front of what a subject's camera sees: textured frames, and previews."""

from __future__ import annotations

from pathlib import Path

import bpy

from ..core.shelf import Shelf
from ..film.paths import portable
from ..subject.objects import SubjectObjects

#: Custom property of an image: what it shows, "frames" or "preview".
_SHOWS = "facewright_shows"


def frames_image(who: SubjectObjects, folder: Path, first: int) -> bpy.types.Image | None:
    """The image sequence of a subject's textured frames; None where there are none.

    Args:
        folder: that holds them.
        first: a frame that is there.
    """
    path = folder / Shelf.name(first)
    if first < 0 or not path.exists():  # Blender's image sequences have no negative numbers
        return None
    image = _image(f"{who.rig.name} frames", path, "frames")
    if image.source != "SEQUENCE":
        image.source = "SEQUENCE"
    return image


def preview_image(who: SubjectObjects, path: Path) -> bpy.types.Image:
    """The image of a subject's preview, read again from its file."""
    image = _image(f"{who.rig.name} preview", path, "preview")
    image.reload()
    return image


def latest_image(who: SubjectObjects, path: Path) -> bpy.types.Image:
    """The image of the frame that came last, read from its file."""
    image = _image(f"{who.rig.name} latest", path, "latest")
    image.reload()
    return image


def refresh(who: SubjectObjects, last: int) -> None:
    """Have the frames that were laid read again, up to ``last``."""
    for slot in _slots(who.camera.data):
        if slot.image[_SHOWS] == "frames":
            slot.image_user.frame_duration = max(1, last)
            slot.image.reload()


def shows(image: bpy.types.Image | None, kind: str) -> bool:
    """Whether an image is ours, of a kind."""
    return image is not None and image.get(_SHOWS) == kind


def lay(who: SubjectObjects, image: bpy.types.Image, last: int = 1) -> None:
    """Let the camera's view show an image in front of the mesh.

    Args:
        last: frame that a sequence ends with.
    """
    lens = who.camera.data
    kind = image[_SHOWS]
    slot = next((slot for slot in _slots(lens) if slot.image[_SHOWS] == kind), None)
    if slot is None:
        slot = lens.background_images.new()
    lens.show_background_images = True
    slot.image = image
    slot.display_depth, slot.frame_method, slot.alpha = "FRONT", "STRETCH", 1.0
    user = slot.image_user
    user.frame_start, user.frame_offset, user.frame_duration = 1, 0, max(1, last)
    user.use_auto_refresh = True


def reveal(who: SubjectObjects, shown: bool, kinds: tuple[str, ...] = ("frames", "preview")) -> int:
    """Show or hide the pictures of these kinds that were laid; how many there are."""
    found = [slot for slot in _slots(who.camera.data) if slot.image[_SHOWS] in kinds]
    for slot in found:
        slot.show_background_image = shown
    return len(found)


def remove(who: SubjectObjects, kind: str) -> None:
    """Take away what was laid of a kind, and its image."""
    lens = who.camera.data
    for slot in [slot for slot in _slots(lens) if slot.image[_SHOWS] == kind]:
        image = slot.image
        lens.background_images.remove(slot)
        if not any(other.image == image for other in lens.background_images):
            bpy.data.images.remove(image)


def _slots(lens: bpy.types.Camera) -> list:
    """Background images of ours, by their image's mark."""
    return [slot for slot in lens.background_images if slot.image and _SHOWS in slot.image]


def _image(name: str, path: Path, kind: str) -> bpy.types.Image:
    whole = str(path)
    for image in bpy.data.images:
        same = bpy.path.abspath(image.filepath, library=image.library) == whole
        if image.get(_SHOWS) == kind and (same or image.name == name):
            break
    else:
        image = bpy.data.images.load(whole)
        image.name = name
        image[_SHOWS] = kind
        image.colorspace_settings.name = "sRGB"
    image.filepath = portable(path)
    return image
