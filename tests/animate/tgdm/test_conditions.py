"""What the small network is shown of a frame, and its noise."""

from __future__ import annotations

import numpy as np
import pytest
from facewright import animate
from facewright.animate.reproject import draw
from facewright.animate.tgdm import conditions, noise

from ..conftest import SIZE, Scene

OPEN = {"jawOpen": 0.6}


@pytest.fixture(scope="module")
def state(scene: Scene):
    return animate.create("reproject").prepare(scene.subject, SIZE)


def shown(scene: Scene, state, **changes) -> np.ndarray:
    found = state.correspondences(scene.geometry(**changes))[0]
    return conditions.planes(found, draw(found, state))


def test_planes_of_a_frame_as_the_photo(scene: Scene, state):
    planes = shown(scene, state)
    assert planes.shape == (256, 256, 9) and planes.dtype == np.uint8
    # Nothing moved: the shift is none, but for a pixel's rounding.
    inside = planes[..., 3] > 200
    assert inside.mean() > 0.05
    assert np.abs(planes[inside][:, 7:].astype(int) - 128).mean() < conditions.SHIFT_STEPS
    frame = animate.create("reproject")(scene.geometry(), state)[0]
    assert np.array_equal(planes[..., :3], frame)


def test_an_open_mouth_has_an_opening(scene: Scene, state):
    shut, opened = shown(scene, state), shown(scene, state, **OPEN)
    assert (opened[..., 5] > 127).sum() > (shut[..., 5] > 127).sum() + 100
    assert np.array_equal(shut[..., 6] > 127, opened[..., 6] > 127)


def test_shut_eyes_have_none(scene: Scene, state):
    shut = shown(scene, state, eyeBlinkLeft=1.0, eyeBlinkRight=1.0)
    assert (shut[..., 6] > 127).sum() < 0.4 * (shown(scene, state)[..., 6] > 127).sum()


def test_a_head_that_moved_says_how_far(scene: Scene, state):
    pose = np.zeros(6, np.float32)
    pose[3] = 0.01  # a centimetre to its left: to the right in the picture
    planes = shown(scene, state, pose=pose)
    camera, rho = scene.subject.camera, scene.subject.coefficients
    pixels = 0.01 * camera.focal / -rho.pose[5] * 256 / camera.size[0]
    inside = planes[..., 3] > 250
    moved = (planes[inside][:, 7].astype(float) - 128) / conditions.SHIFT_STEPS
    # The face lies some centimetres before the pivot whose distance this is.
    assert 1.0 < np.median(moved) / -pixels < 1.15


def test_planes_do_not_depend_on_the_frames_size(scene: Scene, state):
    large = animate.create("reproject").prepare(scene.subject, 512)
    a, b = shown(scene, state, **OPEN), shown(scene, large, **OPEN)
    assert np.abs(a.astype(int) - b).mean() < 4


def test_source_planes_show_the_photo_and_its_openings(scene: Scene, state):
    planes = conditions.source_planes(state.texture)
    assert planes.shape == (256, 256, conditions.SOURCE_PLANES)
    assert np.array_equal(planes[..., :3], state.texture.photo[..., :3])
    assert (planes[..., 5] > 127).sum() > 50  # two eyes


def test_rho_has_the_sizes_that_networks_expect(scene: Scene):
    rho = scene.subject.coefficients
    frame = conditions.frame_rho(rho.expression, np.zeros(6, np.float32), rho.gaze)
    assert len(frame) == conditions.Rho(64).frame
    assert len(conditions.source_rho(scene.subject)) == conditions.Rho(64).source


def test_noise_is_normal_and_repeats():
    a = noise.photo_noise(3)
    assert np.array_equal(a, noise.photo_noise(3))
    assert not np.array_equal(a, noise.photo_noise(4))
    assert abs(a.mean()) < 0.01 and abs(a.std() - 1) < 0.01


def test_noise_sticks_to_the_photos_points():
    a = noise.photo_noise(0)
    side = np.arange(256, dtype=np.float32) + 0.5
    still = np.stack(np.meshgrid(side, side), -1)
    first = noise.carried(a, still)[0].movedim(0, -1).numpy()
    assert np.array_equal(first, a)
    moved = noise.carried(a, still - np.array([5, 0], np.float32))[0].movedim(0, -1).numpy()
    assert np.array_equal(moved[:, 5:], a[:, :-5])
    # Stretched twice, it keeps its deviation, as a mean of neighbours would not.
    stretched = noise.carried(a, still * 0.5)
    assert float(stretched.std()) == pytest.approx(1, abs=0.02)


def test_noise_is_the_same_at_any_size():
    a = noise.photo_noise(0)

    def still(size: int) -> np.ndarray:
        side = np.arange(size, dtype=np.float32) + 0.5
        return np.stack(np.meshgrid(side, side), -1)

    assert np.array_equal(noise.carried(a, still(512)), noise.carried(a, still(256)))
