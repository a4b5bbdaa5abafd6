# SPDX-License-Identifier: GPL-3.0-or-later
"""What a subject is made of in the scene, and how it is found again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import bpy
import numpy as np

from ..core import spellings
from ..core.errors import InputError
from ..core.subject_data import Pinhole

BONE = "head"
GAZE = ("gaze_left", "gaze_right")
#: Custom properties: the rig's record of the subject, its camera, and what an object is.
RECORD, CAMERA, ROLE = "facewright", "facewright_camera", "facewright_role"
#: Mesh attributes: row of the subject's mesh for each vertex, part of each face.
VERTEX_ATTRIBUTE, PART_ATTRIBUTE = "subject_vertex", "part"
#: The UV map by which a mesh that is not the subject's own shows its photograph.
ATLAS = "facewright_atlas"
#: Custom property of a mesh or eye that does not hang from its subject's rig: that rig. The
#: rig's record says "owned" where there are such.
OWNER = "facewright_rig"


@dataclass(frozen=True, slots=True)
class SubjectObjects:
    """A subject in the scene.

    A *captured* subject came from a photograph. A *bound* one is a mesh that was there
    before: its head may be a bone of any armature or an empty, it may have no eyes, its
    shape keys have names of their own, and without a photograph it has no camera.
    """

    rig: bpy.types.Object
    face: bpy.types.Object
    eyes: tuple[bpy.types.Object, ...]
    camera: bpy.types.Object
    extras: tuple[bpy.types.Object, ...] = ()

    @property
    def meshes(self) -> tuple[bpy.types.Object, ...]:
        """The face, then the eyes, then what else is shown with them."""
        return (self.face, *self.eyes, *self.extras)

    @property
    def bound(self) -> bool:
        """Whether it is a mesh that was there before."""
        return bool(self.rig[RECORD].get("bound"))

    @property
    def corresponds(self) -> bool:
        """Whether pixels of it are known to be the photograph's; see :mod:`.match`."""
        return not self.bound or ATLAS in self.face.data.uv_layers

    @property
    def eyes_by_keys(self) -> bool:
        """Whether the shape keys eyeLook* turn its eyeballs, as ARKit's do."""
        return bool(self.rig[RECORD].get("eyes_by_keys"))

    @property
    def textured(self) -> bool:
        """Whether there is a photograph to texture it with."""
        return bool(self.subject_id) and self.camera is not None

    @property
    def subject_id(self) -> str:
        """What the backend calls it; empty without a photograph."""
        return self.rig[RECORD]["subject_id"]

    @property
    def vertex_count(self) -> int:
        return self.rig[RECORD]["vertex_count"]

    @property
    def metres_per_unit(self) -> float:
        return self.rig[RECORD]["metres_per_unit"]

    @property
    def crop_camera(self) -> Pinhole:
        """The camera of the square crop that geometry is shown in."""
        record = self.rig[RECORD]
        return Pinhole(record["focal"], tuple(record["centre"]), tuple(record["crop"]))

    @property
    def key_names(self) -> tuple[str, ...]:
        """The subject's shape keys, in its order; empty where they are not the subject's own."""
        return tuple(filter(None, self.rig[RECORD].get("key_names", "").split("\n")))

    @property
    def mapping(self) -> spellings.Mapping:
        """Facewright's names -> shape keys of the face that are there, with their weights.

        Raises:
            InputError: the mapping of a bound mesh names a shape key that is gone.
        """
        keys = self.face.data.shape_keys
        there = [] if keys is None else keys.key_blocks.keys()
        if self.bound:
            text = self.rig[RECORD]["mapping"]
            return spellings.read(text, there) if text else {}
        names = self.key_names or there[1:]
        return {name: ((name, 1.0),) for name in names if name in there}

    @property
    def head(self) -> bpy.types.PoseBone | bpy.types.Object:
        """What carries the head's location, rotation and gaze: a bone, or the rig itself."""
        bone = self.rig[RECORD].get("bone", BONE)
        return self.rig.pose.bones[bone] if bone else self.rig

    @property
    def head_path(self) -> str:
        """The data path of :attr:`head` from the rig; empty for the rig itself."""
        bone = self.rig[RECORD].get("bone", BONE)
        return f'pose.bones["{bpy.utils.escape_identifier(bone)}"]' if bone else ""

    @property
    def head_axes(self) -> np.ndarray:
        """(3, 3) rotation A from model axes to those of the head's channels.

        A motion's R and t are the channels' A R A^T and ``head_scale`` A t.
        """
        axes = self.rig[RECORD].get("head_axes")
        return np.eye(3) if axes is None else np.array(axes, np.float64).reshape(3, 3)

    @property
    def head_scale(self) -> float:
        """Lengths of the head's channels for one of a motion's (model units)."""
        return float(self.rig[RECORD].get("head_scale", 1.0))

    @property
    def whole_photo(self) -> bool:
        """Whether the whole photograph is framed, instead of the crop."""
        return bool(self.rig[RECORD]["whole_photo"])

    @property
    def face_index(self) -> int:
        """Which face of its photograph it is, counted from the largest, 0."""
        return int(self.rig[RECORD].get("face", 0))

    @property
    def photo(self) -> Path:
        """The photograph or subject file that it came from; its folder holds its pictures."""
        path = Path(bpy.path.abspath(self.rig[RECORD]["photo"], library=self.rig.library))
        if path.is_file():
            return path
        # Save As rewrites the paths that Blender knows, of images; not ours.
        for image in self._pictures():
            folder = Path(bpy.path.abspath(image.filepath, library=image.library)).parent
            if (folder / path.name).is_file():
                return folder / path.name
        return path

    def _pictures(self) -> Iterator[bpy.types.Image]:
        """Images of the face's materials."""
        for slot in self.face.material_slots:
            tree = slot.material.node_tree if slot.material else None
            for node in tree.nodes if tree else ():
                if node.type == "TEX_IMAGE" and node.image:
                    yield node.image


def find(rig: bpy.types.Object | None) -> SubjectObjects:
    """The subject that ``rig`` is the rig of; also of a linked or overridden one.

    Raises:
        InputError: it is none, or an object of it was deleted.
    """
    if rig is None or RECORD not in rig:
        raise InputError("subject: select a subject's rig, or make one with New Subject")
    parts = [thing for thing in _around(rig) if thing.type == "MESH"]
    roles = {thing[ROLE]: thing for thing in parts}
    camera = _own(rig, rig.get(CAMERA))
    needs_camera = bool(rig[RECORD]["subject_id"])
    if "face" not in roles or (camera is None and needs_camera):
        missing = "face" if "face" not in roles else "camera"
        raise InputError(f"subject: {rig.name} has lost its {missing}; make it anew")
    eyes = tuple(roles[role] for role in ("eye_left", "eye_right") if role in roles)
    extras = tuple(thing for thing in parts if thing[ROLE] == "extra")
    return SubjectObjects(rig, roles["face"], eyes, camera, extras)


def _around(rig: bpy.types.Object) -> list[bpy.types.Object]:
    """What has a part to play in a subject: hanging from its rig, or naming it."""
    found = [thing for thing in rig.children if ROLE in thing and OWNER not in thing]
    if rig[RECORD].get("owned"):
        owned = (thing for thing in bpy.data.objects if ROLE in thing and thing.users)
        found += [thing for thing in owned if thing.get(OWNER) == rig]
    return found


def _own(rig: bpy.types.Object, thing: bpy.types.Object | None) -> bpy.types.Object | None:
    """The override of ``thing`` that belongs to an overridden rig, or ``thing``."""
    if thing is None or rig.override_library is None or thing.override_library is not None:
        return thing
    for other in bpy.data.objects:
        library = other.override_library
        if (
            library
            and library.reference == thing
            and library.hierarchy_root
            in (
                None,
                rig.override_library.hierarchy_root,
            )
        ):
            return other
    return thing


def editable(who: SubjectObjects) -> SubjectObjects:
    """``who``, where its shape keys and its head can be set.

    Where its objects are overridden and its mesh is not, the mesh is: shape keys go with it.

    Raises:
        InputError: it is linked from another file, without an override that may be edited.
    """
    rig, mesh = who.rig, who.face.data
    own = rig.override_library is not None and not rig.override_library.is_system_override
    if own and mesh.library is not None:
        mesh.override_create(remap_local_usages=True)
    if rig.library is not None or who.face.data.library is not None:
        raise InputError(
            f"subject: {rig.name} is linked from another file; make an editable library override "
            "of it (Object > Library Override > Make)"
        )
    return who


def rig_of(candidate: bpy.types.Object | None) -> bpy.types.Object | None:
    """The rig that an object is, names as its own or hangs from; None where there is none."""
    while candidate is not None and RECORD not in candidate:
        candidate = candidate.get(OWNER) or candidate.parent
    return candidate


def in_scene(scene: bpy.types.Scene) -> list[bpy.types.Object]:
    """Every subject's rig in a scene."""
    return [thing for thing in scene.objects if RECORD in thing]


def meant(context: bpy.types.Context) -> bpy.types.Object | None:
    """The rig of the active object, or the scene's only one; None where that is not said."""
    rig = rig_of(context.view_layer.objects.active)
    if rig is not None:
        return rig
    rigs = in_scene(context.scene)
    return rigs[0] if len(rigs) == 1 else None


def chosen(context: bpy.types.Context) -> SubjectObjects:
    """The subject that is meant: the active object's, or the scene's only one.

    Raises:
        InputError: there is none, or several and none of them is active.
    """
    rig = meant(context)
    if rig is None and in_scene(context.scene):
        raise InputError("Select one of the subjects first")
    return find(rig)
