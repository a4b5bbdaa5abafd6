"""One frame of the small network, taken apart: what it was given, moved, drew and looked at.

Nothing is computed for the show: the parts are those that the frame was put together from,
of the last sampling step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from facewright import checks
from facewright.animate.base import CoefficientGeometry, Geometry, answered, rows_of
from facewright.animate.reproject import draw
from facewright.animate.tgdm import insight
from facewright.animate.tgdm.animator import Tgdm, TgdmState
from facewright.animate.tgdm.conditions import SIDE
from facewright.checks import Float32, UInt8
from facewright.errors import InputError
from facewright.face import pose as poses
from facewright.media.sheet import Tile, contact_sheet, stacked

#: A point of the target, (x, y) in pixels of the frame.
Point = tuple[float, float]

_ARROWS = 16  # a side
_LONGEST = 0.9  # of the distance between two arrows
_LEGEND = 0.07  # of a tile's side
_STILL = 0.05  # pixels of SIDE; flow below it is drawn as none


@dataclass(frozen=True, slots=True)
class Inside:
    """A frame and its parts.

    Attributes:
        photo, reprojection, frame: (S, S, 3) uint8 sRGB: the source, what the mesh makes
            of it, and what the network makes of that.
        generated: (256, 256) 0..1 how far a pixel was drawn; the rest is the photo's.
        flow: (2, 64, 64) pixels of 256: the frame at p shows the reprojection at p + flow.
        looks: of each TexAtt layer (eq. 15), in the order of their work.
    """

    photo: UInt8
    reprojection: UInt8
    frame: UInt8
    generated: Float32
    flow: Float32
    looks: tuple[insight.Look, ...]


def look_inside(
    animator: Tgdm,
    geometry: Geometry,
    state: TgdmState,
    seed: int = 0,
    steps: int | None = None,
    check: Callable[[], None] | None = None,
) -> Inside:
    """Make one frame and keep its parts; arguments as of the animator's call.

    Raises:
        InputError: for a geometry that answers other than one frame, or does not fit.
    """
    rows = answered(geometry)
    if len(rows) != 1:
        raise InputError(f"geometry: expected one frame to be answered, got {len(rows)}")
    with insight.listening(animator.network) as looks:
        made = animator.make(geometry, state, seed, steps, check)[0]
    found = state.base.correspondences(rows_of(geometry, rows))[0]
    return Inside(
        photo=np.ascontiguousarray(state.base.texture.photo[..., :3]),
        reprojection=draw(found, state.base).frame,
        frame=made.frame,
        generated=made.generated,
        flow=made.flow,
        looks=tuple(looks[-len({look.name for look in looks}) :]),
    )


def face_points(geometry: CoefficientGeometry, state: TgdmState) -> dict[str, Point]:
    """Mouth corner, eye, cheek (of the subject's right side) and hair in the answered frame.

    Hair is where it usually grows: above the brows, as far as half the face is high.
    """
    one = rows_of(geometry, answered(geometry)[:1])
    model, rho = state.subject.model, state.subject.coefficients
    shape = model.vertices(rho.identity, one.expression[0], one.gaze[0])
    posed = poses.transform(poses.compose(rho.pose, one.pose[0]), shape)
    texture = state.base.texture
    marks = texture.camera.project(model.landmark_points(posed, model.landmarks68))[:, :2]
    brows, chin = marks[17:27].mean(0), marks[8]
    places = {
        "mouth corner": marks[48],
        "eye": marks[36:42].mean(0),
        "cheek": (marks[2] + marks[31]) / 2,
        "hair": brows + (brows - chin) / 2,
    }
    return {name: _within(place, texture.size) for name, place in places.items()}


def sheet(inside: Inside, points: Mapping[str, Point], title: str = "") -> UInt8:
    """A contact sheet: the parts, then for each layer where each point looks (fig. 7).

    Args:
        inside: of :func:`look_inside`.
        points: by what stands under them.
        title: one line above all.

    Returns:
        (H, W, 3) uint8.

    Raises:
        InputError: naming a point that lies outside the frame.
    """
    size = len(inside.frame)
    for name, point in points.items():
        checked_point(point, size, name)
    side = min(max(size, SIDE), 2 * SIDE)
    moved = float(np.linalg.norm(inside.flow, axis=0).max())
    tiles = [
        Tile(inside.photo, "photo"),
        Tile(inside.reprojection, "reprojection"),
        Tile(inside.frame, "frame"),
        Tile(generated_picture(inside.generated, side), f"drawn: {inside.generated.mean():.0%}"),
        Tile(
            flow_picture(inside.flow, inside.reprojection, side),
            f"moved: up to {moved:.1f} px of {SIDE}",
        ),
    ]
    sheets = [contact_sheet(tiles, columns=len(tiles), side=side, title=title)]
    if points:
        at, names = list(points.values()), list(points)
        sheets += [
            insight.picture(look, at, inside.frame, inside.photo, side=side, names=names)
            for look in inside.looks
        ]
    return stacked(sheets)


def generated_picture(generated: Float32, side: int = SIDE) -> UInt8:
    """(side, side, 3) heat map of (H, W) shares in 0..1, with a legend along its foot."""
    shares = checks.floats("generated", generated, ("H", "W"), low=0, high=1)
    picture = _heat(cv2.resize(shares, (side, side), interpolation=cv2.INTER_LINEAR))
    foot = max(8, round(_LEGEND * side))
    picture[-foot:] = _heat(np.tile(np.linspace(0, 1, side, dtype=np.float32), (foot, 1)))
    scale, base = foot / 32, side - foot // 3
    font = cv2.FONT_HERSHEY_SIMPLEX
    cv2.putText(picture, "photo's own", (4, base), font, scale, (235,) * 3, 1, cv2.LINE_AA)
    width = cv2.getTextSize("drawn", font, scale, 1)[0][0]
    cv2.putText(picture, "drawn", (side - width - 4, base), font, scale, (20,) * 3, 1, cv2.LINE_AA)
    return picture


def flow_picture(flow: Float32, reprojection: UInt8, side: int = SIDE) -> UInt8:
    """(side, side, 3) arrows along which the reprojection was moved, over it in grey.

    An arrow's length and colour tell how far, relative to the longest; a dot is none.
    """
    flow = checks.floats("flow", flow, (2, "H", "W"))
    under = cv2.resize(checks.picture("reprojection", reprojection), (side, side),
                       interpolation=cv2.INTER_AREA)  # fmt: skip
    grey = cv2.cvtColor(cv2.cvtColor(under, cv2.COLOR_RGB2GRAY) // 2, cv2.COLOR_GRAY2RGB)
    coarse = cv2.resize(np.moveaxis(flow, 0, -1), (_ARROWS,) * 2, interpolation=cv2.INTER_AREA)
    cell = side / _ARROWS
    lengths = np.linalg.norm(coarse, axis=-1)
    longest = max(float(lengths.max()), _STILL)
    colours = _heat(0.3 + 0.7 * (lengths / longest).astype(np.float32))
    for row, column in np.ndindex(lengths.shape):
        middle = (np.array([column, row]) + 0.5) * cell
        # What was at p + flow is seen at p: it moved by -flow.
        reach = -coarse[row, column] / longest * cell * _LONGEST / 2
        colour = tuple(int(c) for c in colours[row, column])
        if lengths[row, column] < _STILL:
            cv2.circle(grey, _pixel(middle), 1, colour, -1)
        else:
            ends = _pixel(middle - reach), _pixel(middle + reach)
            cv2.arrowedLine(grey, *ends, colour, max(1, side // 256), cv2.LINE_AA, tipLength=0.35)
    return grey


def checked_point(point: Point, size: int, name: str = "point") -> Point:
    """The point, if it lies in a frame of ``size`` x ``size`` pixels.

    Raises:
        InputError: naming it and the frame.
    """
    x, y = (float(value) for value in checks.floats(f"point {name!r}", point, (2,)))
    if not (0 <= x < size and 0 <= y < size):
        raise InputError(
            f"point {name!r}: expected x and y from 0 to below {size}, the frame's side, "
            f"got {x:g},{y:g}"
        )
    return x, y


def _within(place: Float32, size: int) -> Point:
    x, y = np.clip(place, 0, size - 1).tolist()
    return x, y


def _heat(shares: Float32) -> UInt8:
    steps = np.round(shares * 255).clip(0, 255).astype(np.uint8)
    return cv2.cvtColor(cv2.applyColorMap(steps, cv2.COLORMAP_INFERNO), cv2.COLOR_BGR2RGB)


def _pixel(place: np.ndarray) -> tuple[int, int]:
    return round(float(place[0])), round(float(place[1]))
