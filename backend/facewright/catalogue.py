"""What ``facewright models`` lists: models, animators, drivers, with licence and size."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from facewright import animate, defaults, drive
from facewright.animate.base import Animator
from facewright.drive import pose, upper
from facewright.errors import FacewrightError
from facewright.face.library import load_model

#: Files of what moves heads and brows, where it learned anything.
_WEIGHTS = {"diffusion": "pose.safetensors", "gohd": "upper.safetensors"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the list.

    Attributes:
        kind: "morphable model", "animator", "driver", "head model" or "brow model".
        name: what options take.
        summary: one line for a user who chooses.
        licence: SPDX expression of its data or weights.
        data_bytes: size of its data or weights, 0 where it has none.
    """

    kind: str
    name: str
    summary: str
    licence: str
    data_bytes: int


def catalogue() -> list[Entry]:
    """Everything there is, read from the registries and the files themselves.

    What cannot be used, because its weights are missing or damaged, says so.
    """
    model = load_model()
    entries = [
        Entry(
            "morphable model",
            model.name,
            f"{len(model.mean):,} vertices; {len(model.identity_basis)} identity,"
            f" {len(model.expression_basis)} expression, {len(model.texture_basis)} texture",
            model.licence,
            _size("face/data/default.npz"),
        )
    ]
    for name in animate.names():
        try:
            animator = animate.create(name)
        except FacewrightError as error:
            entries.append(Entry("animator", name, f"cannot be used: {error}", "unknown", 0))
            continue
        size = _size(f"animate/weights/{name}.safetensors")
        entries.append(Entry("animator", name, _about(animator), animator.licence, size))
    for name in drive.names():
        driver = drive.create(name)
        size = _size(f"drive/weights/{name}.safetensors")
        entries.append(Entry("driver", name, driver.summary, driver.licence, size))
    return [*entries, *_movers("head model", pose), *_movers("brow model", upper)]


def _movers(kind: str, registry: Any) -> list[Entry]:
    """What moves heads, or brows."""
    entries = []
    for name in registry.names():
        try:
            mover = registry.create(name)
        except FacewrightError as error:
            entries.append(Entry(kind, name, f"cannot be used: {error}", "unknown", 0))
            continue
        weights = _WEIGHTS.get(name, "")
        size = _size(f"drive/weights/{weights}") if weights else 0
        licence = getattr(mover, "licence", "Apache-2.0")
        entries.append(Entry(kind, name, mover.summary, licence, size))
    return entries


def lines(entries: list[Entry]) -> list[str]:
    """The entries as a table of plain text."""
    rows = [("NAME", "KIND", "LICENCE", "SIZE", "SUMMARY")]
    for entry in entries:
        size = f"{entry.data_bytes / 1e6:.1f} MB" if entry.data_bytes else "none"
        rows.append((entry.name, entry.kind, entry.licence, size, entry.summary))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return [
        "  ".join([*(cell.ljust(w) for cell, w in zip(row, widths, strict=False)), row[4]]).rstrip()
        for row in rows
    ]


def _about(animator: Animator) -> str:
    """An animator's line: what it does, its steps, whether it is taken by default."""
    parts = [animator.summary]
    if animator.steps is not None:
        least, default, most = animator.steps
        parts.append(f"{least} to {most} steps, {default} if not told")
    if animator.name == defaults.ANIMATOR:
        parts.append("the default")
    return "; ".join(parts)


def _size(resource: str) -> int:
    path = files("facewright").joinpath(*resource.split("/"))
    return len(path.read_bytes()) if path.is_file() else 0
