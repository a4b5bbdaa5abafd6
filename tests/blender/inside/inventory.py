"""What an add-on has registered with Blender, found from outside."""

from __future__ import annotations

import atexit
import contextlib
import threading
from collections.abc import Callable
from typing import Any

import bpy

#: Types that an add-on derives its classes from.
BASES = (
    "AddonPreferences", "AssetShelf", "FileHandler", "Gizmo", "GizmoGroup", "Header",
    "KeyingSetInfo", "Menu", "Node", "NodeTree", "Operator", "Panel", "PropertyGroup",
    "RenderEngine", "UIList", "WorkSpaceTool",
)  # fmt: skip


class Ledger:
    """Counts what Blender cannot list; has to be made before the add-on is enabled."""

    def __init__(self) -> None:
        self.timers: list[Callable] = []
        self.commands = 0
        self.exits: list[Callable] = []
        self._wrap(bpy.app.timers, "register", lambda call, *_: self.timers.append(call))
        self._wrap(bpy.utils, "register_cli_command", lambda *_: self._command(1))
        self._wrap(bpy.utils, "unregister_cli_command", lambda *_: self._command(-1))
        self._wrap(atexit, "register", lambda call, *_: self.exits.append(call))
        self._wrap(atexit, "unregister", self._no_exit)

    def _no_exit(self, call: Callable) -> None:
        self.exits = [other for other in self.exits if other != call]

    def _command(self, step: int) -> None:
        self.commands += step

    @staticmethod
    def _wrap(module: Any, name: str, note: Callable) -> None:
        plain = getattr(module, name)

        def noted(*arguments: Any, **options: Any) -> Any:
            value = plain(*arguments, **options)
            note(*arguments)
            return value

        setattr(module, name, noted)

    def running_timers(self, package: str) -> list[str]:
        """Names of the package's timers that still tick."""
        ticking = [timer for timer in self.timers if bpy.app.timers.is_registered(timer)]
        calls = [getattr(timer, "func", timer) for timer in ticking]  # of a partial
        return [call.__qualname__ for call in calls if _of(call, package)]


def take(package: str, ledger: Ledger) -> dict[str, list[str]]:
    """What of ``package`` is registered, by kind; an empty list where nothing is."""
    return {
        "classes": sorted(cls.__name__ for cls in _classes() if _of(cls, package)),
        "properties": _properties(),
        "handlers": sorted(_handlers(package)),
        "draw": sorted(_draw_functions(package)),
        "keymaps": sorted(_keymap_items()),
        "timers": ledger.running_timers(package),
        "commands": ["facewright"] * ledger.commands,
        "threads": sorted(
            thread.name for thread in threading.enumerate() if "facewright" in thread.name
        ),
        "exits": [call.__qualname__ for call in ledger.exits if _of(call, package)],
    }


def _of(what: Any, package: str) -> bool:
    module = getattr(what, "__module__", "") or ""
    return module == package or module.startswith(f"{package}.")


def _classes() -> list[type]:
    found, queue = [], [getattr(bpy.types, name) for name in BASES if hasattr(bpy.types, name)]
    while queue:
        below = queue.pop().__subclasses__()
        queue += below
        found += [cls for cls in below if getattr(cls, "is_registered", False)]
    return found


def _properties() -> list[str]:
    found = []
    for name in dir(bpy.types):
        rna = getattr(getattr(bpy.types, name), "bl_rna", None)
        if rna is not None:
            found += [f"{name}.{key}" for key in rna.properties.keys() if "facewright" in key]  # noqa: SIM118
    return sorted(found)


def _handlers(package: str) -> list[str]:
    return [
        f"{name}.{handler.__name__}"
        for name in dir(bpy.app.handlers)
        if isinstance(getattr(bpy.app.handlers, name), list)
        for handler in getattr(bpy.app.handlers, name)
        if _of(handler, package)
    ]


def _draw_functions(package: str) -> list[str]:
    found = []
    for name in dir(bpy.types):
        draw = getattr(getattr(bpy.types, name), "draw", None)
        for function in getattr(draw, "_draw_funcs", ()):
            if _of(function, package):
                found.append(f"{name}.{function.__name__}")
    return found


def _keymap_items() -> list[str]:
    found = []
    with contextlib.suppress(AttributeError):  # no key configurations without a window
        for keymap in bpy.context.window_manager.keyconfigs.addon.keymaps:
            found += [item.idname for item in keymap.keymap_items if "facewright" in item.idname]
    return found
