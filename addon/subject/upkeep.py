# SPDX-License-Identifier: GPL-3.0-or-later
"""Subjects side by side: what they must not share, and how one is taken away whole."""

from __future__ import annotations

from pathlib import Path

import bpy

from ..core.errors import InputError
from ..film import sequence
from ..film.paths import frames_folder, geometry_folder
from . import bind, gaze
from .objects import CAMERA, OWNER, RECORD, ROLE, SubjectObjects, find, in_scene
from .poses import POSE

#: What a strip keeps when its action changes; in an order in which none undoes another.
_STRIP = (
    "action_frame_start", "action_frame_end", "scale", "repeat", "frame_start", "frame_end",
    "extrapolation", "blend_type", "blend_in", "blend_out", "mute", "use_reverse", "select",
)  # fmt: skip


def doubts(rig: bpy.types.Object) -> list[str]:
    """What a subject shares with another, a sentence each; empty where all is its own.

    Duplicating a subject in Blender can leave both with one mesh, one camera or one action. (A
    bound mesh is seen by its photograph's camera, as it should be.)
    """
    others = [thing for thing in bpy.data.objects if RECORD in thing and thing != rig]
    if not others or rig.library is not None:
        return []
    try:
        who = find(rig)
    except InputError as error:
        return [str(error)]
    found = []
    peers = [] if who.bound else [other for other in others if not other[RECORD].get("bound")]
    if any(other.get(CAMERA) == who.camera for other in peers):
        found.append("Its camera is another subject's as well")
    if any(thing.data.users > 1 for thing in (who.face, *who.eyes)):
        found.append("Its mesh is used by another object as well: keys move both")
    if who.face.data.shape_keys and _shared_actions(who):
        found.append("An action of its is played by another object as well")
    return found


def separate(rig: bpy.types.Object) -> None:
    """Give a subject data of its own: meshes, camera, actions."""
    who = find(rig)
    for thing in (who.face, *who.eyes):
        if thing.data.users > 1:
            thing.data = thing.data.copy()
    shared = _shared_actions(who)
    for data in _animated(who):
        data.use_tweak_mode = False
        for track in data.nla_tracks:
            for strip in [strip for strip in track.strips if strip.action in shared]:
                _play_copy(track, strip)
    for data in _animated(who):
        if data.action in shared:
            data.action = data.action.copy()
    cameras = [thing.get(CAMERA) for thing in bpy.data.objects if RECORD in thing and thing != rig]
    if who.camera in cameras:
        camera = who.camera.copy()
        camera.data = camera.data.copy()
        for collection in rig.users_collection:
            collection.objects.link(camera)
        rig[CAMERA] = camera


def _play_copy(track: bpy.types.NlaTrack, strip: bpy.types.NlaStrip) -> None:
    """Let a strip play a copy of its action; a strip's action can only be set with it."""
    kept = {name: getattr(strip, name) for name in _STRIP}
    slot = getattr(strip, "action_slot", None)
    name, action = strip.name, strip.action.copy()
    track.strips.remove(strip)
    new = track.strips.new(name, round(kept["frame_start"]), action)
    for field, value in kept.items():
        setattr(new, field, value)
    if slot is not None:
        new.action_slot = action.slots[slot.identifier]


def remove(rig: bpy.types.Object, scene: bpy.types.Scene) -> list[str]:
    """Take a subject away with all that is its alone; what stays is never another's.

    Its objects go, their data, actions and pictures, and the strips of its frames.
    Files on disk stay. Of a bound mesh only what was made for it goes; the mesh, its shape
    keys and its armature stay as they are.

    Returns:
        Names of the objects that went.
    """
    record = rig[RECORD]
    try:
        who: SubjectObjects | None = find(rig)
    except InputError:
        who = None  # something is lost already; the rest goes all the same
    folders = _folders(rig, who)
    bound = bool(record.get("bound"))
    target = gaze.tracked([thing for thing in rig.children if ROLE in thing])
    if target is None and who is not None:
        target = gaze.target_of(who)
    actions = _actions(rig, who)
    if bound:
        made = bool(record.get("made_rig"))
        bind.release(rig)
        _release(rig)
        gone = [rig] if made else []
    else:
        gone = [rig, *(x for x in rig.children_recursive if ROLE in x and OWNER not in x)]
        gone += [thing for thing in (rig.get(CAMERA),) if thing and not _camera_needed(rig)]
        _release(rig)
    gone += [target] if target and ROLE in target else []
    names = [thing.name for thing in gone]
    collections = {c for thing in gone for c in thing.users_collection if c != scene.collection}
    _remove_strips(scene, folders)
    if scene.camera in gone:
        scene.camera = None
    _delete(gone)
    for action in actions:
        if action.users == 0 and POSE not in action:
            bpy.data.actions.remove(action)
    for collection in collections:
        if not collection.all_objects and not collection.children:
            bpy.data.collections.remove(collection)
    left = in_scene(scene)
    if scene.camera is None and left:
        scene.camera = left[0].get(CAMERA)
    return names


def _release(rig: bpy.types.Object) -> None:
    """Forget what does not hang from the rig but was its."""
    for thing in bpy.data.objects:
        if thing.get(OWNER) == rig:
            for name in (OWNER, ROLE):
                thing.pop(name, None)
            for kind in (gaze.TRACK, gaze.LIMIT):
                if constraint := thing.constraints.get(kind):
                    constraint.driver_remove("influence")
                    thing.constraints.remove(constraint)
    for name in (RECORD, CAMERA):
        rig.pop(name, None)


def _delete(things: list[bpy.types.Object]) -> None:
    """Objects, and their data, materials and pictures where nobody else uses them."""
    data = [thing.data for thing in things if thing.data is not None]
    materials = {
        slot.material for thing in things for slot in thing.material_slots if slot.material
    }
    images = {
        node.image
        for material in materials
        if material.node_tree
        for node in material.node_tree.nodes
        if node.type == "TEX_IMAGE" and node.image
    }
    images |= {
        background.image
        for lens in data
        if isinstance(lens, bpy.types.Camera)
        for background in lens.background_images
        if background.image
    }
    bpy.data.batch_remove(things)
    for group in (data, list(materials), list(images)):
        bpy.data.batch_remove([block for block in dict.fromkeys(group) if block.users == 0])


def _remove_strips(scene: bpy.types.Scene, folders: list[Path]) -> None:
    if scene.sequence_editor is None or not folders:
        return
    strips = sequence.strips(scene)
    for strip in list(strips):
        if strip.type == "IMAGE":
            where = Path(bpy.path.abspath(strip.directory))
            if where in folders:
                strips.remove(strip)


def _folders(rig: bpy.types.Object, who: SubjectObjects | None) -> list[Path]:
    """Where pictures of a subject are, textured and of its geometry; empty where it has none."""
    photo = rig[RECORD].get("photo")
    if not photo:
        return []
    try:
        frames = frames_folder(who) if who else Path(bpy.path.abspath(photo)).parent / "frames"
    except InputError:  # linked into a file that was never saved
        return []
    return [frames, geometry_folder(frames)]


def _camera_needed(rig: bpy.types.Object) -> bool:
    others = (thing for thing in bpy.data.objects if RECORD in thing and thing != rig)
    return any(other.get(CAMERA) == rig.get(CAMERA) for other in others)


def _animated(who: SubjectObjects) -> list[bpy.types.AnimData]:
    """Animation of the rig, the shape keys, the meshes and the camera."""
    owners = [who.rig, who.rig.data, who.face.data.shape_keys, *who.meshes, who.camera]
    return [data for owner in owners if owner and (data := owner.animation_data)]


def _strips(who: SubjectObjects) -> list[bpy.types.NlaStrip]:
    return [strip for data in _animated(who) for track in data.nla_tracks for strip in track.strips]


def _actions(rig: bpy.types.Object, who: SubjectObjects | None) -> list[bpy.types.Action]:
    if who is None:
        data = rig.animation_data
        return [data.action] if data and data.action else []
    found = [data.action for data in _animated(who)]
    found += [strip.action for strip in _strips(who)]
    return list(dict.fromkeys(action for action in found if action))


def _shared_actions(who: SubjectObjects) -> set[bpy.types.Action]:
    """Its actions that another subject plays as well."""
    mine = set(_actions(who.rig, who))
    others: set[bpy.types.Action] = set()
    for thing in bpy.data.objects:
        if RECORD in thing and thing != who.rig:
            try:
                others |= set(_actions(thing, find(thing)))
            except InputError:
                continue
    return mine & others
