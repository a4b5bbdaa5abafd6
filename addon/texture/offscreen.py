# SPDX-License-Identifier: GPL-3.0-or-later
"""Draws a subject in its camera into memory: shaded picture, UV, part and depth."""

from __future__ import annotations

import bpy
import gpu
import numpy as np
from mathutils import Matrix

from ..core.subject_data import Pinhole
from ..subject.objects import SubjectObjects
from ..v1 import face_pb2
from .geometry import Surface, surface

#: Distances that are drawn, in model units times the distance of the head.
_NEAR, _FAR = 0.05, 4.0

_VERTEX = """
void main()
{
  gl_Position = projection * vec4(position, 1.0);
  v_atlas = atlas;
  v_part = part;
  v_position = position;
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


class ImagePass:
    """Frames as images with correspondence; a :data:`.geometry.Pass`."""

    def __init__(self, subject: SubjectObjects, size: int) -> None:
        self._subject = subject
        self._size = size
        start_gpu()
        self._shader = _shader()
        self._picture = _texture(subject.face.active_material)
        textures = [gpu.types.GPUTexture((size, size), format=f) for f in ("RGBA8", "RGBA32F")]
        depth = gpu.types.GPUTexture((size, size), format="DEPTH_COMPONENT32F")
        self._buffer = gpu.types.GPUFrameBuffer(depth_slot=depth, color_slots=textures)
        self._textures = (*textures, depth)  # the framebuffer does not keep them alive

    def __call__(self, index: int, time_code: float) -> face_pb2.GeometryFrame:
        shaded, data = self.draw(surface(self._subject, bpy.context.evaluated_depsgraph_get()))
        image = face_pb2.ImageFrame(
            width=self._size,
            height=self._size,
            shaded=shaded.tobytes(),
            uv=data[..., :2].astype("<f2").tobytes(),
            parts=np.rint(data[..., 2]).astype(np.uint8).tobytes(),
            depth=data[..., 3].astype("<f4").tobytes(),
        )
        return face_pb2.GeometryFrame(index=index, time_code=time_code, image=image)

    def draw(self, shown: Surface) -> tuple[np.ndarray, np.ndarray]:
        """(S, S, 4) uint8 shaded and coverage; (S, S, 4) float32 u, v, part + 1, depth."""
        size = self._size
        depth = -shown.positions[:, 2]
        middle = max(float(np.median(depth)), 1e-3)
        clip = projection(self._subject.crop_camera.resized(size), _NEAR * middle, _FAR * middle)
        batch = _batch(shown)
        with self._buffer.bind():
            self._buffer.clear(color=(0.0, 0.0, 0.0, 0.0), depth=1.0)
            gpu.state.depth_test_set("LESS_EQUAL")
            gpu.state.depth_mask_set(True)
            gpu.state.face_culling_set("NONE")
            gpu.state.blend_set("NONE")
            gpu.state.viewport_set(0, 0, size, size)
            self._shader.bind()
            self._shader.uniform_float("projection", Matrix(clip))
            self._shader.uniform_sampler("picture", self._picture)
            batch.draw(self._shader)
            shaded = self._read(0, "UBYTE", np.uint8)
            data = self._read(1, "FLOAT", np.float32)
            gpu.state.depth_test_set("NONE")
            gpu.state.depth_mask_set(False)
        return shaded, data

    def _read(self, slot: int, kind: str, dtype: type) -> np.ndarray:
        """A colour attachment as (S, S, 4), its first row on top."""
        size = self._size
        buffer = self._buffer.read_color(0, 0, size, size, 4, slot, kind)
        buffer.dimensions = size * size * 4
        return np.array(buffer, dtype=dtype).reshape(size, size, 4)[::-1]


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


def _batch(shown: Surface) -> gpu.types.GPUBatch:
    """The triangles with a vertex of its own for each corner."""
    layout = gpu.types.GPUVertFormat()
    layout.attr_add(id="position", comp_type="F32", len=3, fetch_mode="FLOAT")
    layout.attr_add(id="atlas", comp_type="F32", len=2, fetch_mode="FLOAT")
    layout.attr_add(id="part", comp_type="F32", len=1, fetch_mode="FLOAT")
    corners = shown.triangles.size
    vertices = gpu.types.GPUVertBuf(layout, corners)
    vertices.attr_fill("position", shown.positions[shown.triangles.ravel()])
    vertices.attr_fill("atlas", np.ascontiguousarray(shown.uvs.reshape(corners, 2)))
    vertices.attr_fill("part", np.repeat(shown.parts, 3).astype(np.float32).reshape(corners, 1))
    return gpu.types.GPUBatch(type="TRIS", buf=vertices)


def _texture(material: bpy.types.Material | None) -> gpu.types.GPUTexture:
    """The material's atlas with its sRGB values as they are, or a grey where it has none."""
    image = None
    if material is not None and material.node_tree is not None:
        nodes = material.node_tree.nodes
        image = next((node.image for node in nodes if node.type == "TEX_IMAGE"), None)
    if image is None or not image.size[0]:
        pixels, size = np.full(4, 0.7, np.float32), (1, 1)
    else:
        pixels = np.empty(4 * image.size[0] * image.size[1], np.float32)
        image.pixels.foreach_get(pixels)
        size = tuple(image.size)
    buffer = gpu.types.Buffer("FLOAT", pixels.size, pixels)
    return gpu.types.GPUTexture(size, format="RGBA8", data=buffer)
