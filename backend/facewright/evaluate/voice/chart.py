"""Curves of a performance under each other over one time line, drawn with Pillow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from facewright.checks import Float32, UInt8
from facewright.drive import lips
from facewright.drive.gaze import angles
from facewright.drive.heard import Heard, resampled
from facewright.evaluate.voice.points import Points
from facewright.face.motion import Motion
from facewright.media.speech import Speech
from facewright.train.speech.score import closure_of

_PAPER, _INK, _FAINT = (255, 255, 255), (55, 65, 81), (229, 231, 235)
_COLOURS = ((37, 99, 235), (220, 38, 38), (5, 150, 105), (217, 119, 6))
_LEFT, _GAP, _HEIGHT = 150, 6, 64


@dataclass(frozen=True, slots=True)
class Row:
    """One line of curves.

    Attributes:
        title: with the unit.
        times: (N,) seconds.
        curves: name -> (N,) values.
        low, high: of the axis.
        filled: drawn from the axis' middle both ways, as sound is.
    """

    title: str
    times: np.ndarray
    curves: dict[str, Float32]
    low: float
    high: float
    filled: bool = False


def rows(speech: Speech, heard: Heard, motion: Motion, points: Points) -> list[Row]:
    """What an animator looks at: sound, jaw, lips, brows, head, gaze, lids."""
    times, face = motion.times, motion.expression
    samples = resampled(speech)
    envelope = np.array([np.abs(part).max() for part in np.array_split(samples, _bins(heard))])
    loud = np.arange(len(envelope)) / len(envelope) * heard.seconds
    pose = np.degrees(motion.pose[:, :3])
    look = angles.common(motion.gaze).astype(np.float32)
    shut = motion.column("eyeBlinkLeft"), motion.column("eyeBlinkRight")
    return [
        Row("sound", loud, {"": envelope / max(float(envelope.max()), 1e-6)}, -1, 1, True),
        Row("jaw", times, {"jawOpen": motion.column("jawOpen"),
                           "lips apart": np.clip(lips.opening(face), 0, 1)}, 0, 0.8),
        Row("closure (p, b, m)", times, {"pressed": closure_of(face)}, 0, 1),
        Row("rounding", times, {"pucker + funnel": motion.column("mouthPucker")
                                + motion.column("mouthFunnel")}, 0, 1),
        Row("inner lips, mm", times, {"gap": points.lip_gap(face)}, 0, 20),
        Row("brows", times, {"inner up": motion.column("browInnerUp"),
                             "outer up": 0.5 * (motion.column("browOuterUpLeft")
                                                + motion.column("browOuterUpRight")),
                             "down": 0.5 * (motion.column("browDownLeft")
                                            + motion.column("browDownRight"))}, 0, 1),
        Row("head, °", times, {n: pose[:, k] for k, n in enumerate(("pitch", "yaw", "roll"))},
            -10, 10),
        Row("gaze, °", times, {"left": look[:, 0], "up": look[:, 1]}, -20, 20),
        Row("lids", times, {"blink": 0.5 * (shut[0] + shut[1])}, 0, 1),
    ]  # fmt: skip


def draw(lines: Sequence[Row], seconds: float, frames: Sequence[tuple[float, UInt8]],
         scale: float, title: str) -> UInt8:  # fmt: skip
    """(H, W, 3) the rows, and frames below them at their times.

    Args:
        lines: from :func:`rows`.
        seconds: of the time line.
        frames: (seconds, (S, S, 3)) at even steps, each drawn as wide as a step.
        scale: pixels a second.
        title: above all.
    """
    from PIL import Image, ImageDraw, ImageFont

    width = _LEFT + round(scale * seconds) + 20
    side = round(scale * (frames[1][0] - frames[0][0])) - 4 if len(frames) > 1 else 0
    height = 30 + len(lines) * (_HEIGHT + _GAP) + side + 30
    sheet = Image.new("RGB", (width, height), _PAPER)
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=13)
    pen.text((8, 6), title, _INK, ImageFont.load_default(size=15))
    for second in np.arange(0, seconds, 0.5):
        x = _LEFT + scale * second
        pen.line((x, 28, x, height - side - 24), _FAINT)
        pen.text((x + 2, height - side - 26), f"{second:g} s", _INK, font)
    for k, line in enumerate(lines):
        _draw_row(pen, font, line, 30 + k * (_HEIGHT + _GAP), scale, width)
    for when, frame in frames:
        x = round(_LEFT + scale * when - side / 2)
        picture = Image.fromarray(frame).resize((side, side), Image.Resampling.LANCZOS)
        sheet.paste(picture, (x, height - side - 6))
    return np.asarray(sheet)


def _draw_row(pen, font, line: Row, top: int, scale: float, width: int) -> None:  # type: ignore[no-untyped-def]
    pen.rectangle((_LEFT, top, width - 20, top + _HEIGHT), outline=_FAINT)
    pen.text((8, top + 2), line.title, _INK, font)
    x = _LEFT + scale * line.times

    def height(values: Float32) -> np.ndarray:
        share = (np.clip(values, line.low, line.high) - line.low) / (line.high - line.low)
        return top + _HEIGHT * (1 - share)

    for k, (name, values) in enumerate(line.curves.items()):
        colour = _COLOURS[k % len(_COLOURS)]
        if line.filled:
            for at, up, down in zip(x, height(values), height(-values), strict=True):
                pen.line((at, up, at, down), colour)
            continue
        pen.line(list(zip(x.tolist(), height(values).tolist(), strict=True)), colour, 2)
        pen.text((16, top + 17 + 14 * k), name, colour, font)
    pen.text((_LEFT - 34, top), f"{line.high:g}", _INK, font)
    pen.text((_LEFT - 34, top + _HEIGHT - 14), f"{line.low:g}", _INK, font)


def _bins(heard: Heard) -> int:
    return max(1, round(heard.seconds * 100))
