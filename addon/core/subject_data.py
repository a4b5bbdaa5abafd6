# SPDX-License-Identifier: GPL-3.0-or-later
"""What the backend answers, as checked NumPy arrays; no bpy.

Space: model space is x to the subject's left, y up, z out of the face; camera space is
x right, y up, looking along -z; lengths are model units.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ..v1 import face_pb2, service_pb2
from .errors import BackendError


@dataclass(frozen=True, slots=True)
class Pinhole:
    """A camera with square pixels: u = c_x + f x / -z, v = c_y - f y / -z.

    Attributes:
        focal: pixels.
        centre: principal point (c_x, c_y) from the top left corner, pixels.
        size: (width, height) in pixels.
    """

    focal: float
    centre: tuple[float, float]
    size: tuple[int, int]

    def resized(self, size: int) -> Pinhole:
        """The same square view at ``size`` x ``size`` pixels."""
        scale = size / self.size[0]
        return Pinhole(
            self.focal * scale, (self.centre[0] * scale, self.centre[1] * scale), (size, size)
        )

    def uncropped(self, box: tuple[float, float, float, float], size: tuple[int, int]) -> Pinhole:
        """The camera of the whole photograph that this camera's picture is a box of."""
        scale = (box[2] - box[0]) / self.size[0]
        centre = (box[0] + self.centre[0] * scale, box[1] + self.centre[1] * scale)
        return Pinhole(self.focal * scale, centre, size)


@dataclass(frozen=True, slots=True)
class Run:
    """Consecutive vertices and triangles of one part (``face_pb2.Part``)."""

    part: int
    vertices: slice
    triangles: slice


@dataclass(frozen=True, slots=True)
class SubjectData:
    """A captured subject.

    Attributes:
        subject_id: what the backend calls it.
        model: name of the morphable model.
        camera: of the square crop.
        box: x0, y0, x1, y1 of the crop in the photograph, pixels.
        photo_size: (width, height) of the photograph, pixels.
        expression: (K,) weights of the shape keys in the photograph.
        pose: (6,) head pose in the photograph: X_cam = R X + t.
        gaze: (4,) in the photograph.
        vertices: (V, 3) float32 at rest.
        triangles: (F, 3) int32.
        uvs: (U, 2) float32, v upwards.
        uv_triangles: (F, 3) int32.
        runs: parts, in the mesh's order.
        eye_centres: (2, 3) float32, left then right, or None.
        metres_per_unit: scale of model space.
        key_names: K names of the shape keys.
        key_deltas: (K, V, 3) float32 offsets from rest at weight 1.
        key_ranges: (K, 2) float32 slider limits.
        texture, plate: picture files in memory (PNG or JPEG).
        warnings: for the user.
        photo: the whole photograph as a picture file in memory; empty where not asked for.
    """

    subject_id: str
    model: str
    camera: Pinhole
    box: tuple[float, float, float, float]
    photo_size: tuple[int, int]
    expression: np.ndarray
    pose: np.ndarray
    gaze: np.ndarray
    vertices: np.ndarray
    triangles: np.ndarray
    uvs: np.ndarray
    uv_triangles: np.ndarray
    runs: tuple[Run, ...]
    eye_centres: np.ndarray | None
    metres_per_unit: float
    key_names: tuple[str, ...]
    key_deltas: np.ndarray
    key_ranges: np.ndarray
    texture: bytes
    plate: bytes
    warnings: tuple[str, ...]
    photo: bytes = b""


@dataclass(frozen=True, slots=True)
class PoseData:
    """A named pose of the face.

    Attributes:
        name: e.g. "viseme_PP", "happy".
        group: "viseme" or "emotion".
        summary: for people.
        weights: blendshape -> weight, 0..1.
    """

    name: str
    group: str
    summary: str
    weights: dict[str, float]


@dataclass(frozen=True, slots=True)
class MotionData:
    """A performance; frame k is at k / fps seconds of the sound.

    Attributes:
        fps: frames a second.
        model: whose blendshapes ``names`` are.
        names: E blendshapes, columns of ``expression``.
        expression: (T, E) float32 weights.
        pose: (T, 6) float32, relative to the subject's neutral pose.
        gaze: (T, 4) float32.
    """

    fps: float
    model: str
    names: tuple[str, ...]
    expression: np.ndarray
    pose: np.ndarray
    gaze: np.ndarray

    def __len__(self) -> int:
        return len(self.expression)


def array(name: str, data: bytes, dtype: str, shape: tuple[int, ...]) -> np.ndarray:
    """Bytes of the contract as an array, or BackendError where the length is wrong."""
    wanted = int(np.prod(shape)) * np.dtype(dtype).itemsize
    if len(data) != wanted:
        raise BackendError(
            f"{name}: the backend sent {len(data)} bytes where {wanted} were expected; "
            "install the add-on and the backend of the same release"
        )
    return np.frombuffer(data, dtype=dtype).reshape(shape)


def indices(name: str, data: bytes, count: int, end: int) -> np.ndarray:
    """(count, 3) int32 below ``end``, or BackendError: Blender does not survive others."""
    found = array(name, data, "<i4", (count, 3))
    if count and not 0 <= found.min() <= found.max() < end:
        raise BackendError(
            f"{name}: the backend sent {found.min()} to {found.max()} where 0 to {end - 1} were "
            "expected; install the add-on and the backend of the same release"
        )
    return found


def read_subject(
    header: face_pb2.SubjectHeader,
    mesh: face_pb2.SubjectMesh,
    keys: Iterable[face_pb2.ShapeKeys],
    pictures: service_pb2.SubjectPictures,
) -> SubjectData:
    """Join the messages that CaptureSubject answers."""
    count = mesh.vertex_count
    names: list[str] = []
    deltas: list[np.ndarray] = []
    ranges: list[tuple[float, float]] = []
    for part in keys:
        size = len(part.names)
        names += part.names
        deltas.append(array("shape_keys.deltas", part.deltas, "<f4", (size, count, 3)))
        ranges += zip(part.minimum or [0.0] * size, part.maximum or [1.0] * size, strict=False)
    for what, came, wanted in (
        ("shape_keys", len(names), header.shape_key_count),
        ("shape_keys.limits", len(ranges), len(names)),
        ("pose", len(header.pose.pose), 6),
        ("gaze", len(header.pose.gaze), 4),
        ("mesh.parts", sum(run.triangle_count for run in mesh.parts), mesh.triangle_count),
    ):
        if came != wanted:
            raise BackendError(
                f"{what}: {came} came where {wanted} were expected; install the add-on and the "
                "backend of the same release"
            )
    camera = header.camera
    return SubjectData(
        subject_id=header.subject_id,
        model=header.model,
        camera=Pinhole(
            camera.focal, (camera.centre_x, camera.centre_y), (camera.width, camera.height)
        ),
        box=(header.box.x0, header.box.y0, header.box.x1, header.box.y1),
        photo_size=(header.photo_width, header.photo_height),
        expression=np.array(header.pose.expression, dtype=np.float32),
        pose=np.array(header.pose.pose, dtype=np.float64),
        gaze=np.array(header.pose.gaze, dtype=np.float32),
        vertices=array("mesh.vertices", mesh.vertices, "<f4", (count, 3)),
        triangles=indices("mesh.triangles", mesh.triangles, mesh.triangle_count, count),
        uvs=array("mesh.uvs", mesh.uvs, "<f4", (mesh.uv_count, 2)),
        uv_triangles=indices(
            "mesh.uv_triangles", mesh.uv_triangles, mesh.triangle_count, mesh.uv_count
        ),
        runs=tuple(
            Run(
                run.part,
                slice(run.first_vertex, run.first_vertex + run.vertex_count),
                slice(run.first_triangle, run.first_triangle + run.triangle_count),
            )
            for run in mesh.parts
        ),
        eye_centres=(
            array("mesh.eye_centres", mesh.eye_centres, "<f4", (2, 3)) if mesh.eye_centres else None
        ),
        metres_per_unit=mesh.metres_per_unit or 1.0,
        key_names=tuple(names),
        key_deltas=np.concatenate(deltas) if deltas else np.zeros((0, count, 3), np.float32),
        key_ranges=np.array(ranges, dtype=np.float32).reshape(-1, 2),
        texture=pictures.texture.data,
        plate=pictures.plate.data,
        warnings=tuple(header.warnings),
        photo=pictures.photo.data,
    )


def read_poses(answer: service_pb2.GetPosesResponse) -> list[PoseData]:
    """What GetPoses answers."""
    poses = []
    for pose in answer.poses:
        came, wanted = len(pose.weights), len(answer.names)
        if came != wanted:
            raise BackendError(
                f"poses: {pose.name} has {came} weights for {wanted} names; "
                "install the add-on and the backend of the same release"
            )
        weights = dict(zip(answer.names, pose.weights, strict=True))
        poses.append(PoseData(pose.name, pose.group, pose.summary, weights))
    return poses


def read_motion(
    header: face_pb2.MotionHeader, parts: Iterable[face_pb2.MotionFrames]
) -> MotionData:
    """Join the messages that DriveSpeech answers."""
    names = tuple(header.names)
    expression, pose, gaze = [], [], []
    for part in parts:
        frames = len(part.times)
        expression.append(array("frames.expression", part.expression, "<f4", (frames, len(names))))
        pose.append(array("frames.pose", part.pose, "<f4", (frames, 6)))
        gaze.append(array("frames.gaze", part.gaze, "<f4", (frames, 4)))
    came = sum(map(len, pose))
    if came != header.frame_count or not came:
        raise BackendError(f"motion: {came} frames came where {header.frame_count} were promised")
    return MotionData(
        fps=header.fps,
        model=header.model,
        names=names,
        expression=np.concatenate(expression),
        pose=np.concatenate(pose),
        gaze=np.concatenate(gaze),
    )
