"""Works Blender's window as a person would, from inside: presses, waits, looks, times.

A scenario is a generator that runs on Blender's own event loop. It yields None to let the
window draw, or a function that says whether what it waits for is there; timers and modal
operators run meanwhile. Environment: ``DESK_FOLDER``, where everything is written.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import Any

import bpy

PACKAGE = "bl_ext.user_default.facewright"
MAIN = "FACEWRIGHT_PT_main"
FOLDER = Path(os.environ["DESK_FOLDER"])
#: Seconds that any wait of a scenario may take, and that a drawing takes with its animation.
PATIENCE, DRAWN = 180.0, 0.5

Condition = Callable[[], bool]
Scenario = Generator[Condition | None, None, None]


def part(name: str) -> ModuleType:
    """A module of the installed add-on, such as ``ui.session``."""
    return importlib.import_module(f"{PACKAGE}.{name}")


def start(scenario: Scenario, results: dict[str, Any]) -> None:
    """Run a scenario on the event loop; then write ``results.json`` and quit Blender."""
    chosen = bpy.context.preferences
    chosen.view.show_splash = False
    chosen.system.use_region_overlap = False  # panels on an even ground
    chosen.use_preferences_save = False
    condition: Condition | None = None
    since = time.monotonic()

    def tick() -> float | None:
        nonlocal condition, since
        try:
            if condition is not None and not condition():
                if time.monotonic() - since > PATIENCE:
                    raise TimeoutError(f"waited in vain for {condition.__qualname__}")
                return 0.05
            condition, since = next(scenario), time.monotonic()
            return DRAWN if condition is None else 0.05
        except StopIteration:
            results["done"] = True
        except BaseException:
            results["fault"] = traceback.format_exc()
            look("fault")
        (FOLDER / "results.json").write_text(json.dumps(results, indent=1), "utf-8")
        sys.stdout.flush()
        with window():
            bpy.ops.wm.quit_blender()
        return None

    bpy.app.timers.register(tick, first_interval=1.0, persistent=True)


def area(kind: str = "VIEW_3D") -> bpy.types.Area:
    """The main window's area that shows an editor, by its ``ui_type``."""
    screen = bpy.context.window_manager.windows[0].screen
    return next(area for area in screen.areas if area.ui_type == kind)


def window(kind: str = "VIEW_3D") -> Any:
    """The context of an editor of the main window, for operators."""
    main, found = bpy.context.window_manager.windows[0], area(kind)
    region = next(region for region in found.regions if region.type == "WINDOW")
    return bpy.context.temp_override(
        window=main, screen=main.screen, area=found, region=region, space_data=found.spaces.active
    )


def press(name: str, **options: Any) -> Condition:
    """Press a button of the add-on; waits until its job is done."""
    with window():
        getattr(bpy.ops.facewright, name)("INVOKE_DEFAULT", **options)
    return idle


def idle() -> bool:
    """Whether no job runs."""
    return not part("ui.session").state.busy


def refused(name: str, **options: Any) -> str:
    """Run an operator that has to fail; its message, or its poll's."""
    try:
        with window():
            getattr(bpy.ops.facewright, name)(**options)
    except RuntimeError as error:
        return str(error).strip().removeprefix("Error: ")
    return ""


@contextmanager
def timed(ticks: list[tuple[float, float, float]]) -> Iterator[None]:
    """Note each tick of the add-on's jobs, in milliseconds.

    Args:
        ticks: gets (in all, of that in Blender's own frame_set, in all of the processor's).
    """
    jobs = part("ui.jobs")
    plain, spent = jobs.JobOperator.modal, [0.0, 0.0]

    def before(*_: object) -> None:
        spent[1] = time.perf_counter()

    def after(*_: object) -> None:
        spent[0] += time.perf_counter() - spent[1]

    def modal(self: Any, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        ticking = event.type == "TIMER"  # the last one removes the timer, and its event's type
        spent[0] = 0.0
        begun, processor = time.perf_counter(), time.thread_time()
        try:
            return plain(self, context, event)
        finally:
            took, used = time.perf_counter() - begun, time.thread_time() - processor
            if ticking:
                ticks.append((1e3 * took, 1e3 * spent[0], 1e3 * used))

    jobs.JobOperator.modal = modal
    bpy.app.handlers.frame_change_pre.append(before)
    bpy.app.handlers.frame_change_post.append(after)
    try:
        yield
    finally:
        jobs.JobOperator.modal = plain
        bpy.app.handlers.frame_change_pre.remove(before)
        bpy.app.handlers.frame_change_post.remove(after)


def look(
    name: str,
    region: bpy.types.Region | None = None,
    window: bpy.types.Window | None = None,
) -> None:
    """The display, a region or a window of it, as ``pictures/NAME.png``; ImageMagick takes it.

    Blender's own screenshot operator sees black where OpenGL is drawn in software.
    """
    folder = FOLDER / "pictures"
    folder.mkdir(exist_ok=True)
    shot = ["import", "-silent", "-window", "root"]
    if shown := region or window:
        top = bpy.context.window_manager.windows[0].height - shown.y - shown.height
        shot += ["-crop", f"{shown.width}x{shown.height}+{shown.x}+{top}", "+repage"]
    subprocess.run([*shot, str(folder / f"{name}.png")], check=True, timeout=60)


def dismiss() -> None:
    """Move the pointer to where nothing is, which closes a message that popped up."""
    for place in ("560", "600"):
        subprocess.run(["xdotool", "mousemove", "30", place], check=True, timeout=60)


def sidebar(kind: str = "VIEW_3D", category: str = "Facewright") -> bpy.types.Region:
    """Open an editor's sidebar at a tab, which is drawn a moment later."""
    found = area(kind)
    found.spaces.active.show_region_ui = True
    region = next(region for region in found.regions if region.type == "UI")
    with suppress(AttributeError, TypeError):  # not laid out yet
        region.active_panel_category = category
    found.tag_redraw()
    return region


def panels() -> list[type]:
    """The add-on's panels that are registered, parents first, then in the add-on's order."""
    known = bpy.types.Panel.__subclasses__()
    shown = [kind for kind in known if kind.__module__.startswith(PACKAGE) and kind.is_registered]
    modules = [module.__name__ for module in importlib.import_module(PACKAGE)._registered]

    def place(kind: type) -> tuple[int, int]:
        own = [at for at, name in enumerate(modules) if kind.__module__.startswith(name)]
        return len(lineage(kind, shown)), own[0] if own else 0

    return sorted(shown, key=place)


def chosen(*names: str) -> list[type]:
    """The main panel and these, in this order: the part of their names after ``_PT_``."""
    by_name = {kind.bl_idname: kind for kind in panels()}
    return [by_name[MAIN], *(by_name[f"FACEWRIGHT_PT_{name}"] for name in names)]


def lineage(kind: type | None, among: list[type]) -> list[type]:
    """A panel and those that it is in, from the outermost."""
    if kind is None:
        return []
    parent = getattr(kind, "bl_parent_id", "")
    return [*lineage(next((one for one in among if one.bl_idname == parent), None), among), kind]


def look_at_panels(suffix: str = "") -> Scenario:
    """A picture of each panel of the 3-D view's sidebar, open, with its sub-panels alone."""
    everything = panels()
    for one in everything:
        if getattr(one, "bl_parent_id", "") != MAIN or one.bl_space_type != "VIEW_3D":
            continue
        name = one.bl_idname.rpartition("_PT_")[2]
        above = lineage(one, everything)
        wanted = [kind for kind in everything if kind in above or one in lineage(kind, everything)]
        with registered(wanted):
            sidebar()
            yield None
            region = sidebar()
            yield None
            yield None
            look(f"panel_{name}{suffix}", region)


@contextmanager
def registered(wanted: list[type]) -> Iterator[None]:
    """Only these of the add-on's panels, all open.

    Blender remembers by its name whether a panel is closed, so they get other names.
    """
    everything = panels()
    kept = {kind: dict(vars(kind)) for kind in everything}
    for kind in reversed(everything):
        bpy.utils.unregister_class(kind)
    for kind in wanted:
        kind.bl_idname = f"{kind.bl_idname}_open"
        if getattr(kind, "bl_parent_id", ""):
            kind.bl_parent_id = f"{kind.bl_parent_id}_open"
        kind.bl_options = set(getattr(kind, "bl_options", ())) - {"DEFAULT_CLOSED"}
        bpy.utils.register_class(kind)
    try:
        yield
    finally:
        for kind in reversed(wanted):
            bpy.utils.unregister_class(kind)
        for kind in everything:
            for name in ("bl_idname", "bl_parent_id", "bl_options"):
                if name in kept[kind]:
                    setattr(kind, name, kept[kind][name])
                elif name in vars(kind):
                    delattr(kind, name)
            bpy.utils.register_class(kind)
