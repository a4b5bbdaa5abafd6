"""Pictures in: any usual photograph as 8-bit sRGB, upright, checked before it is decoded."""

from __future__ import annotations

import io
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from facewright.checks import UInt8, picture
from facewright.errors import InputError
from facewright.media.files import Source, open_source, source_name, write_bytes

if TYPE_CHECKING:
    from PIL.Image import Image

#: Most pixels by default, as announced in ``Limits.max_photo_pixels``.
MAX_PIXELS = 50_000_000

#: What is read.
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "TIFF")

_MAX_SIDE = 32_768  # of a picture within MAX_PIXELS; OpenCV's warps stop there
_MIN_SIDE = 16


def read_picture(source: Source, *, max_pixels: int = MAX_PIXELS, name: str = "portrait") -> UInt8:
    """Decode a PNG, JPEG, WebP, BMP or TIFF to sRGB.

    Turned upright by its EXIF orientation, converted by its ICC profile (an unreadable
    profile counts as sRGB, as in browsers), transparency laid over white, 16 bits rounded
    to 8, grey, palette and CMYK made RGB.

    Args:
        source: a path, or the file's bytes.
        max_pixels: width x height in the header beyond which nothing is decoded.
        name: how messages call bytes.

    Returns:
        (H, W, 3) uint8 sRGB.

    Raises:
        InputError: not a picture, damaged, or too large.
    """
    # Given `formats`, Pillow does not load the plug-ins that it does not start with.
    from PIL import Image, ImageOps, TiffImagePlugin, WebPImagePlugin  # noqa: F401

    called = source_name(source, name)
    with (
        open_source(source, name) as stream,
        _picture_errors(called, max_pixels),
        Image.open(stream, formats=FORMATS) as image,
    ):
        _check_size(called, image.width, image.height, max_pixels)
        image.load()
        with suppress(SyntaxError, ValueError, KeyError, TypeError, struct.error):
            ImageOps.exif_transpose(image, in_place=True)  # a broken EXIF block: as it is
        return np.array(_to_rgb(called, image))


def write_picture(path: Any, pixels: UInt8) -> None:
    """Write (H, W, 3) uint8 sRGB atomically; the suffix gives the format.

    Raises:
        InputError: a suffix that is none of .png, .jpg, .jpeg, .webp.
        OutputError: not writable, disk full.
    """
    write_bytes(path, encode_picture(pixels, str(path).rpartition(".")[2]))


def encode_picture(pixels: UInt8, suffix: str = "png", *, effort: int = 3) -> bytes:
    """(H, W, 3) uint8 sRGB as the bytes of a PNG (lossless), JPEG or WebP (quality 95).

    ``effort`` is zlib's 0..9 for a PNG: 1 takes three quarters of 3's time for 2 % more bytes.
    """
    from PIL import Image

    formats = {"png": "PNG", "jpg": "JPEG", "jpeg": "JPEG", "webp": "WEBP"}
    if suffix.lower() not in formats:
        raise InputError(f"suffix: {suffix!r} is not one of {', '.join(formats)}")
    buffer = io.BytesIO()
    options: dict[str, Any] = (
        {"compress_level": effort} if suffix.lower() == "png" else {"quality": 95}
    )
    Image.fromarray(picture("pixels", pixels)).save(buffer, formats[suffix.lower()], **options)
    return buffer.getvalue()


def _check_size(called: str, width: int, height: int, max_pixels: int) -> None:
    if width * height > max_pixels or max(width, height) > _MAX_SIDE:
        raise InputError(
            f"{called}: {width} x {height} pixels, over the limit of {max_pixels:,} pixels"
            f" and {_MAX_SIDE:,} a side; scale it down"
        )
    if min(width, height) < _MIN_SIDE:
        raise InputError(f"{called}: {width} x {height} pixels is too small for a portrait")


def _to_rgb(called: str, image: Image) -> Image:
    from PIL import Image

    if image.mode.startswith("I;16") or image.mode == "I":
        values = np.asarray(image).astype(np.float32)
        if values.min() < 0 or values.max() > 65535:
            raise InputError(f"{called}: {image.mode} pixels beyond 16 bits; save it with 8 or 16")
        image = _with_profile(Image.fromarray(np.round(values / 257).astype(np.uint8)), image)
    elif image.mode == "F":
        raise InputError(f"{called}: floating-point pixels; save it with 8 or 16 bits")
    if image.has_transparency_data:
        image = _with_profile(image.convert("RGBA"), image)
        alpha = image.getchannel("A")
        opaque = _apply_profile(_with_profile(image.convert("RGB"), image))
        white = Image.new("RGB", image.size, "white")
        return Image.composite(opaque, white, alpha)
    if image.mode in ("P", "1"):
        image = _with_profile(image.convert("RGB" if image.mode == "P" else "L"), image)
    return _apply_profile(image)


def _with_profile(image: Image, original: Image) -> Image:
    if profile := original.info.get("icc_profile"):
        image.info["icc_profile"] = profile
    return image


def _apply_profile(image: Image) -> Image:
    """To RGB, through the embedded ICC profile where there is a usable one."""
    from PIL import ImageCms

    data = image.info.get("icc_profile")
    if data:
        with suppress(ImageCms.PyCMSError, OSError, ValueError, TypeError):
            profile = ImageCms.ImageCmsProfile(io.BytesIO(data))
            # sRGB to sRGB would only round.
            if image.mode != "RGB" or "sRGB" not in ImageCms.getProfileDescription(profile):
                converted = ImageCms.profileToProfile(
                    image,
                    profile,
                    ImageCms.createProfile("sRGB"),
                    renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
                    outputMode="RGB",
                    flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
                )
                if converted is not None:
                    return converted
    return image.convert("RGB")


@contextmanager
def _picture_errors(called: str, max_pixels: int) -> Iterator[None]:
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            # Pillow's own size limits: a warning below twice its limit, then an error.
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            warnings.simplefilter("ignore", UserWarning)  # harmless damage in metadata
            yield
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise InputError(
            f"{called}: its header claims more than the limit of {max_pixels:,} pixels;"
            " scale it down"
        ) from error
    except UnidentifiedImageError as error:
        raise InputError(
            f"{called}: not a picture that can be read; give PNG, JPEG, WebP, BMP or TIFF"
        ) from error
    except InputError:
        raise
    except (OSError, SyntaxError, ValueError, EOFError, KeyError, TypeError) as error:
        raise InputError(f"{called}: damaged picture ({error})") from error
    except (struct.error, OverflowError, MemoryError) as error:
        raise InputError(f"{called}: damaged picture ({error})") from error
