"""Subjects survive a trip to disk; damaged and hostile files are refused in one line."""

from __future__ import annotations

import json
import zipfile
import zlib
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from facewright.capture.subject import Subject
from facewright.capture.subject_io import load_subject, save_subject
from facewright.errors import InputError, OutputError
from facewright.face.coefficients import TOTAL, Coefficients
from facewright.face.model import LandmarkEmbedding, MorphableModel
from facewright.face.names import EXPRESSION_64
from facewright.render.camera import Camera


@pytest.fixture(scope="module")
def model() -> MorphableModel:
    """A single triangle with the default model's sizes."""
    triangle = np.zeros((1, 3), np.int32)
    corner = np.ones((1, 3), np.float32) / 3
    return MorphableModel(
        name="triangle-1",
        mean=np.zeros((3, 3), np.float32),
        identity_basis=np.zeros((80, 3, 3), np.float32),
        expression_basis=np.zeros((64, 3, 3), np.float32),
        texture_mean=np.zeros((3, 3), np.float32),
        texture_basis=np.zeros((80, 3, 3), np.float32),
        expression_names=EXPRESSION_64,
        triangles=triangle,
        triangle_parts=np.zeros(1, np.uint8),
        vertex_parts=np.zeros(3, np.uint8),
        uvs=np.zeros((3, 2), np.float32),
        uv_triangles=triangle,
        landmarks68=LandmarkEmbedding(np.zeros(1, np.int32), corner),
    )


@pytest.fixture
def subject(model: MorphableModel) -> Subject:
    rng = np.random.default_rng(0)
    return Subject(
        model=model,
        coefficients=Coefficients.from_vector(rng.normal(size=TOTAL)),
        camera=Camera(230.4, (32.0, 31.5), (64, 64)),
        crop=rng.integers(0, 256, (64, 64, 3), dtype=np.uint8),
        box=(-5.0, 2.0, 35.0, 42.0),
        photo=rng.integers(0, 256, (50, 40, 3), dtype=np.uint8),
        matte=rng.random((64, 64), dtype=np.float32),
        landmarks=rng.random((478, 2), dtype=np.float32) * 64,
        warnings=("2 faces found: took the largest",),
    )


@pytest.fixture
def saved(subject: Subject, tmp_path: Path) -> Path:
    path = tmp_path / "someone.npz"
    save_subject(subject, path)
    return path


def rewrite(path: Path, **changed: np.ndarray) -> None:
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files}
    np.savez(path, **{**arrays, **changed})


def rewrite_header(path: Path, **changed: object) -> None:
    with np.load(path) as file:
        header = json.loads(file["header"].tobytes())
    header.update(changed)
    rewrite(path, header=np.frombuffer(json.dumps(header).encode(), np.uint8))


def test_round_trip(subject: Subject, saved: Path) -> None:
    again = load_subject(saved, subject.model)
    for field in fields(Subject):
        before, after = getattr(subject, field.name), getattr(again, field.name)
        if field.name == "coefficients":
            np.testing.assert_array_equal(after.to_vector(), before.to_vector())
        elif field.name == "matte":
            np.testing.assert_allclose(after, before, atol=5e-4)
        elif isinstance(before, np.ndarray):
            np.testing.assert_array_equal(after, before)
            assert after.dtype == before.dtype
        else:
            assert after == before
    assert list(saved.parent.iterdir()) == [saved]


def test_name_is_kept_as_given(subject: Subject, tmp_path: Path) -> None:
    save_subject(subject, tmp_path / "someone.subject")
    assert [path.name for path in tmp_path.iterdir()] == ["someone.subject"]
    load_subject(tmp_path / "someone.subject", subject.model)


def test_no_folder(subject: Subject, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="does not exist"):
        save_subject(subject, tmp_path / "absent" / "someone.npz")


def test_of_another_model(subject: Subject, saved: Path) -> None:
    with pytest.raises(InputError, match="'triangle-1', not to 'other'"):
        load_subject(saved, replace(subject.model, name="other"))


@pytest.mark.parametrize("content", [b"", b"text", b"PK\x03\x04 and then nothing"])
def test_not_a_subject(model: MorphableModel, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other.npz"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"other\.npz"):
        load_subject(path, model)


def test_absent(model: MorphableModel, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.npz: no such file"):
        load_subject(tmp_path / "none.npz", model)


def test_cut_short(model: MorphableModel, saved: Path) -> None:
    saved.write_bytes(saved.read_bytes()[:-200])
    with pytest.raises(InputError, match=r"someone\.npz"):
        load_subject(saved, model)


def test_pickles_are_not_opened(model: MorphableModel, saved: Path) -> None:
    rewrite(saved, coefficients=np.array([{"a": 1}], dtype=object))
    with pytest.raises(InputError, match=r"someone\.npz: not a subject"):
        load_subject(saved, model)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("coefficients", np.zeros(260, np.float32), "vector: expected shape"),
        ("coefficients", np.full(TOTAL, np.nan, np.float32), "finite"),
        ("matte", np.full((64, 64), 1.5, np.float16), "matte: expected values <= 1"),
        ("matte", np.zeros((32, 32), np.float16), "matte: expected shape"),
        ("landmarks", np.zeros((468, 2), np.float32), "landmarks: expected shape"),
        ("photo", np.zeros(100, np.uint8), "photo: "),
    ],
)
def test_arrays_are_checked(
    model: MorphableModel, saved: Path, name: str, value: np.ndarray, message: str
) -> None:
    rewrite(saved, **{name: value})
    with pytest.raises(InputError, match=message):
        load_subject(saved, model)


@pytest.mark.parametrize(
    "changed",
    [
        {"format": "facewright-subject-9"},
        {"box": [0, 0, 10, 11]},
        {"box": [0, 0, 10.5, 10.5]},
        {"focal": -1.0},
        {"centre": [1.0]},
        {"size": [64, 65]},
        {"warnings": [1]},
        {"warnings": "text"},
    ],
)
def test_header_is_checked(model: MorphableModel, saved: Path, changed: dict[str, object]) -> None:
    rewrite_header(saved, **changed)
    with pytest.raises(InputError, match=r"someone\.npz"):
        load_subject(saved, model)


def test_png_that_claims_to_be_huge(model: MorphableModel, saved: Path) -> None:
    with np.load(saved) as file:
        png = file["photo"].copy()
    png[16:24] = np.frombuffer((60_000).to_bytes(4, "big") * 2, np.uint8)
    png[29:33] = np.frombuffer(zlib.crc32(png[12:29].tobytes()).to_bytes(4, "big"), np.uint8)
    rewrite(saved, photo=png)
    with pytest.raises(InputError, match=r"photo: .* limit of 134,217,728 pixels"):
        load_subject(saved, model)


def test_bomb_is_not_unpacked(model: MorphableModel, saved: Path) -> None:
    """A member that unpacks to more than any subject's is refused by its size alone."""
    with zipfile.ZipFile(saved) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["matte.npy"] = bytes(2**28 + 1)
    with zipfile.ZipFile(saved, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    with pytest.raises(InputError, match="matte: larger than 256 MiB"):
        load_subject(saved, model)
