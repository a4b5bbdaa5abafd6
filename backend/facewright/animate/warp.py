"""A smooth warp of the photo that follows the head and comes to rest around it.

Pixels of head and hair are given a depth and move rigidly with the head; neck and
shoulders follow its shift softly; background moves in a band around the head alone, and
nothing moves where the crop will be pasted back into a larger picture. Towards the face
the warp is bent to agree with the mesh, so that one can pass into the other. The field
lives on a coarse grid: it is smooth, and a frame costs a few thousand points.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from facewright.animate.openings import pull_push
from facewright.animate.texture import PhotoTexture, smoothstep
from facewright.capture.subject import Subject
from facewright.checks import Float32, Int32, UInt8
from facewright.face import pose as poses
from facewright.render.camera import Camera
from facewright.render.rasterise import interpolate, rasterise

#: Nodes of the sheet along a side of the crop, and beyond each border.
GRID, _MARGIN = 96, 14
# In face heights (hairline to chin): where the neck starts and ends to let go of the head
# below the chin, and how far background is carried along.
_NECK = (-0.1, 0.25)
_BAND = 0.42
#: Share of the head's shift that shoulders follow.
_TORSO_SHARE = 0.8
#: Width of the resting border, in crop sides.
_BORDER = 0.12
#: Reach of the mesh on the field around it, in nodes, and how soon it fades.
_BEND_REACH, _BEND_FADE = 2.2, 0.05
#: Pixels a cell in which the head's depth is found.
_FINE = 4
#: How much further away background is drawn than the head, in model units of depth.
_BEHIND = 1.0


@dataclass(frozen=True, slots=True)
class Warp:
    """What is computed once: the photo's nodes and how each follows the head.

    Attributes:
        camera: of frames.
        neutral: (6,) pose of the head in the photo.
        nodes: (N, 2) the nodes' pixels in the photo, row by row, some beyond its borders.
        triangles: (T, 3) the sheet they form.
        points: (N, 3) the head's point at each node, in model space.
        head: (N, 1) share of the head's motion.
        torso: (N, 1) share of the head's shift.
        pivot: (3,) model point whose shift the shoulders follow.
    """

    camera: Camera
    neutral: Float32
    nodes: Float32
    triangles: Int32
    points: Float32
    head: Float32
    torso: Float32
    pivot: Float32


def prepare(texture: PhotoTexture) -> Warp:
    """Give the photo's pixels depth, and a share in the head's motion."""
    subject, camera, size = texture.subject, texture.camera, texture.size
    rho = subject.coefficients
    side = GRID + 2 * _MARGIN
    steps = (np.arange(side, dtype=np.float32) - _MARGIN + 0.5) * (size / GRID)
    nodes = np.stack(np.meshgrid(steps, steps), -1)
    posed = poses.transform(rho.pose, texture.rest)
    pixels = camera.project(posed)
    covered, depth = _depth(texture, pixels, side)
    nodes = nodes.reshape(-1, 2)
    across = (
        (nodes - np.array(camera.centre, np.float32)) * np.array([1, -1], np.float32) / camera.focal
    )
    points = np.concatenate([across, np.full((len(nodes), 1), -1, np.float32)], -1) * depth
    points = (points - rho.pose[3:]) @ poses.rotation_matrix(rho.pose[:3])
    head, torso = _shares(texture, nodes.reshape(side, side, 2) / size, covered)
    return Warp(
        camera=camera,
        neutral=rho.pose,
        nodes=nodes,
        triangles=_sheet(side),
        points=points.astype(np.float32),
        head=head.reshape(-1, 1),
        torso=torso.reshape(-1, 1),
        pivot=np.zeros(3, np.float32),
    )


def _depth(texture: PhotoTexture, pixels: Float32, side: int) -> tuple[UInt8, Float32]:
    """(side, side) whether the mesh covers a node, and (N, 1) the depth of each.

    Beyond the mesh, hair is as deep as the head's outline. That lies halfway to the back of
    the head, so that outlines hardly move as heads turn; it has to be found finely, for
    just inside of it the surface comes steeply to the front.
    """
    fine = side * _FINE
    cells = (pixels[:, :2] * np.float32(GRID / texture.size) + _MARGIN) * _FINE
    found = rasterise(
        np.concatenate([cells, pixels[:, 2:]], -1)[None], texture.triangles, (fine, fine)
    )
    covered = (found.triangles[0] >= 0).astype(np.uint8)
    depth = np.where(covered, found.depth[0], 0)
    outline = covered - cv2.erode(covered, np.ones((3, 3), np.uint8))
    around = pull_push(depth[..., None], outline.astype(np.float32)).reshape(fine, fine)
    depth = np.where(covered, depth, around).astype(np.float32)
    nodes = cv2.resize(depth, (side, side), interpolation=cv2.INTER_AREA)
    nodes = cv2.GaussianBlur(nodes, (0, 0), 0.6)
    return cv2.resize(covered, (side, side), interpolation=cv2.INTER_NEAREST), nodes.reshape(-1, 1)


def _sheet(side: int) -> Int32:
    """(T, 3) triangles of side x side nodes, facing the camera."""
    index = np.arange(side * side, dtype=np.int32).reshape(side, side)
    a, b, c, d = index[:-1, :-1], index[1:, :-1], index[1:, 1:], index[:-1, 1:]
    return np.stack([a, b, c, a, c, d], -1).reshape(-1, 3)


def _shares(texture: PhotoTexture, nodes: Float32, covered: UInt8) -> tuple[Float32, Float32]:
    """Shares of each node (0..1 over the crop) in the head's motion and in its shift."""
    subject = texture.subject
    landmarks = subject.landmarks / subject.camera.size[0]
    chin, brow = landmarks[152], landmarks[10]
    face_height = float(np.linalg.norm(chin - brow))
    down = (chin - brow) / face_height
    below = (nodes - chin) @ down / face_height
    neck = smoothstep(*_NECK, below)
    matte = cv2.resize(
        texture.photo[..., 3] / np.float32(255), (GRID, GRID), interpolation=cv2.INTER_AREA
    )
    matte = cv2.copyMakeBorder(matte, *(_MARGIN,) * 4, cv2.BORDER_REPLICATE)
    person = (np.maximum(matte, covered) >= 0.5).astype(np.uint8)
    away = cv2.distanceTransform(1 - person, cv2.DIST_L2, 5) / GRID
    band = 1 - smoothstep(0.0, 1.0, away / (_BAND * face_height))
    rest = _resting(subject, nodes)
    head = cv2.GaussianBlur((band * (1 - neck)).astype(np.float32), (0, 0), 2.2) * rest
    torso = cv2.GaussianBlur((band * neck).astype(np.float32), (0, 0), 2.2) * rest
    return head.astype(np.float32), (torso * _TORSO_SHARE).astype(np.float32)


def _resting(subject: Subject, nodes: Float32) -> Float32:
    """0 at sides of the crop where the photo goes on, 1 inside and at the photo's own."""
    height, width = subject.photo.shape[:2]
    x0, y0, x1, y1 = subject.box
    rest = np.ones(nodes.shape[:2], np.float32)
    sides = ((x0 > 0, nodes[..., 0]), (y0 > 0, nodes[..., 1]),
             (x1 < width, 1 - nodes[..., 0]), (y1 < height, 1 - nodes[..., 1]))  # fmt: skip
    for goes_on, distance in sides:
        if goes_on:
            rest = rest * smoothstep(0.0, _BORDER, distance)
    return rest


def field(warp: Warp, pose: Float32) -> Float32:
    """(size, size, 2) for each pixel of the frame, the point of the photo that it shows.

    The sheet of nodes is moved and drawn like any mesh, so that where it folds the nearer
    layer hides the other, and what turned away from the camera is not seen.

    Args:
        warp: of :func:`prepare`.
        pose: (6,) absolute pose of the head in the frame.
    """
    moved = warp.camera.project(poses.transform(pose, warp.points))
    pivots = np.stack([poses.transform(p, warp.pivot[None])[0] for p in (pose, warp.neutral)])
    after, before = warp.camera.project(pivots)[:, :2]
    shift = warp.head * (moved[:, :2] - warp.nodes) + warp.torso * (after - before)
    depth = moved[:, 2:] + _BEHIND * (1 - warp.head)
    sheet = np.concatenate([warp.nodes + shift, depth], -1).astype(np.float32)[None]
    found = rasterise(sheet, warp.triangles, warp.camera.size)
    points = interpolate(found, warp.nodes, warp.triangles)[0]
    missed = found.triangles[0] < 0
    if missed.any():
        drawn = 1 - missed.astype(np.float32)
        side = np.arange(len(points), dtype=np.float32) + 0.5
        centres = np.stack(np.meshgrid(side, side), -1)
        points = pull_push(points - centres * drawn[..., None], drawn) + centres
    return points


def bend(field: Float32, points: Float32, weight: Float32) -> Float32:
    """(GRID, GRID, 2) what makes a field agree with the mesh, and carries on around it.

    Args:
        field: (H, W, 2) of :func:`field`.
        points: (H, W, 2) photo points that the mesh shows.
        weight: (H, W) 0..1, where they count.
    """
    grid = (GRID, GRID)
    cover = cv2.resize(weight, grid, interpolation=cv2.INTER_AREA)[..., None]
    miss = cv2.resize((points - field) * weight[..., None], grid, interpolation=cv2.INTER_AREA)
    # Divided by a little more than the cover, so that away from the mesh it fades to nothing.
    spread = cv2.GaussianBlur(miss, (0, 0), _BEND_REACH)
    return spread / (cv2.GaussianBlur(cover, (0, 0), _BEND_REACH)[..., None] + _BEND_FADE)
