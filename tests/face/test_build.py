"""The build's pieces on small cases, and the whole against the committed model."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from facewright.errors import BackendError, InputError
from facewright.face import library
from facewright.face.build import (
    atlas,
    default,
    flesh,
    identity,
    landmarks,
    pack,
    pieces,
    shapes,
    sources,
    topology,
)
from facewright.face.build.assemble import assemble

CACHE = Path.home() / ".cache" / "facewright" / "makehuman"


def sheet(side: int) -> tuple[np.ndarray, np.ndarray]:
    """(side², 3) vertices of a flat square in millimetres, and its triangles."""
    y, x = np.meshgrid(np.arange(side), np.arange(side), indexing="ij")
    points = np.stack([x, y, 0 * x], axis=-1).reshape(-1, 3).astype(float)
    return points, pieces.grid_triangles(side, side, closed=False)


# --- sources ---------------------------------------------------------------------------


def test_hashes_are_checked() -> None:
    data = b"not the archive"
    sources.check_hash("x", data, hashlib.sha256(data).hexdigest())
    with pytest.raises(InputError, match=r"mesh\.json: expected SHA-256 00ff"):
        sources.check_hash("mesh.json", data, "00ff")


def test_a_changed_archive_is_refused(tmp_path: Path) -> None:
    for package in sources.PACKAGES:
        (tmp_path / package.archive).write_bytes(b"something else")
    with pytest.raises(InputError, match=r"makehuman-1\.3\.2"):
        sources.fetch(tmp_path)


def test_a_missing_client_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = replace(sources.PACKAGES[0], command=("no-such-client", "download"))
    monkeypatch.setattr(sources, "PACKAGES", (package,))
    with pytest.raises(BackendError, match="no-such-client: not installed"):
        sources.fetch(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_meshes_are_read_by_group() -> None:
    document = (
        b'{"vertices": [0,0,0, 1,0,0, 1,1,0, 0,1,0], "faces": [11,0,1,2,3,1,0,1,2,3],'
        b' "materials": [{"DbgName": "body"}, {"DbgName": "helper"}]}'
    )
    mesh = sources.read_mesh(document)
    assert mesh.group("helper").tolist() == [[0, 1, 2, 3]]
    assert mesh.group("body").size == 0
    with pytest.raises(InputError, match="no group 'tail'"):
        mesh.group("tail")
    with pytest.raises(InputError, match="type 11"):
        sources.read_mesh(document.replace(b"[11,", b"[3,"))


# --- topology --------------------------------------------------------------------------


def tube(rings: int, around: int) -> np.ndarray:
    """Quads of an open tube."""
    row, column = np.meshgrid(np.arange(rings - 1), np.arange(around), indexing="ij")
    after = (column + 1) % around
    corners = (row, column), (row, after), (row + 1, after), (row + 1, column)
    return np.stack([r * around + c for r, c in corners], axis=-1).reshape(-1, 4)


def test_edge_loops_go_straight_on_and_part_the_mesh() -> None:
    graph = topology.QuadGraph(tube(5, 6))
    loop = graph.loop(12, 13)
    assert loop == [12, 13, 14, 15, 16, 17]
    above = graph.flood(0, topology.edges_of(loop))
    assert len(above) == 12 and np.unique(graph.quads[above]).max() == 17
    with pytest.raises(InputError, match="ends at 0"):
        graph.loop(6, 0)


# --- maps ------------------------------------------------------------------------------


def test_convex_maps_do_not_overlap_and_follow_the_density() -> None:
    points, triangles = sheet(15)
    points[:, 2] = 4 * np.sin(points[:, 0] / 3) * np.cos(points[:, 1] / 4)
    loop = atlas.border_loops(triangles)[0]
    lengths = np.linalg.norm(points[np.roll(loop, -1)] - points[loop], axis=1)
    outline = atlas.circle_outline(loop, lengths, 0.0)
    density = 1 + 5.0 * (points[:, 0] < 7)
    uvs = atlas.convex_map(points, triangles, outline, density)
    a, b, c = uvs[triangles].transpose(1, 0, 2)
    area = (b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]
    assert area.min() > 0
    dense = points[triangles].mean(1)[:, 0] < 7
    assert area[dense].sum() > 2 * area[~dense].sum()


def test_places_in_the_atlas_are_apart() -> None:
    boxes = list(atlas.PLACES.values())
    for k, (x0, y0, x1, y1) in enumerate(boxes):
        assert 0 <= x0 < x1 <= 1 and 0 <= y0 < y1 <= 1
        for u0, v0, u1, v1 in boxes[:k]:
            assert x1 <= u0 or u1 <= x0 or y1 <= v0 or v1 <= y0


def test_a_seam_opens_a_sheet() -> None:
    points, triangles = sheet(5)
    points[:, 0] -= 2.0
    source, cut = atlas.open_seam(triangles, [2, 7, 12], points)
    assert source.tolist() == [*range(25), 2, 7]
    assert len(atlas.border_loops(cut)[0]) == len(atlas.border_loops(triangles)[0]) + 4


# --- carriers and sheets ---------------------------------------------------------------


def test_similarity_carries_a_sphere_to_a_sphere() -> None:
    rng = np.random.default_rng(0)
    base = rng.normal(size=(30, 3))
    anchors = np.arange(10, 30)
    ball = rng.normal(size=(8, 3))
    moved = base * 1.3 + [0.1, -0.2, 0.3]
    carried = ball + pieces.carry(pieces.similarity(ball, base, anchors), moved - base)
    np.testing.assert_allclose(carried, ball * 1.3 + [0.1, -0.2, 0.3], atol=1e-9)


def test_affine_carries_any_affine_motion() -> None:
    rng = np.random.default_rng(1)
    base, matrix = rng.normal(size=(20, 3)), rng.normal(size=(3, 3))
    points = rng.normal(size=(5, 3))
    carrier = pieces.affine(points, base, np.arange(20))
    moved = base @ matrix + [1.0, 2.0, 3.0]
    expected = points @ matrix + [1.0, 2.0, 3.0]
    np.testing.assert_allclose(points + pieces.carry(carrier, moved - base), expected, atol=1e-9)


def test_biharmonic_displacement_is_smooth_between_handles_and_held() -> None:
    points, triangles = sheet(21)
    empty = np.zeros((13, 38), int)
    body = flesh.Flesh(np.arange(441), points, triangles, empty, (empty, empty), np.zeros((2, 3)))
    x = points[:, 0]
    held = x < 3
    handles = np.flatnonzero(x > 17)
    moved = body.spread(handles, np.tile([0.0, 0.0, 2.0], (len(handles), 1)), held)
    np.testing.assert_array_equal(moved[held], 0)
    np.testing.assert_allclose(moved[handles, 2], 2)
    line = moved[points[:, 1] == 10, 2]
    assert (np.diff(line) > -1e-6).all()
    assert np.abs(np.diff(line, 2)).max() < 0.1  # no crease at either end
    assert np.abs(moved[:, :2]).max() < 1e-9


def test_rotate_turns_by_the_right_hand() -> None:
    points = np.array([[0.0, 0.0, 1.0], [0.0, 2.0, 0.0]])
    moved = points + flesh.rotate(points, np.zeros(3), np.array([1.0, 0, 0]), np.array([90.0, 0]))
    np.testing.assert_allclose(moved, [[0, -1, 0], [0, 2, 0]], atol=1e-12)


# --- identity --------------------------------------------------------------------------


def test_sliders_pair_opposites() -> None:
    names = (
        "chin/chin-width-decr",
        "chin/chin-width-incr",
        "chin/chin-triangle",
        "head/head-trans-in",
    )
    found = identity.sliders(names)
    assert [(s.positive, s.negative) for s in found] == [
        ("chin/chin-width-decr", "chin/chin-width-incr"),
        ("chin/chin-triangle", None),
    ]


def test_alignment_undoes_similarities() -> None:
    rng = np.random.default_rng(2)
    reference = rng.normal(size=(12, 3))
    turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    turn *= np.sign(np.linalg.det(turn))
    sample = 1.7 * reference @ turn + [4.0, 5.0, 6.0]
    aligned = identity.align(sample[None], reference, np.ones(12))
    np.testing.assert_allclose(aligned[0], reference, atol=1e-9)


def test_principal_components_have_unit_scores() -> None:
    rng = np.random.default_rng(3)
    basis = rng.normal(size=(2, 7, 3))
    scores = rng.normal(size=(400, 2))
    people = np.tensordot(scores, basis, 1) + 5.0
    space = identity.principal_components(people, np.ones(7), np.ones(7), 2)
    assert space.explained == pytest.approx(1.0)
    assert space.error < 1e-6
    again = people - space.mean
    flat = space.basis.reshape(2, -1)
    found = np.linalg.lstsq(flat.T, again.reshape(400, -1).T, rcond=None)[0]
    np.testing.assert_allclose(found.std(1), 1.0, atol=1e-6)


# --- landmarks -------------------------------------------------------------------------


def test_nearest_points_stay_on_allowed_triangles() -> None:
    points, triangles = sheet(4)
    wanted = np.array([[0.6, 0.2, 1.0], [2.5, 2.8, -0.1]])
    every = np.arange(len(triangles))
    found, weights = landmarks.nearest_on_surface(wanted, points, triangles, every)
    placed = np.einsum("nk,nkc->nc", weights, points[triangles[found]])
    np.testing.assert_allclose(placed, wanted * [1, 1, 0], atol=1e-9)
    limited, _ = landmarks.nearest_on_surface(wanted, points, triangles, np.array([0, 1]))
    assert set(limited.tolist()) <= {0, 1}


def test_points_are_made_symmetric() -> None:
    points = np.array([[1.0, 0, 0], [-1.2, 0, 0], [0.1, 5, 0]])
    found = landmarks.symmetric(points)
    np.testing.assert_allclose(found, [[1.1, 0, 0], [-1.1, 0, 0], [0, 5, 0]])


# --- files -----------------------------------------------------------------------------


def test_quantising_errs_by_half_a_step() -> None:
    basis = np.random.default_rng(4).normal(size=(3, 50, 3)).astype(np.float32)
    basis[1] = 0
    values, scale = pack.quantise(basis)
    assert values.dtype == np.int8
    error = np.abs(values * scale[:, None, None] - basis)
    assert (error.reshape(3, -1).max(1) <= 0.501 * scale).all()


def test_written_models_read_back_and_repeat(tmp_path: Path) -> None:
    model = library.load_model()
    first, second = tmp_path / "a.npz", tmp_path / "b.npz"
    pack.write(first, model)
    pack.write(second, library.load_model(first))
    again = library.load_model(second)
    assert first.read_bytes() == second.read_bytes()
    np.testing.assert_array_equal(again.triangles, model.triangles)
    np.testing.assert_allclose(again.identity_basis, model.identity_basis, atol=1e-7)
    assert again.expression_names == model.expression_names
    with pytest.raises(ValueError, match="read-only"):
        again.mean[0] = 0


def damaged(tmp_path: Path, **changes: np.ndarray | None) -> Path:
    arrays = pack.arrays(library.load_model()) | changes
    path = tmp_path / "damaged.npz"
    np.savez(path, **{key: value for key, value in arrays.items() if value is not None})
    return path


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"triangles": None}, "has no array 'triangles'"),
        ({"format": np.array(99)}, "layout 99, this version reads 1"),
        ({"mean": np.full((7361, 3), np.nan, np.float32)}, "mean: .* NaN or infinite"),
        ({"uvs": np.zeros((10, 2), np.float32)}, "uv_triangles: index .* outside 0..9"),
        (
            {"landmarks68_triangles": np.full(68, 99999)},
            "landmarks68_triangles: index 99999 is outside",
        ),
        ({"landmarks68_barycentric": np.ones((68, 3), np.float32)}, "sum to 1"),
        ({"eye_axes": np.ones((2, 3), np.float32)}, "eye_axes: expected unit vectors"),
        ({"expression_names": np.array(["same"] * 64)}, "expected distinct names"),
        ({"metres_per_unit": np.array(0.0)}, "metres_per_unit: expected values >="),
    ],
)
def test_unsound_models_are_refused(tmp_path: Path, changes: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        library.load_model(damaged(tmp_path, **changes))


def test_triangles_across_parts_are_refused(tmp_path: Path) -> None:
    parts = library.load_model().triangle_parts.copy()
    parts[0] = 5
    with pytest.raises(InputError, match="corners in its own part"):
        library.load_model(damaged(tmp_path, triangle_parts=parts))


def test_pickled_arrays_are_never_opened(tmp_path: Path) -> None:
    path = damaged(tmp_path, mean=np.array([{"a": 1}], dtype=object))
    with pytest.raises(InputError, match=r"damaged\.npz: array 'mean' cannot be read"):
        library.load_model(path)


def test_names_and_paths_that_are_no_model(tmp_path: Path) -> None:
    assert library.load_model() is library.load_model("facewright-default-1")
    with pytest.raises(InputError, match="this version has 'facewright-default-1'"):
        library.load_model("facewright-default-7")
    with pytest.raises(InputError, match=r"neither .default. nor a model's path"):
        library.load_model(tmp_path / "absent.npz")
    (tmp_path / "empty.npz").write_bytes(b"")
    with pytest.raises(InputError, match=r"empty\.npz"):
        library.load_model(tmp_path / "empty.npz")


# --- the whole -------------------------------------------------------------------------


def test_the_build_makes_the_committed_model() -> None:
    """All but the sampled identities and the landmarks, which take half a minute more."""
    if not all((CACHE / package.archive).exists() for package in sources.PACKAGES):
        pytest.skip("needs the two source packages; python -m facewright.face.build fetches them")
    committed = library.load_model()
    read = sources.load(CACHE)
    assembly = assemble(read)
    np.testing.assert_array_equal(assembly.triangles, committed.triangles)
    np.testing.assert_array_equal(assembly.vertex_parts, committed.vertex_parts)
    uvs, uv_triangles = assembly.uvs()
    np.testing.assert_allclose(uvs, committed.uvs, atol=1e-4)
    np.testing.assert_array_equal(uv_triangles, committed.uv_triangles)
    expression = shapes.expression_basis(assembly, read)
    step = np.abs(expression).reshape(64, -1).max(1)[:, None, None] / 127
    assert (np.abs(expression - committed.expression_basis) < 0.6 * step + 1e-6).all()
    colour = default.albedo(assembly, read)
    np.testing.assert_allclose(colour.mean, committed.texture_mean, atol=1e-4)
