"""The photograph as the texture of a mesh: where each vertex lies in it, what it shows.

The mesh of a subject fits its photo to about a pixel; what is left is taken out here, so
that the mesh's lids and lips end where the photo's do. Everything that a frame needs is
worked out once per subject and size.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from facewright.animate import atlas as atlases
from facewright.animate import openings
from facewright.capture import box as boxes
from facewright.capture.subject import Subject
from facewright.checks import Float32, Int32, UInt8
from facewright.face import pose as poses
from facewright.face.model import MorphableModel, Part
from facewright.render.camera import Camera
from facewright.render.normals import VertexNormals
from facewright.render.rasterise import rasterise

#: Skin points of MediaPipe's mesh; the rest are irises.
_SKIN_POINTS = 468
#: Kernel widths (metres) at which landmarks pull the mesh, coarse to fine.
_PULL_WIDTHS = (0.02, 0.006)
#: The largest correction, in fractions of the crop: more than that is a wrong landmark.
_PULL_LIMIT = 0.02
_REGION_GRID = 256
#: Where the mesh's region begins and is full, inwards from MediaPipe's outline of the
#: face, in face heights.
_FEATHER = (0.0, 0.11)
_BAKED_FROM = 512
#: Share of the head that a matte must show, and how far the person's rim is widened, in
#: crop sides: strands beyond the matte must not stay behind.
_TRUSTED, _RIM = 0.8, 0.012


@dataclass(frozen=True, slots=True)
class PhotoTexture:
    """A subject's photo laid onto its mesh, for frames of ``size`` x ``size``.

    Attributes:
        subject: whose it is.
        size: of frames, and of the photo here.
        camera: of frames.
        triangles: (F', 3) the mesh's triangles without lashes, which the photo shows.
        rows: (F',) their rows in the model.
        parts_of_rows: (F',) uint8 their parts.
        landmarks: (478, 2) MediaPipe's points, in the frame's pixels.
        pixels: (V, 3) where each vertex lies in the photo, and its depth.
        seen: (V,) 0..1, how well the photo shows it.
        face: (V,) 0..1, the region that follows the mesh, feathered towards the hairline,
            ears and neck, which follow the warp.
        correction: (V, 3) model space: what moves the mesh onto the photo's landmarks.
        rest: (V, 3) model space: the photo's shape, corrected.
        photo: (size, size, 4) the crop, and 0..255 how much of it moves with the person.
        plate: (size, size, 3) the crop's background, carried on behind the person.
        skin: (size, size, 3) the crop with eyes and mouth filled from their rims.
        atlas: what all parts look like, seen or not.
    """

    subject: Subject
    size: int
    camera: Camera
    triangles: Int32
    rows: Int32
    parts_of_rows: UInt8
    landmarks: Float32
    pixels: Float32
    seen: Float32
    face: Float32
    correction: Float32
    rest: Float32
    photo: UInt8
    plate: UInt8
    skin: UInt8
    atlas: atlases.Atlas


def photo_texture(subject: Subject, size: int) -> PhotoTexture:
    """Lay the photo of a subject onto its mesh."""
    model, rho = subject.model, subject.coefficients
    camera = subject.camera.resized((size, size))
    landmarks = subject.landmarks * np.float32(size / subject.camera.size[0])
    photo = pictured(subject, size)
    shape = model.vertices(rho.identity, rho.expression, rho.gaze)
    correction = landmark_correction(model, shape, rho.pose, camera, landmarks)
    rest = shape + correction
    posed = poses.transform(rho.pose, rest)
    pixels = camera.project(posed)
    rows = np.flatnonzero(model.triangle_parts != Part.LASHES).astype(np.int32)
    triangles = np.ascontiguousarray(model.triangles[rows])
    found = rasterise(pixels[None], triangles, (size, size))
    normals = VertexNormals(model.triangles, model.vertex_count)(posed)
    seen = visibility(posed, normals, pixels, found.depth[0], 0.004 / model.metres_per_unit)
    holes = openings.find(landmarks, size)
    cover = person(resized(subject.matte, size), found.triangles[0] >= 0)
    return PhotoTexture(
        subject=subject,
        size=size,
        camera=camera,
        triangles=triangles,
        rows=rows,
        parts_of_rows=model.triangle_parts[rows],
        landmarks=landmarks,
        pixels=pixels,
        seen=seen,
        face=face_region(model),
        correction=correction,
        rest=rest,
        photo=np.dstack([photo, np.round(cover * 255).astype(np.uint8)]),
        plate=_plate(photo, cover),
        skin=openings.filled(photo, holes),
        atlas=_atlas_of(subject, triangles, posed, normals),
    )


def person(matte: Float32, head: NDArray[np.bool_]) -> Float32:
    """(S, S) 0..1 what moves with the person: the matte, a little generous.

    Where the matte misses much of the head it cannot be trusted with the hair either, and
    the background moves along (all ones).
    """
    size = len(matte)
    if matte[head].mean() < _TRUSTED:
        return np.ones_like(matte)
    reach = 2 * round(_RIM * size) + 1
    grown = cv2.dilate(matte, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
    return np.clip(cv2.GaussianBlur(grown, (0, 0), _RIM * size / 2), 0, 1)


def _plate(photo: UInt8, cover: Float32) -> UInt8:
    """The photo with the person filled smoothly from the background around."""
    known = np.clip(1 - 4 * cover, 0, 1)
    fill = openings.pull_push(photo.astype(np.float32), known)
    return np.round(fill).clip(0, 255).astype(np.uint8)


def _atlas_of(
    subject: Subject, triangles: Int32, posed: Float32, normals: Float32
) -> atlases.Atlas:
    """Bake the atlas from the crop, no smaller than eyes and teeth need."""
    size = max(_BAKED_FROM, subject.camera.size[0])
    camera = subject.camera.resized((size, size))
    pixels = camera.project(posed)
    depth = rasterise(pixels[None], triangles, (size, size)).depth[0]
    slack = 0.004 / subject.model.metres_per_unit
    return atlases.bake(
        subject.model,
        subject.coefficients,
        pictured(subject, size),
        pixels,
        normals,
        visibility(posed, normals, pixels, depth, slack),
        depth,
        openings.find(subject.landmarks * np.float32(size / subject.camera.size[0]), size),
    )


def atlas_picture(subject: Subject, size: int = atlases.SIZE) -> UInt8:
    """The subject's filled texture atlas: (size, size, 3) uint8 sRGB, row 0 at v = 1.

    What the photo shows is the photo's; what it hides is made up from what it shows.
    """
    return resized(photo_texture(subject, subject.camera.size[0]).atlas.colour, size)


def pictured(subject: Subject, size: int) -> UInt8:
    """(size, size, 3) the photo in the subject's box.

    Cut from the photo again where the crop has fewer pixels than are asked for and the
    photo has more: pores and hair are in there.
    """
    side = len(subject.crop)
    if size > side and subject.box[2] - subject.box[0] > side:
        return boxes.cut(subject.photo, subject.box, size)
    return resized(subject.crop, size)


def resized(picture: NDArray, size: int) -> NDArray:
    """A square picture or matte at another size, without aliasing."""
    if picture.shape[0] == size:
        return picture
    shrinks = picture.shape[0] > size
    return cv2.resize(
        picture, (size, size), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    )


def landmark_correction(
    model: MorphableModel, shape: Float32, pose: Float32, camera: Camera, landmarks: Float32
) -> Float32:
    """(V, 3) small moves in model space that bring a fitted mesh onto its landmarks.

    The misses of MediaPipe's points are spread over the mesh by normalised kernels, coarse
    then fine, parallel to the picture at each vertex's depth.

    Args:
        model: with a MediaPipe embedding, or nothing is corrected.
        shape: (V, 3) fitted, in model space.
        pose: (6,) absolute.
        camera: of the picture with the landmarks.
        landmarks: (478, 2) in its pixels.
    """
    if model.landmarks478 is None:
        return np.zeros_like(shape)
    embedding = model.landmarks478
    anchors = model.landmark_points(model.mean, embedding)[:_SKIN_POINTS]
    posed = poses.transform(pose, shape)
    fitted = camera.project(model.landmark_points(posed, embedding))[:_SKIN_POINTS, :2]
    miss = landmarks[:_SKIN_POINTS] - fitted
    limit = _PULL_LIMIT * camera.size[0]
    length = np.linalg.norm(miss, axis=-1, keepdims=True)
    miss = miss * np.minimum(1, limit / np.maximum(length, 1e-6))
    skin = model.vertex_parts == Part.SKIN
    moves = np.zeros((len(shape), 2), np.float32)
    for width in _PULL_WIDTHS:
        width = width / model.metres_per_unit
        moves[skin] += _spread(model.mean[skin], anchors, miss, width)
        miss = miss - _spread(anchors, anchors, miss, width)
    scale = -posed[:, 2:] / camera.focal
    flat = np.concatenate([moves * scale * np.array([1, -1], np.float32), 0 * scale], -1)
    return (flat @ poses.rotation_matrix(pose[:3])).astype(np.float32)


def _spread(points: Float32, anchors: Float32, values: Float32, width: float) -> Float32:
    """Kernel regression that fades to zero away from the anchors."""
    square = (
        (points**2).sum(-1)[:, None] + (anchors**2).sum(-1) - 2 * points @ anchors.T
    ) / width**2
    kernel = np.exp(-0.5 * np.maximum(square, 0)).astype(np.float32)
    return (kernel @ values) / (kernel.sum(-1, keepdims=True) + 0.3)


def visibility(
    posed: Float32, normals: Float32, pixels: Float32, depth: Float32, slack: float
) -> Float32:
    """(V,) 0..1: in the picture, nearest at its pixel, and not seen at a grazing angle."""
    away = posed / np.linalg.norm(posed, axis=-1, keepdims=True)
    facing = -(normals * away).sum(-1)
    height, width = depth.shape
    x, y = np.floor(pixels[:, 0]).astype(int), np.floor(pixels[:, 1]).astype(int)
    inside = (x >= 0) & (y >= 0) & (x < width) & (y < height)
    nearest = depth[y.clip(0, height - 1), x.clip(0, width - 1)]
    shown = inside & (pixels[:, 2] < nearest + slack)
    return (shown * smoothstep(0.1, 0.35, facing)).astype(np.float32)


def smoothstep(low: float, high: float, value: Any) -> Any:
    """0 below ``low``, 1 above ``high``, smooth between."""
    t = np.clip((value - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def face_region(model: MorphableModel) -> Float32:
    """(V,) 0..1: the skin between hairline, ears and jaw, feathered inside that outline."""
    embedding = model.landmarks478 or model.landmarks68
    outline = model.landmark_points(model.mean, embedding)[:_SKIN_POINTS]
    face_height = float(np.ptp(outline[:, 1]))
    if model.landmarks478 is None:
        # Without forehead points the brows are mirrored up to where the hair begins.
        brows = outline[17:27] + np.array([0, 0.3 * face_height, 0], np.float32)
        outline = np.concatenate([outline, brows])
    low, high = outline[:, :2].min(0), outline[:, :2].max(0)
    cell = float((high - low).max()) / _REGION_GRID
    pad = _REGION_GRID // 4
    drawn = np.zeros((_REGION_GRID + 2 * pad,) * 2, np.uint8)
    hull = cv2.convexHull(np.round((outline[:, :2] - low) / cell + pad).astype(np.int32))
    cv2.fillConvexPoly(drawn, hull, 1)
    distance = cv2.distanceTransform(drawn, cv2.DIST_L2, 5)
    distance -= cv2.distanceTransform(1 - drawn, cv2.DIST_L2, 5)
    cells = np.clip((model.mean[:, :2] - low) / cell + pad, 0, len(drawn) - 1).astype(int)
    inside = distance[cells[:, 1], cells[:, 0]] * (cell / face_height)
    front = model.mean[:, 2] > outline[:, 2].min() - 0.05 * face_height
    skin = model.vertex_parts == Part.SKIN
    return (skin & front) * smoothstep(*_FEATHER, inside)
