"""Arrays -> messages: subjects and motions as they travel."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from facewright.capture.subject import Subject
from facewright.checks import Float32, UInt8
from facewright.errors import InputError
from facewright.face.model import MorphableModel, Part
from facewright.face.motion import Motion
from facewright.media.picture import encode_picture
from facewright.render.camera import Camera
from facewright.serve.v1 import face_pb2, service_pb2

CHUNK_BYTES = 2 << 20  # of one message where data may be cut freely
PICTURE_MARGIN = 1 << 10  # bytes of a message beside its picture


def camera(value: Camera) -> face_pb2.Camera:
    """A camera."""
    return face_pb2.Camera(
        focal=value.focal,
        centre_x=value.centre[0],
        centre_y=value.centre[1],
        width=value.size[0],
        height=value.size[1],
    )


def subject_header(key: str, subject: Subject) -> face_pb2.SubjectHeader:
    """What begins a captured subject."""
    rho = subject.coefficients
    return face_pb2.SubjectHeader(
        subject_id=key,
        model=subject.model.name,
        camera=camera(subject.camera),
        box=face_pb2.Box(**dict(zip(("x0", "y0", "x1", "y1"), subject.box, strict=True))),
        photo_width=subject.photo.shape[1],
        photo_height=subject.photo.shape[0],
        pose=face_pb2.SubjectPose(
            expression=rho.expression.tolist(), pose=rho.pose.tolist(), gaze=rho.gaze.tolist()
        ),
        shape_key_count=len(subject.model.expression_names),
        warnings=subject.warnings,
    )


def subject_mesh(subject: Subject) -> face_pb2.SubjectMesh:
    """The mesh at rest: S_mean + B_id alpha, eyes straight ahead."""
    model, identity = subject.model, subject.coefficients.identity
    rest = model.vertices(identity, np.zeros(len(model.expression_names), np.float32))
    centres = _eye_centres(model, rest)
    return face_pb2.SubjectMesh(
        vertices=_bytes(rest, "<f4"),
        triangles=_bytes(model.triangles, "<i4"),
        uvs=_bytes(model.uvs, "<f4"),
        uv_triangles=_bytes(model.uv_triangles, "<i4"),
        parts=mesh_parts(model),
        vertex_count=model.vertex_count,
        triangle_count=len(model.triangles),
        uv_count=len(model.uvs),
        eye_centres=b"" if centres is None else _bytes(centres, "<f4"),
        metres_per_unit=model.metres_per_unit,
    )


def mesh_parts(model: MorphableModel) -> list[face_pb2.MeshPart]:
    """The runs of vertices and triangles of each part.

    Raises:
        InputError: the model's vertices or triangles are not sorted by part.
    """
    vertex_runs = _runs(model.vertex_parts, model.name, "vertices")
    triangle_runs = _runs(model.triangle_parts, model.name, "triangles")
    return [
        face_pb2.MeshPart(
            part=part,  # type: ignore[arg-type]  # an enum's number
            first_vertex=vertex_runs.get(part, (0, 0))[0],
            vertex_count=vertex_runs.get(part, (0, 0))[1],
            first_triangle=triangle_runs.get(part, (0, 0))[0],
            triangle_count=triangle_runs.get(part, (0, 0))[1],
        )
        for part in sorted(vertex_runs | triangle_runs)
    ]


def shape_keys(model: MorphableModel) -> Iterator[face_pb2.ShapeKeys]:
    """All shape keys, several to a message."""
    names, deltas = model.expression_names, model.expression_basis
    step = max(1, CHUNK_BYTES // (model.vertex_count * 12))
    for first in range(0, len(names), step):
        yield face_pb2.ShapeKeys(
            first=first,
            names=names[first : first + step],
            deltas=_bytes(deltas[first : first + step], "<f4"),
        )


def picture(pixels: UInt8) -> face_pb2.Picture:
    """(H, W, 3) uint8 sRGB as a PNG."""
    return face_pb2.Picture(
        data=encode_picture(pixels, "png"), width=pixels.shape[1], height=pixels.shape[0]
    )


def large_picture(pixels: UInt8, most: int) -> face_pb2.Picture:
    """(H, W, 3) uint8 sRGB as a PNG, or as a JPEG where that has more than ``most`` bytes."""
    data = encode_picture(pixels, "png", effort=1)
    if len(data) > most - PICTURE_MARGIN:
        data = encode_picture(pixels, "jpg")
    return face_pb2.Picture(data=data, width=pixels.shape[1], height=pixels.shape[0])


def motion(value: Motion) -> Iterator[service_pb2.DriveSpeechResponse]:
    """A motion's header, then its frames in runs."""
    header = motion_header(value.fps, value.model, value.names, value.sources, len(value))
    yield service_pb2.DriveSpeechResponse(header=header)
    step = max(1, CHUNK_BYTES // (4 * (len(value.names) + 12)))
    for first in range(0, len(value), step):
        run = slice(first, first + step)
        yield service_pb2.DriveSpeechResponse(
            frames=motion_frames(
                value.fps, first, value.expression[run], value.pose[run], value.gaze[run]
            )
        )


def motion_header(
    fps: float, model: str, names: tuple[str, ...], sources: dict[str, str], count: int
) -> face_pb2.MotionHeader:
    """What begins a motion; ``count`` 0 where it is not known yet."""
    return face_pb2.MotionHeader(
        fps=fps, model=model, names=names, frame_count=count, sources=sources
    )


def motion_frames(
    fps: float, first: int, expression: Float32, pose: Float32, gaze: Float32
) -> face_pb2.MotionFrames:
    """A run of frames, of which the first one has the index ``first``."""
    return face_pb2.MotionFrames(
        first=first,
        times=(first + np.arange(len(expression))) / fps,
        expression=_bytes(expression, "<f4"),
        pose=_bytes(pose, "<f4"),
        gaze=_bytes(gaze, "<f4"),
    )


def sound(wav: bytes) -> Iterator[service_pb2.DriveSpeechResponse]:
    """A script's sound in pieces."""
    for first in range(0, len(wav), CHUNK_BYTES):
        yield service_pb2.DriveSpeechResponse(speech=wav[first : first + CHUNK_BYTES])


def _eye_centres(model: MorphableModel, rest: Float32) -> Float32 | None:
    """(2, 3): the mean's centres, moved with their eyeballs' vertices."""
    if model.eye_centres is None:
        return None
    rows = [model.vertex_parts == part for part in (Part.EYE_LEFT, Part.EYE_RIGHT)]
    moved = np.stack([(rest[row] - model.mean[row]).mean(0) for row in rows])
    return model.eye_centres + moved


def _bytes(values: NDArray, dtype: str) -> bytes:
    return np.ascontiguousarray(values, dtype).tobytes()


def _runs(parts: NDArray[np.uint8], model: str, what: str) -> dict[int, tuple[int, int]]:
    if (np.diff(parts.astype(np.int16)) < 0).any():
        raise InputError(f"model {model!r}: its {what} are not sorted by part, as the proto needs")
    ids, first, count = np.unique(parts, return_index=True, return_counts=True)
    return {int(i): (int(f), int(c)) for i, f, c in zip(ids, first, count, strict=True)}
