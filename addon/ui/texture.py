# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disable-error-code="valid-type"
"""Texturing in the interface: frames out, pictures into the sequencer."""

from __future__ import annotations

from typing import Any, ClassVar

import bpy
from bpy.props import EnumProperty, IntProperty, PointerProperty, StringProperty

from ..core.client import Backend
from ..core.errors import InputError
from ..core.stream import FrameStream
from ..core.tasks import Task
from ..film import sequence
from ..subject import objects
from ..texture import geometry
from ..texture.texturing import Texturing
from ..v1 import service_pb2
from . import session
from .jobs import Job, JobOperator, Known, made_folder, wait
from .panels import Section

SIZES = [("256", "256", "Fast"), ("512", "512", "Fine"), ("1024", "1024", "Finest, and slow")]
GEOMETRY = [
    ("auto", "Automatic", "Images where the graphics card can draw, else vertices"),
    ("image", "Images", "Send what Blender draws; any modifier counts"),
    ("vertices", "Vertices", "Send the evaluated vertices; the backend draws"),
]

QUALITIES = [
    ("final", "Final", "As good as the animator gets by default"),
    ("preview", "Preview", "A quick look, of few steps"),
]


def _animators(settings: bpy.types.PropertyGroup, context: bpy.types.Context, text: str) -> list:
    """(name, summary) of what the connected backend has, to choose from."""
    return [(name, about.summary) for name, about in session.state.animators().items()]


class TextureSettings(bpy.types.PropertyGroup):
    """How frames are textured; ``scene.facewright_texture``."""

    size: EnumProperty(
        name="Size", description="Side of the textured square, pixels", items=SIZES, default="512"
    )
    animator: StringProperty(
        name="Animator",
        description="What makes the pictures; empty: the backend's default",
        search=_animators,
        search_options={"SUGGESTION"},
    )
    quality: EnumProperty(name="Quality", items=QUALITIES, default="final")
    steps: IntProperty(
        name="Steps",
        description="Sampling steps of each frame, for animators that have them; more take "
        "longer. 0: those of the quality",
        min=0,
        soft_max=50,
        max=10_000,
    )
    seed: IntProperty(
        name="Seed",
        description="Of what is made at random: head motion, gaze, blinks, and what an animator "
        "samples. The same seed gives the same performance and frames",
        min=0,
    )
    geometry: EnumProperty(name="Geometry", items=GEOMETRY, default="auto")


def _open(backend: Backend, known: Known, options: dict[str, Any]) -> FrameStream:
    return known.ensure(backend, lambda: backend.animate(known.subject_id, **options))


class Texture(JobOperator, bpy.types.Operator):
    """Texture the preview range, or else the scene's, and put the pictures in the sequencer"""

    bl_idname = "facewright.texture"
    bl_label = "Texture Frame Range"
    bl_options: ClassVar[set[str]] = {"REGISTER", "UNDO"}

    def job(self, context: bpy.types.Context) -> Job:
        scene, chosen = context.scene, context.scene.facewright_texture
        who = objects.chosen(context)
        frames = _range(scene)
        if frames[0] < 0:
            raise InputError("Let the scene's frame range begin at 0 or later")
        folder = made_folder(who.photo.parent / "frames")
        size, settings, known = int(chosen.size), session.Settings.read(), Known.of(who)
        options: dict[str, Any] = {
            "size": size,
            "animator": chosen.animator,
            "seed": chosen.seed,
            "quality": chosen.quality,
            "steps": chosen.steps,
            "extent": (
                service_pb2.FRAME_EXTENT_PHOTO if who.whole_photo else service_pb2.FRAME_EXTENT_CROP
            ),
        }
        stream = yield from wait(
            Task(lambda report: _open(session.connect(settings, report), known, options))
        )
        with stream:
            make_frame = geometry.create_pass(who, size, chosen.geometry)
            texturing = Texturing(stream, make_frame, scene, frames, folder, session.state.report)
            try:
                while not texturing.done:
                    texturing.step(wait=0.02)
                    yield
            finally:
                texturing.restore()
        sequence.set_colour(scene)
        sequence.place_frames(scene, folder, texturing.names, frames[0], stream.size)
        self.report({"INFO"}, f"{len(texturing.names)} frames textured")


def _range(scene: bpy.types.Scene) -> range:
    """The frames that the timeline plays: the preview range where there is one."""
    if scene.use_preview_range:
        return range(scene.frame_preview_start, scene.frame_preview_end + 1)
    return range(scene.frame_start, scene.frame_end + 1)


class TexturePanel(Section, bpy.types.Panel):
    bl_idname = "FACEWRIGHT_PT_texture"
    bl_label = "Texture"

    def rows(self, layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
        chosen = context.scene.facewright_texture
        for name in ("size", "animator"):
            layout.prop(chosen, name)
        about = session.state.animator(chosen.animator)
        sampling = layout.column()
        sampling.active = about is None or about.max_steps > 0
        for name in ("quality", "steps", "seed"):
            sampling.prop(chosen, name)
        layout.prop(chosen, "geometry")
        layout.operator("facewright.texture", icon="TEXTURE")
        layout.operator("facewright.movie_output", icon="FILE_MOVIE")


_CLASSES = (
    TextureSettings,
    Texture,
    TexturePanel,
)


def register() -> None:
    for kind in _CLASSES:
        bpy.utils.register_class(kind)
    bpy.types.Scene.facewright_texture = PointerProperty(type=TextureSettings)


def unregister() -> None:
    del bpy.types.Scene.facewright_texture
    for kind in reversed(_CLASSES):
        bpy.utils.unregister_class(kind)
