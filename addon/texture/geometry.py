# SPDX-License-Identifier: GPL-3.0-or-later
"""The geometry pass: what Blender shows of a subject, frame by frame.

The scene is evaluated, so sculpting, drivers, constraints and hand-set keys all count.
Where the GPU can draw, each frame is an image with its correspondence (:mod:`.offscreen`);
where not, it is the evaluated vertices and the backend draws.

A frame is *looked at* (main thread, as little as possible), *digested* (any thread: what it
is, before anything is drawn), *drawn* where it has to be sent (main thread) and made a
message (any thread).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cached_property
from typing import Any, Protocol

import bpy
import numpy as np

from ..core import egl
from ..core.errors import InputError
from ..subject.objects import SubjectObjects
from ..v1 import face_pb2
from .look import Look
from .reading import Looker

#: Choices of :func:`create_pass`.
KINDS = ("auto", "image", "vertices")


class Pass(Protocol):
    """Makes messages of the scene's current frame: geometry, and rho beside it."""

    def prepare(self) -> Iterator[None]:
        """Get ready, in steps, before anything else; main thread. Calling the pass does it too."""
        ...

    def look(self) -> Look:
        """What the current frame shows; main thread."""
        ...

    def digest(self, look: Look) -> bytes:
        """(32) bytes that change with whatever the message would say; any thread."""
        ...

    def draw(self, look: Look) -> Any:
        """What only the main thread can make of it, for :meth:`message`."""
        ...

    def message(
        self, look: Look, drawn: Any, index: int, time_code: float
    ) -> face_pb2.GeometryFrame:
        """What is sent; any thread."""
        ...

    def __call__(self, index: int, time_code: float) -> face_pb2.GeometryFrame:
        """The message of the scene's current frame; main thread."""
        ...


def subject_vertices(subject: SubjectObjects, depsgraph: bpy.types.Depsgraph) -> np.ndarray:
    """(V, 3) float32 camera-space vertices in the order of the subject's mesh.

    Raises:
        InputError: an object's vertices are not the subject's any more.
    """
    look = Looker(subject, rho=False).look(depsgraph)
    return look.subject_vertices(subject.rig.name, subject.vertex_count)


def can_draw() -> bool:
    """Whether the GPU can draw here; never ends the process."""
    return not bpy.app.background or egl.usable()


def create_pass(
    subject: SubjectObjects, size: int, kind: str = "auto", *, rho: bool = True
) -> Pass:
    """A geometry pass over a subject.

    Args:
        subject: what to show.
        size: side of the images, pixels: the stream's.
        kind: "image", "vertices", or "auto": images where the GPU can draw.
        rho: say weights, pose and gaze beside the geometry, where they are known.

    Raises:
        InputError: images were asked for where nothing can draw, or there is no photograph.
    """
    if kind not in KINDS:
        raise InputError(f"geometry: expected one of {', '.join(KINDS)}, got {kind!r}")
    if not subject.textured:
        raise InputError(
            f"subject: {subject.rig.name} has no photograph to be textured with; capture one for it"
        )
    if kind == "image" and not can_draw():
        raise InputError(
            "geometry: this machine cannot draw images without a display (no usable EGL); "
            "choose 'vertices'"
        )
    if kind == "vertices" or not can_draw():
        return _VertexPass(subject, rho)
    from .offscreen import ImagePass

    return ImagePass(subject, size, rho)


def ready_pass(subject: SubjectObjects, size: int, kind: str = "auto", *, rho: bool = True) -> Pass:
    """:func:`create_pass`, prepared at once; for scripts."""
    made = create_pass(subject, size, kind, rho=rho)
    for _ in made.prepare():
        pass
    return made


class BasePass:
    """What the kinds of pass share."""

    def __init__(self, subject: SubjectObjects, looker: Looker) -> None:
        self._subject, self._looker = subject, looker

    def prepare(self) -> Iterator[None]:
        return iter(())

    def look(self) -> Look:
        return self._looker.look(bpy.context.evaluated_depsgraph_get())

    def draw(self, look: Look) -> Any:
        return None

    def digest(self, look: Look) -> bytes:
        digest = hashlib.sha256(self._style)
        self._add(digest, look)
        rho = look.rho
        digest.update(b"no rho" if rho is None else rho.SerializeToString(deterministic=True))
        return digest.digest()

    def message(
        self, look: Look, drawn: Any, index: int, time_code: float
    ) -> face_pb2.GeometryFrame:
        frame = face_pb2.GeometryFrame(index=index, time_code=time_code)
        self._fill(frame, look, drawn)
        rho = look.rho
        if rho is not None:
            frame.rho.CopyFrom(rho)
        return frame

    def __call__(self, index: int, time_code: float) -> face_pb2.GeometryFrame:
        look = self.look()
        return self.message(look, self.draw(look), index, time_code)

    @cached_property
    def _style(self) -> bytes:
        """What all frames of the pass have in common."""
        raise NotImplementedError

    def _add(self, digest: Any, look: Look) -> None:
        raise NotImplementedError

    def _fill(self, frame: face_pb2.GeometryFrame, look: Look, drawn: Any) -> None:
        raise NotImplementedError


class _VertexPass(BasePass):
    """Frames as evaluated vertices."""

    def __init__(self, subject: SubjectObjects, rho: bool) -> None:
        super().__init__(subject, Looker(subject, rho=rho))
        self._name, self._count = subject.rig.name, subject.vertex_count

    @cached_property
    def _style(self) -> bytes:
        return b"vertices 1"

    def _add(self, digest: Any, look: Look) -> None:
        digest.update(self._positions(look))

    def _fill(self, frame: face_pb2.GeometryFrame, look: Look, drawn: Any) -> None:
        frame.vertices.positions = self._positions(look)

    def _positions(self, look: Look) -> bytes:
        """What is digested is what is sent."""
        if look.sent is None:
            positions = look.subject_vertices(self._name, self._count)
            look.sent = positions.astype("<f4", copy=False).tobytes()
        return look.sent
