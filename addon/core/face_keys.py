# SPDX-License-Identifier: GPL-3.0-or-later
"""The face's channels by name: ARKit's 52, what the default model adds, their groups; no bpy.

Left and right are the subject's.
"""

from __future__ import annotations

from collections.abc import Iterable

_SIDES = ("Left", "Right")


def _both(*stems: str) -> tuple[str, ...]:
    return tuple(stem + side for stem in stems for side in _SIDES)


#: ARKit's blendshape locations.
ARKIT_52: tuple[str, ...] = (
    *_both("eyeBlink", "eyeLookDown", "eyeLookIn", "eyeLookOut", "eyeLookUp", "eyeSquint"),
    *_both("eyeWide", "jaw", "mouth", "mouthSmile", "mouthFrown", "mouthDimple", "mouthStretch"),
    *_both("mouthPress", "mouthLowerDown", "mouthUpperUp", "browDown", "browOuterUp"),
    *_both("cheekSquint", "noseSneer"),
    "jawForward", "jawOpen", "mouthClose", "mouthFunnel", "mouthPucker", "mouthRollLower",
    "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper", "browInnerUp", "cheekPuff",
    "tongueOut",
)  # fmt: skip
#: What the default model has beside them.
EXTRAS_12: tuple[str, ...] = (
    "browRaise", *_both("nostrilFlare", "cheekSuck"), "lipFV", "lipsPart", "smileOpen",
    "snarlOpen", "neckTense", "tongueUp", "tongueWide",
)  # fmt: skip

#: Group -> what its names begin with; the first that fits counts.
_BEGINNINGS: dict[str, tuple[str, ...]] = {
    "Brows": ("brow",),
    "Eyes & Lids": ("eye",),
    "Jaw": ("jaw",),
    "Mouth": ("mouth", "lip"),
    "Cheeks & Nose": ("cheek", "nose", "nostril"),
    "Tongue": ("tongue",),
}
#: Groups of shape keys, as the sliders show them.
GROUPS: tuple[str, ...] = (*_BEGINNINGS, "Extra")
#: Regions of a performance that shape keys belong to.
REGIONS: tuple[str, ...] = ("mouth", "eyes", "brows")

#: What stands in for the default model's own shapes on a mesh with ARKit's alone, and what
#: ARKit's mean there. Least squares, without negative weights, of the default model's offsets
#: over the names on the right; tests/blender/test_face_keys.py computes them again. Its mouthClose
#: of 1 shuts the lips over a jawOpen of 0.5, ARKit's over one of 1.
STAND_INS: dict[str, dict[str, float]] = {
    "mouthClose": {"mouthClose": 0.5},
    "browRaise": {"browInnerUp": 0.91, "browOuterUpLeft": 0.61, "browOuterUpRight": 0.61},
    "lipFV": {"mouthRollLower": 0.80, "mouthUpperUpLeft": 0.33, "mouthUpperUpRight": 0.33},
    "lipsPart": {
        "mouthLowerDownLeft": 0.30, "mouthLowerDownRight": 0.30,
        "mouthUpperUpLeft": 0.19, "mouthUpperUpRight": 0.19,
    },
}  # fmt: skip


def group_of(name: str) -> str:
    """The group of :data:`GROUPS` that a shape key belongs to."""
    found = (group for group, starts in _BEGINNINGS.items() if name.startswith(starts))
    return next(found, "Extra")


def region_of(name: str) -> str:
    """The region of :data:`REGIONS` that a shape key belongs to."""
    if name.startswith("brow"):
        return "brows"
    return "eyes" if name.startswith("eye") else "mouth"


def mirrored(name: str) -> str:
    """The name of the other side, or ``name`` itself where it has none."""
    for side, other in (_SIDES, _SIDES[::-1]):
        if name.endswith(side):
            return name.removesuffix(side) + other
    return name


def rows(names: Iterable[str]) -> list[tuple[str, ...]]:
    """Names in rows: left and right of one shape beside each other, in the names' order."""
    names = list(names)
    present, done, result = set(names), set(), []
    for name in names:
        other = mirrored(name)
        if name in done:
            continue
        if other != name and other in present:
            result.append(tuple(sorted((name, other), key=lambda each: each.endswith("Right"))))
            done |= {name, other}
        else:
            result.append((name,))
            done.add(name)
    return result
