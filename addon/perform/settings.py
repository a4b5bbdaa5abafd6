# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disable-error-code="valid-type"
"""What a subject's layers are set to; ``rig.facewright_layers``.

Kept on the rig, so that a layer remembers its regions while it has no strips, and so that
library overrides can change them.
"""

from __future__ import annotations

import bpy
from bpy.props import BoolProperty, EnumProperty, FloatProperty, PointerProperty

from .channels import REGIONS

#: From below.
LAYERS = ("speech", "video", "hand")
DRIVEN = LAYERS[:-1]

MODES = [
    ("OFF", "Off", "This layer leaves the region alone", "CHECKBOX_DEHLT", 0),
    ("REPLACE", "Replace", "This layer alone shows in the region", "CHECKBOX_HLT", 1),
    ("COMBINE", "Combine", "This layer is added to what is below, around the neutral", "ADD", 2),
]
_OVERRIDABLE = {"LIBRARY_OVERRIDABLE"}
_SAY = {
    "mouth": "Jaw, lips, cheeks, nose and tongue",
    "eyes": "The lids: blinks, squints, wide eyes",
    "brows": "The brows",
    "head": "Where the head is and how it is turned",
    "gaze": "Where the eyes look",
}


def _changed(self: bpy.types.PropertyGroup, context: bpy.types.Context) -> None:
    from . import layers

    layers.refresh(self.id_data)


def _region(region: str, mode: str) -> object:
    return EnumProperty(
        name=region.capitalize(),
        description=_SAY[region],
        items=MODES,
        default=mode,
        update=_changed,
        override=_OVERRIDABLE,
    )


class _Layer:
    """What every layer has."""

    influence: FloatProperty(
        name="Influence",
        description="How much of this layer shows",
        default=1.0,
        min=0.0,
        max=1.0,
        subtype="FACTOR",
        update=_changed,
        override=_OVERRIDABLE,
    )
    mute: BoolProperty(
        name="Mute", description="Hide this layer", update=_changed, override=_OVERRIDABLE
    )
    solo: BoolProperty(
        name="Solo",
        description="Hide the layers that are not soloed",
        update=_changed,
        override=_OVERRIDABLE,
    )


class DrivenLayer(_Layer, bpy.types.PropertyGroup):
    """A layer of strips that were driven; shows instead of what is below."""

    __annotations__ = {region: _region(region, "REPLACE") for region in REGIONS}


class HandLayer(_Layer, bpy.types.PropertyGroup):
    """The layer of keys set by hand; added to what is below."""

    __annotations__ = {region: _region(region, "COMBINE") for region in REGIONS}


class LayerSettings(bpy.types.PropertyGroup):
    """All layers of a subject."""

    speech: PointerProperty(type=DrivenLayer, override=_OVERRIDABLE)
    video: PointerProperty(type=DrivenLayer, override=_OVERRIDABLE)
    hand: PointerProperty(type=HandLayer, override=_OVERRIDABLE)
    bake_after: EnumProperty(
        name="Layers",
        description="What becomes of the layers once they are baked",
        items=[
            ("MUTE", "Hide", "Keep them, hidden: Restore Layers brings them back"),
            ("REMOVE", "Remove", "Delete them: one action of plain keys is left"),
        ],
        override=_OVERRIDABLE,
    )
    weight: FloatProperty(
        name="Weights",
        description="How far a shape key's weight may be from what it was, on any frame",
        default=0.01,
        min=1e-4,
        max=0.5,
        precision=4,
        override=_OVERRIDABLE,
    )
    degrees: FloatProperty(
        name="Degrees",
        description="How far the head and the eyes may turn from where they were, in degrees",
        default=0.2,
        min=1e-3,
        max=10.0,
        precision=3,
        override=_OVERRIDABLE,
    )
    millimetres: FloatProperty(
        name="Millimetres",
        description="How far the head may be from where it was",
        default=0.2,
        min=1e-3,
        max=50.0,
        precision=3,
        override=_OVERRIDABLE,
    )
    smooth: BoolProperty(
        name="Bezier Keys",
        description="Curves between keys, which need fewer; otherwise straight lines",
        default=True,
        override=_OVERRIDABLE,
    )
    baked: BoolProperty(
        name="Baked",
        description="The layers are hidden, and keys baked from them show instead",
        override=_OVERRIDABLE,
    )


def of(rig: bpy.types.Object) -> LayerSettings:
    """The settings of a rig's layers."""
    return rig.facewright_layers


def silent(settings: LayerSettings, layer: str) -> bool:
    """Whether a layer does not show: muted, or another is soloed."""
    one = getattr(settings, layer)
    soloed = any(getattr(settings, other).solo for other in LAYERS)
    return one.mute or (soloed and not one.solo)


_CLASSES = (DrivenLayer, HandLayer, LayerSettings)


def register() -> None:
    for kind in _CLASSES:
        bpy.utils.register_class(kind)
    bpy.types.Object.facewright_layers = PointerProperty(type=LayerSettings, override=_OVERRIDABLE)


def unregister() -> None:
    del bpy.types.Object.facewright_layers
    for kind in reversed(_CLASSES):
        bpy.utils.unregister_class(kind)
