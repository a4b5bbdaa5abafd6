# SPDX-License-Identifier: GPL-3.0-or-later
"""What the panels share: the 3-D view's sidebar, tab Facewright."""

from __future__ import annotations

import textwrap

import bpy


def paragraph(layout: bpy.types.UILayout, text: str, width: int, icon: str = "NONE") -> None:
    """A sentence over as many lines as it needs; labels do not wrap by themselves.

    Args:
        layout: where to.
        text: the sentence.
        width: characters of a line; see :func:`characters`.
        icon: before the first line.
    """
    column = layout.column(align=True)
    for index, line in enumerate(textwrap.wrap(text, width)):
        column.label(text=line, icon=icon if index == 0 or icon == "NONE" else "BLANK1")


def characters(context: bpy.types.Context) -> int:
    """About how many fit into a line of the region that is drawn."""
    if context.region is None:
        return 60
    scale = context.preferences.system.ui_scale
    return max(20, int(context.region.width / (7.0 * scale)) - 6)


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
