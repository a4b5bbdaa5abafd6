# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disable-error-code="valid-type"
"""What the user sets once for all files."""

from __future__ import annotations

import bpy
from bpy.props import FloatProperty, StringProperty

from ...core import secret
from ...core.errors import AddonError

#: What Blender calls the add-on: the package above the interface.
ADDON = __package__.removesuffix(".ui.preferences")
#: Gigabytes that the texture cache may take where nothing else is set.
CACHE_GIGABYTES = 5.0


class _Problem:
    """What is wrong with the token that was entered; a setter cannot raise."""

    text = ""


def _read_token(self: FacewrightPreferences) -> str:
    from . import storage

    return secret.read(storage.private_folder())


def _write_token(self: FacewrightPreferences, value: str) -> None:
    from .. import session
    from . import storage

    _Problem.text = ""
    try:
        secret.write(storage.private_folder(), value)
    except (AddonError, OSError) as error:
        _Problem.text = str(error)
    session.disconnect()


def _moved(self: FacewrightPreferences, context: bpy.types.Context) -> None:
    """The next call goes where the settings say now."""
    from .. import session

    session.disconnect()


class FacewrightPreferences(bpy.types.AddonPreferences):
    bl_idname = ADDON

    address: StringProperty(
        name="Address",
        description="host:port of a running backend; empty: Blender starts one on this computer",
        update=_moved,
    )
    command: StringProperty(
        name="Backend Command",
        description="The `facewright` program, where Blender does not find it by itself: its "
        "full path, such as /opt/facewright/bin/facewright",
        subtype="FILE_PATH",
    )
    token: StringProperty(
        name="Token",
        description="What the backend was started with (--token-file). Kept in a file of its own "
        "that only you can read, never in preferences, .blend files or logs",
        subtype="PASSWORD",
        get=_read_token,
        set=_write_token,
        options={"SKIP_SAVE"},
    )
    certificate: StringProperty(
        name="Certificate",
        description="PEM file of the authority that signed the backend's certificate, or that "
        "certificate itself. Another computer is only talked to over TLS",
        subtype="FILE_PATH",
        update=_moved,
    )
    cache_folder: StringProperty(
        name="Cache Folder",
        description="Where textured frames are kept, so that nothing is textured twice; empty: "
        "the add-on's own folder",
        subtype="DIR_PATH",
    )
    cache_gigabytes: FloatProperty(
        name="Cache Size (GB)",
        description="Gigabytes of textured frames that are kept; the longest unused go first",
        default=CACHE_GIGABYTES,
        min=0.0,
        soft_max=100.0,
        precision=1,
    )

    def draw(self, context: bpy.types.Context) -> None:
        from . import drawing

        drawing.draw(self, self.layout, context)


def token_problem() -> str:
    """Why the token that was entered last could not be kept; "" where it was."""
    return _Problem.text


def current() -> FacewrightPreferences | None:
    """The preferences; None where the add-on runs without being installed."""
    entry = bpy.context.preferences.addons.get(ADDON)
    return entry.preferences if entry else None
