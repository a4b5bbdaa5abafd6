"""Subjects on disk: one .npz of plain arrays, never a pickle.

The model is not stored but named; whoever loads brings it. The photo is kept as PNG
bytes, without loss. Everything is checked before a Subject is made, and a file appears
under its name only when it is whole.
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facewright import checks
from facewright.capture.box import checked_box
from facewright.capture.landmarks import POINTS
from facewright.capture.subject import Subject
from facewright.checks import UInt8
from facewright.errors import InputError
from facewright.face.coefficients import Coefficients
from facewright.face.library import load_model
from facewright.face.model import MorphableModel
from facewright.media.files import atomic_output
from facewright.media.picture import encode_picture, read_picture
from facewright.render.camera import Camera

_FORMAT = "facewright-subject-1"
_LARGEST_HEADER = 65_536  # bytes of JSON
_LARGEST_ARRAY = 2**28  # bytes of any array once unpacked
_LARGEST_PICTURE = 2**27  # pixels
_ARRAYS = ("header", "photo", "crop", "matte", "landmarks", "coefficients")


def save_subject(subject: Subject, path: str | Path) -> None:
    """Write a subject; ``path`` is replaced in one step or left as it was.

    Raises:
        OutputError: where it cannot be written.
    """
    header = {
        "format": _FORMAT,
        "model": subject.model.name,
        "focal": subject.camera.focal,
        "centre": list(subject.camera.centre),
        "size": list(subject.camera.size),
        "box": list(subject.box),
        "warnings": list(subject.warnings),
    }
    arrays: dict[str, Any] = {
        "header": np.frombuffer(json.dumps(header).encode(), np.uint8),
        "photo": _png(subject.photo),
        "crop": _png(subject.crop),
        "matte": subject.matte.astype(np.float16),
        "landmarks": subject.landmarks,
        "coefficients": subject.coefficients.to_vector(),
    }
    # savez adds .npz to a path that lacks it, so it is given an open file.
    with atomic_output(path) as unfinished, unfinished.open("wb") as file:
        np.savez_compressed(file, **arrays)


def load_subject(
    path: str | Path,
    model: MorphableModel | None = None,
    *,
    name: str | None = None,
    max_pixels: int = _LARGEST_PICTURE,
) -> Subject:
    """Read a subject.

    Args:
        path: a file written by :func:`save_subject`.
        model: the model it was captured with; None for the default model.
        name: how messages call the file; None: by its path.
        max_pixels: of the photo, width x height.

    Raises:
        InputError: where the file is no subject, is damaged, or belongs to another model.
    """
    path = Path(path)
    name = str(path) if name is None else name
    model = load_model() if model is None else model
    try:
        arrays = _read(path)
        header = json.loads(arrays["header"].tobytes())
        if not isinstance(header, dict) or header.get("format") != _FORMAT:
            raise InputError(f"expected a subject of format {_FORMAT!r}")
        if header["model"] != model.name:
            raise InputError(f"it belongs to model {header['model']!r}, not to {model.name!r}")
        return _subject(header, arrays, model, max_pixels)
    except FileNotFoundError as error:
        raise InputError(f"{name}: no such file") from error
    except InputError as error:
        raise InputError(f"{name}: {error}") from error
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(
            f"{name}: not a subject written by `facewright capture` ({type(error).__name__})"
        ) from error


def _read(path: Path) -> dict[str, NDArray[Any]]:
    """The file's arrays, each measured before it is unpacked."""
    with zipfile.ZipFile(path) as archive:
        for name in _ARRAYS:
            if archive.getinfo(f"{name}.npy").file_size > _LARGEST_ARRAY:
                raise InputError(f"{name}: larger than {_LARGEST_ARRAY >> 20} MiB")
        if archive.getinfo("header.npy").file_size > _LARGEST_HEADER:
            raise InputError(f"header: larger than {_LARGEST_HEADER} bytes")
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in _ARRAYS}


def _subject(
    header: dict[str, Any],
    arrays: dict[str, NDArray[Any]],
    model: MorphableModel,
    max_pixels: int,
) -> Subject:
    coefficients = Coefficients.from_vector(arrays["coefficients"])
    for field, have in (
        ("identity", model.identity_basis),
        ("expression", model.expression_basis),
        ("texture", model.texture_basis),
    ):
        want = len(getattr(coefficients, field))
        if len(have) != want:
            raise InputError(f"{field}: expected {len(have)} coefficients, got {want}")
    crop = _picture("crop", arrays["crop"])
    size = crop.shape[0]
    if crop.shape[1] != size:
        raise InputError(f"crop: expected a square, got {crop.shape[1]} x {size}")
    width, height = (int(v) for v in header["size"])
    if (width, height) != (size, size):
        raise InputError(f"size: expected the crop's {size} x {size}, got {width} x {height}")
    warnings = header["warnings"]
    if not isinstance(warnings, list) or not all(isinstance(text, str) for text in warnings):
        raise InputError("warnings: expected a list of texts")
    centre = checks.floats("centre", header["centre"], (2,))
    box = checked_box(tuple(header["box"]))
    return Subject(
        model=model,
        coefficients=coefficients,
        camera=Camera(float(header["focal"]), (float(centre[0]), float(centre[1])), (size, size)),
        crop=crop,
        box=box,
        photo=_picture("photo", arrays["photo"], max_pixels),
        matte=checks.floats("matte", arrays["matte"], (size, size), low=0, high=1),
        landmarks=checks.floats("landmarks", arrays["landmarks"], (POINTS, 2)),
        warnings=tuple(warnings),
    )


def _png(picture: UInt8) -> UInt8:
    return np.frombuffer(encode_picture(picture, "png"), np.uint8)


def _picture(name: str, data: NDArray[Any], max_pixels: int = _LARGEST_PICTURE) -> UInt8:
    if data.dtype != np.uint8:
        raise InputError(f"{name}: expected the bytes of a PNG, got {data.dtype}")
    return read_picture(data.tobytes(), max_pixels=max_pixels, name=name)
