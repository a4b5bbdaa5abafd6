"""Faces are found wherever they are, each once, always the same."""

from __future__ import annotations

import threading

import cv2
import numpy as np
import pytest
from facewright.capture.landmarks import FaceFinder
from facewright.errors import InputError, NoFaceError

NOSE, CHIN, RIGHT_EYE, LEFT_EYE = 4, 152, 33, 263


def test_points_lie_where_the_face_is(finder: FaceFinder, astronaut: np.ndarray) -> None:
    (face,) = finder.find(astronaut)
    points = face.points
    assert points.shape == (478, 2)
    # Read off the picture by eye, in pixels.
    for index, seen in ((NOSE, (224, 127)), (CHIN, (224, 178)), (RIGHT_EYE, (195, 100))):
        assert np.abs(points[index] - seen).max() < 4
    assert points[RIGHT_EYE, 0] < points[468, 0] < points[NOSE, 0] < points[473, 0]


def test_same_pixels_same_points(finder: FaceFinder, astronaut: np.ndarray) -> None:
    first = finder.find(astronaut)[0].points
    finder.find(astronaut[:, ::-1])
    np.testing.assert_array_equal(finder.find(astronaut)[0].points, first)


def test_threads_share_a_finder(finder: FaceFinder, astronaut: np.ndarray) -> None:
    pictures = [astronaut, np.ascontiguousarray(astronaut[:, ::-1])]
    alone = [finder.find(picture)[0].points for picture in pictures]
    together: dict[int, np.ndarray] = {}

    def work(index: int) -> None:
        together[index] = finder.find(pictures[index % 2])[0].points

    threads = [threading.Thread(target=work, args=(i,)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for index in range(6):
        np.testing.assert_array_equal(together[index], alone[index % 2])


def test_several_faces_largest_first(finder: FaceFinder, astronaut: np.ndarray) -> None:
    head = astronaut[30:230, 130:330]
    scene = np.full((700, 1600, 3), 90, np.uint8)
    for x, y, side in ((100, 100, 240), (900, 60, 520), (500, 300, 160)):
        scene[y : y + side, x : x + side] = cv2.resize(head, (side, side))
    faces = finder.find(scene)
    centres = [face.points.mean(0)[0] for face in faces]
    assert [round(float(x), -2) for x in centres] == [1100, 200, 600]


def test_small_face_in_a_huge_picture(finder: FaceFinder, astronaut: np.ndarray) -> None:
    scene = np.full((3000, 4000, 3), 60, np.uint8)
    scene[2100:2356, 3100:3356] = astronaut[:256, 100:356]
    (face,) = finder.find(scene)
    expected = finder.find(astronaut)[0].points + np.array([3000, 2100])
    assert np.abs(face.points - expected).mean() < 1.0


@pytest.mark.parametrize("scale", [0.4, 3.0])
def test_scale_hardly_moves_points(finder: FaceFinder, astronaut: np.ndarray, scale: float) -> None:
    scaled = cv2.resize(astronaut, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    points = finder.find(scaled)[0].points / scale
    assert np.abs(points - finder.find(astronaut)[0].points).mean() < 1.0


def test_forgiving_looks_find_what_a_plain_one_misses(
    finder: FaceFinder, astronaut: np.ndarray
) -> None:
    # A face that fills the frame, faded to a fortieth of its contrast.
    faint = (astronaut[75:175, 180:272] * 0.03 + 120).astype(np.uint8)
    (face,) = finder.find(faint)
    expected = finder.find(astronaut)[0].points - (180, 75)
    assert np.abs(face.points - expected).mean() < 6


@pytest.mark.parametrize("shape", [(1, 1), (1, 700), (3, 2), (40, 4000)])
def test_odd_pictures_have_no_face(finder: FaceFinder, shape: tuple[int, int]) -> None:
    assert finder.find(np.full((*shape, 3), 128, np.uint8)) == []


def test_noise_has_no_face(finder: FaceFinder) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (300, 300, 3), dtype=np.uint8)
    with pytest.raises(NoFaceError, match="no face"):
        finder.track(noise)


def test_pictures_of_another_kind_are_refused(finder: FaceFinder) -> None:
    with pytest.raises(InputError, match="picture: expected an 8-bit picture"):
        finder.find(np.zeros((10, 10, 3), np.float32))
    with pytest.raises(InputError, match="picture: expected shape"):
        finder.find(np.zeros((10, 10), np.uint8))


def test_tracking_does_not_drift(finder: FaceFinder, astronaut: np.ndarray) -> None:
    points = finder.track(astronaut)
    start = points
    for _ in range(10):
        points = finder.track(astronaut, points)
    assert np.abs(points - start).mean() < 0.3


def test_tracking_looks_again_when_the_face_is_elsewhere(
    finder: FaceFinder, astronaut: np.ndarray
) -> None:
    points = finder.track(astronaut)
    np.testing.assert_array_equal(finder.track(astronaut, points[:] + 250), points)


def test_restarts_after_close(astronaut: np.ndarray, finder: FaceFinder) -> None:
    own = FaceFinder()
    first = own.find(astronaut)[0].points
    own.close()
    np.testing.assert_array_equal(own.find(astronaut)[0].points, first)
    own.close()
