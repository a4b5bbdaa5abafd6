"""What ``facewright models`` lists: models, animators, drivers, weights; licence and size."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from facewright import animate, defaults, drive
from facewright.animate.base import Animator
from facewright.drive import pose, upper
from facewright.errors import FacewrightError
from facewright.face.library import load_model
from facewright.stored import header

#: Files of what moves heads and brows, where it learned anything.
_WEIGHTS = {"diffusion": "pose.safetensors", "gohd": "upper.safetensors"}

#: Further weights that ship, and what they are for; the registries know nothing of them.
_FURTHER = {
    "drive/weights/emoa2e_emotion.safetensors": "EmoA2E with emotion, for --emotion-model emoa2e",
    "drive/weights/audio2exp.safetensors": "Audio2Exp: the mouth of a performance, for --redrive",
    "drive/emotion/weights/emotion_text.safetensors": (
        "from a sentence's embedding to an emotion, for prompts of any words"
    ),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the list.

    Attributes:
        kind: "morphable model", "animator", "driver", "head model", "brow model" or "weights".
        name: what options take; of weights, the file's.
        summary: one line for a user who chooses.
        licence: SPDX expression of its data or weights, "none" where they are missing.
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
    movers = [*_movers("head model", pose), *_movers("brow model", upper)]
    return [*entries, *movers, *_further()]


def _further() -> list[Entry]:
    """Weights that are no choice of their own; those that are not there are left out."""
    entries = []
    for resource, summary in _FURTHER.items():
        path = Path(str(files("facewright").joinpath(*resource.split("/"))))
        if path.is_file():
            try:
                licence = header(path).get("licence", "unknown")
            except FacewrightError as error:
                licence, summary = "unknown", f"cannot be used: {error}"
            entries.append(Entry("weights", path.stem, summary, licence, _size(resource)))
    return entries


def _movers(kind: str, registry: Any) -> list[Entry]:
    """What moves heads, or brows."""
    entries = []
    for name in registry.names():
        try:
            mover = registry.create(name)
        except FacewrightError as error:
            size = _weights_size(name)
            licence = "unknown" if size else "none"
            entries.append(Entry(kind, name, f"cannot be used: {error}", licence, size))
            continue
        size = _weights_size(name)
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


def _weights_size(mover: str) -> int:
    weights = _WEIGHTS.get(mover, "")
    return _size(f"drive/weights/{weights}") if weights else 0


def _size(resource: str) -> int:
    path = files("facewright").joinpath(*resource.split("/"))
    return len(path.read_bytes()) if path.is_file() else 0
