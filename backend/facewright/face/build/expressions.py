"""The 64 blendshapes: every shape on the sheet of skin, and what follows it inside."""

from __future__ import annotations

import numpy as np

from facewright.face.build import shapes_mouth as mouth
from facewright.face.build.flesh import Flesh, rotate, smoothstep
from facewright.face.build.identity import ETHNICITIES
from facewright.face.build.shapes_eyes import eye_shapes
from facewright.face.build.sources import Floats, Ints, Targets
from facewright.face.names import EXPRESSION_64

#: jawOpen that is part of lipFV (so that the lip has room under the upper teeth) and of
#: tongueOut.
FV_JAW, OUT_JAW = 0.14, 0.22
SIDES = (("Left", 1), ("Right", -1))


class Performer:
    """Makes the shapes of one head."""

    def __init__(
        self, flesh: Flesh, targets: Targets, unit: float, ball_radius: float, teeth: Ints
    ) -> None:
        """Set up.

        Args:
            flesh: the sheet at rest, lips sealed.
            targets: for MakeHuman's expression units.
            unit: millimetres in a mesh unit.
            ball_radius: of the eyeballs, millimetres.
            teeth: base vertices of the helper lower teeth.
        """
        self.flesh, self.targets, self.unit_length = flesh, targets, unit
        self.ball_radius = ball_radius
        self.lips = mouth.Lips(flesh)
        self._teeth = teeth

    def unit(self, name: str) -> Floats:
        """(n, 3) one of MakeHuman's expression units, averaged over the ethnicities."""
        return self._raw_unit(name)[self.flesh.rows]

    def _raw_unit(self, name: str) -> Floats:
        found = [self.targets[f"expression/units/{e}/{name}"] for e in ETHNICITIES]
        return np.mean(found, axis=0) * self.unit_length

    def jaw(self, teeth_points: Floats) -> mouth.Jaw:
        """The jaw, from how the opening unit moves the lower teeth at ``teeth_points``."""
        moves = mouth.OPEN_SHARE * self._raw_unit("mouth-open")[self._teeth]
        opened = mouth.OPEN_SHARE * self.unit("mouth-open")
        return mouth.fit_jaw(self.flesh, opened, teeth_points, moves)

    def sheet(self, jaw: mouth.Jaw) -> dict[str, Floats]:
        """name -> (n, 3) displacement of skin and lining at weight 1."""
        shapes = eye_shapes(self.flesh, self.unit, self.ball_radius)
        shapes |= self._jaw_shapes(jaw)
        shapes |= self._lip_shapes(shapes["jawOpen"])
        shapes |= self._sided_shapes()
        shapes |= self._cheek_and_nose()
        shapes["tongueOut"] = OUT_JAW * shapes["jawOpen"] + mouth.shift_lips(
            self.lips, np.array([0.0, 1.2, 0.6]), np.array([0.0, -0.8, 1.5])
        )
        shapes["tongueUp"] = np.zeros_like(self.flesh.points)
        shapes["tongueWide"] = np.zeros_like(self.flesh.points)
        return {name: shapes[name] for name in EXPRESSION_64}

    def _jaw_shapes(self, jaw: mouth.Jaw) -> dict[str, Floats]:
        points, weights = self.flesh.points, jaw.weights[:, None]
        opened = mouth.OPEN_SHARE * self.unit("mouth-open")
        shapes = {"jawOpen": opened, "mouthClose": mouth.mouth_close(self.lips, opened)}
        for name, moves in jaw_motions(points, jaw).items():
            if name != "jawOpen":
                shapes[name] = self._closed(weights * moves)
        return shapes

    def _lip_shapes(self, opened: Floats) -> dict[str, Floats]:
        lips, unit = self.lips, self.unit
        up, low = mouth.UPPER, mouth.LOWER
        roll_low = mouth.roll(lips, low, 2.6, up=0.5, inward=2.4)
        roll_up = mouth.roll(lips, up, 2.6, up=-0.5, inward=2.4)
        tuck = mouth.roll(lips, low, 1.6, up=1.0, inward=3.0) + FV_JAW * opened
        lift = mouth.shift_lips(lips, np.array([0.0, 2.6, 0.6]), np.zeros(3))
        shapes = {
            "mouthFunnel": 0.75 * unit("mouth-protusion"),
            "mouthPucker": self._closed(0.95 * unit("mouth-pursing")),
            "mouthRollLower": roll_low,
            "mouthRollUpper": roll_up,
            "lipFV": tuck + lift,
            "lipsPart": mouth.shift_lips(
                lips, np.array([0.0, 2.0, 0.3]), np.array([0.0, -3.0, 0.3]), corners=0.05
            ),
            "mouthShrugLower": self._shrug_lower(),
            "mouthShrugUpper": self._closed(mouth.roll(lips, up, -0.9, up=3.6, inward=-2.2)),
            "smileOpen": unit("mouth-upward-retraction"),
            "snarlOpen": 0.8 * unit("mouth-part-later"),
        }
        for name, side in (("mouthLeft", 1), ("mouthRight", -1)):
            shapes[name] = self._slide(side)
        return shapes

    def _closed(self, shape: Floats) -> Floats:
        """The shape with lips that touch, whatever their depth."""
        return shape + self.lips.meet(shape, axes=(0.0, 1.0, 0.0))

    def _shrug_lower(self) -> Floats:
        """The chin's boss pushes the lower lip up and out; the upper lip gives way."""
        pout = mouth.roll(self.lips, mouth.LOWER, -0.9, up=2.8, inward=-3.0)
        chin = mouth.bump(self.flesh, np.array([0.0, -62.0, 105.0]), 13.0, np.array([0, 3.4, 0.8]))
        return self._closed(pout) + chin

    def _slide(self, side: int) -> Floats:
        """The whole mouth goes to one side; that corner rises a little."""
        rows = self.lips.handles()
        x = side * self.flesh.points[rows][..., 0]
        ahead = smoothstep(x, -25, 25)
        move = np.stack(
            [side * (5.5 + 2.5 * ahead), 1.4 * ahead - 0.5 * (1 - ahead), -1.5 * ahead], axis=-1
        )
        return self.lips.spread(move)

    def _sided_shapes(self) -> dict[str, Floats]:
        x = self.flesh.points[:, 0]
        pressed = mouth.press(self.lips)
        lower_down = 0.85 * self.unit("mouth-depression-retraction")
        upper_up = 0.85 * self.unit("mouth-elevation")
        whole = {
            "mouthSmile": self._closed(self.unit("mouth-corner-puller")),
            "mouthFrown": self._closed(self.unit("mouth-depression")),
            "mouthDimple": self._closed(self.unit("mouth-compression")),
            "mouthStretch": self._closed(self.unit("mouth-retraction")),
            "mouthPress": self._closed(pressed),
            "mouthLowerDown": mouth.one_lip(self.lips, lower_down, mouth.UPPER),
            "mouthUpperUp": mouth.one_lip(self.lips, upper_up, mouth.LOWER),
        }
        return {
            name + label: shape * mouth.side_weight(x, side)[:, None]
            for name, shape in whole.items()
            for label, side in SIDES
        }

    def _cheek_and_nose(self) -> dict[str, Floats]:
        flesh, unit = self.flesh, self.unit
        shapes: dict[str, Floats] = {"neckTense": unit("neck-platysma")}
        puff = np.zeros_like(flesh.points)
        for label, side in SIDES:
            word = label.lower()
            way = np.array([float(side), 1.0, 1.0])
            out = mouth.bump(flesh, way * (46, -22, 84), 17.0, way * (10.0, 0.0, 6.0))
            puff += out + mouth.bump(flesh, way * (22, -34, 104), 8.0, way * (1.0, 0.0, 1.5))
            shapes[f"cheekSquint{label}"] = mouth.bump(
                flesh, way * (40, 20, 92), 12.0, way * (1.0, 5.4, 2.8)
            )
            shapes[f"cheekSuck{label}"] = mouth.bump(
                flesh, way * (45, -26, 82), 12.0, way * (-6.0, 0.5, -3.5)
            )
            shapes[f"noseSneer{label}"] = 1.5 * unit(f"nose-{word}-elevation")
            shapes[f"nostrilFlare{label}"] = 1.6 * unit(f"nose-{word}-dilatation")
        shapes["cheekPuff"] = puff
        return shapes


def jaw_motions(points: Floats, jaw: mouth.Jaw) -> dict[str, Floats]:
    """name -> displacement of points that are rigid with the lower jaw.

    jawLeft and jawRight turn it about the vertical through the joints by as much as
    carries the front teeth 7 mm.
    """
    upright = np.array([0.0, 1.0, 0.0])
    aside = float(np.degrees(np.arctan2(7.0, 112.0)))
    slide = np.array([0.0, -0.6, 6.0])
    return {
        "jawOpen": jaw.opened(points),
        "jawForward": np.broadcast_to(slide, points.shape),
        "jawLeft": rotate(points, jaw.hinge, upright, aside),
        "jawRight": rotate(points, jaw.hinge, upright, -aside),
    }


def lower_jaw_moves(points: Floats, jaw: mouth.Jaw) -> dict[str, Floats]:
    """name -> displacement of the lower teeth and gums, for the shapes that move the jaw."""
    moves = dict(jaw_motions(points, jaw))
    moves["tongueOut"] = OUT_JAW * moves["jawOpen"]
    moves["lipFV"] = FV_JAW * moves["jawOpen"]
    return moves


def tongue_moves(points: Floats, jaw: mouth.Jaw) -> dict[str, Floats]:
    """name -> displacement of the tongue: with the jaw, and shapes of its own."""
    z = points[:, 2]
    share = (z - z.min()) / np.ptp(z)  # 0 at the root, 1 at the tip
    follow = smoothstep(share, 0.0, 0.55)[:, None]
    moves = {name: follow * move for name, move in lower_jaw_moves(points, jaw).items()}
    # The tongue's back sinks as the mouth opens.
    sunk = -5.5 * np.sin(np.pi * smoothstep(share, 0.0, 1.0) ** 0.8)
    moves["jawOpen"] = moves["jawOpen"] + np.stack([0 * z, sunk, 0 * z], axis=1)
    front = smoothstep(share, 0.35, 1.0)
    tip = smoothstep(share, 0.55, 1.0)
    long = smoothstep(share, 0.1, 1.0)
    out = np.stack([-0.3 * points[:, 0] * tip**2, 3.0 * long - 9.0 * tip**2, 36.0 * long], axis=1)
    moves["tongueOut"] = moves["tongueOut"] + out
    narrow = -0.12 * points[:, 0] * tip
    moves["tongueUp"] = np.stack([narrow, 9.0 * tip, 1.5 * tip], axis=1)
    flat = points[:, 1] - np.median(points[:, 1])
    moves["tongueWide"] = np.stack(
        [0.24 * points[:, 0] * front, -0.22 * flat * front + 1.2 * front, 0.6 * front], axis=1
    )
    return moves
