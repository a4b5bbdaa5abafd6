"""Pictures in: every usual kind upright and in sRGB, and hostile ones refused at once."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from facewright.errors import InputError, OutputError
from facewright.media.picture import encode_picture, read_picture, write_picture
from PIL import Image, ImageCms


@pytest.fixture(scope="module")
def pixels() -> np.ndarray:
    """A smooth colourful picture whose corners differ."""
    y, x = np.mgrid[0:40, 0:60]
    return np.stack([x * 4, y * 6, 255 - x * 3], axis=-1).astype(np.uint8)


def encoded(image: Image.Image, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("kind", "error"), [("PNG", 0), ("BMP", 0), ("TIFF", 0), ("WEBP", 12), ("JPEG", 12)]
)
def test_formats(pixels, kind, error):
    options = {"quality": 95} if kind in ("WEBP", "JPEG") else {}
    result = read_picture(encoded(Image.fromarray(pixels), kind, **options))
    assert result.shape == pixels.shape and result.dtype == np.uint8
    assert np.abs(result.astype(int) - pixels).mean() <= error / 4
    assert np.abs(result.astype(int) - pixels).max() <= error * 2


def test_grey_16_bit_bilevel_palette_and_cmyk(pixels):
    image = Image.fromarray(pixels)
    grey = np.array(image.convert("L"))
    assert np.array_equal(read_picture(encoded(image.convert("L"), "PNG"))[..., 1], grey)
    deep = Image.fromarray(grey.astype(np.uint16) * 257)
    for kind in ("PNG", "TIFF"):
        assert np.array_equal(read_picture(encoded(deep, kind))[..., 0], grey)
    bilevel = read_picture(encoded(image.convert("1"), "PNG"))
    assert set(np.unique(bilevel)) == {0, 255}
    palette = read_picture(encoded(image.quantize(256), "PNG"))
    assert np.abs(palette.astype(int) - pixels).mean() < 6
    cmyk = read_picture(encoded(image.convert("CMYK"), "TIFF"))
    assert np.abs(cmyk.astype(int) - pixels).max() <= 1


def test_transparency_lies_over_white(pixels):
    clear = np.dstack([pixels, np.full(pixels.shape[:2], 255, np.uint8)])
    clear[:, :30, 3] = 0
    clear[0, 59, 3] = 128
    result = read_picture(encoded(Image.fromarray(clear), "PNG"))
    assert (result[:, :30] == 255).all()
    assert np.array_equal(result[1:, 30:], pixels[1:, 30:])
    half = (pixels[0, 59].astype(int) * 128 + 255 * 127) / 255
    assert np.abs(result[0, 59] - half).max() <= 1


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_undone(pixels, orientation):
    mirrored = pixels.transpose(1, 0, 2)
    shown = {
        1: pixels,
        2: pixels[:, ::-1],
        3: pixels[::-1, ::-1],
        4: pixels[::-1],
        5: mirrored,
        6: mirrored[:, ::-1],
        7: mirrored[::-1, ::-1],
        8: mirrored[::-1],
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert np.array_equal(read_picture(encoded(Image.fromarray(pixels), "PNG", exif=exif)), shown)


def test_icc_profiles_are_applied(pixels):
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    image = Image.fromarray(pixels)
    assert np.array_equal(read_picture(encoded(image, "PNG", icc_profile=srgb)), pixels)
    lab = ImageCms.profileToProfile(
        image, ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
    )
    assert np.abs(read_picture(encoded(lab, "TIFF")).astype(int) - pixels).mean() < 2
    # Primaries exchanged in a hand-made profile: a red pixel must come out green.
    swapped = bytearray(srgb)
    tags = {bytes(swapped[at : at + 4]): at for at in range(132, 132 + 12 * 32, 12)}
    red, green = tags[b"rXYZ"], tags[b"gXYZ"]
    swapped[red : red + 4], swapped[green : green + 4] = b"gXYZ", b"rXYZ"
    name = swapped.find("sRGB".encode("utf-16-be"))
    swapped[name : name + 8] = "test".encode("utf-16-be")
    flat = Image.new("RGB", (20, 20), (255, 0, 0))
    result = read_picture(encoded(flat, "PNG", icc_profile=bytes(swapped)))[0, 0]
    assert result[1] > 200 and result[0] < 60


def test_broken_metadata_do_not_cost_the_picture(pixels):
    image = Image.fromarray(pixels)
    assert np.array_equal(read_picture(encoded(image, "PNG", icc_profile=b"nonsense" * 9)), pixels)
    assert read_picture(encoded(image, "JPEG", exif=b"Exif\0\0broken")).shape == pixels.shape


def png_header(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(bytes(1000)))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    "size", [(60000, 60000), (10000, 9000), (9000, 8000), (40000, 100), (2**31 - 1, 2**31 - 1)]
)
def test_a_header_that_claims_too_much_is_refused_before_decoding(size):
    with pytest.raises(InputError, match=r"limit of 50,000,000 pixels.*scale it down"):
        read_picture(png_header(*size))


def test_the_limit_can_be_set(pixels):
    data = encoded(Image.fromarray(pixels), "PNG")
    with pytest.raises(InputError, match="60 x 40 pixels, over the limit of 2,000"):
        read_picture(data, max_pixels=2000)
    assert read_picture(data, max_pixels=2400).shape == (40, 60, 3)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP", "TIFF"])
@pytest.mark.parametrize("kept", [0.02, 0.5, 0.8])
def test_truncated_files_are_refused(kind, kept):
    noise = np.random.default_rng(0).integers(0, 255, (200, 200, 3), dtype=np.uint8)
    data = encoded(Image.fromarray(noise), kind)
    with pytest.raises(InputError) as caught:
        read_picture(data[: int(len(data) * kept)], name="cut.jpg")
    assert str(caught.value).startswith("cut.jpg: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("data", [b"", b"plain text " * 30, b"GIF89a" + bytes(99), b"\xff\xd8\xff"])
def test_what_is_no_picture_is_refused(data):
    with pytest.raises(InputError, match=r"portrait: (empty|not a picture)"):
        read_picture(data)


def test_floating_point_and_tiny_pictures_are_refused(pixels):
    with pytest.raises(InputError, match="floating-point"):
        read_picture(encoded(Image.fromarray(np.ones((30, 30), np.float32)), "TIFF"))
    with pytest.raises(InputError, match="too small"):
        read_picture(encoded(Image.fromarray(pixels[:5]), "PNG"))


def test_random_damage_never_ends_in_another_error(examples):
    """Flip bytes of real files: a picture or an InputError, nothing else."""
    rng = np.random.default_rng(1)
    small = Image.open(examples / "portrait.png").resize((64, 64))
    for kind in ("PNG", "JPEG", "WEBP", "TIFF", "BMP"):
        data = np.frombuffer(encoded(small, kind), np.uint8)
        for _ in range(60):
            broken = data.copy()
            broken[rng.integers(0, min(len(data), 600), 6)] = rng.integers(0, 256, 6)
            try:
                assert read_picture(broken.tobytes()).shape[2] == 3
            except InputError as error:
                assert "\n" not in str(error)


def test_writing(pixels, tmp_path):
    write_picture(tmp_path / "a.png", pixels)
    assert np.array_equal(read_picture(tmp_path / "a.png"), pixels)
    assert encode_picture(pixels, "jpg")[:3] == b"\xff\xd8\xff"
    with pytest.raises(InputError, match="'gif' is not one of png"):
        write_picture(tmp_path / "a.gif", pixels)
    with pytest.raises(OutputError, match="does not exist"):
        write_picture(tmp_path / "no" / "a.png", pixels)
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]
