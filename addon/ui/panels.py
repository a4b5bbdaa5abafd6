# SPDX-License-Identifier: GPL-3.0-or-later
"""What the panels share: the 3-D view's sidebar, tab Facewright."""

from __future__ import annotations

import bpy


class Section:
    """A panel below the main one; ``rows`` lays it out."""

    layout: bpy.types.UILayout
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Facewright"
    bl_parent_id = "FACEWRIGHT_PT_main"

    def draw(self, context: bpy.types.Context) -> None:
        self.layout.use_property_split = True
        self.layout.use_property_decorate = False
        self.rows(self.layout, context)

    def rows(self, layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
        raise NotImplementedError
