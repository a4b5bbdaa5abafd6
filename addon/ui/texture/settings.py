# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disable-error-code="valid-type"
"""How frames are textured; ``scene.facewright_texture``."""

from __future__ import annotations

import bpy
from bpy.props import BoolProperty, EnumProperty, IntProperty, StringProperty

from ...core.cache import FrameCache
from ...core.errors import InputError
from ...film.paths import frames_folder as frames_folder
from ...subject.objects import SubjectObjects
from ...subject.person import Person
from ...texture.wish import Opener, Wish
from .. import preferences, session

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
SHOWN = [
    ("TEXTURE", "Texture", "The textured frames", "TEXTURE", 0),
    ("GEOMETRY", "Geometry", "What Blender shows of the mesh", "MESH_DATA", 1),
]


def _animators(settings: bpy.types.PropertyGroup, context: bpy.types.Context, text: str) -> list:
    """(name, summary) of what the connected backend has, to choose from."""
    return [(name, about.summary) for name, about in session.state.animators().items()]


def _live(settings: bpy.types.PropertyGroup, context: bpy.types.Context) -> None:
    from . import preview

    preview.switch(settings.live)


def _shown(settings: bpy.types.PropertyGroup, context: bpy.types.Context) -> None:
    from . import compare

    compare.show(settings.id_data, settings.shown)


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
        description="Of what an animator samples. The same seed gives the same frames",
        min=0,
    )
    geometry: EnumProperty(name="Geometry", items=GEOMETRY, default="auto")
    send_rho: BoolProperty(
        name="Send Weights",
        description="Say the shape keys' weights, the head's pose and the gaze beside the "
        "geometry, for animators that learned from them. What is seen counts either way",
        default=True,
    )
    live: BoolProperty(
        name="Preview on Scrub",
        description="Texture the current frame in preview quality whenever it rests",
        update=_live,
    )
    live_size: EnumProperty(
        name="Preview Size",
        description="Side of the previewed square, pixels",
        items=SIZES[:2],
        default="256",
    )
    live_steps: IntProperty(
        name="Preview Steps",
        description="Sampling steps of a preview; 0: what the animator takes for one",
        min=0,
        soft_max=4,
        max=10_000,
    )
    shown: EnumProperty(
        name="Show",
        description="What the sequencer and the camera's view show",
        items=SHOWN,
        update=_shown,
    )
    show_states: BoolProperty(
        name="Show in Timeline",
        description="Draw a line that tells which frames are fresh, stale or missing",
        default=True,
    )


def wish_of(scene: bpy.types.Scene, who: SubjectObjects, frames: range) -> Wish:
    """What the scene's settings ask for.

    Raises:
        InputError: there is no photograph.
    """
    if not who.textured:
        raise InputError(
            f"subject: {who.rig.name} has no photograph to be textured with; capture one for it"
        )
    chosen = scene.facewright_texture
    return Wish(
        frames,
        size=int(chosen.size),
        animator=chosen.animator,
        seed=chosen.seed,
        steps=chosen.steps,
        quality=chosen.quality,
        whole_photo=who.whole_photo,
        kind=chosen.geometry,
        rho=chosen.send_rho,
    )


def frame_range(scene: bpy.types.Scene) -> range:
    """The frames that the timeline plays: the preview range where there is one."""
    if scene.use_preview_range:
        return range(scene.frame_preview_start, scene.frame_preview_end + 1, scene.frame_step)
    return range(scene.frame_start, scene.frame_end + 1, scene.frame_step)


def opener(who: SubjectObjects, wish: Wish) -> Opener:
    """Connects, makes sure of the subject and opens a stream; for a task's thread."""
    settings, known = session.Settings.read(), Person.of(who)
    plain = "" if who.corresponds else who.face.name

    def open_stream(report):  # type: ignore[no-untyped-def]
        backend = session.connect(settings, report)
        about = session.state.animator(wish.animator)
        if plain and about is not None and about.needs_correspondence:
            raise InputError(
                f"{plain} shows no pixels of the photograph, which animator {about.name!r} needs "
                "to know: press Match to Photo in Own Mesh"
            )
        return known.ensure(backend, lambda: wish.open(backend, known.subject_id))

    return open_stream


def frame_cache() -> FrameCache | None:
    """Pictures of all scenes, as the preferences say; None where it has no room at all."""
    limit = preferences.cache_bytes()
    try:
        return FrameCache(preferences.cache_folder(), limit) if limit else None
    except OSError:
        return None  # it only saves time
