"""MediaPipe's 478 face points, for every face in a picture.

The face mesh wants a face that fills a good part of an upright square. So faces are
detected first (on the whole picture, then on ever smaller overlapping tiles), and each
is cut out, turned upright and brought to one size before its points are found. The
points then hardly depend on where and how large the face was.

``mediapipe`` 0.10.21 is the last whose wheel carries these models (Apache-2.0).
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from facewright import checks
from facewright.capture.quiet import quiet_start
from facewright.checks import Float32, UInt8
from facewright.errors import NoFaceError

POINTS = 478
#: MediaPipe's face oval: where the face turns away, not points fixed on the skin.
OVAL: tuple[int, ...] = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
    152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
#: Outer eye corners, the subject's right then left.
EYE_CORNERS = (33, 263)

_MESH_SIZE = 320  # pixels of the upright square that the face mesh sees
_MESH_FRAME = 1.9  # that square's side over the face's height
#: Of a further look at a face: tilt in radians, zoom, shift over the square's side.
_Look = tuple[float, float, tuple[float, float]]
_LOOKS: tuple[_Look, ...] = (
    (0.0, 1.0, (0.0, 0.0)),
    (0.1, 0.93, (0.02, 0.01)),
    (-0.1, 0.93, (-0.02, 0.01)),
)
_TILE_DEPTHS = (1, 2, 4, 8)  # tiles are the picture's longest side over these
_FORGIVING_DEPTHS = (1, 2)  # where the picture was altered: many looks, large faces
_TILE_PIXELS = 384  # what a tile is shrunk to; the detectors look at 128 and 192
_SMALLEST_TILE = 96  # pixels; a face in a smaller tile has too few pixels to capture
_SMALLEST_FACE = 20  # pixels of face height
_STEADY = 0.02  # of the face's height: how much a second look may move the points
_FORGIVING_PIXELS = 1280  # longest side of the altered pictures, when a plain look fails


@dataclass(frozen=True, slots=True)
class Face:
    """One face found in a picture.

    Attributes:
        points: (478, 2) float32 in pixels of the picture, corners at integers.
        score: 0..1, the detector's.
    """

    points: Float32
    score: float

    @property
    def bounds(self) -> Float32:
        """(4,) x0, y0, x1, y1 of the 468 skin points."""
        skin = self.points[:468]
        return np.concatenate([skin.min(0), skin.max(0)])

    @property
    def area(self) -> float:
        """Pixels of the bounds, by which "the largest face" is meant."""
        x0, y0, x1, y1 = self.bounds
        return float((x1 - x0) * (y1 - y0))


@dataclass(slots=True)
class FaceFinder:
    """MediaPipe's detectors and face mesh behind one lock; reuse it, starting is slow.

    Calls give the same result for the same pixels: the graphs run in static mode, so
    nothing is remembered between pictures.
    """

    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _mesh: Any = field(default=None, repr=False)
    _detectors: tuple[Any, ...] = field(default=(), repr=False)
    _spoken: bool = field(default=False, repr=False)

    def find(self, picture: UInt8, *, forgiving: bool = True) -> list[Face]:
        """Every face of a (H, W, 3) uint8 sRGB picture, the largest first.

        Where a plain look finds none, contrast is raised, the picture is padded and
        turned: paintings, cartoons and faces that fill the frame come in that way, unless
        ``forgiving`` is off, which saves most of the time that a picture without a face
        takes.
        """
        picture = checks.picture("picture", picture)
        with self._lock:
            self._start()
            for looked_at, back, depths in itertools.islice(
                _looks(picture), None if forgiving else 1
            ):
                faces = [
                    face
                    for box, score in self._detect(looked_at, depths)
                    if (face := self._mesh_in(looked_at, box, score)) is not None
                ]
                if faces:
                    moved = [Face(_apply(back, face.points), face.score) for face in faces]
                    return sorted(_distinct(moved), key=lambda face: -face.area)
        return []

    def track(self, frame: UInt8, previous: Float32 | None = None) -> Float32:
        """(478, 2) points of the one face of a video frame.

        Args:
            frame: (H, W, 3) uint8 sRGB.
            previous: (478, 2) points of a frame nearby: saves looking for the face, but
                is only where to look; the points found do not drift.

        Raises:
            NoFaceError: where no face is seen.
        """
        frame = checks.picture("frame", frame)
        if previous is not None:
            with self._lock:
                self._start()
                points = self._upright(
                    frame, checks.floats("previous", previous, (POINTS, 2)), _LOOKS
                )
            if points is not None:
                return points
        faces = self.find(frame)
        if not faces:
            raise NoFaceError("frame: no face was found in it")
        return faces[0].points

    def look_again(self, frame: UInt8, near: Float32) -> tuple[Float32, float] | None:
        """The face near where another look had it, and how sure its points are.

        Args:
            frame: (H, W, 3) uint8 sRGB.
            near: (478, 2) points of the same face in this frame or one nearby; only where
                to look.

        Returns:
            (478, 2) points, and how far the looks that they are the mean of lie apart:
            the mean distance from it over the face's height. None where no face is seen.
        """
        frame = checks.picture("frame", frame)
        near = checks.floats("near", near, (POINTS, 2))
        with self._lock:
            self._start()
            looks = self._looks_at(frame, near, _LOOKS)
        if looks is None:
            return None
        points = np.mean(looks, axis=0, dtype=np.float32)
        apart = np.linalg.norm(looks - points, axis=-1).mean()
        return points, float(apart / max(np.ptp(points[:468, 1]), 1.0))

    def close(self) -> None:
        """Release the native graphs; the next call starts them again."""
        with self._lock:
            for graph in (self._mesh, *self._detectors):
                if graph is not None:
                    graph.close()
            self._mesh, self._detectors = None, ()

    def _start(self) -> None:
        if self._mesh is not None:
            return
        with quiet_start():
            from mediapipe.python.solutions import face_detection, face_mesh

            self._mesh = face_mesh.FaceMesh(
                static_image_mode=True,
                refine_landmarks=True,
                max_num_faces=2,
                min_detection_confidence=0.3,
                min_tracking_confidence=0.5,
            )
            # The short-range detector is the surer one for large faces, the full-range
            # one sees faces of a twentieth of the picture.
            self._detectors = tuple(
                face_detection.FaceDetection(model_selection=model, min_detection_confidence=0.4)
                for model in (0, 1)
            )
            blank = np.zeros((64, 64, 3), np.uint8)
            for graph in (self._mesh, *self._detectors):
                graph.process(blank)

    def _detect(self, picture: UInt8, depths: tuple[int, ...]) -> list[tuple[Float32, float]]:
        """Boxes (x0, y0, x1, y1) and scores of what may be faces, the surest first."""
        found: list[tuple[Float32, float]] = []
        longest = max(picture.shape[:2])
        for depth in depths:
            if depth > 1 and longest / depth < _SMALLEST_TILE:
                break
            # The full-range detector earns its time only where tiles are few.
            detectors = self._detectors if depth <= 2 else self._detectors[:1]
            for tile, low, scale in _tiles(picture, depth):
                side = np.array([tile.shape[1], tile.shape[0]], np.float32) / scale
                for detector in detectors:
                    for detection in detector.process(tile).detections or ():
                        box = detection.location_data.relative_bounding_box
                        corner = np.array([box.xmin, box.ymin], np.float32) * side + low
                        size = np.array([box.width, box.height], np.float32) * side
                        if size[1] >= _SMALLEST_FACE:
                            box = np.concatenate([corner, corner + size])
                            found.append((box, float(detection.score[0])))
            largest = max((box[3] - box[1] for box, _ in found), default=0.0)
            # Smaller tiles find smaller faces: of no interest beside a portrait.
            if (depth >= 2 and largest > longest / 8) or (depth >= 4 and found):
                break
        return _suppressed(found)

    def _mesh_in(self, picture: UInt8, box: Float32, score: float) -> Face | None:
        """Points of the face in a detector's box, or None where there is no face."""
        centre, size = (box[:2] + box[2:]) / 2, float(box[3] - box[1])
        # The detector's box ends at the brows: the face's height is about 1.35 of it.
        to_square = _similarity(centre, 1.35 * size * _MESH_FRAME, 0.0)
        points = self._points_near_centre(_cut(picture, to_square))
        if points is None:
            return None
        points = _apply(cv2.invertAffineTransform(to_square), points)
        first = self._upright(picture, points, _LOOKS[:1])
        second = None if first is None else self._upright(picture, first, _LOOKS)
        if first is None or second is None:
            return None
        # On a face the two agree to a few thousandths; on a pattern that merely resembles
        # one, the mesh wanders.
        moved = np.linalg.norm(second - first, axis=-1).mean()
        steady = moved < _STEADY * np.ptp(second[:468, 1])
        return Face(second, float(score)) if steady else None

    def _upright(self, picture: UInt8, points: Float32, looks: tuple[_Look, ...]) -> Float32 | None:
        """The mean of :meth:`_looks_at`, which halves the mesh's trembling."""
        found = self._looks_at(picture, points, looks)
        return None if found is None else np.mean(found, axis=0, dtype=np.float32)

    def _looks_at(
        self, picture: UInt8, points: Float32, looks: tuple[_Look, ...]
    ) -> Float32 | None:
        """(L, 478, 2) points found again in upright squares cut by those of a first look."""
        eyes = points[EYE_CORNERS[1]] - points[EYE_CORNERS[0]]
        found = []
        for tilt, zoom, shift in looks:
            roll = float(np.arctan2(eyes[1], eyes[0])) + tilt
            turned = points[:468] @ _rotation(-roll).T
            side = float(max(np.ptp(turned, axis=0))) * _MESH_FRAME * zoom
            middle = (turned.min(0) + turned.max(0)) / 2 + np.array(shift) * side
            to_square = _similarity(middle @ _rotation(roll).T, side, roll)
            seen = self._points_near_centre(_cut(picture, to_square))
            if seen is None:
                return None
            found.append(_apply(cv2.invertAffineTransform(to_square), seen))
        return np.stack(found)

    def _points_near_centre(self, square: UInt8) -> Float32 | None:
        if self._spoken:
            answer = self._mesh.process(square)
        else:  # the first face makes one more calculator talk
            with quiet_start():
                answer = self._mesh.process(square)
            self._spoken = bool(answer.multi_face_landmarks)
        if not answer.multi_face_landmarks:
            return None
        size = np.array([square.shape[1], square.shape[0]], np.float32)
        every = [
            np.array([(p.x, p.y) for p in face.landmark], np.float32) * size
            for face in answer.multi_face_landmarks
        ]
        return min(every, key=lambda points: float(np.abs(points[:468].mean(0) - size / 2).sum()))


def _rotation(angle: float) -> Float32:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s], [s, c]], np.float32)


def _similarity(centre: Float32, side: float, roll: float) -> NDArray[np.float64]:
    """(2, 3) map from the picture to a square of _MESH_SIZE showing ``side`` pixels of it."""
    turn = _rotation(-roll).astype(np.float64) * (_MESH_SIZE / max(side, 1.0))
    shift = np.full(2, _MESH_SIZE / 2) - turn @ np.asarray(centre, np.float64)
    return np.hstack([turn, shift[:, None]])


def _apply(transform: NDArray, points: Float32) -> Float32:
    return (points @ transform[:, :2].T + transform[:, 2]).astype(np.float32)


def _cut(picture: UInt8, to_square: NDArray[np.float64]) -> UInt8:
    """The square that a similarity shows, averaged where it shrinks the picture."""
    square = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32) * _MESH_SIZE
    seen = _apply(cv2.invertAffineTransform(to_square), square)
    size = np.array(picture.shape[1::-1], np.float64)
    low, high = (np.clip(v, 0, size).astype(int) for v in (seen.min(0) - 2, seen.max(0) + 3))
    # Only the region is handled: pictures may be huge, and OpenCV's warps end at 32767.
    picture = picture[low[1] : high[1], low[0] : high[0]]
    if not picture.size:
        return np.zeros((_MESH_SIZE, _MESH_SIZE, 3), np.uint8)
    to_square = np.hstack([to_square[:, :2], to_square @ np.array([[low[0]], [low[1]], [1]])])
    scale = float(np.hypot(*to_square[:, 0]))
    if scale < 0.5:
        width, height = (max(1, round(n * scale)) for n in picture.shape[1::-1])
        shrunk = np.array([picture.shape[1] / width, picture.shape[0] / height])
        to_square = np.hstack([to_square[:, :2] * shrunk, to_square[:, 2:]])
        picture = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    # OpenCV counts pixel centres as integers, points count pixel corners.
    centred = to_square.copy()
    centred[:, 2] += centred[:, :2].sum(1) * 0.5 - 0.5
    return cv2.warpAffine(picture, centred, (_MESH_SIZE, _MESH_SIZE), flags=cv2.INTER_LINEAR)


def _tiles(picture: UInt8, depth: int) -> Iterator[tuple[UInt8, Float32, float]]:
    """Half-overlapping tiles, each the longest side over ``depth``: pixels, corner, scale."""
    height, width = picture.shape[:2]
    scale = min(1.0, _TILE_PIXELS * depth / max(width, height))
    if scale < 1:
        shrunk = (max(1, round(width * scale)), max(1, round(height * scale)))
        picture = cv2.resize(picture, shrunk, interpolation=cv2.INTER_AREA)
    side = -(-max(picture.shape[:2]) // depth)
    for y in _starts(picture.shape[0], side):
        for x in _starts(picture.shape[1], side):
            tile = np.ascontiguousarray(picture[y : y + side, x : x + side])
            yield tile, np.array([x, y], np.float32) / scale, scale


def _starts(length: int, side: int) -> list[int]:
    if length <= side:
        return [0]
    count = -(-2 * (length - side) // side) + 1
    return [int(v) for v in np.linspace(0, length - side, count)]


def _overlap(a: Float32, b: Float32) -> float:
    """Common area of two boxes over the smaller one's."""
    common = np.clip(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0, None).prod()
    return float(common / max(min((a[2:] - a[:2]).prod(), (b[2:] - b[:2]).prod()), 1e-6))


def _suppressed(found: list[tuple[Float32, float]]) -> list[tuple[Float32, float]]:
    kept: list[tuple[Float32, float]] = []
    for box, score in sorted(found, key=lambda item: -item[1]):
        if all(_overlap(box, other) < 0.5 for other, _ in kept):
            kept.append((box, score))
    return kept


def _distinct(faces: list[Face]) -> list[Face]:
    kept: list[Face] = []
    for face in sorted(faces, key=lambda face: -face.score):
        if all(_overlap(face.bounds, other.bounds) < 0.5 for other in kept):
            kept.append(face)
    return kept


def _looks(picture: UInt8) -> Iterator[tuple[UInt8, NDArray[np.float64], tuple[int, ...]]]:
    """Ever more forgiving versions of a picture.

    Yields:
        The version, the (2, 3) map from it back to the picture, how fine to search it.
    """
    yield picture, np.eye(2, 3), _TILE_DEPTHS
    height, width = picture.shape[:2]
    scale = min(1.0, _FORGIVING_PIXELS / max(width, height))
    small = picture
    if scale < 1:
        shrunk = (max(1, round(width * scale)), max(1, round(height * scale)))
        small = cv2.resize(picture, shrunk, interpolation=cv2.INTER_AREA)
    back = np.diag([width / small.shape[1], height / small.shape[0]]) @ np.eye(2, 3)
    lab = cv2.cvtColor(small, cv2.COLOR_RGB2LAB)
    lab[..., 0] = cv2.createCLAHE(3.0, (4, 4)).apply(np.ascontiguousarray(lab[..., 0]))
    vivid = cv2.cvtColor(lab, cv2.COLOR_LAB2RGB)
    yield vivid, back, _FORGIVING_DEPTHS
    margin = max(small.shape[:2]) // 2
    border = cv2.copyMakeBorder(
        vivid, margin, margin, margin, margin, cv2.BORDER_CONSTANT, value=(128, 128, 128)
    )
    offset = np.hstack([back[:, :2], back[:, :2] @ np.full((2, 1), -float(margin))])
    yield border, offset, _FORGIVING_DEPTHS
    size = border.shape[0:2][::-1]
    for degrees in (30, -30, 90, -90, 180):
        turn = cv2.getRotationMatrix2D((size[0] / 2, size[1] / 2), degrees, 1.0)
        turned = cv2.warpAffine(border, turn, size, borderValue=(128, 128, 128))
        undo = cv2.invertAffineTransform(turn)
        shift = offset @ np.append(undo[:, 2], 1)
        whole = np.hstack([offset[:, :2] @ undo[:, :2], shift[:, None]])
        yield turned, whole, _FORGIVING_DEPTHS
