"""Gaze by keys and targets: saccades, eyes that make up for the head, limits."""

from __future__ import annotations

import numpy as np
import pytest
from facewright.drive import gaze
from facewright.drive.gaze import Direction, Eyes, Key, Target, angles, fixations
from facewright.errors import InputError
from facewright.face import pose as poses
from facewright.face.library import load_model

EYES = Eyes.of(None)


def track(text: str, times: np.ndarray, pose: np.ndarray | None = None) -> gaze.GazeTrack:
    return gaze.track(times, "keys", EYES, pose, keys=gaze.parse(text))


def lines_of_sight(omega: np.ndarray, pose: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Origins and directions (2, 3) of both eyes in the scene."""
    rotation = poses.rotation_matrix(pose[:3]).astype(np.float64)
    plane = omega.reshape(2, 2).astype(np.float64)
    depth = np.sqrt(1 - (plane**2).sum(1, keepdims=True))
    return EYES.centres @ rotation.T + pose[3:], np.concatenate([plane, depth], 1) @ rotation.T


def misses(omega: np.ndarray, pose: np.ndarray, point: np.ndarray) -> np.ndarray:
    """(2,) degrees by which each eye misses a point of the scene."""
    origins, ways = lines_of_sight(omega, pose)
    to = point - origins
    to /= np.linalg.norm(to, axis=1, keepdims=True)
    return np.degrees(np.arccos(np.clip((to * ways).sum(1), -1, 1)))


def test_eyes_are_where_keys_say_at_their_times() -> None:
    times = np.arange(0, 4, 0.02)
    got = angles.common(track("0:10,0 1:-20,5 2.5:0,-15", times).gaze)
    for when, want in (
        (0.0, (10, 0)),
        (0.9, (10, 0)),
        (1.0, (-20, 5)),
        (2.4, (-20, 5)),
        (3, (0, -15)),
    ):
        np.testing.assert_allclose(got[round(when / 0.02)], want, atol=0.6)


def test_saccades_obey_the_main_sequence() -> None:
    times = np.arange(0, 2, 0.0005)
    lasted, fastest = [], []
    for degrees in (2.0, 5.0, 10.0, 20.0):
        got = track(f"0:0,0 1:{degrees},0", times)
        np.testing.assert_allclose(got.degrees, degrees, rtol=0.02)
        np.testing.assert_allclose(got.shifts, 1 - fixations.duration(got.degrees), atol=1e-9)
        way = angles.common(got.gaze)[:, 0]
        between = np.flatnonzero((way > 0.02 * degrees) & (way < 0.98 * degrees) & (times < 1.001))
        lasted.append(np.ptp(times[between]))
        fastest.append(np.abs(np.diff(way[times < 1.0]) / 0.0005).max())
    # 25 ms + 2.4 ms a degree, less the slow ends of a bell-shaped velocity.
    want = 0.025 + 0.0024 * np.array([2, 5, 10, 20])
    np.testing.assert_allclose(np.array(lasted) / want, 0.78, atol=0.06)
    # Larger saccades are faster; people reach some 450 degrees a second at 20 degrees.
    assert (np.diff(fastest) > 0).all()
    assert 380 < fastest[-1] < 620


def test_both_eyes_converge_on_a_target_wherever_the_head_is() -> None:
    rng = np.random.default_rng(0)
    times = np.arange(40) / 25
    pose = rng.normal(0, [0.08, 0.12, 0.05, 0.01, 0.01, 0.01], (40, 6)).astype(np.float32)
    got = track("0:camera@0.25,0.05,-0.3", times, pose).gaze
    point = EYES.from_camera((0.25, 0.05, -0.3))
    off = np.array([misses(g, p, point) for g, p in zip(got, pose, strict=True)])
    # Drift and microsaccades are all that is left.
    assert off.max() < 0.6
    turned = np.degrees(np.linalg.norm(pose[:, :3], axis=1))
    assert turned.max() > 10  # the head did turn
    # A near target: the left eye looks further to the right than the right eye does.
    assert (got[:, 0] < got[:, 2]).all()
    near = track("0:head@0,0.04,0.4", times).gaze
    assert np.degrees(near[:, 2] - near[:, 0]).min() > 2 * np.degrees(got[:, 2] - got[:, 0]).max()


def test_targets_of_the_head_and_directions_move_with_it() -> None:
    times = np.zeros(1)
    turned = np.array([[0, 0.2, 0, 0, 0, 0]], np.float32)
    for text in ("0:head@0.3,0,1", "0:10,-5"):
        np.testing.assert_array_equal(track(text, times).gaze, track(text, times, turned).gaze)
    # What stays in the scene moves the other way, in the head.
    a, b = (angles.common(track("0:camera", times, p).gaze)[0] for p in (None, turned))
    assert b[0] - a[0] == pytest.approx(-np.degrees(0.2), abs=1.5)


def test_eyes_turn_no_further_than_eyes_do_and_keep_their_vergence() -> None:
    asked = np.linspace(-89, 89, 179)
    for axis, (low, high) in enumerate(((-angles.ASIDE, angles.ASIDE), (-angles.DOWN, angles.UP))):
        plane = np.zeros((179, 2))
        plane[:, axis] = np.sin(np.radians(asked))
        together = plane[:, [0, 1, 0, 1]] + np.array([-0.02, 0, 0.02, 0])
        got = angles.limited(together)
        shared = angles.common(got)[:, axis]
        assert (np.diff(shared) > -1e-4).all()
        assert low - 0.1 <= shared.min() < low + 2
        assert high - 2 < shared.max() <= high + 0.1
        inner = np.abs(asked) < 0.8 * min(-low, high)
        np.testing.assert_allclose(shared[inner], asked[inner], atol=0.05)
        np.testing.assert_allclose(got[:, 2] - got[:, 0], 0.04, atol=1e-5)
    behind = track("0:head@-1,0,-1", np.zeros(1)).gaze
    assert angles.common(behind)[0, 0] < -30


def test_vergence_of_the_photograph_is_kept() -> None:
    rest = np.array([-0.03, 0.1, 0.05, 0.1])
    eyes = Eyes(EYES.centres, rest, EYES.neutral)
    times = np.zeros(1)
    np.testing.assert_allclose(gaze.track(times, "still", eyes).gaze[0], rest, atol=1e-6)
    photo = gaze.track(times, "photo", eyes).gaze[0]
    np.testing.assert_allclose(photo, rest, atol=np.radians(0.4))
    aside = gaze.track(times, "keys", eyes, keys=[Key(0, Direction(15, 0))]).gaze[0]
    assert aside[2] - aside[0] == pytest.approx(0.08, abs=0.01)


def test_a_photograph_that_looks_at_the_camera_goes_on_doing_so() -> None:
    """A measured gaze that is a few degrees off the camera is taken for a look at it."""
    seen = EYES.gaze(EYES.camera[None])[0]
    times = np.zeros(1)
    for off, kept in ((0.06, True), (0.3, False)):
        rest = seen + np.array([off, 0, off, 0])
        eyes = Eyes(EYES.centres, rest, EYES.neutral)
        got = gaze.track(times, "camera", eyes).gaze[0]
        np.testing.assert_allclose(got, rest if kept else seen, atol=np.radians(0.5))


def test_any_frame_rate_shows_the_same_gaze() -> None:
    for options in (
        {"mode": "keys", "keys": gaze.parse("0:camera 1:20,5 2:photo")},
        {"mode": "natural"},
    ):
        slow, fast = (
            gaze.track(np.arange(0, 20, step), eyes=EYES, seed=4, seconds=20.0, **options).gaze
            for step in (1 / 25, 1 / 100)
        )
        np.testing.assert_allclose(slow, fast[::4], atol=1e-6)


def test_eyes_of_an_identity_are_those_that_the_model_turns() -> None:
    model = load_model()
    alpha = np.random.default_rng(1).normal(0, 1, 80).astype(np.float32)
    from facewright.drive.gaze.eyes import _centres

    centres = _centres(model, alpha)
    zero = np.zeros(64, np.float32)
    looks = np.array([[0, 0, 0, 0], [0.5, 0, 0.5, 0], [0, 0.4, 0, 0.4]], np.float32)
    balls = [
        model.vertices(alpha, zero, look)[model.vertex_parts == part]
        for part in (1, 2)
        for look in looks
    ]
    for eye in range(2):
        # A turn about the centre leaves distances from it as they were.
        still, *turned = [
            np.linalg.norm(b - centres[eye], axis=1) for b in balls[3 * eye : 3 * eye + 3]
        ]
        for distance in turned:
            np.testing.assert_allclose(distance, still, atol=2e-6)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "got none"),
        ("1", "expected TIME:LEFT,UP"),
        ("x:1,2", "got 'x:1,2'"),
        ("1:2", "got '1:2'"),
        ("1:2,3,4", "TIME"),
        ("nan:1,2", "TIME"),
        ("-1:camera", "time"),
        ("1:elsewhere", "'elsewhere' is not one of camera, photo"),
        ("1:100,0", "left"),
        ("1:0,nan", "up"),
        ("1:room@1,2,3", "'room' is not one of head, camera"),
        ("1:head@1,2", "TIME"),
        ("1:camera 1:photo", "two at 1 s"),
    ],
)
def test_keys_that_are_none_are_told(text: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        track(text, np.zeros(1))


def test_what_does_not_fit_is_told() -> None:
    times = np.arange(3.0)
    for wrong, says in (
        ({"mode": "nowhere"}, "natural, camera"),
        ({"mode": "keys"}, "needs at least one"),
        ({"mode": "natural", "aversion": 9}, "aversion"),
        ({"mode": "camera", "pose": np.zeros((2, 6))}, "pose"),
    ):
        with pytest.raises(InputError, match=says):
            gaze.track(times, eyes=EYES, **wrong)
    with pytest.raises(InputError, match="frame"):
        Target((0, 0, 1), "world")
    with pytest.raises(InputError, match="look"):
        Key(0, "away")


def test_crowded_keys_still_end_where_they_say() -> None:
    times = np.arange(0, 1, 0.001)
    got = angles.common(track("0:0,0 0.5:30,0 0.52:-30,0 0.53:10,10", times).gaze)
    np.testing.assert_allclose(got[-1], (10, 10), atol=0.6)
    assert np.isfinite(got).all()
