# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disable-error-code="valid-type"
"""Where the backend is."""

from __future__ import annotations

import bpy
from bpy.props import FloatProperty, StringProperty

#: What Blender calls the add-on: the package above the interface.
ADDON = __package__.removesuffix(".ui.preferences")


class FacewrightPreferences(bpy.types.AddonPreferences):
    bl_idname = ADDON

    address: StringProperty(
        name="Address",
        description="host:port of a running backend; empty: start one on this computer",
    )
    command: StringProperty(
        name="Backend Command",
        description="Program that runs `facewright`, where Blender does not find it by itself",
        subtype="FILE_PATH",
    )
    token: StringProperty(
        name="Token", description="Of a backend on another computer", subtype="PASSWORD"
    )
    certificate: StringProperty(
        name="Certificate",
        description="PEM of the authority that signed the backend's certificate",
        subtype="FILE_PATH",
    )
    cache_folder: StringProperty(
        name="Cache Folder",
        description="Where textured frames are kept, so that nothing is textured twice; empty: "
        "the add-on's own folder",
        subtype="DIR_PATH",
    )
    cache_gigabytes: FloatProperty(
        name="Cache Size",
        description="Gigabytes of textured frames that are kept; the longest unused go first",
        default=5.0,
        min=0.0,
        soft_max=100.0,
    )

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        layout.use_property_split = True
        layout.prop(self, "address")
        if self.address:
            layout.prop(self, "token")
            layout.prop(self, "certificate")
        else:
            layout.prop(self, "command")
            layout.label(text="Starts a backend on this computer; nothing leaves it", icon="INFO")


def current() -> FacewrightPreferences | None:
    """The preferences; None where the add-on runs without being installed."""
    entry = bpy.context.preferences.addons.get(ADDON)
    return entry.preferences if entry else None


def register() -> None:
    bpy.utils.register_class(FacewrightPreferences)


def unregister() -> None:
    bpy.utils.unregister_class(FacewrightPreferences)
