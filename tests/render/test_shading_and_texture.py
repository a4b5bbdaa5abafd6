"""Normals, light and textures against what is known in closed form."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from facewright.errors import InputError
from facewright.render.normals import VertexNormals
from facewright.render.rasterise import interpolate
from facewright.render.shading import AMBIENT, harmonics, shade
from facewright.render.texture import atlas_points, sample, sample_atlas, unwrapped

CUBE = np.float32([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)])


def _outward_cube_faces() -> np.ndarray:
    from scipy.spatial import ConvexHull

    faces = ConvexHull(CUBE).simplices
    a, b, c = (CUBE[faces[:, k]] for k in range(3))
    inward = (np.cross(b - a, c - a) * (a + b + c)).sum(-1) < 0
    faces[inward] = faces[inward][:, ::-1]
    return faces.astype(np.int32)


def test_normals_of_a_cube_point_out_and_turn_with_it() -> None:
    normals = VertexNormals(_outward_cube_faces(), 8)
    found = normals(CUBE)
    assert ((found * CUBE).sum(-1) > 0.8).all()
    np.testing.assert_allclose(np.linalg.norm(found, axis=-1), 1, atol=1e-6)
    turn = np.float32([[0, -1, 0], [1, 0, 0], [0, 0, 1]])
    batch = normals(np.stack([CUBE, CUBE @ turn.T]))
    np.testing.assert_allclose(batch[1], batch[0] @ turn.T, atol=1e-6)


def test_light_equals_the_integral_over_the_sphere() -> None:
    # Irradiance / pi of a band-limited environment, by quadrature over directions.
    rng = np.random.default_rng(0)
    weights = rng.normal(size=9)
    steps = 200
    cosine, around = np.meshgrid(
        (np.arange(steps) + 0.5) / steps * 2 - 1, (np.arange(steps) + 0.5) / steps * 2 * np.pi
    )
    sine = np.sqrt(1 - cosine**2)
    directions = np.stack([sine * np.cos(around), sine * np.sin(around), cosine], -1)
    x, y, z = np.moveaxis(directions, -1, 0)
    plain = np.stack([
        0 * x + 0.282095, 0.488603 * y, 0.488603 * z, 0.488603 * x, 1.092548 * x * y,
        1.092548 * y * z, 0.315392 * (3 * z * z - 1), 1.092548 * x * z, 0.546274 * (x * x - y * y),
    ], -1)  # fmt: skip
    radiance = plain @ weights
    normal = rng.normal(size=3)
    normal /= np.linalg.norm(normal)
    cell = 2 / steps * 2 * np.pi / steps
    integral = (radiance * np.maximum(directions @ normal, 0)).sum() * cell / np.pi
    assert float(harmonics(normal) @ weights) == pytest.approx(integral, rel=1e-3)


def test_white_ambient_light_keeps_albedo() -> None:
    gamma = np.zeros(27, np.float32)
    gamma[::9] = AMBIENT
    albedo = np.random.default_rng(0).random((5, 3)).astype(np.float32)
    np.testing.assert_allclose(shade(albedo, CUBE[:5] / np.sqrt(3), gamma), albedo, atol=1e-6)


def test_light_of_one_channel_lights_that_channel() -> None:
    gamma = np.zeros(27, np.float32)
    gamma[9 + 3] = 1.0  # green, from +x
    right, left = shade(np.ones((2, 3)), np.float32([[1, 0, 0], [-1, 0, 0]]), gamma)
    assert right[1] > 0 > left[1]
    assert right[[0, 2]].tolist() == [0, 0]


def test_light_has_gradients_and_checks_its_shape() -> None:
    gamma = torch.zeros(27, requires_grad=True)
    shade(
        torch.ones(4, 3), torch.nn.functional.normalize(torch.rand(4, 3), dim=-1), gamma
    ).sum().backward()
    assert gamma.grad is not None
    assert float(gamma.grad[0]) > 0
    with pytest.raises(InputError, match="illumination"):
        shade(np.ones((1, 3)), np.ones((1, 3)), np.zeros(9))


def test_sampling_is_exact_at_texel_centres_and_linear_between() -> None:
    ramp = np.arange(12, dtype=np.float32).reshape(3, 4, 1)
    points = np.float32([[[0.5, 0.5], [1.5, 0.5], [1.0, 1.0], [-9, 2.5]]])
    expected = [0, 1, 2.5, 8]
    np.testing.assert_allclose(sample(ramp, points).ravel(), expected, atol=1e-5)
    tensors = sample(torch.from_numpy(ramp), torch.from_numpy(points))
    np.testing.assert_allclose(tensors.numpy().ravel(), expected, atol=1e-5)


def test_atlas_has_v_up() -> None:
    atlas = np.zeros((8, 8, 3), np.uint8)
    atlas[0, 7] = 200  # top right
    uv = np.float32([[[15 / 16, 15 / 16], [1 / 16, 1 / 16]]])
    assert sample_atlas(atlas, uv)[0, :, 0].tolist() == [200, 0]


def test_unwrapping_bakes_what_vertices_carry() -> None:
    uvs = np.float32([[0.1, 0.1], [0.9, 0.1], [0.9, 0.9], [0.1, 0.9]])
    for faces in ([[0, 1, 2], [0, 2, 3]], [[2, 1, 0], [3, 2, 0]]):  # either way round
        found = unwrapped(uvs, np.int32(faces), 64)
        baked = interpolate(found, uvs, np.int32(faces))[0]
        inside = found.triangles[0] >= 0
        assert inside.mean() == pytest.approx(0.64, abs=0.03)
        y, x = np.nonzero(inside)
        points = atlas_points(baked[inside], (64, 64))
        np.testing.assert_allclose(points, np.column_stack([x, y]) + 0.5, atol=1e-3)
