"""The rasterisers on meshes whose picture is known, and against each other."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from facewright.errors import BackendError, InputError
from facewright.render import pytorch3d
from facewright.render.camera import Camera
from facewright.render.fragments import Fragments
from facewright.render.rasterise import interpolate, rasterise
from facewright.render.tensor_zbuffer import barycentrics

BACKENDS = ["numba", "torch"]
#: Counter-clockwise from outside: v points down, so right, then up.
TRIANGLE = np.float32([[[1, 7, 2.0], [7, 7, 2.0], [1, 1, 2.0]]])
FACE = np.int32([[0, 1, 2]])


def _sphere(rings: int = 60) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A bumpy sphere before a camera: camera-space points, pixels, triangles."""
    down, around = np.meshgrid(
        np.linspace(0.02, np.pi - 0.02, rings), np.linspace(0, 2 * np.pi, 2 * rings), indexing="ij"
    )
    radius = 0.1 * (1 + 0.2 * np.sin(5 * around) * np.sin(3 * down))
    points = radius[..., None] * np.stack(
        [np.sin(down) * np.cos(around), np.cos(down), -np.sin(down) * np.sin(around)], -1
    )
    index = np.arange(down.size).reshape(down.shape)
    a, b, c, d = index[:-1, :-1], index[1:, :-1], index[1:, 1:], index[:-1, 1:]
    quads = np.stack([a, b, c, a, c, d], -1).reshape(-1, 3).astype(np.int32)
    points = (points.reshape(-1, 3) + np.float32([0.01, 0.02, -0.6])).astype(np.float32)
    camera = Camera(focal=400.0, centre=(128.0, 128.0), size=(256, 256))
    return points, camera.project(points)[None], quads


@pytest.mark.parametrize("backend", BACKENDS)
def test_pixel_centres_decide(backend: str) -> None:
    seen = rasterise(TRIANGLE, FACE, (8, 8), backend).triangles[0] >= 0
    # Centres (x + 0.5, y + 0.5) with 1 <= x, y <= 7 and x <= y: edges belong to it.
    expected = np.array([[1 <= x <= 6 and 1 <= y <= 6 and x <= y for x in range(8)]
                         for y in range(8)])  # fmt: skip
    np.testing.assert_array_equal(seen, expected)


@pytest.mark.parametrize("backend", BACKENDS)
def test_backs_are_seen_only_where_asked(backend: str) -> None:
    turned = FACE[:, ::-1]
    assert (rasterise(TRIANGLE, turned, (8, 8), backend).triangles == -1).all()
    assert (rasterise(TRIANGLE, turned, (8, 8), backend, cull=False).triangles >= 0).any()


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_nearer_wins_and_the_too_near_is_left_out(backend: str) -> None:
    near = TRIANGLE - np.float32([0, 0, 1])
    both = np.concatenate([TRIANGLE, near], 1)
    faces = np.int32([[0, 1, 2], [3, 4, 5]])
    found = rasterise(both, faces, (8, 8), backend)
    assert set(np.unique(found.triangles)) == {-1, 1}
    np.testing.assert_allclose(found.depth[found.triangles == 1], 1.0, rtol=1e-6)
    far = rasterise(both, faces, (8, 8), backend, near=1.5)
    assert set(np.unique(far.triangles)) == {-1, 0}


@pytest.mark.parametrize("backend", BACKENDS)
def test_barycentrics_are_perspective_correct(backend: str) -> None:
    points, pixels, faces = _sphere()
    found = rasterise(pixels, faces, (256, 256), backend)
    back = interpolate(found, points, faces)[0]
    hit = found.triangles[0] >= 0
    y, x = np.nonzero(hit)
    # The surface point seen at a pixel projects to that pixel's centre.
    camera = Camera(focal=400.0, centre=(128.0, 128.0), size=(256, 256))
    again = camera.project(back[hit])
    np.testing.assert_allclose(again[:, :2], np.column_stack([x, y]) + 0.5, atol=2e-3)
    np.testing.assert_allclose(again[:, 2], found.depth[0][hit], rtol=1e-5)
    assert (found.depth[0][~hit] == np.inf).all()
    assert (found.barycentric[0][~hit] == 0).all()


@pytest.mark.parametrize("cull", [True, False])
def test_torch_agrees_with_numba(cull: bool) -> None:
    _, pixels, faces = _sphere()
    batch = np.concatenate([pixels, pixels * np.float32([1.1, 0.9, 1]) + np.float32([3, 5, 0])])
    a = rasterise(batch, faces, (256, 200), "numba", cull=cull)
    b = rasterise(batch, faces, (256, 200), "torch", cull=cull)
    same = a.triangles == b.triangles
    assert same.mean() > 0.9999
    np.testing.assert_allclose(a.barycentric[same], b.barycentric[same], atol=1e-5)
    np.testing.assert_allclose(a.depth[same], b.depth[same], rtol=1e-6)


def test_tensors_come_back_as_tensors() -> None:
    _, pixels, faces = _sphere(12)
    found = rasterise(torch.from_numpy(pixels), torch.from_numpy(faces), (64, 64))
    expected = rasterise(pixels, faces, (64, 64))
    assert isinstance(found.depth, torch.Tensor)
    np.testing.assert_array_equal(found.triangles.numpy(), expected.triangles)


def test_gradients_reach_vertices_and_attributes() -> None:
    _, pixels, faces = _sphere(12)
    pixels = pixels * np.float32([0.25, 0.25, 1])
    seen = torch.from_numpy(rasterise(pixels, faces, (64, 64)).triangles)
    triangles = torch.from_numpy(faces)
    vertices = torch.from_numpy(pixels).double().requires_grad_()
    colours = torch.rand(pixels.shape[1], 2, dtype=torch.float64, requires_grad=True)

    def picture(points: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
        weights = barycentrics(points, triangles, seen)
        found = interpolate(Fragments(seen, weights, None), values, triangles)
        return (found * torch.arange(1, 3)).square().sum()

    picture(vertices, colours).backward()
    assert vertices.grad is not None
    assert colours.grad is not None
    rng = np.random.default_rng(0)
    step = torch.from_numpy(rng.normal(size=vertices.shape)) * 1e-6
    with torch.no_grad():
        change = picture(vertices + step, colours) - picture(vertices - step, colours)
    assert float(change) == pytest.approx(float(2 * (vertices.grad * step).sum()), rel=1e-4)
    shift = torch.from_numpy(rng.normal(size=colours.shape)) * 1e-6
    with torch.no_grad():
        change = picture(vertices, colours + shift) - picture(vertices, colours - shift)
    assert float(change) == pytest.approx(float(2 * (colours.grad * shift).sum()), rel=1e-4)


def test_corners_carry_their_own_attributes() -> None:
    _, pixels, faces = _sphere(12)
    found = rasterise(pixels, faces, (256, 256))
    per_vertex = np.random.default_rng(0).random((pixels.shape[1], 4)).astype(np.float32)
    by_corner = interpolate(found, per_vertex[faces])
    np.testing.assert_allclose(by_corner, interpolate(found, per_vertex, faces), atol=1e-6)
    tensors = Fragments(*(torch.from_numpy(a) for a in
                          (found.triangles, found.barycentric, found.depth)))  # fmt: skip
    np.testing.assert_allclose(
        interpolate(tensors, per_vertex, faces).numpy(), by_corner, atol=1e-6
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"vertices": np.zeros((3, 3), np.float32)}, "vertices: expected shape"),
        ({"vertices": TRIANGLE * np.nan}, "vertices: expected finite"),
        ({"triangles": np.int32([[0, 1, 3]])}, "triangles: expected rows of 3"),
        ({"size": (0, 8)}, "size"),
        ({"backend": "opengl"}, "backend: 'opengl' is not one of"),
    ],
)
def test_wrong_arguments_are_named(change: dict, words: str) -> None:
    arguments = {"vertices": TRIANGLE, "triangles": FACE, "size": (8, 8)} | change
    with pytest.raises(InputError, match=words):
        rasterise(**arguments)


class TestPyTorch3D:
    def test_coordinates_are_its_own(self) -> None:
        corners = torch.tensor([[[0.0, 0.0, 3.0], [640.0, 360.0, 3.0], [320.0, 180.0, 3.0]]])
        found = pytorch3d.to_device_coordinates(corners, (640, 360))
        wide = 640 / 360
        expected = torch.tensor([[[wide, 1.0, 3.0], [-wide, -1.0, 3.0], [0.0, 0.0, 3.0]]])
        torch.testing.assert_close(found, expected)

    def test_answers_become_fragments(self) -> None:
        faces = torch.tensor([3, -1, 8, 7]).view(2, 1, 2, 1)
        depth = torch.tensor([1.0, -1, 2, 3]).view(2, 1, 2, 1)
        weights = torch.full((2, 1, 2, 1, 3), 1 / 3)
        found = pytorch3d.to_fragments(faces, depth, weights, 5)
        assert found.triangles.tolist() == [[[3, -1]], [[3, 2]]]
        assert found.depth.tolist() == [[[1.0, float("inf")]], [[2.0, 3.0]]]
        assert found.barycentric[0, 0, 1].tolist() == [0, 0, 0]

    def test_absence_is_said_clearly(self) -> None:
        try:
            import pytorch3d as _  # noqa: F401
        except ImportError:
            with pytest.raises(BackendError, match="not installed"):
                rasterise(TRIANGLE, FACE, (8, 8), "pytorch3d")
        else:
            ours = rasterise(TRIANGLE, FACE, (8, 8), "numba").triangles
            theirs = rasterise(TRIANGLE, FACE, (8, 8), "pytorch3d").triangles
            assert (ours == theirs).mean() > 0.9
