"""A face is followed through a clip: known motion comes back, steady and without lag."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from facewright import cli
from facewright.capture import CaptureSession, Track, box, fit_track, load_subject, track
from facewright.capture.fit import fit, fit_identity
from facewright.capture.landmarks import FaceFinder
from facewright.capture.smooth import smooth_points
from facewright.capture.synthetic import random_coefficients, render
from facewright.capture.track import clip_box
from facewright.capture.track_landmarks import LandmarkTrack, track_landmarks
from facewright.errors import InputError, NoFaceError
from facewright.face import pose as poses
from facewright.face.coefficients import Coefficients
from facewright.face.library import load_model
from facewright.face.model import MorphableModel
from facewright.face.motion_io import load_motion
from facewright.media.video import VideoWriter, read_frames

SIZE, FRAMES, FPS = 256, 40, 25.0
CAMERA = box.camera(SIZE)
BLINK = slice(12, 18)


@dataclass
class Performance:
    """A synthetic clip whose motion is known."""

    model: MorphableModel
    faces: list[Coefficients]
    frames: list[np.ndarray]

    def column(self, name: str) -> np.ndarray:
        return np.stack([f.expression for f in self.faces])[:, self.model.expression_index(name)]

    def landmarks(self) -> np.ndarray:
        """(T, 478, 2) the model's own, as if MediaPipe made no error."""
        assert self.model.landmarks478 is not None
        return np.stack(
            [
                CAMERA.project(
                    poses.transform(
                        face.pose,
                        self.model.landmark_points(
                            self.model.vertices(face.identity, face.expression, face.gaze),
                            self.model.landmarks478,
                        ),
                    )
                )[:, :2]
                for face in self.faces
            ]
        ).astype(np.float32)


@pytest.fixture(scope="module")
def session() -> Iterator[CaptureSession]:
    session = CaptureSession()
    yield session
    session.close()


@pytest.fixture(scope="module")
def performance() -> Performance:
    """Turns aside, opens the mouth, blinks once, looks about."""
    model = load_model()
    face = random_coefficients(model, np.random.default_rng(3))
    time = np.arange(FRAMES)
    expression = np.zeros((FRAMES, len(model.expression_names)), np.float32)
    jaw = 0.25 * (1 - np.cos(2 * np.pi * time / 20))
    expression[:, model.expression_index("jawOpen")] = jaw
    for side in ("Left", "Right"):
        blink = model.expression_index(f"eyeBlink{side}")
        expression[BLINK, blink] = (0.4, 1, 1, 0.7, 0.4, 0.15)
    pose = np.tile(face.pose * np.array([0.3, 0, 0.3, 1, 1, 1], np.float32), (FRAMES, 1))
    pose[:, 1] = 0.22 * np.sin(2 * np.pi * time / 40)
    aside = 0.25 * np.sin(2 * np.pi * time / 25)
    gaze = np.stack([aside - 0.028, 0 * aside, aside + 0.028, 0 * aside], 1).astype(np.float32)
    faces = [
        replace(face, expression=e, pose=p, gaze=g)
        for e, p, g in zip(expression, pose, gaze, strict=True)
    ]
    return Performance(model, faces, [render(model, f, CAMERA) for f in faces])


@pytest.fixture(scope="module")
def tracked(performance: Performance, session: CaptureSession) -> Track:
    return track(performance.frames, FPS, session, size=SIZE)


@pytest.fixture(scope="module")
def real(shared: Path, session: CaptureSession) -> tuple[list[np.ndarray], LandmarkTrack]:
    """The start of a training clip, and its landmarks."""
    clip = shared / "media" / "train" / "clips256" / "swap_Radio21.mp4"
    frames = list(islice(read_frames(clip), 60))
    return frames, track_landmarks(frames, session.finder)


def agreement(true: np.ndarray, found: np.ndarray) -> tuple[float, float]:
    """Correlation, and gain of what was found over the truth."""
    true, found = true - true.mean(), found - found.mean()
    product = float((true * found).sum())
    return product / float(np.sqrt((true**2).sum() * (found**2).sum())), product / float(
        (true**2).sum()
    )


def lag(first: np.ndarray, second: np.ndarray) -> int:
    """Frames by which (T, D) ``second`` is behind ``first``."""
    centred = [signal - signal.mean(0) for signal in (first, second)]
    shifts = range(-3, 4)
    scores = [(centred[0][3:-3] * centred[1][3 + s : len(first) - 3 + s]).sum() for s in shifts]
    return shifts[int(np.argmax(scores))]


def trembling(points: np.ndarray) -> float:
    """Pixels by which points leave the line through their neighbours in time."""
    return float(np.linalg.norm(np.diff(points[:, :468], 2, axis=0), axis=-1).mean() / 6**0.5)


def test_known_motion_is_found_in_pictures(performance: Performance, tracked: Track) -> None:
    motion = tracked.motion
    turned = poses.compose(tracked.subject.coefficients.pose, motion.pose)[:, 1]
    yaw = np.array([face.pose[1] for face in performance.faces])
    gaze = np.array([face.gaze[0] for face in performance.faces])
    assert tracked.found.all()
    for name, true, found, least, gains in (
        # On renders MediaPipe itself sees jaws open half as far; on its landmarks see below.
        ("jaw", performance.column("jawOpen"), motion.column("jawOpen"), 0.8, (0.3, 1.2)),
        ("blink", performance.column("eyeBlinkLeft"), motion.column("eyeBlinkLeft"), 0.95,
         (0.8, 1.2)),
        ("yaw", yaw, turned, 0.99, (0.85, 1.3)),
        ("gaze", gaze, motion.gaze[:, 0], 0.9, (0.6, 1.2)),
    ):  # fmt: skip
        correlation, gain = agreement(true, found)
        assert correlation > least, name
        assert gains[0] < gain < gains[1], name


def test_known_motion_is_found_in_landmarks(performance: Performance, tracked: Track) -> None:
    points = performance.landmarks()
    found = fit_track(points, tracked.subject, neck=False)
    free = fit_track(points, tracked.subject, neck=False, steady=False)
    jaw, lid = (performance.model.expression_index(n) for n in ("jawOpen", "eyeBlinkRight"))
    correlation, gain = agreement(performance.column("jawOpen"), found.expression[:, jaw])
    assert correlation > 0.99 and gain == pytest.approx(1, abs=0.15)
    # The fitted identity takes a part of these lids; the prior over time takes none.
    correlation, gain = agreement(free.expression[:, lid], found.expression[:, lid])
    assert correlation > 0.98 and gain > 0.9
    yaw = np.array([face.pose[1] for face in performance.faces])
    correlation, gain = agreement(yaw, found.pose[:, 1])
    # How deep the fitted face is decides how far it must turn for the same points.
    assert correlation > 0.99 and gain == pytest.approx(1, abs=0.25)


def test_a_blink_keeps_its_depth(tracked: Track) -> None:
    for name in ("eyeBlinkLeft", "eyeBlinkRight"):
        column = tracked.motion.column(name)
        assert column[BLINK].max() > 0.85
        assert np.delete(column, np.arange(BLINK.start - 1, BLINK.stop + 2)).max() < 0.3


def test_smoothing_keeps_a_blink_of_one_frame() -> None:
    """Lids that shut for a single frame, in points that tremble."""
    rng = np.random.default_rng(0)
    points = np.repeat(rng.uniform(50, 200, (1, 478, 2)), 31, axis=0)
    points += rng.normal(0, 0.3, points.shape)
    upper = [246, 161, 160, 159, 158, 157, 173]
    points[15, upper, 1] += 6.0
    smooth = smooth_points(points.astype(np.float32))
    moved = smooth[:, upper, 1].mean(1)
    assert moved[15] - np.median(moved) > 0.95 * 6
    rest = np.delete(smooth, 15, axis=0) - np.delete(points, 15, axis=0)
    assert np.abs(rest).max() < 1.5


def test_smoothing_is_exact_on_a_still_face_and_a_steady_turn() -> None:
    rng = np.random.default_rng(1)
    still = np.repeat(rng.uniform(50, 200, (1, 478, 2)), 20, axis=0).astype(np.float32)
    np.testing.assert_allclose(smooth_points(still), still, atol=1e-3)
    moving = still + np.arange(20, dtype=np.float32)[:, None, None] * np.array([0.5, -0.2])
    np.testing.assert_allclose(smooth_points(moving), moving, atol=0.02)


def test_smoothing_leaves_gaps_alone() -> None:
    points = np.random.default_rng(2).uniform(50, 200, (12, 478, 2)).astype(np.float32)
    points[5:8] = np.nan
    smooth = smooth_points(points)
    assert np.isnan(smooth[5:8]).all()
    np.testing.assert_array_equal(smooth[:5], smooth_points(points[:5]))
    np.testing.assert_array_equal(smooth[8:], smooth_points(points[8:]))


@pytest.mark.parametrize(
    ("points", "fps"),
    [(np.zeros((3, 468, 2)), 25), (np.full((3, 478, 2), np.inf), 25), (np.zeros((3, 478, 2)), 0)],
)
def test_smoothing_refuses(points: np.ndarray, fps: float) -> None:
    with pytest.raises(InputError, match=r"points|fps"):
        smooth_points(points, fps)


def test_a_real_clip_is_steadied_without_lag(
    real: tuple[list[np.ndarray], LandmarkTrack],
) -> None:
    marks = real[1]
    assert marks.found.all()
    assert trembling(marks.smooth) < 0.75 * trembling(marks.points)
    assert np.linalg.norm(marks.smooth - marks.points, axis=-1).mean() < 0.35
    assert lag(marks.points.reshape(60, -1), marks.smooth.reshape(60, -1)) == 0


def test_the_temporal_prior_steadies_weights_and_keeps_motion(
    real: tuple[list[np.ndarray], LandmarkTrack], session: CaptureSession
) -> None:
    frames, marks = real
    subject = session.capture(frames[0], size=SIZE, box=(0, 0, SIZE, SIZE))
    raw = fit_track(marks.points, subject, steady=False)
    steady = fit_track(marks.smooth, subject)
    jitter = [np.abs(np.diff(f.expression, 2, axis=0)).mean() for f in (raw, steady)]
    assert jitter[1] < 0.6 * jitter[0]
    jaw = subject.model.expression_index("jawOpen")
    correlation, gain = agreement(raw.expression[:, jaw], steady.expression[:, jaw])
    assert correlation > 0.95 and gain > 0.85
    assert lag(raw.expression[:, [jaw]], steady.expression[:, [jaw]]) == 0
    assert steady.error.mean() < raw.error.mean() + 0.1


def test_short_gaps_are_bridged_and_long_ones_marked(
    performance: Performance, session: CaptureSession
) -> None:
    frames = list(performance.frames)
    blank = np.full_like(frames[0], 90)
    frames[5:8] = [blank] * 3
    frames[20:30] = [blank] * 10
    result = track(frames, FPS, session, size=SIZE)
    absent = np.r_[5:8, 20:30]
    assert np.flatnonzero(~result.found).tolist() == absent.tolist()
    assert np.isfinite(result.landmarks[5:8]).all()
    assert np.isnan(result.landmarks[20:30]).all()
    sure = result.confidence
    assert (sure[20:30] == 0).all()
    assert 0 < sure[6] < sure[5] < sure[4]
    # Bridged points lie near where the face really was.
    off = np.linalg.norm(result.landmarks[6, :468] - performance.landmarks()[6, :468], axis=-1)
    assert off.mean() < 4
    # What is not known is held between what is.
    pose = result.motion.pose[:, 1]
    assert min(pose[18], pose[31]) - 0.05 < pose[25] < max(pose[18], pose[31]) + 0.05


def test_confidence_falls_where_points_err(performance: Performance, finder: FaceFinder) -> None:
    rng = np.random.default_rng(0)
    still = performance.frames[0]
    noisy = [
        np.clip(still + rng.normal(0, sigma, still.shape), 0, 255).astype(np.uint8)
        for sigma in (0, 0, 20, 20, 40, 40)
    ]
    marks = track_landmarks([still, *noisy], finder)
    errors = np.linalg.norm(marks.points[:, :468] - marks.points[0, :468], axis=-1).mean(1)
    pairs = marks.confidence[1:].reshape(3, 2).mean(1)
    assert pairs[0] > pairs[1] > pairs[2]
    assert errors[1:3].mean() < errors[3:].mean()


def test_the_same_clip_gives_the_same_track(
    performance: Performance, session: CaptureSession
) -> None:
    first, second = (track(performance.frames[:8], FPS, session, size=SIZE) for _ in range(2))
    np.testing.assert_array_equal(first.motion.expression, second.motion.expression)
    np.testing.assert_array_equal(first.motion.pose, second.motion.pose)
    np.testing.assert_array_equal(first.motion.gaze, second.motion.gaze)
    np.testing.assert_array_equal(first.confidence, second.confidence)


def test_one_frame_is_a_clip(performance: Performance, session: CaptureSession) -> None:
    result = track(performance.frames[:1], FPS, session, size=SIZE)
    assert len(result.motion) == 1 and result.reference == 0
    assert np.abs(result.motion.pose).max() < 0.02  # near where the subject was captured


def test_identity_of_several_pictures_is_nearer_than_of_one(performance: Performance) -> None:
    model, points = performance.model, performance.landmarks()
    rng = np.random.default_rng(0)
    chosen = points[[0, 5, 10, 15, 20, 25, 30]] + rng.normal(0, 1.0, (7, 478, 2))
    rows = np.unique(model.triangles[model.landmarks68.triangles])

    def error(identity: np.ndarray) -> float:
        zero = np.zeros(len(model.expression_names), np.float32)
        true, found = (
            model.vertices(alpha, zero)[rows] for alpha in (performance.faces[0].identity, identity)
        )
        true, found = true - true.mean(0), found - found.mean(0)
        found = found * (true * found).sum() / (found**2).sum()
        return float(np.linalg.norm(true - found, axis=-1).mean())

    alone = [error(fit(p, model, CAMERA).identity) for p in chosen]
    assert error(fit_identity(chosen, model, CAMERA)) < 0.95 * float(np.mean(alone))
    with pytest.raises(InputError, match="at least one"):
        fit_identity(chosen[:0], model, CAMERA)


def test_a_given_subject_keeps_its_identity(
    performance: Performance, session: CaptureSession, tracked: Track
) -> None:
    result = track(performance.frames[:4], FPS, session, subject=tracked.subject, size=SIZE)
    np.testing.assert_array_equal(
        result.subject.coefficients.identity, tracked.subject.coefficients.identity
    )


def test_no_frame_shows_a_face(session: CaptureSession) -> None:
    with pytest.raises(NoFaceError, match="no face was found in any of 3"):
        track([np.full((120, 160, 3), 128, np.uint8)] * 3, FPS, session)


@pytest.mark.parametrize(
    ("frames", "arguments", "message"),
    [
        (lambda f: [], {}, "frames: expected at least one"),
        (lambda f: [f, f[:100]], {}, "frames: expected all of"),
        (lambda f: [f.astype(float)], {}, "frames: expected an 8-bit picture"),
        (lambda f: [f], {"face": 3}, "face: one face was found"),
        (lambda f: [f], {"identity_frames": 0}, "identity_frames"),
        (lambda f: [f], {"fps": 0.0}, "fps"),
    ],
)
def test_what_cannot_be_tracked_is_named(
    performance: Performance, session: CaptureSession, frames, arguments, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        track(frames(performance.frames[0]), **({"fps": FPS, "session": session} | arguments))


def test_a_clips_square_holds_a_head_that_moves(performance: Performance) -> None:
    face = performance.landmarks()[0] + np.array([500, 300], np.float32)
    height = float(np.ptp(face[:468, 1]))
    away = np.linspace(-0.15, 0.15, 21)[:, None, None] * np.array([height, 0])
    points = (face + away).astype(np.float32)
    marks = LandmarkTrack(points, points, np.ones(21, bool), np.ones(21, np.float32))
    x0, y0, x1, y1 = clip_box(points[0], marks, (1920, 1080))
    assert x1 - x0 == y1 - y0 <= 2.4 * height
    skin = points[:, :468]
    inside = (skin > (x0, y0)).all() and (skin < (x1, y1)).all()
    assert inside
    assert all(float(v).is_integer() for v in (x0, y0, x1, y1))


@pytest.fixture(scope="module")
def wide_video(performance: Performance, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wide video: the performer goes to the right, a smaller face stands still."""
    path = tmp_path_factory.mktemp("wide") / "wide.mp4"
    small = performance.frames[0][::2, ::2]
    with VideoWriter(path, (640, 360), 30.0) as writer:
        for k, face in enumerate(performance.frames[:10]):
            frame = np.full((360, 640, 3), (115, 128, 140), np.uint8)
            frame[50 : 50 + SIZE, 20 + 3 * k : 20 + 3 * k + SIZE] = face
            frame[100:228, 480:608] = small
            writer.write(frame)
    return path


def test_a_wide_video_from_the_command_line(
    wide_video: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, table, who = (tmp_path / name for name in ("m.npz", "c.csv", "s.npz"))
    arguments = ["capture-motion", str(wide_video), "-o", str(out)]
    assert cli.run([*arguments, "--confidence-out", str(table), "--subject-out", str(who)]) == 0
    printed = capsys.readouterr()
    assert "10 frames, 0.33 s, face found in 10" in printed.out
    assert "landmarks" in printed.err and "fitting" in printed.err
    motion = load_motion(out)
    assert len(motion) == 10 and motion.fps == pytest.approx(30)
    assert motion.sources["pose"] == "video"
    rows = table.read_text().splitlines()
    assert rows[0] == "frame,seconds,found,confidence" and len(rows) == 11
    # It went 27 pixels to the right; a model unit is camera.focal / depth pixels.
    subject = load_subject(who)
    absolute = poses.compose(subject.coefficients.pose, motion.pose)
    scale = (subject.box[2] - subject.box[0]) / subject.camera.size[0]
    pixels = subject.camera.focal * scale * absolute[:, 3] / -absolute[:, 5]
    assert pixels[-1] - pixels[0] == pytest.approx(27, abs=6)


def test_another_face_from_the_command_line(
    wide_video: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, who = tmp_path / "m.csv", tmp_path / "s.npz"
    arguments = ["capture-motion", str(wide_video), "-o", str(out), "-q"]
    assert cli.run([*arguments, "--face", "1", "--subject-out", str(who)]) == 0
    assert "--face" not in capsys.readouterr().err
    x0, _, x1, _ = load_subject(who).box
    assert 480 < (x0 + x1) / 2 < 608


def test_files_that_cannot_be_tracked_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], examples: Path
) -> None:
    empty = tmp_path / "empty.mp4"
    with VideoWriter(empty, (64, 64), 25.0) as writer:
        writer.write(np.zeros((2, 64, 64, 3), np.uint8))
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"not a video at all" * 20)
    out = tmp_path / "m.npz"
    for video, status, message in (
        (tmp_path / "absent.mp4", 2, "absent.mp4"),
        (broken, 2, "not a video that can be decoded"),
        (examples / "speech.wav", 2, "speech.wav"),
        (empty, 3, "no face was found in any of 2"),
    ):
        assert cli.run(["capture-motion", str(video), "-o", str(out), "-q"]) == status
        said = capsys.readouterr().err
        assert message in said and video.name in said
        assert said.count("\n") == 1
        assert not out.exists()
    assert cli.run(["capture-motion", str(empty), "-o", str(tmp_path / "m.txt"), "-q"]) == 2
    assert "m.txt" in capsys.readouterr().err
