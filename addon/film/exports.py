# SPDX-License-Identifier: GPL-3.0-or-later
"""A subject's performance for other programs: glTF, FBX, USD, Alembic, ARKit CSV."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import bpy

from ..core.client import Progress
from ..core.errors import InputError, OutputError
from ..subject.objects import SubjectObjects
from . import arkit, baked
from .sampling import Sampled, sample


@dataclass(frozen=True, slots=True)
class Format:
    """A file format.

    Attributes:
        label, summary: for people.
        suffixes: of the file, the usual one first.
        operator: of Blender, that writes it; empty: none is needed.
        module: add-on of Blender's that brings the operator; empty: built in.
    """

    label: str
    summary: str
    suffixes: tuple[str, ...]
    operator: str = ""
    module: str = ""


FORMATS = {
    "gltf": Format(
        "glTF",
        "Morph targets, bones for head and eyes, photo without light; one .glb",
        (".glb",),
        "export_scene.gltf",
        "io_scene_gltf2",
    ),
    "fbx": Format(
        "FBX",
        "Morph targets, bones for head and eyes, photo inside; for game engines",
        (".fbx",),
        "export_scene.fbx",
        "io_scene_fbx",
    ),
    "usd": Format(
        "USD",
        "Blend shapes, bones for head and eyes (UsdSkel), photo beside it or in a .usdz",
        (".usdc", ".usda", ".usd", ".usdz"),
        "wm.usd_export",
    ),
    "alembic": Format(
        "Alembic",
        "Every vertex on every frame, as all modifiers leave it; no shape keys, no photo",
        (".abc",),
        "wm.alembic_export",
    ),
    "csv": Format(
        "ARKit CSV", "The 52 weights, head and eyes of every frame, as Live Link Face", (".csv",)
    ),
}


def export(
    subject: SubjectObjects,
    path: Path | str,
    *,
    format: str,
    frames: range | None = None,
    progress: Progress | None = None,
) -> Path:
    """Write what a subject does over a range of the open scene; blocks.

    Args:
        subject: of the open scene.
        path: of the file.
        format: one of :data:`FORMATS`.
        frames: default the scene's range.
        progress: told while the scene is stepped through; raise to stop.

    Returns:
        ``path``, absolute.

    Raises:
        InputError: the path or the format do not do, or the exporter is not there.
        OutputError: it could not be written; nothing is there then.
    """
    steps = exporting(subject, path, format=format, frames=frames)
    while True:
        try:
            share = next(steps)
        except StopIteration as end:
            return end.value
        if progress:
            progress(f"exporting {FORMATS[format].label}", share, -1.0)


def exporting(
    subject: SubjectObjects,
    path: Path | str,
    *,
    format: str,
    frames: range | None = None,
) -> Generator[float, None, Path]:
    """:func:`export` in steps: yields the share that is done."""
    target = checked_path(path, format)
    scene = bpy.context.scene
    if frames is None:
        frames = range(scene.frame_start, scene.frame_end + 1)
    if not len(frames) or frames.step != 1:
        raise InputError("frames: expected one frame or more, without gaps")
    with _object_mode(), _workplace(target) as work:
        if format == "alembic":
            _alembic(subject, work / target.name, frames)
        else:
            sampled = yield from _sampled(subject, frames)
            _write(subject, sampled, work / target.name, format)
        _deliver(work, target)
    return target


def _sampled(subject: SubjectObjects, frames: range) -> Generator[float, None, Sampled]:
    return (yield from sample(subject, frames))


def _write(subject: SubjectObjects, sampled: Sampled, path: Path, format: str) -> None:
    if format == "csv":
        path.write_bytes(arkit.encoded(sampled))
        return
    with baked.copy(subject, sampled, shaded=format != "gltf"):
        _run(FORMATS[format], path, **_OPTIONS[format]())


def _gltf() -> dict[str, object]:
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


def _fbx() -> dict[str, object]:
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


def _usd() -> dict[str, object]:
    options: dict[str, object] = {
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
    known = bpy.ops.wm.usd_export.get_rna_type().properties
    options |= (
        {"export_textures_mode": "NEW"}
        if "export_textures_mode" in known
        else {"export_textures": True}
    )
    return options


_OPTIONS: dict[str, Callable[[], dict[str, object]]] = {"gltf": _gltf, "fbx": _fbx, "usd": _usd}


def _alembic(subject: SubjectObjects, path: Path, frames: range) -> None:
    """The objects themselves, shown in a scene of their own, so that nobody's selection goes."""
    with baked.stage(frames) as scene:
        wanted = [thing for thing in (*subject.meshes, subject.camera) if thing is not None]
        for thing in {*wanted, subject.rig}:
            scene.collection.objects.link(thing)
        for thing in wanted:
            thing.hide_set(False)
            thing.select_set(True)
        _run(
            FORMATS["alembic"],
            path,
            selected=True,
            start=frames[0],
            end=frames[-1],
            evaluation_mode="VIEWPORT",
            flatten=True,
            face_sets=True,
            apply_subdiv=True,
            export_hair=False,
            export_particles=False,
            export_custom_properties=False,
            as_background_job=False,
        )


def _run(kind: Format, path: Path, **options: object) -> None:
    """Call an exporter.

    Raises:
        InputError: it is not there.
        OutputError: it failed.
    """
    category, name = kind.operator.split(".")
    operator = getattr(getattr(bpy.ops, category), name)
    try:
        operator.get_rna_type()
    except KeyError as error:
        remedy = f"; enable the add-on {kind.module} in Blender's preferences" * bool(kind.module)
        raise InputError(f"format: this Blender has no {kind.label} exporter{remedy}") from error
    try:
        done = operator(filepath=str(path), check_existing=False, **options)
    except RuntimeError as error:
        reason = str(error).strip().removeprefix("Error: ").splitlines()[-1]
        raise OutputError(f"{path.name}: {kind.label}: {reason}") from error
    if done != {"FINISHED"} or not path.is_file():
        raise OutputError(f"{path.name}: Blender's {kind.label} exporter wrote nothing")


def checked_path(path: Path | str, format: str) -> Path:
    """``path`` as an absolute path of the right ending.

    Raises:
        InputError: the format is none, or the path does not fit it.
    """
    if format not in FORMATS:
        raise InputError(f"format: expected one of {', '.join(FORMATS)}, got {format!r}")
    result, suffixes = Path(path).absolute(), FORMATS[format].suffixes
    if result.suffix.lower() not in suffixes:
        raise InputError(
            f"output: expected a file ending in {' or '.join(suffixes)}, got {result.name}"
        )
    if result.is_dir():
        raise InputError(f"output: {result} is a folder; name a file")
    return result


@contextmanager
def _object_mode() -> Iterator[None]:
    """Leave what mode there is for a while: what is edited is only seen outside of it."""
    active, mode = bpy.context.view_layer.objects.active, bpy.context.mode
    if active is None or active.mode == "OBJECT":
        yield
        return
    mode = active.mode
    bpy.ops.object.mode_set(mode="OBJECT")
    try:
        yield
    finally:
        bpy.ops.object.mode_set(mode=mode)


@contextmanager
def _workplace(target: Path) -> Iterator[Path]:
    """A hidden folder beside the result, removed whatever happens."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=".facewright-", dir=target.parent))
    except OSError as error:
        raise OutputError(f"{target.parent}: {error.strerror}") from error
    try:
        yield work
    except OSError as error:
        raise OutputError(f"{error.filename or target}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _deliver(work: Path, target: Path) -> None:
    """Move everything that was written beside ``target``, itself last."""
    files = sorted(
        (file for file in work.rglob("*") if file.is_file()), key=lambda f: f.name == target.name
    )
    for file in files:
        place = target.parent / file.relative_to(work)
        place.parent.mkdir(parents=True, exist_ok=True)
        file.replace(place)
