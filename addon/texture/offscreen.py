# SPDX-License-Identifier: GPL-3.0-or-later
"""Draws a subject in its camera into memory: shaded picture, UV, part and depth."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import bpy
import gpu
import numpy as np
from gpu.types import GPUIndexBuf, GPUVertBuf
from mathutils import Matrix

from ..core.subject_data import Pinhole
from ..subject.objects import SubjectObjects
from ..v1 import face_pb2
from .geometry import BasePass
from .look import Look, Piece, Topology
from .reading import Looker

#: Distances that are drawn, in model units times the distance of the head.
_NEAR, _FAR = 0.05, 4.0
#: Meshes whose fixed parts stay with the GPU.
_KEPT = 16

_VERTEX = """
void main()
{
  vec4 seen = placed * vec4(position, 1.0);
  gl_Position = projection * seen;
  v_atlas = atlas;
  v_part = part;
  v_position = seen.xyz;
}
"""
# The atlas carries the photograph's light; a mild headlight lets the form be seen.
_FRAGMENT = """
void main()
{
  vec3 normal = normalize(cross(dFdx(v_position), dFdy(v_position)));
  float facing = abs(dot(normal, normalize(v_position)));
  shaded = vec4(texture(picture, v_atlas).rgb * (0.7 + 0.3 * facing), 1.0);
  data = vec4(v_atlas, v_part + 1.0, -v_position.z);
}
"""


def projection(view: Pinhole, near: float, far: float) -> np.ndarray:
    """(4, 4) OpenGL clip matrix of a pinhole camera, for points in camera space."""
    width, height = view.size
    matrix = np.zeros((4, 4))
    matrix[0, 0], matrix[0, 2] = 2 * view.focal / width, 1 - 2 * view.centre[0] / width
    matrix[1, 1], matrix[1, 2] = 2 * view.focal / height, 2 * view.centre[1] / height - 1
    matrix[2, 2], matrix[2, 3] = (far + near) / (near - far), 2 * far * near / (near - far)
    matrix[3, 2] = -1.0
    return matrix


@dataclass(frozen=True, slots=True)
class Drawing:
    """What the GPU made of a look, as it came: shaded picture, and u, v, part + 1, depth."""

    shaded: gpu.types.Buffer
    data: gpu.types.Buffer


class ImagePass(BasePass):
    """Frames as images with correspondence; a :class:`.geometry.Pass`."""

    def __init__(self, subject: SubjectObjects, size: int, rho: bool = True) -> None:
        super().__init__(subject, Looker(subject, topology=True, rho=rho))
        self._size, self._view = size, subject.crop_camera.resized(size)
        self._ready = False

    def prepare(self) -> Iterator[None]:
        """Once: each step holds the main thread for some ten milliseconds at the most."""
        if self._ready:
            return
        start_gpu()
        yield
        self.atlas = Atlas(self._subject)
        yield
        self.atlas.upload()
        yield
        self._canvas = Canvas(self._view, self.atlas)
        yield
        for piece in self.look().pieces:
            self._canvas.batch(piece)
            yield
        self._ready = True

    def draw(self, look: Look) -> Drawing:
        deque(self.prepare(), maxlen=0)  # nothing where that was done
        return self._canvas.draw(look)

    @cached_property
    def _style(self) -> bytes:
        return b"image 2 " + self._canvas.style

    def _add(self, digest: Any, look: Look) -> None:
        for piece in look.pieces:
            digest.update(piece.points.data)
            digest.update(look.to_camera(piece).astype("<f4").data)
            digest.update(piece.topology.digest if piece.topology else b"")

    def _fill(self, frame: face_pb2.GeometryFrame, look: Look, drawn: Drawing) -> None:
        shaded, data = self.planes(drawn)
        image = frame.image
        image.width = image.height = self._size
        image.shaded = shaded.tobytes()
        image.depth = np.ascontiguousarray(data[..., 3]).astype("<f4", copy=False).tobytes()
        if any(piece.topology and (piece.topology.parts >= 0).any() for piece in look.pieces):
            image.uv = data[..., :2].astype("<f2").tobytes()
            image.parts = np.rint(data[..., 2]).astype(np.uint8).tobytes()

    def planes(self, drawn: Drawing) -> tuple[np.ndarray, np.ndarray]:
        """(S, S, 4) uint8 shaded and coverage; (S, S, 4) float32 u, v, part + 1, depth; their
        first row on top."""
        shape = (self._size, self._size, 4)
        shaded = np.frombuffer(drawn.shaded, np.uint8).reshape(shape)[::-1]
        return shaded, np.frombuffer(drawn.data, np.float32).reshape(shape)[::-1]


class Atlas:
    """The picture on a face: its material's image with its sRGB values as they are, or a grey.

    Attributes:
        texture: after :meth:`upload`.
    """

    def __init__(self, subject: SubjectObjects) -> None:
        material = None if subject.bound else subject.face.active_material
        image = None
        if material is not None and material.node_tree is not None:
            nodes = material.node_tree.nodes
            image = next((node.image for node in nodes if node.type == "TEX_IMAGE"), None)
        if image is None or not image.size[0]:
            self._size, self._pixels = (1, 1), np.full(4, 0.7, np.float32)
            return
        self._size = tuple(image.size)
        self._pixels = np.empty(4 * image.size[0] * image.size[1], np.float32)
        image.pixels.foreach_get(self._pixels)

    def upload(self) -> None:
        """Give it to the GPU; main thread."""
        buffer = gpu.types.Buffer("FLOAT", self._pixels.size, self._pixels)
        self.texture = gpu.types.GPUTexture(self._size, format="RGBA8", data=buffer)

    @cached_property
    def digest(self) -> bytes:
        """SHA-256 of its pixels; any thread."""
        digest = hashlib.sha256(str(self._size).encode())
        digest.update(self._pixels.data)
        del self._pixels
        return digest.digest()


class Canvas:
    """Draws looks through a pinhole camera.

    Args:
        view: the camera; its size is the picture's.
        atlas: uploaded.
    """

    def __init__(self, view: Pinhole, atlas: Atlas) -> None:
        self._view, self._atlas = view, atlas
        about = gpu.platform
        self._renderer = f"{about.vendor_get()} {about.renderer_get()} {about.version_get()}"
        self._shader = _shader()
        textures = [gpu.types.GPUTexture(view.size, format=f) for f in ("RGBA8", "RGBA32F")]
        depth = gpu.types.GPUTexture(view.size, format="DEPTH_COMPONENT32F")
        self._buffer = gpu.types.GPUFrameBuffer(depth_slot=depth, color_slots=textures)
        self._textures = (*textures, depth)  # the framebuffer does not keep them alive
        self._kept: dict[int, tuple[Topology, GPUVertBuf, GPUIndexBuf]] = {}

    @cached_property
    def style(self) -> bytes:
        """What decides pixels beside a look; any thread."""
        view = self._view
        text = f"{view.focal!r} {view.centre!r} {view.size!r} {self._renderer}"
        digest = hashlib.sha256((text + _VERTEX + _FRAGMENT).encode())
        digest.update(self._atlas.digest)
        return digest.digest()

    def draw(self, look: Look) -> Drawing:
        """Draw a look; main thread."""
        width, height = self._view.size
        middle = max(_distance(look), 1e-3)
        clip = projection(self._view, _NEAR * middle, _FAR * middle)
        with self._buffer.bind():
            self._buffer.clear(color=(0.0, 0.0, 0.0, 0.0), depth=1.0)
            gpu.state.depth_test_set("LESS_EQUAL")
            gpu.state.depth_mask_set(True)
            gpu.state.face_culling_set("NONE")
            gpu.state.blend_set("NONE")
            gpu.state.viewport_set(0, 0, width, height)
            self._shader.bind()
            self._shader.uniform_float("projection", Matrix(clip))
            self._shader.uniform_sampler("picture", self._atlas.texture)
            for piece in look.pieces:
                self._shader.uniform_float("placed", Matrix(look.to_camera(piece)))
                self.batch(piece).draw(self._shader)
            read = self._buffer.read_color
            shaded = read(0, 0, width, height, 4, 0, "UBYTE")
            data = read(0, 0, width, height, 4, 1, "FLOAT")
            gpu.state.depth_test_set("NONE")
            gpu.state.depth_mask_set(False)
        shaded.dimensions = data.dimensions = width * height * 4
        return Drawing(shaded, data)

    def batch(self, piece: Piece) -> gpu.types.GPUBatch:
        """What is drawn of a piece; main thread."""
        topology = piece.topology
        assert topology is not None  # the pass reads it
        kept = self._kept.get(id(topology))
        if kept is None:
            corners = topology.corners
            fixed = GPUVertBuf(_layout(("atlas", 2), ("part", 1)), len(corners.vertices))
            fixed.attr_fill("atlas", corners.uvs)
            fixed.attr_fill("part", corners.parts)
            kept = (topology, fixed, GPUIndexBuf(type="TRIS", seq=corners.triangles))
            if len(self._kept) >= _KEPT:
                self._kept.clear()  # a mesh that changes from frame to frame
            self._kept[id(topology)] = kept
        vertices = topology.corners.vertices
        moving = GPUVertBuf(_layout(("position", 3)), len(vertices))
        moving.attr_fill("position", piece.points[vertices])
        batch = gpu.types.GPUBatch(type="TRIS", buf=moving, elem=kept[2])
        batch.vertbuf_add(kept[1])
        return batch


def _distance(look: Look) -> float:
    """How far the middle of the first mesh is from the camera, model units."""
    face = look.pieces[0]
    if not len(face.points):
        return 0.0
    matrix = look.to_camera(face)
    middle = face.points[:: max(1, len(face.points) // 100)].mean(axis=0)
    return -float((matrix[2, :3] * middle).sum() + matrix[2, 3])


def _layout(*attributes: tuple[str, int]) -> gpu.types.GPUVertFormat:
    layout = gpu.types.GPUVertFormat()
    for name, length in attributes:
        layout.attr_add(id=name, comp_type="F32", len=length, fetch_mode="FLOAT")
    return layout


def start_gpu() -> None:
    """Make the GPU usable in background mode, where a first render has to start it."""
    if not bpy.app.background:
        return
    try:
        gpu.types.GPUOffScreen(8, 8).free()
        return
    except SystemError:
        pass  # not started yet
    scene = bpy.data.scenes.new("facewright warm-up")
    try:
        scene.render.engine = "BLENDER_WORKBENCH"
        scene.render.resolution_x = scene.render.resolution_y = 16
        scene.render.resolution_percentage = 100
        scene.camera = bpy.data.objects.new("warm-up", bpy.data.cameras.new("warm-up"))
        scene.collection.objects.link(scene.camera)
        bpy.ops.render.render(scene=scene.name)
    finally:
        camera = scene.camera
        bpy.data.scenes.remove(scene)
        if camera:
            bpy.data.cameras.remove(camera.data)


def _shader() -> gpu.types.GPUShader:
    stage = gpu.types.GPUStageInterfaceInfo("facewright_surface")
    stage.smooth("VEC2", "v_atlas")
    stage.flat("FLOAT", "v_part")
    stage.smooth("VEC3", "v_position")
    info = gpu.types.GPUShaderCreateInfo()
    info.push_constant("MAT4", "projection")
    info.push_constant("MAT4", "placed")
    info.sampler(0, "FLOAT_2D", "picture")
    info.vertex_in(0, "VEC3", "position")
    info.vertex_in(1, "VEC2", "atlas")
    info.vertex_in(2, "FLOAT", "part")
    info.vertex_out(stage)
    info.fragment_out(0, "VEC4", "shaded")
    info.fragment_out(1, "VEC4", "data")
    info.vertex_source(_VERTEX)
    info.fragment_source(_FRAGMENT)
    return gpu.shader.create_from_info(info)
