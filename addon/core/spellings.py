# SPDX-License-Identifier: GPL-3.0-or-later
"""How others spell ARKit's blendshapes, and a mapping as text; no bpy.

A *mapping* says for each of our names which shape keys of a mesh show it, and how strongly::

    jawOpen = JawOpen
    browInnerUp = browInnerUp_L, browInnerUp_R
    mouthClose = MouthClose * 0.5
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from .errors import InputError
from .face_keys import ARKIT_52, EXTRAS_12, STAND_INS

#: Our name -> (a key of the mesh, its weight at 1) each.
Mapping = dict[str, tuple[tuple[str, float], ...]]

#: Names before a shape's own, as exporters put them: a mesh's, a node's, a rig's.
_PREFIX = re.compile(r"^(?:.*__|.*[:|])?(?:blendshape\d*[._]|ctrl_expressions[._])?", re.IGNORECASE)
_SIDES = (
    re.compile(r"^(.*?)[ ._-]*(left|right)$", re.IGNORECASE),
    re.compile(r"^(.+?)[ ._-]+([lrLR])$"),
    re.compile(r"^(.*[a-z])([LR])$"),
)
_HALF = ("browInnerUp", "cheekPuff")  # whole in ARKit, in halves elsewhere

#: Names of the MetaHuman rig's expressions that are an ARKit shape under another name;
#: a star stands for the side.
_METAHUMAN: dict[str, tuple[str, ...]] = {
    "browInnerUp": ("browRaiseInL", "browRaiseInR"),
    "browOuterUp*": ("browRaiseOuter*",),
    "cheekSquint*": ("eyeCheekRaise*",),
    "cheekPuff": ("mouthCheekBlowL", "mouthCheekBlowR"),
    "eyeSquint*": ("eyeSquintInner*",),
    "eyeWide*": ("eyeWiden*",),
    "jawForward": ("jawFwd",),
    "mouthClose": ("mouthLipsTogether%",),
    "mouthFrown*": ("mouthCornerDepress*",),
    "mouthFunnel": ("mouthFunnel%",),
    "mouthLowerDown*": ("mouthLowerLipDepress*",),
    "mouthPress*": ("mouthLipsPress*",),
    "mouthPucker": ("mouthLipsPurse%",),
    "mouthRollLower": ("mouthLowerLipRollInL", "mouthLowerLipRollInR"),
    "mouthRollUpper": ("mouthUpperLipRollInL", "mouthUpperLipRollInR"),
    "mouthSmile*": ("mouthCornerPull*",),
    "mouthUpperUp*": ("mouthUpperLipRaise*",),
    "noseSneer*": ("noseWrinkle*",),
    # The rig's left and right are the looker's own, ARKit's in and out the nose's.
    "eyeLookOutLeft": ("eyeLookLeftL",),
    "eyeLookInLeft": ("eyeLookRightL",),
    "eyeLookOutRight": ("eyeLookRightR",),
    "eyeLookInRight": ("eyeLookLeftR",),
}


def token(name: str) -> tuple[str, str]:
    """A shape key's name without what spellings differ in: (stem, side "", "l" or "r").

    ``eyeBlinkLeft``, ``EyeBlink_L``, ``eye_blink.l`` and ``head__eyeBlinkL`` give the same.
    """
    bare = _PREFIX.sub("", name.strip())
    match = next(filter(None, (pattern.match(bare) for pattern in _SIDES)), None)
    stem, side = (match[1], match[2][0].lower()) if match else (bare, "")
    return re.sub(r"[^a-z0-9]", "", stem.lower()), side


def _table() -> dict[tuple[str, str], list[str]]:
    """Token -> our names that it may mean."""
    table: dict[tuple[str, str], list[str]] = {}

    def add(theirs: str, ours: str) -> None:
        table.setdefault(token(theirs), []).append(ours)

    for name in (*ARKIT_52, *EXTRAS_12):
        add(name, name)
    for name in _HALF:
        for side in "LR":
            add(f"{name}_{side}", name)
    for name, others in _METAHUMAN.items():
        for other in others:
            for mark, side in (("L", "Left"), ("R", "Right")) if "*" in other else (("", ""),):
                for quarter in ("UL", "UR", "DL", "DR") if "%" in other else ("",):
                    add(other.replace("*", mark).replace("%", quarter), name.replace("*", side))
    return table


_TABLE = _table()


def found(keys: Iterable[str]) -> Mapping:
    """The mapping that a mesh's shape keys' names say.

    A shape spelt exactly as ours is taken before another spelling of it; a whole before its
    halves or quarters. What is of the default model alone is composed of ARKit's.
    """
    theirs: dict[str, list[str]] = {}
    for key in keys:
        for ours in _TABLE.get(token(key), ()):
            theirs.setdefault(ours, []).append(key)
    direct = {ours: _chosen(ours, keys) for ours, keys in theirs.items()}
    mapping: Mapping = {}
    arkits = not any(ours in direct for ours in EXTRAS_12)  # else it is the default model's
    for ours in (*ARKIT_52, *EXTRAS_12):
        parts = STAND_INS.get(ours, {}) if arkits else {}
        parts = {name: weight for name, weight in parts.items() if name in direct}
        wanted = parts or ({ours: 1.0} if ours in direct else {})
        pairs = [(key, weight) for name, weight in wanted.items() for key in direct[name]]
        if pairs:
            mapping[ours] = tuple(pairs)
    return mapping


def _chosen(ours: str, keys: list[str]) -> list[str]:
    if ours in keys:
        return [ours]
    own = token(ours)
    whole = [key for key in keys if token(key) == own]
    return whole[:1] or keys


def missing(mapping: Mapping) -> list[str]:
    """Those of ARKit's 52 that a mapping has nothing for."""
    return [name for name in ARKIT_52 if name not in mapping]


def written(mapping: Mapping, keys: Sequence[str] = ()) -> str:
    """A mapping as text to edit; ``keys`` of the mesh that it does not use are named below."""
    lines = ["# Facewright's name = the mesh's shape keys, each with its weight where not 1."]
    for name in (*ARKIT_52, *EXTRAS_12):
        pairs = ", ".join(
            key if weight == 1 else f"{key} * {weight:g}" for key, weight in mapping.get(name, ())
        )
        lines.append(f"{name} = {pairs}".rstrip())
    used = {key for pairs in mapping.values() for key, _ in pairs}
    left = [key for key in keys if key not in used]
    return "\n".join([*lines, *(f"# not used: {key}" for key in left)]) + "\n"


def read(text: str, keys: Iterable[str]) -> Mapping:
    """A mapping from its text.

    Args:
        text: as :func:`written` makes it.
        keys: the mesh's shape keys.

    Raises:
        InputError: naming the line, for an unknown name or key, or a weight that is none.
    """
    known, mapping = set(keys), {}
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        name, equals, rest = (part.strip() for part in line.partition("="))
        if not equals or name not in (*ARKIT_52, *EXTRAS_12):
            raise InputError(
                f"mapping, line {number}: expected 'NAME = KEY' with one of ARKit's names, "
                f"got {line[:60]!r}"
            )
        pairs = tuple(_pair(part, number, known) for part in rest.split(",") if part.strip())
        if pairs:
            mapping[name] = pairs
    if not mapping:
        raise InputError("mapping: expected a shape key for one name at least, got none")
    return mapping


def _pair(part: str, number: int, known: set[str]) -> tuple[str, float]:
    key, times, weight = (piece.strip() for piece in part.rpartition("*"))
    if not times or part.strip() in known:
        key, weight = part.strip(), "1"
    if key not in known:
        raise InputError(f"mapping, line {number}: the mesh has no shape key {key[:60]!r}")
    try:
        value = float(weight)
    except ValueError:
        value = float("nan")
    if not -10 <= value <= 10:  # also where it is not a number
        raise InputError(
            f"mapping, line {number}: expected a weight from -10 to 10, got {weight[:20]!r}"
        )
    return key, value
