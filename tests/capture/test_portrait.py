"""capture(): a photo in, a whole Subject or one clear error out."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from facewright.capture import CaptureSession, capture
from facewright.capture.landmarks import FaceFinder
from facewright.errors import InputError, NoFaceError
from facewright.face.library import load_model
from facewright.face.model import LandmarkEmbedding


@pytest.fixture(scope="module")
def session(finder: FaceFinder) -> CaptureSession:
    return CaptureSession(finder=finder)


def test_example_portrait(session: CaptureSession, astronaut: np.ndarray) -> None:
    subject = session.capture(astronaut, size=256)
    x0, y0, x1, y1 = subject.box
    assert x1 - x0 == y1 - y0 == pytest.approx(1.72 * 108, abs=6)
    assert x0 < 180 and x1 > 272 and y0 < 50 and y1 > 178  # the head with its hair
    assert subject.crop.shape == (256, 256, 3)
    assert subject.camera.size == (256, 256)
    assert subject.photo is astronaut
    assert subject.warnings == ()
    names, weights = subject.model.expression_names, subject.coefficients.expression
    # Her open smile is a smile, not the shapes that resemble one.
    smile = min(weights[names.index(f"mouthSmile{side}")] for side in ("Left", "Right"))
    assert smile > 0.2
    assert smile > weights[names.index("mouthStretchLeft")]
    assert smile > weights[names.index("smileOpen")]
    assert max(weights[names.index(f"eyeBlink{side}")] for side in ("Left", "Right")) < 0.4
    # She looks into the camera and holds her head slightly tilted, face on.
    assert np.abs(subject.coefficients.pose[:2]).max() < np.radians(20)
    assert 0.6 < -subject.coefficients.pose[5] < 2.0


def test_matte_tells_head_from_background(session: CaptureSession, astronaut: np.ndarray) -> None:
    subject = session.capture(astronaut, size=256)
    assert subject.matte.dtype == np.float32
    assert subject.matte.min() >= 0 and subject.matte.max() <= 1
    inside = subject.landmarks[:468].astype(int)
    assert subject.matte[inside[:, 1], inside[:, 0]].mean() > 0.97
    assert subject.matte[10:60, 235:250].mean() < 0.1


def test_same_photo_same_subject(session: CaptureSession, astronaut: np.ndarray) -> None:
    first, second = (session.capture(astronaut.copy(), size=128) for _ in range(2))
    np.testing.assert_array_equal(first.coefficients.to_vector(), second.coefficients.to_vector())
    np.testing.assert_array_equal(first.matte, second.matte)
    fresh = capture(astronaut, size=128)
    np.testing.assert_array_equal(first.coefficients.to_vector(), fresh.coefficients.to_vector())


def test_crop_captured_again_keeps_its_frame(
    session: CaptureSession, astronaut: np.ndarray
) -> None:
    first = session.capture(astronaut, size=256)
    again = session.capture(first.crop, size=256)
    assert again.box == (0, 0, 256, 256)
    np.testing.assert_allclose(again.coefficients.pose, first.coefficients.pose, atol=0.05)


def test_frames_share_a_box_and_an_identity(session: CaptureSession, astronaut: np.ndarray) -> None:
    first = session.capture(astronaut, size=128)
    moved = np.roll(astronaut, 6, axis=1)
    second = session.capture(moved, size=128, box=first.box, identity=first.coefficients.identity)
    assert second.box == first.box
    np.testing.assert_array_equal(second.coefficients.identity, first.coefficients.identity)
    side = first.box[2] - first.box[0]
    shift = (second.landmarks - first.landmarks).mean(0)
    np.testing.assert_allclose(shift, (6 * 128 / side, 0), atol=0.4)


def test_fit_frame_follows_a_clip(session: CaptureSession, astronaut: np.ndarray) -> None:
    subject = session.capture(astronaut, size=256)
    near = session.fit_frame(
        subject.crop, subject.model, subject.camera, identity=subject.coefficients.identity
    )
    turned = cv2.warpAffine(
        subject.crop, cv2.getRotationMatrix2D((128, 128), 5, 1), (256, 256)
    )  # counter-clockwise as seen
    _, found = session.fit_frame(
        turned,
        subject.model,
        subject.camera,
        identity=subject.coefficients.identity,
        near=near,
    )
    assert np.degrees(found.pose[2] - near[1].pose[2]) == pytest.approx(5, abs=1.5)


def two_faces(astronaut: np.ndarray) -> np.ndarray:
    scene = np.full((420, 700, 3), 80, np.uint8)
    head = astronaut[30:230, 130:330]
    scene[10:410, 10:410] = cv2.resize(head, (400, 400))
    scene[100:300, 470:670] = head[:, ::-1]
    return scene


def test_several_faces(session: CaptureSession, astronaut: np.ndarray) -> None:
    scene = two_faces(astronaut)
    largest = session.capture(scene, size=64)
    assert largest.box[0] < 300
    (warning,) = largest.warnings
    assert "2 faces" in warning and "--face N" in warning and "face=N" in warning
    other = session.capture(scene, size=64, face=1)
    assert other.box[0] > 350
    assert not any("2 faces" in text for text in other.warnings)
    with pytest.raises(InputError, match=r"face: 2 faces were found, so expected 0\.\.1, got 2"):
        session.capture(scene, face=2)
    with pytest.raises(InputError, match="face: "):
        session.capture(scene, face=-1)


@pytest.mark.parametrize("shape", [(1, 1), (2, 900), (240, 320)])
def test_no_face_in_one_line(session: CaptureSession, shape: tuple[int, int]) -> None:
    with pytest.raises(NoFaceError) as caught:
        session.capture(np.full((*shape, 3), 200, np.uint8))
    message = str(caught.value)
    assert "\n" not in message
    assert f"{shape[1]} x {shape[0]}" in message
    assert caught.value.exit_code == 3


def test_face_cut_by_the_border(session: CaptureSession, astronaut: np.ndarray) -> None:
    subject = session.capture(astronaut[75:230, 190:330], size=128)
    assert min(subject.box) < 0
    assert subject.crop.std() > 20
    assert np.isfinite(subject.coefficients.to_vector()).all()


def test_small_face_warns(session: CaptureSession, astronaut: np.ndarray) -> None:
    small = cv2.resize(astronaut, (200, 200), interpolation=cv2.INTER_AREA)
    subject = session.capture(small, size=128)
    assert any("pixels high" in text for text in subject.warnings)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"size": 8}, "size: expected values >= 64"),
        ({"size": 5000}, "size: expected values <= 2048"),
        ({"box": (0, 0, 10, 20)}, "box: expected a square"),
    ],
)
def test_bad_arguments(
    session: CaptureSession, astronaut: np.ndarray, changed: dict, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        session.capture(astronaut, **changed)


def test_pictures_of_another_kind(session: CaptureSession) -> None:
    for wrong in (np.zeros((9, 9, 4), np.uint8), np.zeros((9, 9, 3), np.float32)):
        with pytest.raises(InputError, match="photo: expected"):
            session.capture(wrong)


def test_model_is_the_default_one(session: CaptureSession, astronaut: np.ndarray) -> None:
    subject = session.capture(astronaut, size=64)
    assert subject.model is load_model()
    assert isinstance(subject.model.landmarks478, LandmarkEmbedding)
