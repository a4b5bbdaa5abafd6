# SPDX-License-Identifier: GPL-3.0-or-later
"""A subject as the backend knows it, away from Blender's main thread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from ..core.client import Backend
from .objects import SubjectObjects

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Person:
    """A subject as a worker, which may not touch bpy, knows it.

    Attributes:
        subject_id: empty for a mesh without a photograph: the model's mean.
        photo: what it was captured from; None without.
        crop: side of its crop, pixels.
        face: which of the photograph's, counted from the largest, 0.
    """

    subject_id: str = ""
    photo: Path | None = None
    crop: int = 0
    face: int = 0

    @classmethod
    def of(cls, who: SubjectObjects) -> Person:
        if not who.textured:
            return cls()
        return cls(who.subject_id, who.photo, who.crop_camera.size[0], who.face_index)

    def ensure(self, backend: Backend, call: Callable[[], T]) -> T:
        """``call()``, once more after a new capture where the backend forgot the subject."""
        if self.photo is None:
            return call()
        return backend.with_subject(self.subject_id, self.photo, self.crop, call, self.face)
