"""Subjects from files of every kind, with the real backend."""

from __future__ import annotations

import os
import struct
import subprocess
import zlib
from pathlib import Path

import bpy
import numpy as np
import pytest
import synthetic

from addon.core.client import Backend, is_subject_file
from addon.core.errors import SubjectUnknownError
from addon.subject import objects as subject
from addon.texture import geometry
from addon.ui import session
from addon.ui.subject import create

ROOT = Path(__file__).resolve().parents[3]
ADDRESS, PROGRAM = (os.environ.get(f"FACEWRIGHT_{name}", "") for name in ("ADDRESS", "BACKEND"))

pytestmark = pytest.mark.skipif(
    not ADDRESS, reason="needs a backend's address in FACEWRIGHT_ADDRESS"
)


@pytest.fixture(autouse=True)
def connected():
    session.disconnect()
    session.connect(session.Settings(ADDRESS), lambda *step: None)
    yield
    session.disconnect()


@pytest.fixture(scope="module")
def pixels() -> np.ndarray:
    """(H, W, 3) uint8 of the example portrait."""
    return read(ROOT / "examples/portrait.png")


@pytest.fixture(scope="module")
def file(tmp_path_factory) -> Path:
    """A subject's file, as `facewright capture` writes it."""
    if not PROGRAM:
        pytest.skip("needs the facewright program in FACEWRIGHT_BACKEND")
    path = tmp_path_factory.mktemp("captured") / "Zoë's face.npz"
    portrait = str(ROOT / "examples/portrait.png")
    subprocess.run([PROGRAM, "capture", portrait, "-o", str(path)], check=True, timeout=120)
    return path


def read(path: Path) -> np.ndarray:
    image = bpy.data.images.load(str(path))
    image.colorspace_settings.name = "Non-Color"
    width, height = image.size
    flat = np.empty(4 * width * height, np.float32)
    image.pixels.foreach_get(flat)
    bpy.data.images.remove(image)
    rows = flat.reshape(height, width, 4)[::-1, :, :3]
    return np.round(rows * 255).astype(np.uint8)


def with_exif(png: bytes, orientation: int) -> bytes:
    """A PNG that says how it is turned."""
    data = struct.pack("<2sHIHHHII", b"II", 42, 8, 1, 0x0112, 3, 1, orientation)
    data += struct.pack("<I", 0)
    chunk = struct.pack(">I", len(data)) + b"eXIf" + data
    chunk += struct.pack(">I", zlib.crc32(b"eXIf" + data))
    return png[:33] + chunk + png[33:]  # after the header


def only(scene: bpy.types.Scene) -> subject.SubjectObjects:
    (rig,) = subject.in_scene(scene)
    return subject.find(rig)


def test_a_subjects_file_makes_the_same_rig_as_its_photo(scene, file, tmp_path):
    assert is_subject_file(file) and not is_subject_file(ROOT / "examples/portrait.png")
    assert bpy.ops.facewright.import_subject(filepath=str(file)) == {"FINISHED"}
    who = only(scene)
    assert who.photo.name == file.name and who.photo.read_bytes() == file.read_bytes()
    assert who.photo.parent == tmp_path / "scene_files" / file.stem
    (plate,) = who.camera.data.background_images
    portrait = read(ROOT / "examples/portrait.png")
    assert tuple(plate.image.size) == portrait.shape[1::-1]
    np.testing.assert_array_equal(read(Path(bpy.path.abspath(plate.image.filepath))), portrait)
    assert bpy.ops.facewright.new_subject(filepath=str(ROOT / "examples/portrait.png")) == {
        "FINISHED"
    }
    (other,) = (rig for rig in subject.in_scene(scene) if rig != who.rig)
    photographed = subject.find(other)
    assert photographed.subject_id != who.subject_id
    shown = [
        geometry.subject_vertices(each, bpy.context.evaluated_depsgraph_get())
        for each in (who, photographed)
    ]
    np.testing.assert_allclose(shown[0], shown[1], atol=1e-5)


def test_a_backend_that_forgot_reads_the_file_again(scene, file):
    with Backend(ADDRESS) as backend:
        first = backend.capture(file)
        calls = iter([SubjectUnknownError("gone"), "again"])

        def call():
            result = next(calls)
            if isinstance(result, Exception):
                raise result
            return result

        assert backend.with_subject(first.subject_id, file, 512, call) == "again"


@pytest.mark.parametrize("orientation", [3, 6])
def test_a_turned_photograph_stands_upright_behind_the_camera(scene, tmp_path, pixels, orientation):
    """Stored upside down, or lying on its side, with a note that says so (EXIF)."""
    stored = np.rot90(pixels, {3: 2, 6: 1}[orientation])
    photo = tmp_path / "turned photo.png"
    photo.write_bytes(with_exif(synthetic.png(np.ascontiguousarray(stored)), orientation))
    assert bpy.ops.facewright.new_subject(filepath=str(photo)) == {"FINISHED"}
    who = only(scene)
    (plate,) = who.camera.data.background_images
    shown = Path(bpy.path.abspath(plate.image.filepath))
    np.testing.assert_array_equal(read(shown), pixels)
    assert plate.image.filepath.startswith("//")
    assert who.photo.read_bytes() == photo.read_bytes()
    assert (scene.render.resolution_x, scene.render.resolution_y) == pixels.shape[1::-1]


def test_a_photograph_of_4k_is_framed_whole(scene, tmp_path, pixels):
    wide = np.full((2160, 3840, 3), 90, np.uint8)
    large = np.kron(pixels, np.ones((3, 3, 1), np.uint8))[:2160, :2400]
    wide[: large.shape[0], 1000 : 1000 + large.shape[1]] = large
    photo = tmp_path / "Weit weg.png"
    photo.write_bytes(synthetic.png(wide))
    assert bpy.ops.facewright.new_subject(filepath=str(photo)) == {"FINISHED"}
    who = only(scene)
    assert (scene.render.resolution_x, scene.render.resolution_y) == (3840, 2160)
    (plate,) = who.camera.data.background_images
    assert tuple(plate.image.size) == (3840, 2160)
    # The face is projected onto the face that the picture shows: its skin is no grey wall.
    graph = bpy.context.evaluated_depsgraph_get()
    points = geometry.subject_vertices(who, graph)
    middle = points[np.argsort(points[:, 2])[-200:]].mean(0)  # nearest the camera: the nose
    lens = who.camera.data
    focal = lens.lens / lens.sensor_width * 3840
    centre = np.array([1920 - lens.shift_x * 3840, 1080 + lens.shift_y * 3840])
    at = np.round(centre + focal * middle[:2] * [1, -1] / -middle[2]).astype(int)
    assert 1000 < at[0] < 1000 + large.shape[1] and 0 < at[1] < 2160
    assert (wide[at[1], at[0]] != 90).any()


def test_files_that_are_nothing_are_refused(scene, tmp_path):
    nothing = tmp_path / "nothing.npz"
    with pytest.raises(RuntimeError, match="there is no file"):
        bpy.ops.facewright.import_subject(filepath=str(nothing))
    nothing.write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(RuntimeError, match=r"nothing\.npz: not a subject"):
        bpy.ops.facewright.import_subject(filepath=str(nothing))
    with pytest.raises(RuntimeError, match="filepath: expected"):
        bpy.ops.facewright.import_subject()
    assert subject.in_scene(scene) == []


def test_the_same_subject_twice_is_told(scene, capfd):
    portrait = str(ROOT / "examples/portrait.png")
    for _ in range(2):
        assert bpy.ops.facewright.new_subject(filepath=portrait) == {"FINISHED"}
    rigs = subject.in_scene(scene)
    assert len(rigs) == 2
    assert len({subject.find(rig).photo.parent for rig in rigs}) == 2
    assert "is the same subject from the same file" in capfd.readouterr().out


def test_files_can_be_dropped():
    if not hasattr(bpy.types, "FileHandler"):
        pytest.skip("this Blender has no file handlers")
    handler = create.SubjectDrop
    assert handler.is_registered
    assert handler.bl_import_operator == "facewright.import_subject"
    assert {".npz", ".jpg", ".png"} <= set(handler.bl_file_extensions.split(";"))
