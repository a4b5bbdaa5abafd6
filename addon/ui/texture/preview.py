# SPDX-License-Identifier: GPL-3.0-or-later
"""Preview while scrubbing: the current frame textured whenever it rests.

Handlers note that something changed and no more. A timer waits until nothing has changed
for a moment, reads the frame, and asks the backend from a task; the picture is laid over
the camera's view and shown in the image "… preview". Never in the background, while a
render or a job runs, or while the animation plays.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import bpy
from bpy.app.handlers import persistent

from ...core import cache as keys
from ...core.cache import FrameCache, write_whole
from ...core.client import Progress
from ...core.client_preview import preview
from ...core.errors import AddonError
from ...core.shelf import State
from ...core.tasks import Task
from ...subject import objects
from ...subject.objects import SubjectObjects
from ...subject.person import Person
from ...texture import geometry, overlay
from ...texture.look import Look
from .. import session
from ..jobs import made_folder
from . import marks, settings

#: Seconds that nothing may change before a frame is previewed.
REST = 0.15
#: Seconds between two looks of the timer.
TICK = 0.05
#: Seconds until the next step of getting a geometry pass ready.
_SOON = 0.005


class _Live:
    """What is going on.

    Attributes:
        rendering: a render runs.
        problem: why there is no preview, in words.
        preparing: the geometry pass needs more steps until a frame can be read.
    """

    def __init__(self) -> None:
        self.rendering, self.problem = False, ""
        self.changed = 0.0
        self.task: Task | None = None
        self.asked: object = None  # what the task, or the picture shown, was asked for
        self.passes: tuple[object, geometry.Pass, Iterator[None]] | None = None
        self.preparing = False
        self.fingerprints: dict[object, tuple[str, int, int]] = {}
        self.shown = 0


live = _Live()


def switch(on: bool) -> None:
    """Begin or end; from the toggle."""
    if bpy.app.background:
        return
    timers = bpy.app.timers
    if on and not timers.is_registered(tick):
        live.changed, live.asked, live.problem = time.monotonic(), None, ""
        timers.register(tick, first_interval=TICK)
    elif not on:
        live.passes = None
        clear(bpy.context.scene)


def clear(scene: bpy.types.Scene) -> None:
    """Take away the previews that were laid in a scene."""
    for rig in objects.in_scene(scene):
        with suppress(AddonError):  # of one that has lost a part there is nothing to be shown
            who = objects.find(rig)
            if who.camera is not None:
                overlay.remove(who, "preview")


def tick() -> float | None:
    """The timer's turn: seconds to the next, None to end."""
    if not any(scene.facewright_texture.live for scene in bpy.data.scenes):
        return None
    scene = bpy.context.scene
    if scene is None or not scene.facewright_texture.live:
        return TICK  # another scene is shown just now
    live.preparing = False
    try:
        advance(scene)
    except AddonError as error:
        live.task = None
        _say(str(error))
    except OSError as error:
        live.task = None
        _say(f"{error.filename}: {error.strerror}")
    except ReferenceError:  # undone or deleted meanwhile
        live.task = live.passes = None
    return _SOON if live.preparing else TICK


def advance(scene: bpy.types.Scene) -> None:
    """Take a finished preview, or ask for the one that is due; returns at once."""
    if live.task is not None:
        if not live.task.done:
            return
        task, live.task = live.task, None
        _take(scene, *task.result())
    if resting(scene):
        _ask(scene)


def resting(scene: bpy.types.Scene) -> bool:
    """Whether the current frame may be previewed now."""
    if live.rendering or session.state.busy or time.monotonic() - live.changed < REST:
        return False
    screen = bpy.context.screen
    return not (screen and screen.is_animation_playing)


def _ask(scene: bpy.types.Scene) -> None:
    rig = objects.meant(bpy.context)
    if rig is None:
        return
    who, chosen = objects.find(rig), scene.facewright_texture
    wish = (
        who.subject_id,
        int(chosen.live_size),
        chosen.animator,
        chosen.seed,
        chosen.live_steps,
        who.whole_photo,
        chosen.geometry,
        chosen.send_rho,
    )
    source = _pass(who, wish)
    if source is None:
        live.preparing = True
        return
    look = source.look()
    digest = source.digest(look)
    if live.asked == (wish, digest):
        return
    live.asked = (wish, digest)
    _say("")
    path = made_folder(settings.frames_folder(who).parent) / "preview.png"
    store = settings.frame_cache()
    drawn = source.draw(look)
    asked = _Asked(rig.name, wish, path, Person.of(who), store, digest, look)
    where = session.Settings.read()
    live.task = Task(lambda report: asked.made(where, source, drawn, report))


def _pass(who: SubjectObjects, wish: tuple) -> geometry.Pass | None:
    """The geometry pass, kept while nothing was edited that it reads only once; None while it
    gets ready, a step each time."""
    own = who.rig.session_uid if hasattr(who.rig, "session_uid") else who.rig.name
    sign = (wish, own, tuple(thing.name for thing in who.meshes))
    if live.passes is None or live.passes[0] != sign:
        made = geometry.create_pass(who, wish[1], wish[6], rho=wish[7])
        live.passes = (sign, made, made.prepare())
    _, source, steps = live.passes
    for _ in steps:
        return None
    return source


def _say(problem: str) -> None:
    """Let the panel tell why there is no preview."""
    if problem != live.problem:
        live.problem = problem
        _redraw("VIEW_3D")


class _Asked:
    """One preview, for its task's thread."""

    def __init__(
        self,
        rig: str,
        wish: tuple,
        path: Path,
        known: Person,
        store: FrameCache | None,
        digest: bytes,
        look: Look,
    ) -> None:
        self.rig, self.wish, self.path = rig, wish, path
        self._known, self._store, self._digest, self._look = known, store, digest, look

    def made(
        self, where: session.Settings, source: geometry.Pass, drawn: Any, report: Progress
    ) -> tuple[str, Path]:
        """The rig's name and the file, once the picture is in it."""
        fingerprint, reach, generation = live.fingerprints.get(self.wish, ("", 0, 0))
        if session.state.backend is not None and generation != session.state.generation:
            fingerprint = ""  # another backend, which may make other pictures
        data = None
        if fingerprint and self._store:
            data = self._store.read(self._key(fingerprint, reach))
        if data is None:
            backend = session.connect(where, report)
            frame = source.message(self._look, drawn, 0, 0.0)
            subject, size, animator, seed, steps, whole, *_ = self.wish
            data, fingerprint = self._known.ensure(
                backend,
                lambda: preview(
                    backend,
                    frame,
                    subject,
                    size=size,
                    animator=animator,
                    seed=seed,
                    steps=steps,
                    whole_photo=whole,
                ),
            )
            about = session.state.animator(animator)
            reach = about.reach if about else 0
            if fingerprint:
                live.fingerprints[self.wish] = (fingerprint, reach, session.state.generation)
                if self._store:
                    with suppress(OSError):  # it only saves time
                        self._store.put(self._key(fingerprint, reach), data)
        write_whole(self.path, data)
        return self.rig, self.path

    def _key(self, fingerprint: str, reach: int) -> str:
        """Alone, the frame stands for its neighbours."""
        return keys.key(fingerprint, [self._digest] * (2 * reach + 1))


def _take(scene: bpy.types.Scene, name: str, path: Path) -> None:
    rig = scene.objects.get(name)
    if rig is None or not scene.facewright_texture.live:
        return
    who = objects.find(rig)
    image = overlay.preview_image(who, path)
    overlay.lay(who, image)
    overlay.reveal(who, scene.facewright_texture.shown == "TEXTURE", ("preview",))
    live.shown += 1
    _redraw("VIEW_3D", "IMAGE_EDITOR")


def _redraw(*kinds: str) -> None:
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type in kinds:
                area.tag_redraw()


@persistent
def _frame_changed(scene: bpy.types.Scene, *_: Any) -> None:
    live.changed = time.monotonic()


@persistent
def _edited(scene: bpy.types.Scene, depsgraph: bpy.types.Depsgraph) -> None:
    """Something was edited, or evaluated anew: previews and what was found out are due.

    Also while a job runs: what it has looked at already may hold no more.
    """
    if live.rendering:
        return
    if any(_counts(update) for update in depsgraph.updates):
        _change()


@persistent
def _undone(scene: bpy.types.Scene, *_: Any) -> None:
    """Undo may bring back anything, and the switch itself."""
    _change()
    if scene is not None and scene.facewright_texture.live:
        switch(True)


def _change() -> None:
    live.changed, live.passes = time.monotonic(), None
    for states in marks.known().values():
        states.edit()


def _counts(update: bpy.types.DepsgraphUpdate) -> bool:
    """Whether what was updated may show in a subject's geometry."""
    thing = update.id
    if isinstance(thing, bpy.types.Object):
        solid = thing.type in ("MESH", "LATTICE", "CURVE") and update.is_updated_geometry
        return update.is_updated_transform or solid
    if isinstance(thing, (bpy.types.Mesh, bpy.types.Key)):
        return update.is_updated_geometry
    return isinstance(thing, bpy.types.Action)


def warning(scene: bpy.types.Scene) -> str:
    """What a render of the sequencer would show that is not what the scene shows; "" if nothing
    is known of that."""
    count, edited = 0, False
    for rig in objects.in_scene(scene):
        try:
            states = marks.known().get(settings.frames_folder(objects.find(rig)))
        except (AddonError, KeyError):
            continue
        if states:
            count += states.count(State.STALE, State.MISSING, State.CACHED)
            edited |= states.edited
    if count:
        return f"{count} frames are stale or missing; use Texture and Render"
    return "the scene was edited since its frames were textured" if edited else ""


@persistent
def _render_begins(scene: bpy.types.Scene | None = None, *_: Any) -> None:
    live.rendering = True
    if scene is not None and scene.render.use_sequencer and (said := warning(scene)):
        print(f"Facewright: {said}")


@persistent
def _render_ends(*_: Any) -> None:
    live.rendering = False
    live.changed = time.monotonic()


@persistent
def _loaded(*_: Any) -> None:
    marks.clear()
    live.task = live.passes = live.asked = None
    live.rendering = False
    if bpy.context.scene and bpy.context.scene.facewright_texture.live:
        switch(True)


_HANDLERS = (
    ("frame_change_post", _frame_changed),
    ("depsgraph_update_post", _edited),
    ("undo_post", _undone),
    ("redo_post", _undone),
    ("render_init", _render_begins),
    ("render_complete", _render_ends),
    ("render_cancel", _render_ends),
    ("load_post", _loaded),
)


def register() -> None:
    for name, handler in _HANDLERS:
        getattr(bpy.app.handlers, name).append(handler)


def unregister() -> None:
    if bpy.app.timers.is_registered(tick):
        bpy.app.timers.unregister(tick)
    for name, handler in reversed(_HANDLERS):
        there = getattr(bpy.app.handlers, name)
        if handler in there:
            there.remove(handler)
