# SPDX-License-Identifier: GPL-3.0-or-later
"""ARKit's 52 weights as CSV, as Live Link Face records them; no bpy.

One row a frame: Timecode (HH:MM:SS:FF.mmm: frames within the second, thousandths of a
frame), BlendshapeCount (how many values follow), the 52 weights, and then, where they are
known, nine angles in radians: yaw, pitch and roll of the head, the left eye and the right
eye. An angle turns about an axis of the face by the right hand: yaw about y (positive: to
the subject's left), pitch about x (positive: down), roll about z (positive: the head tips
to the subject's right shoulder); R = R_yaw R_pitch R_roll.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .errors import InputError

#: The weights in the file's order, which is not quite Apple's.
NAMES: tuple[str, ...] = (
    "eyeBlinkLeft", "eyeLookDownLeft", "eyeLookInLeft", "eyeLookOutLeft", "eyeLookUpLeft",
    "eyeSquintLeft", "eyeWideLeft", "eyeBlinkRight", "eyeLookDownRight", "eyeLookInRight",
    "eyeLookOutRight", "eyeLookUpRight", "eyeSquintRight", "eyeWideRight", "jawForward",
    "jawRight", "jawLeft", "jawOpen", "mouthClose", "mouthFunnel", "mouthPucker", "mouthRight",
    "mouthLeft", "mouthSmileLeft", "mouthSmileRight", "mouthFrownLeft", "mouthFrownRight",
    "mouthDimpleLeft", "mouthDimpleRight", "mouthStretchLeft", "mouthStretchRight",
    "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper", "mouthPressLeft",
    "mouthPressRight", "mouthLowerDownLeft", "mouthLowerDownRight", "mouthUpperUpLeft",
    "mouthUpperUpRight", "browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft",
    "browOuterUpRight", "cheekPuff", "cheekSquintLeft", "cheekSquintRight", "noseSneerLeft",
    "noseSneerRight", "tongueOut",
)  # fmt: skip
ANGLES: tuple[str, ...] = tuple(
    f"{part}{turn}" for part in ("head", "leftEye", "rightEye") for turn in ("Yaw", "Pitch", "Roll")
)
#: An eyeLook* weight of 1, in degrees of the eye's turn.
EYE_RANGE_DEGREES = 30.0

#: Bounds of what is read.
MAX_BYTES, MAX_ROWS, MAX_CELL = 256 << 20, 500_000, 64
MIN_WEIGHT, MAX_WEIGHT, MAX_ANGLE = -1.0, 2.0, 2 * np.pi

_TIMECODE = re.compile(r"(\d{1,2}):([0-5]\d):([0-5]\d)[:;](\d{1,3})(\.\d{1,6})?")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?")


@dataclass(frozen=True, slots=True)
class Recording:
    """Weights and angles at even steps of time.

    Attributes:
        fps: rows a second.
        weights: (T, 52) float32, columns as :data:`NAMES`.
        angles: (T, 9) float32 radians, columns as :data:`ANGLES`; None where unknown.
    """

    fps: float
    weights: np.ndarray
    angles: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.weights)


def encode(recording: Recording) -> bytes:
    """``recording`` as the bytes of a file, beginning at 00:00:00:00; weights held to 0..1."""
    table, names = np.clip(recording.weights, 0.0, 1.0), NAMES
    if recording.angles is not None:
        table, names = np.hstack([table, recording.angles]), (*NAMES, *ANGLES)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        ["Timecode", "BlendshapeCount", *(name[0].upper() + name[1:] for name in names)]
    )
    cells = np.char.mod("%.6f", table).tolist()
    codes = _timecodes(len(recording), recording.fps)
    writer.writerows([code, len(names), *row] for code, row in zip(codes, cells, strict=True))
    return text.getvalue().encode("ascii")


def with_gaze(weights: np.ndarray, gaze: np.ndarray) -> np.ndarray:
    """(T, 52) weights whose eyeLook* turn the eyes as far as ``gaze`` does.

    ARKit moves eyes and lids by eyeLook*; here lids have weights of their own, so the larger
    of both counts.

    Args:
        weights: (T, 52), columns as :data:`NAMES`.
        gaze: (T, 4) unit direction x, y of the left eye, then the right.
    """
    result = weights.copy()
    turn = np.degrees(np.arcsin(np.clip(gaze, -1.0, 1.0))) / EYE_RANGE_DEGREES
    for eye, side in enumerate(("Left", "Right")):
        left, up = turn[:, 2 * eye], turn[:, 2 * eye + 1]
        outward = left if side == "Left" else -left
        for way, value in (("Out", outward), ("In", -outward), ("Up", up), ("Down", -up)):
            column = NAMES.index(f"eyeLook{way}{side}")
            result[:, column] = np.maximum(result[:, column], value)
    return result


def gaze_of(recording: Recording) -> np.ndarray:
    """(T, 4) float32 gaze of a recording: by its eyes' angles, else by its eyeLook* weights."""
    columns = []
    for eye, side in enumerate(("Left", "Right")):
        if recording.angles is not None:
            yaw, pitch = recording.angles[:, 3 + 3 * eye : 5 + 3 * eye].T.astype(np.float64)
            columns += [np.sin(yaw) * np.cos(pitch), -np.sin(pitch)]
            continue
        look = {
            way: recording.weights[:, NAMES.index(f"eyeLook{way}{side}")].astype(np.float64)
            for way in ("Out", "In", "Up", "Down")
        }
        left = (look["Out"] - look["In"]) * (1 if side == "Left" else -1)
        for turn in (left, look["Up"] - look["Down"]):
            columns.append(np.sin(np.radians(turn * EYE_RANGE_DEGREES)))
    gaze = np.stack(columns, axis=1)
    for pair in (gaze[:, :2], gaze[:, 2:]):  # a direction has a length of 1
        pair /= np.maximum(1.0, np.linalg.norm(pair, axis=1))[:, None]
    return gaze.astype(np.float32)


def eye_angles(gaze: np.ndarray) -> np.ndarray:
    """(T, 6) yaw, pitch and roll of the left eye, then the right, of a (T, 4) gaze."""
    angles = np.zeros((len(gaze), 6), np.float32)
    for eye in (0, 1):
        x, y = np.clip(gaze[:, 2 * eye : 2 * eye + 2].T.astype(np.float64), -1.0, 1.0)
        ahead = np.sqrt(np.maximum(0.0, 1.0 - x * x - y * y))
        angles[:, 3 * eye], angles[:, 3 * eye + 1] = np.arctan2(x, ahead), np.arcsin(-y)
    return angles


def read(path: Path, fps: float) -> Recording:
    """Read a recording of Live Link Face, of ``facewright drive``, or of this add-on.

    Rows without weights (the face was not seen) are filled from their neighbours.

    Args:
        path: the file.
        fps: of the answer. A file at another rate is resampled; one of less than a second
            does not tell its rate and is taken to be at this one.

    Raises:
        InputError: not such a file; the line and the column are named.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"{path}: larger than {MAX_BYTES >> 20} MiB")
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not a text file") from error
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        names = _header(next(rows, []))
        times, values = _rows(rows, names)
        seconds, rate = _seconds(times, fps)
    except csv.Error as error:
        raise InputError(f"{path}: line {rows.line_num}: {error}") from error
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    order = [names.index(name) for name in NAMES]
    angles = [names.index(name) for name in ANGLES] if "headYaw" in names else None
    if angles:
        values[:, angles] = np.unwrap(values[:, angles], axis=0)
    values = _resampled(seconds, values, fps, rate)
    return Recording(
        fps,
        values[:, order].astype(np.float32),
        values[:, angles].astype(np.float32) if angles else None,
    )


def _header(cells: list[str]) -> list[str]:
    """Names of the value columns, as ours are spelt."""
    known = {name.lower(): name for name in (*NAMES, *ANGLES)}
    heads = [cell.strip().lower() for cell in cells]
    if heads[:2] != ["timecode", "blendshapecount"]:
        raise InputError("line 1: expected Timecode, BlendshapeCount and ARKit's blendshapes")
    for head in heads[2:]:
        if head not in known:
            raise InputError(f"line 1: {head[:MAX_CELL]!r} is not a blendshape of ARKit")
    names = [known[head] for head in heads[2:]]
    wanted = set(NAMES) | (set(ANGLES) if set(ANGLES) & set(names) else set())
    if missing := sorted(wanted - set(names)):
        raise InputError(f"line 1: {', '.join(missing[:3])} is missing")
    if len(set(names)) != len(names):
        raise InputError("line 1: a blendshape is there twice")
    return names


def _rows(rows: csv.Reader, names: list[str]) -> tuple[np.ndarray, np.ndarray]:  # type: ignore[name-defined]
    """(T, 2) whole seconds and frames within them, (T, C) values; gaps are filled."""
    times: list[tuple[int, float]] = []
    values: list[list[float]] = []
    for cells in rows:
        if not cells:
            continue
        if len(times) == MAX_ROWS:
            raise InputError(f"more than {MAX_ROWS} rows")
        times.append(_time(cells[0].strip(), rows.line_num))
        values.append(_values(cells, names, rows.line_num))
    table = np.array(values, np.float64).reshape(len(values), len(names))
    seen = ~np.isnan(table[:, 0]) if len(table) else np.zeros(0, bool)
    if not seen.any():
        raise InputError("there is no row with weights")
    index = np.arange(len(table))
    for column in table.T if not seen.all() else ():
        column[:] = np.interp(index, index[seen], column[seen])
    return np.array(times, np.float64), table


def _time(text: str, line: int) -> tuple[int, float]:
    match = _TIMECODE.fullmatch(text)
    if match is None:
        raise InputError(
            f"line {line}: expected a time code HH:MM:SS:FF.mmm, got {text[:MAX_CELL]!r}"
        )
    hours, minutes, seconds, frame, part = match.groups()
    whole = 3600 * int(hours) + 60 * int(minutes) + int(seconds)
    return whole, int(frame) + float(part or 0.0)


def _values(cells: list[str], names: list[str], line: int) -> list[float]:
    count = cells[1].strip() if len(cells) > 1 else ""
    if count == "0" and not any(cell.strip() for cell in cells[2:]):
        return [np.nan] * len(names)
    if count != str(len(names)) or len(cells) != len(names) + 2:
        raise InputError(
            f"line {line}: expected {len(names)} values, got {len(cells) - 2} (BlendshapeCount "
            f"{count[:MAX_CELL]!r})"
        )
    return [_value(cell, name, line) for cell, name in zip(cells[2:], names, strict=True)]


def _value(cell: str, name: str, line: int) -> float:
    text = cell.strip()
    low, high = (-MAX_ANGLE, MAX_ANGLE) if name in ANGLES else (MIN_WEIGHT, MAX_WEIGHT)
    value = float(text) if len(text) <= MAX_CELL and _NUMBER.fullmatch(text) else np.nan
    if not low <= value <= high:
        raise InputError(
            f"line {line}: {name}: expected a number from {low:.4g} to {high:.4g}, got "
            f"{text[:MAX_CELL]!r}"
        )
    return value


def _seconds(times: np.ndarray, fps: float) -> tuple[np.ndarray, float]:
    """(T,) seconds from the first row on, and the file's rate."""
    whole, frames = times.T
    whole = whole + 86400.0 * np.cumsum(np.diff(whole, prepend=whole[0]) < -43200)  # midnight
    top, rate = float(frames.max()), fps
    if whole[-1] > whole[0] + 1 and not fps - 2 < top < fps:
        rate = float(np.floor(top) + 1)  # the last frame of a second tells it
    elif top >= np.ceil(fps):
        rate = float(np.floor(top) + 1)
    seconds = whole + frames / rate
    if (np.diff(seconds) <= 0).any():
        row = int(np.argmax(np.diff(seconds) <= 0))
        raise InputError(f"line {row + 3}: the time code does not go on from the line before")
    return seconds - seconds[0], rate


def _resampled(seconds: np.ndarray, values: np.ndarray, fps: float, rate: float) -> np.ndarray:
    """(N, C) ``values`` at k / fps seconds; as they are where they are there already."""
    index = np.arange(len(seconds))
    if rate == fps and np.abs(seconds * fps - index).max() < 0.01:
        return values
    count = int(np.floor(seconds[-1] * fps + 0.01)) + 1
    if count > MAX_ROWS:
        raise InputError(f"expected a file of at most {MAX_ROWS} frames, got {count}")
    wanted = np.arange(count) / fps
    return np.stack([np.interp(wanted, seconds, column) for column in values.T], axis=1)


def _timecodes(frames: int, fps: float) -> list[str]:
    """HH:MM:SS:FF.mmm of every frame, from its time k / fps."""
    times = np.arange(frames) / fps
    seconds = np.floor(times + 1e-9).astype(np.int64)  # a whole second may fall short of it
    parts = np.maximum(np.round((times - seconds) * fps * 1000).astype(np.int64), 0)
    return [
        f"{s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d}:{part // 1000:02d}.{part % 1000:03d}"
        for s, part in zip(seconds.tolist(), parts.tolist(), strict=True)
    ]
