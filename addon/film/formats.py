# SPDX-License-Identifier: GPL-3.0-or-later
"""File formats of performances, and how Blender's exporters are told to write each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy

from ..core.errors import InputError, OutputError

Options = dict[str, Any]


def _gltf(frames: range) -> Options:
    return {
        "export_format": "GLB",
        "use_selection": True,
        "export_cameras": True,
        "export_animation_mode": "ACTIVE_ACTIONS",
        "export_force_sampling": True,
        "export_frame_range": True,
        "export_anim_slide_to_zero": True,
        "export_optimize_animation_size": False,
        "export_morph_normal": False,
        "export_try_sparse_sk": False,
        "export_attributes": False,
    }


def _fbx(frames: range) -> Options:
    return {
        "use_selection": True,
        "object_types": {"ARMATURE", "MESH", "CAMERA"},
        "use_mesh_modifiers": False,
        "add_leaf_bones": False,
        "bake_anim": True,
        "bake_anim_use_all_bones": True,
        "bake_anim_use_nla_strips": False,
        "bake_anim_use_all_actions": False,
        "bake_anim_force_startend_keying": True,
        "bake_anim_step": 1.0,
        "bake_anim_simplify_factor": 0.0,
        "path_mode": "COPY",
        "embed_textures": True,
        "mesh_smooth_type": "FACE",
        "apply_scale_options": "FBX_SCALE_UNITS",
    }


def _usd(frames: range) -> Options:
    known = bpy.ops.wm.usd_export.get_rna_type().properties
    pictures: Options = {"export_textures": True}  # until Blender 4.3
    if "export_textures_mode" in known:
        pictures = {"export_textures_mode": "NEW"}
    return pictures | {
        "selected_objects_only": True,
        "export_animation": True,
        "export_armatures": True,
        "export_shapekeys": True,
        "only_deform_bones": False,
        "export_materials": True,
        "generate_preview_surface": True,
        "relative_paths": True,
        "convert_world_material": False,
        "export_custom_properties": False,
    }


def _alembic(frames: range) -> Options:
    return {
        "selected": True,
        "start": frames[0],
        "end": frames[-1],
        "evaluation_mode": "VIEWPORT",  # what is shown
        "flatten": True,
        "face_sets": True,
        "apply_subdiv": True,
        "export_hair": False,
        "export_particles": False,
        "export_custom_properties": False,
        "as_background_job": False,
    }


@dataclass(frozen=True, slots=True)
class Format:
    """A file format.

    Attributes:
        label, summary: for people.
        suffixes: of the file, the usual one first.
        operator: of Blender, that writes it; empty: none is needed.
        module: add-on of Blender's that brings the operator; empty: built in.
        options: of the operator, for the frames to write.
        baked: whether it is written of a copy, skinned and keyed.
    """

    label: str
    summary: str
    suffixes: tuple[str, ...]
    operator: str = ""
    module: str = ""
    options: Callable[[range], Options] = lambda frames: {}
    baked: bool = False


FORMATS = {
    "gltf": Format(
        "glTF",
        "Morph targets, bones for head and eyes, the photo without light; one .glb",
        (".glb",),
        "export_scene.gltf",
        "io_scene_gltf2",
        _gltf,
        True,
    ),
    "fbx": Format(
        "FBX",
        "Morph targets, bones for head and eyes, the photo inside; for game engines",
        (".fbx",),
        "export_scene.fbx",
        "io_scene_fbx",
        _fbx,
        True,
    ),
    "usd": Format(
        "USD",
        "Blend shapes, bones for head and eyes (UsdSkel), the photo beside it or in a .usdz",
        (".usdc", ".usda", ".usd", ".usdz"),
        "wm.usd_export",
        "",
        _usd,
        True,
    ),
    "alembic": Format(
        "Alembic",
        "Every vertex on every frame, as all modifiers leave it; no shape keys, no photo",
        (".abc",),
        "wm.alembic_export",
        "",
        _alembic,
    ),
    "csv": Format(
        "ARKit CSV", "The 52 weights, head and eyes of every frame, as Live Link Face", (".csv",)
    ),
}


def checked_path(path: Path | str, format: str) -> Path:
    """``path`` as an absolute path of the right ending.

    Raises:
        InputError: the format is none, or the path does not fit it.
    """
    if format not in FORMATS:
        raise InputError(f"format: expected one of {', '.join(FORMATS)}, got {format!r}")
    result, suffixes = Path(path).absolute(), FORMATS[format].suffixes
    if result.suffix.lower() not in suffixes:
        known = " or ".join(suffixes)
        raise InputError(f"output: expected a file ending in {known}, got {result.name}")
    if result.is_dir():
        raise InputError(f"output: {result} is a folder; name a file")
    return result


def check_there(format: str) -> None:
    """Refuse a format whose exporter this Blender does not have.

    Raises:
        InputError: it is not there, with the remedy.
    """
    kind = FORMATS[format]
    if not kind.operator:
        return
    try:
        _operator(kind).get_rna_type()
    except KeyError as error:
        remedy = f"; enable the add-on {kind.module} in Blender's preferences" * bool(kind.module)
        raise InputError(f"format: this Blender has no {kind.label} exporter{remedy}") from error


def write(format: str, path: Path, frames: range) -> None:
    """Call Blender's exporter on what is selected in the scene that is shown.

    Raises:
        OutputError: it failed.
    """
    kind = FORMATS[format]
    try:
        done = _operator(kind)(filepath=str(path), check_existing=False, **kind.options(frames))
    except RuntimeError as error:
        reason = str(error).strip().removeprefix("Error: ").splitlines()[-1]
        raise OutputError(f"{path.name}: {kind.label}: {reason}") from error
    if done != {"FINISHED"} or not path.is_file():
        raise OutputError(f"{path.name}: Blender's {kind.label} exporter wrote nothing")


def _operator(kind: Format) -> Any:
    category, name = kind.operator.split(".")
    return getattr(getattr(bpy.ops, category), name)
