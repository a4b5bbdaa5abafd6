# SPDX-License-Identifier: GPL-3.0-or-later
"""Texture a range, check it, texture and render it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import ClassVar

import bpy

from ...core.errors import InputError
from ...core.shelf import Shelf, State
from ...film import sequence
from ...subject import objects
from ...subject.objects import SubjectObjects
from ...texture import overlay, run
from ...texture.wish import Outcome
from .. import session
from ..jobs import Job, JobOperator, made_folder
from . import marks, settings

#: Seconds between two redraws of the editors that show what comes.
_SHOW = 1.0


class _Watch:
    """Shows in the interface what comes, now and then; notes how frames stand."""

    def __init__(self, who: SubjectObjects, folder: Path, states: marks.Marks) -> None:
        self._who, self._folder, self._states = who, folder, states
        self._latest: int | None = None
        self._at = time.monotonic()

    def __call__(self, frame: int, state: State) -> None:
        """A :data:`...texture.survey.Notice`."""
        self._states(frame, state)
        if state is State.FRESH:
            self._latest = frame

    def refresh(self, last: bool = False) -> None:
        """Redraw, and let an image editor that is free for it show the latest picture."""
        if bpy.app.background or not (last or time.monotonic() - self._at > _SHOW):
            return
        self._at = time.monotonic()
        path = None if self._latest is None else self._folder / Shelf.name(self._latest)
        self._latest = None
        for window in bpy.context.window_manager.windows:
            for area in window.screen.areas:
                if area.type == "IMAGE_EDITOR" and path is not None:
                    space = area.spaces.active
                    if space.image is None or overlay.shows(space.image, "latest"):
                        space.image = overlay.latest_image(self._who, path)
                if area.type in ("IMAGE_EDITOR", "SEQUENCE_EDITOR", "DOPESHEET_EDITOR"):
                    area.tag_redraw()


class _Texturing(JobOperator):
    """What textures a range, whatever comes after."""

    bl_options: ClassVar[set[str]] = {"REGISTER", "UNDO"}

    def _texture(self, context: bpy.types.Context, frames: range) -> Job:
        scene, who = context.scene, objects.chosen(context)
        sequence.check_editable(scene)
        wish = settings.wish_of(scene, who, frames)
        folder = made_folder(settings.frames_folder(who))
        states, outcome = marks.of(folder), Outcome(len(frames))
        states.begin()
        watch = _Watch(who, folder, states)
        steps = run.run(
            scene,
            who,
            wish,
            folder,
            settings.opener(who, wish),
            outcome,
            cache=settings.frame_cache(),
            report=session.state.report,
            lost=session.disconnect,
            notice=watch,
        )
        ended = False
        try:
            for waits in steps:
                watch.refresh()
                yield waits
            ended = True
        finally:
            steps.close()
            watch.refresh(last=True)
            overlay.refresh(who, frames[-1])
            self._tell(outcome, ended)
        if not scene.use_preview_range:
            states.forget(frames)
        scene.facewright_texture.shown = "TEXTURE"

    def _tell(self, outcome: Outcome, ended: bool) -> None:
        for frame, reason in sorted(outcome.failed.items())[:3]:
            self.report({"WARNING"}, f"frame {frame}: {reason}")
        if len(outcome.failed) > 3:
            self.report({"WARNING"}, f"{len(outcome.failed)} frames were refused in all")
        there = f", {outcome.reused} were there" if outcome.reused else ""
        if ended:
            self.report({"INFO"}, f"{outcome.textured} frames textured{there}")
        elif outcome.came:
            self.report(
                {"INFO"},
                f"{len(outcome.came)} of {outcome.wanted} frames are kept; texture again to go on",
            )


class Texture(_Texturing, bpy.types.Operator):
    """Texture the preview range, or else the scene's, and put the pictures in the sequencer.
    Frames that have not changed are not made again; press again to go on after an interruption"""

    bl_idname = "facewright.texture"
    bl_label = "Texture Frame Range"

    def job(self, context: bpy.types.Context) -> Job:
        yield from self._texture(context, settings.frame_range(context.scene))


class Check(JobOperator, bpy.types.Operator):
    """Find out which frames' pictures still show what the scene shows; makes none"""

    bl_idname = "facewright.check_frames"
    bl_label = "Check Frames"

    def job(self, context: bpy.types.Context) -> Job:
        scene, who = context.scene, objects.chosen(context)
        wish = settings.wish_of(scene, who, settings.frame_range(scene))
        folder = settings.frames_folder(who)
        asked = Shelf(folder).asked
        told = {name: asked.get(name) for name in wish.asked}
        states = marks.of(folder)
        states.begin()
        # Made with other settings: whatever the geometry, all of it is stale.
        fingerprint = asked.get("fingerprint", "") if told == wish.asked else ""
        yield from run.check(
            scene,
            who,
            wish,
            folder,
            reach=int(asked.get("reach", 0)) if fingerprint else 0,
            fingerprint=fingerprint,
            cache=settings.frame_cache(),
            report=session.state.report,
            notice=states,
        )
        stale = [state for _, _, state in states.runs() if state < 2]
        self.report({"INFO"}, "Some frames need texturing" if stale else "All frames are fresh")


class TextureAndRender(_Texturing, bpy.types.Operator):
    """Texture what is stale or missing in the scene's range, then render the animation"""

    bl_idname = "facewright.texture_render"
    bl_label = "Texture and Render"

    def job(self, context: bpy.types.Context) -> Job:
        scene = context.scene
        if not scene.render.use_sequencer:
            raise InputError("Switch on Post Processing > Sequencer in the output properties")
        frames = range(scene.frame_start, scene.frame_end + 1, scene.frame_step)
        yield from self._texture(context, frames)
        if bpy.app.background:
            bpy.ops.render.render(animation=True, scene=scene.name)
        else:
            bpy.ops.render.render("INVOKE_DEFAULT", animation=True, scene=scene.name)


CLASSES = (Texture, Check, TextureAndRender)
