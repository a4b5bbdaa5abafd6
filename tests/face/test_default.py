"""The default model as it is shipped: topology, atlas, expressions, landmarks."""

from __future__ import annotations

from importlib.resources import files

import numpy as np
import pytest
from facewright.face import pose
from facewright.face.build.landmarks import IBUG_68, LOWER_LIP, UPPER_LIP
from facewright.face.build.measure import (
    EYES,
    INNER_MOUTH,
    STRAIGHT,
    atlas_areas,
    cosines,
    count,
    crowd,
    lip_gaps,
    perform,
    screen,
    visible,
)
from facewright.face.library import load_model
from facewright.face.model import MorphableModel, Part
from facewright.face.names import ARKIT_52, EXPRESSION_64
from facewright.render.camera import Camera
from facewright.render.rasterise import rasterise

MILLIMETRE = 1e-3
#: MediaPipe's points around each eye.
EYE_CONTOURS = {
    Part.EYE_RIGHT: (
        33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246,
    ),
    Part.EYE_LEFT: (
        263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466,
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def model() -> MorphableModel:
    return load_model()


@pytest.fixture(scope="module")
def people(model: MorphableModel) -> np.ndarray:
    """(50, 80) random identities."""
    return crowd(model)


def face(model: MorphableModel, **weights: float) -> np.ndarray:
    identity = np.zeros(len(model.identity_basis), np.float32)
    return model.vertices(identity, perform(model, **weights), STRAIGHT)


def landmarks(model: MorphableModel, vertices: np.ndarray) -> np.ndarray:
    return model.landmark_points(vertices, model.landmarks478) / MILLIMETRE


def test_it_is_small_cc0_and_complete(model: MorphableModel) -> None:
    data = files("facewright.face") / "data" / "default.npz"
    assert len(data.read_bytes()) <= 4e6
    assert model.licence == "CC0-1.0"
    assert model.name == "facewright-default-1"
    bases = (model.identity_basis, model.expression_basis, model.texture_basis)
    assert [len(basis) for basis in bases] == [80, 64, 80]
    assert model.expression_names == EXPRESSION_64
    assert model.expression_names[:52] == ARKIT_52
    assert set(model.triangle_parts) == {int(part) for part in Part}


def test_it_is_an_adult_head_about_its_pivot(model: MorphableModel) -> None:
    chin = landmarks(model, model.mean)[152, 1]
    height = model.mean[:, 1].max() / MILLIMETRE - chin
    assert 210 < height < 250
    between = np.linalg.norm(model.eye_centres[0] - model.eye_centres[1]) / MILLIMETRE
    assert between == pytest.approx(63.0, abs=1.0)
    assert np.abs(model.mean[:, 0].max() + model.mean[:, 0].min()) < 1 * MILLIMETRE
    assert model.mean[:, 2].max() > 100 * MILLIMETRE  # the nose points along +z
    assert (model.eye_centres[:, 1] > 0).all() and model.eye_centres[0, 0] > 0


def test_parts_are_in_order(model: MorphableModel) -> None:
    assert (np.diff(model.vertex_parts.astype(int)) >= 0).all()
    assert (np.diff(model.triangle_parts.astype(int)) >= 0).all()
    assert len(np.unique(model.triangles)) == model.vertex_count


def test_the_surface_is_manifold_and_oriented(model: MorphableModel) -> None:
    edges = np.concatenate([model.triangles[:, [k, (k + 1) % 3]] for k in range(3)])
    _, uses = np.unique(edges, axis=0, return_counts=True)
    assert uses.max() == 1  # an edge is run through once in each direction at most
    a, b, c = model.mean[model.triangles].transpose(1, 0, 2)
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1) / 2
    assert area.min() > (0.05 * MILLIMETRE) ** 2


def test_the_neck_ends_in_one_clean_ring(model: MorphableModel) -> None:
    skin = model.triangles[model.triangle_parts == Part.SKIN]
    edges = np.concatenate([skin[:, [k, (k + 1) % 3]] for k in range(3)])
    present = set(map(tuple, edges.tolist()))
    after = {a: b for a, b in present if (b, a) not in present}
    lengths = []
    while after:
        start, here = after.popitem()
        ring = [start]
        while here != start:
            ring.append(here)
            here = after.pop(here)
        lengths.append(len(ring))
        if len(ring) == 42:
            points = model.mean[ring] / MILLIMETRE
            steps = points - np.roll(points, 1, axis=0)
            turns = (steps * np.roll(steps, 1, axis=0)).sum(1)
            assert (turns > 0).all()  # no tooth turns back on the ring
            assert points[:, 1].max() < -60
    assert sorted(lengths) == [28, 28, 38, 42]  # lids, lining, neck


def test_the_atlas_does_not_overlap_and_is_mostly_skin(model: MorphableModel) -> None:
    area = atlas_areas(model)
    assert area.min() > 0
    assert area[model.triangle_parts == Part.SKIN].sum() > 0.6
    size = 2048
    flat = np.concatenate([model.uvs * size, np.ones((len(model.uvs), 1))], axis=1)
    found = rasterise(flat.astype(np.float32)[None], model.uv_triangles, (size, size), cull=False)
    covered = (found.triangles >= 0).mean()
    assert covered == pytest.approx(area.sum(), rel=2e-3)  # overlap would cover less


def test_the_front_of_the_face_has_most_of_the_atlas(model: MorphableModel) -> None:
    area = atlas_areas(model)
    middle = model.mean[model.triangles].mean(1)
    skin = model.triangle_parts == Part.SKIN
    front = skin & (middle[:, 2] > 0.045)
    assert area[front].sum() > 0.5 * area[skin].sum()


def test_no_two_expressions_are_nearly_collinear(model: MorphableModel) -> None:
    cosine = cosines(model)
    row, column = np.nonzero(np.triu(np.abs(cosine) > 0.95, 1))
    pairs = {(EXPRESSION_64[i], EXPRESSION_64[j]) for i, j in zip(row, column, strict=True)}
    assert pairs <= {("jawLeft", "jawRight"), ("mouthLeft", "mouthRight")}
    assert (cosine - np.eye(64)).max() < 0.95  # none points the same way as another


def test_left_and_right_mirror_each_other(model: MorphableModel) -> None:
    emb = model.landmarks478
    mean = landmarks(model, model.mean)[:468]
    distance = np.linalg.norm(mean[:, None] * [-1.0, 1.0, 1.0] - mean[None], axis=2)
    partner = distance.argmin(1)
    assert distance.min(1).max() < 1.5
    basis = model.landmark_points(model.expression_basis, emb)[:, :468] / MILLIMETRE
    for left in (name for name in EXPRESSION_64 if name.endswith("Left")):
        i = EXPRESSION_64.index(left)
        j = EXPRESSION_64.index(left.replace("Left", "Right"))
        mirrored = basis[j][partner] * [-1.0, 1.0, 1.0]
        assert np.abs(basis[i] - mirrored).max() < 1.0, left


def test_lids_close_over_every_eye(model: MorphableModel, people: np.ndarray) -> None:
    blink = perform(model, eyeBlinkLeft=1, eyeBlinkRight=1)
    shut = visible(model, model.vertices(people, blink, STRAIGHT))
    assert count(shut, EYES).sum() == 0


def test_eyes_show_between_their_lids_only(model: MorphableModel, people: np.ndarray) -> None:
    neutral = model.vertices(people, perform(model), STRAIGHT)
    parts = visible(model, neutral)
    points = screen(model.landmark_points(neutral, model.landmarks478))
    for part, contour in EYE_CONTOURS.items():
        for person in range(len(people)):
            rows, columns = np.nonzero(parts[person] == part)
            assert len(rows) > 100
            outline = points[person, list(contour), :2]
            (left, top), (right, bottom) = outline.min(0) - 4, outline.max(0) + 4
            assert left < columns.min() and columns.max() < right
            assert top < rows.min() and rows.max() < bottom


def test_half_closed_lids_hide_the_eyeball_behind_them(model: MorphableModel) -> None:
    open_eye = (visible(model, face(model)) == Part.EYE_LEFT).sum()
    half = visible(model, face(model, eyeBlinkLeft=0.5)) == Part.EYE_LEFT
    rows = np.nonzero(half)[0]
    assert 0.2 * open_eye < half.sum() < 0.75 * open_eye
    # One opening: no hole further up where the ball would come through the lid.
    assert np.ptp(np.unique(rows)) + 1 == len(np.unique(rows))


def test_lips_meet_at_rest(model: MorphableModel, people: np.ndarray) -> None:
    parts = visible(model, model.vertices(people, perform(model), STRAIGHT))
    shown = count(parts, INNER_MOUTH)
    assert np.median(shown) == 0 and shown.max() <= 12


def test_mouth_close_shuts_a_half_open_jaw(model: MorphableModel, people: np.ndarray) -> None:
    beta = perform(model, jawOpen=0.5, mouthClose=1.0)
    shapes = model.vertices(people, beta, STRAIGHT)
    assert lip_gaps(model, shapes).max() < 0.5
    shown = count(visible(model, shapes), INNER_MOUTH)
    assert np.median(shown) == 0 and shown.max() <= 12


def test_the_jaw_opens_and_takes_the_lower_teeth_along(model: MorphableModel) -> None:
    points = landmarks(model, face(model, jawOpen=1))
    assert 20 < points[13, 1] - points[14, 1] < 25
    moved = model.expression_basis[model.expression_index("jawOpen")] / MILLIMETRE
    lower = moved[model.vertex_parts == Part.TEETH_LOWER]
    assert lower[:, 1].min() < -15 and (lower[:, 1] < 0).all()
    parts = visible(model, face(model, jawOpen=1))
    for part in (Part.TEETH_UPPER, Part.TEETH_LOWER, Part.TONGUE):
        assert (parts == part).sum() > 30, part


def test_skull_parts_never_move(model: MorphableModel) -> None:
    fixed = np.isin(model.vertex_parts, (Part.EYE_LEFT, Part.EYE_RIGHT, Part.TEETH_UPPER))
    assert np.abs(model.expression_basis[:, fixed]).max() == 0


def test_glances_move_lids_alone(model: MorphableModel) -> None:
    for name in EXPRESSION_64:
        if not name.startswith("eyeLook"):
            continue
        moved = np.linalg.norm(model.expression_basis[model.expression_index(name)], axis=1)
        where = model.mean[moved > 0.2 * MILLIMETRE]
        side = 1 if name.endswith("Left") else -1
        centre = model.eye_centres[0 if side > 0 else 1]
        assert 1.0 < moved.max() / MILLIMETRE < 8.0, name
        assert np.linalg.norm(where[:, :2] - centre[:2], axis=1).max() < 0.035, name


def test_tongue_comes_out_and_reaches_the_teeth(model: MorphableModel) -> None:
    parts = visible(model, face(model, tongueOut=1))
    assert (parts == Part.TONGUE).sum() > 300
    tongue = model.vertex_parts == Part.TONGUE
    resting, risen = face(model, jawOpen=0.3), face(model, jawOpen=0.3, tongueUp=1)
    lift = (risen[tongue, 1] - resting[tongue, 1]).max() / MILLIMETRE
    assert 6 < lift < 12


def test_fv_shows_upper_teeth_on_the_lower_lip(model: MorphableModel) -> None:
    parts = visible(model, face(model, lipFV=1))
    assert (parts == Part.TEETH_UPPER).sum() > 50
    assert (parts == Part.TEETH_LOWER).sum() < 10


def test_landmarks_lie_on_their_parts(model: MorphableModel) -> None:
    parts = model.triangle_parts[model.landmarks478.triangles]
    assert (parts[:468] == Part.SKIN).all()
    assert (parts[468:473] == Part.EYE_RIGHT).all()
    assert (parts[473:478] == Part.EYE_LEFT).all()
    np.testing.assert_array_equal(
        model.landmarks68.triangles, model.landmarks478.triangles[list(IBUG_68)]
    )


def test_lip_landmarks_part_with_the_lips(model: MorphableModel) -> None:
    rest, opened = (landmarks(model, face(model, jawOpen=w)) for w in (0.0, 1.0))
    for upper, lower in zip(UPPER_LIP, LOWER_LIP, strict=True):
        middle = slice(2, 7)
        up, low = list(upper)[middle], list(lower)[middle]
        assert (rest[up, 1] > rest[low, 1] - 0.5).all()
        assert (np.abs(opened[up, 1] - rest[up, 1]) < 4).all()
        assert (rest[low, 1] - opened[low, 1] > 12).all()


def test_iris_points_stand_around_the_pupil(model: MorphableModel) -> None:
    points = landmarks(model, model.mean)
    for first, x in ((468, -1), (473, 1)):
        centre, right, top, left, bottom = points[first : first + 5]
        assert np.sign(centre[0]) == x
        assert right[0] > centre[0] > left[0] and top[1] > centre[1] > bottom[1]
        assert np.linalg.norm(right - left) == pytest.approx(11.7, abs=1.0)


def test_mediapipe_sees_the_landmarks_where_they_are(model: MorphableModel) -> None:
    """On new people, from new sides: the mean distance stays under 1 % of the face."""
    pytest.importorskip("mediapipe")
    from facewright.capture.landmarks import OVAL, FaceFinder
    from facewright.face.build import landmarks as build

    rng = np.random.default_rng(99)
    finder = FaceFinder()
    inner = np.setdiff1d(np.arange(468), OVAL)
    errors = []
    for yaw in (-12.0, 0.0, 12.0):
        identity = rng.normal(size=80).clip(-2, 2).astype(np.float32) * 0.7
        vertices = model.vertices(identity, perform(model, jawOpen=0.15), STRAIGHT)
        albedo = model.albedo(np.zeros(80, np.float32))
        angles = np.radians([3.0, yaw, 0.0])
        picture, _, _ = build.render(model, vertices, albedo, angles)
        points = finder.track(picture)
        camera = Camera(build.FOCAL, (build.SIZE / 2, build.SIZE / 2), (build.SIZE, build.SIZE))
        placed = pose.transform(
            np.r_[angles, 0.0, 0.0, -build.DISTANCE],
            model.landmark_points(vertices, model.landmarks478),
        )
        expected = camera.project(placed)[:, :2]
        height = np.ptp(expected[:468, 1])
        errors.append(np.linalg.norm(points[inner] - expected[inner], axis=1).mean() / height)
    finder.close()
    assert max(errors) < 0.02 and np.mean(errors) < 0.015
