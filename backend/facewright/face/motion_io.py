"""Motion as files: .npz to keep, .csv for ARKit and Live Link, .json for everything else.

The .npz holds ``format`` ("facewright.motion"), ``version``, ``fps``, ``model``, ``names``
(E), ``expression`` (T, E), ``pose`` (T, 6), ``gaze`` (T, 4), ``source_keys`` and
``source_values``; text is in Unicode arrays and nothing is pickled.
"""

from __future__ import annotations

import csv
import io
import json
import os
from pathlib import Path

import numpy as np

from facewright import checks
from facewright.errors import InputError
from facewright.face.archive import Archive, open_archive
from facewright.face.motion import Motion
from facewright.face.names import ARKIT_52
from facewright.media.files import write_bytes

FORMAT = "facewright.motion"
VERSION = 1

#: What a motion's file may end in.
SUFFIXES = (".npz", ".csv", ".json")

#: Unpacked size of a motion file: an hour at 60 frames a second and 64 names is 64 MB.
MAX_MOTION_BYTES = 1 << 30
MAX_NAMES = 4096
MAX_TEXT = 256

#: An eyeLook* weight of 1 in ARKit, in degrees of the eye's turn.
EYE_RANGE_DEGREES = 30.0

#: Live Link Face puts right before left in two places where ARKit's list does not.
LIVE_LINK_52: tuple[str, ...] = tuple(
    {"jawLeft": "jawRight", "jawRight": "jawLeft", "mouthLeft": "mouthRight",
     "mouthRight": "mouthLeft"}.get(name, name)
    for name in ARKIT_52
)  # fmt: skip


def save_motion(motion: Motion, path: str | os.PathLike[str]) -> None:
    """Write ``motion`` as .npz, .csv or .json, by the suffix; whole or not at all.

    Raises:
        InputError: as :func:`encode_motion`.
        OutputError: the file cannot be written.
    """
    write_bytes(path, encode_motion(motion, Path(path).suffix))


def encode_motion(motion: Motion, suffix: str = ".npz") -> bytes:
    """``motion`` as the bytes of a file with that suffix, one of :data:`SUFFIXES`.

    A .csv has one row a frame in the manner of Live Link Face: Timecode (HH:MM:SS:FF.mmm,
    frames within the second and thousandths of a frame), BlendshapeCount, and ARKit's 52
    weights in Apple's capitalisation, clipped to 0..1. A blendshape that the motion lacks
    is 0. ARKit turns the eyes by eyeLook*, so those columns follow ``gaze`` (1 at
    ``EYE_RANGE_DEGREES``) where it asks for more than the lids' own weight. The head's
    pose has no column.

    A .json holds what the .npz does, numbers to six decimals, and the same once more as
    animation packages key it: ``times`` (seconds), ``head`` with ``rotation_order`` "XYZ"
    (about x first; R = Rz Ry Rx), ``rotation_degrees`` (T, 3) without jumps of a turn and
    ``translation`` (T, 3) in model units (metres, for the default model), and ``eyes`` with
    ``left`` and ``right``, (T, 2) degrees to the subject's left and up.

    Raises:
        InputError: another suffix; text too long for .npz; no ARKit blendshape at all for
            .csv (retarget the motion first).
    """
    encoders = dict(zip(SUFFIXES, (_npz, _csv, _json), strict=True))
    if suffix.lower() not in encoders:
        known = f"{', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}"
        raise InputError(f"path: expected {known}, got {suffix!r}")
    return encoders[suffix.lower()](motion)


def load_motion(path: str | os.PathLike[str]) -> Motion:
    """Read a motion that :func:`save_motion` wrote as .npz.

    Raises:
        InputError: not such a file, of a newer version, or with arrays that do not fit.
    """
    with open_archive(Path(path), "motion", MAX_MOTION_BYTES) as archive:
        if "format" not in archive or archive.string("format") != FORMAT:
            raise InputError(f"{path}: not a motion file (made by `--motion-out` or Motion.save)")
        version = int(archive.indices("version", (), 1 << 30))
        if version != VERSION:
            raise InputError(
                f"{path}: motion file of version {version}, this one reads {VERSION}; update it"
            )
        names = _texts(archive, "names", MAX_NAMES)
        keys = _texts(archive, "source_keys", MAX_NAMES)
        values = _texts(archive, "source_values", MAX_NAMES)
        if len(set(names)) != len(names):
            raise InputError(f"{path}: names: a blendshape is there twice")
        if len(values) != len(keys):
            raise InputError(f"{path}: source_values: expected {len(keys)}, got {len(values)}")
        fps = archive.array("fps")
        if fps.shape != () or fps.dtype.kind != "f":
            raise InputError(f"{path}: fps: expected one number, got {fps.dtype} {fps.shape}")
        expression = archive.floats("expression", (None, len(names)))
        try:
            return Motion(
                fps=float(fps),
                model=archive.string("model"),
                names=names,
                expression=expression,
                pose=archive.floats("pose", (len(expression), 6)),
                gaze=archive.floats("gaze", (len(expression), 4)),
                sources=dict(zip(keys, values, strict=True)),
            )
        except InputError as error:
            raise InputError(f"{path}: {str(error).removeprefix(f'{path}: ')}") from error


def _csv(motion: Motion) -> bytes:
    table = arkit_weights(motion)
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    capitals = [name[0].upper() + name[1:] for name in LIVE_LINK_52]
    writer.writerow(["Timecode", "BlendshapeCount", *capitals])
    codes = _timecodes(len(motion), motion.fps)
    text = np.char.mod("%.6f", table)
    writer.writerows(
        [code, len(LIVE_LINK_52), *row] for code, row in zip(codes, text.tolist(), strict=True)
    )
    return buffer.getvalue().encode("ascii")


def _json(motion: Motion) -> bytes:
    tree = {
        "format": FORMAT,
        "version": VERSION,
        "fps": motion.fps,
        "model": motion.model,
        "names": list(motion.names),
        "sources": motion.sources,
        "expression": np.round(motion.expression.astype(np.float64), 6).tolist(),
        "pose": np.round(motion.pose.astype(np.float64), 6).tolist(),
        "gaze": np.round(motion.gaze.astype(np.float64), 6).tolist(),
        "times": np.round(motion.times, 6).tolist(),
        "head": {
            "rotation_order": "XYZ",
            "rotation_degrees": np.round(_euler_degrees(motion.pose[:, :3]), 6).tolist(),
            "translation": np.round(motion.pose[:, 3:].astype(np.float64), 6).tolist(),
        },
        "eyes": dict(zip(("left", "right"), _eye_degrees(motion.gaze), strict=True)),
    }
    return json.dumps(tree, ensure_ascii=False).encode("utf-8")


def _euler_degrees(vectors: checks.Float32) -> np.ndarray:
    """(T, 3) rotations about x, then y, then z, of (T, 3) rotation vectors."""
    from scipy.spatial.transform import Rotation

    angles = Rotation.from_rotvec(vectors.astype(np.float64)).as_euler("xyz")
    return np.degrees(np.unwrap(angles, axis=0))


def _eye_degrees(gaze: checks.Float32) -> list[list[list[float]]]:
    """Each eye's (T, 2) degrees to the subject's left, and up."""
    degrees = np.round(np.degrees(np.arcsin(gaze.astype(np.float64))), 6)
    return [degrees[:, :2].tolist(), degrees[:, 2:].tolist()]


def arkit_weights(motion: Motion) -> checks.Float32:
    """(T, 52) weights in 0..1, columns as ``LIVE_LINK_52``, with gaze in eyeLook*."""
    columns = {name: row for row, name in enumerate(motion.names)}
    shared = [name for name in LIVE_LINK_52 if name in columns]
    if not shared:
        raise InputError(
            f"motion: {motion.model!r} has no ARKit blendshapes; retarget it to the default model"
        )
    table = np.zeros((len(motion), len(LIVE_LINK_52)), np.float32)
    table[:, [LIVE_LINK_52.index(name) for name in shared]] = motion.expression[
        :, [columns[name] for name in shared]
    ]
    x = np.degrees(np.arcsin(motion.gaze[:, [0, 2]])) / EYE_RANGE_DEGREES
    y = np.degrees(np.arcsin(motion.gaze[:, [1, 3]])) / EYE_RANGE_DEGREES
    for eye, side in enumerate(("Left", "Right")):
        outward = x[:, eye] if side == "Left" else -x[:, eye]  # x is to the subject's left
        for name, turn in (("Out", outward), ("In", -outward), ("Up", y[:, eye]),
                           ("Down", -y[:, eye])):  # fmt: skip
            column = table[:, LIVE_LINK_52.index(f"eyeLook{name}{side}")]
            np.maximum(column, turn, out=column)
    return np.clip(table, 0.0, 1.0)


def _npz(motion: Motion) -> bytes:
    texts = [motion.model, *motion.names, *motion.sources, *motion.sources.values()]
    if any(len(text) > MAX_TEXT or "\0" in text for text in texts):
        raise InputError(f"motion: names and sources must have at most {MAX_TEXT} characters")
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        format=np.array(FORMAT),
        version=np.array(VERSION),
        fps=np.array(motion.fps, np.float64),
        model=np.array(motion.model),
        names=_text_array(motion.names),
        expression=motion.expression,
        pose=motion.pose,
        gaze=motion.gaze,
        source_keys=_text_array(motion.sources),
        source_values=_text_array(motion.sources.values()),
    )
    return buffer.getvalue()


def _text_array(texts: object) -> np.ndarray:
    # An empty list would become an array of floats.
    return np.array(list(texts), dtype=np.str_)  # type: ignore[call-overload]


def _texts(archive: Archive, name: str, limit: int) -> tuple[str, ...]:
    texts = archive.strings(name)
    if len(texts) > limit or any(len(text) > MAX_TEXT for text in texts):
        raise InputError(f"{archive.path}: {name}: too many or too long")
    return texts


def _timecodes(frames: int, fps: float) -> list[str]:
    """HH:MM:SS:FF.mmm of every frame, from its time k / fps."""
    times = np.arange(frames) / fps
    # A frame's time may fall short of a whole second by rounding alone.
    seconds = np.floor(times + 1e-9).astype(np.int64)
    thousandths = np.round((times - seconds) * fps * 1000).astype(np.int64)
    return [
        f"{s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d}:{t // 1000:02d}.{t % 1000:03d}"
        for s, t in zip(seconds.tolist(), np.maximum(thousandths, 0).tolist(), strict=True)
    ]
