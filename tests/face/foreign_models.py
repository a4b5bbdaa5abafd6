"""A small stylised face, and files of it in the layouts of foreign models."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.spatial import Delaunay


@dataclass(frozen=True)
class Face:
    """Metres, x to the subject's left, y up, z forward, origin between the ears.

    Attributes:
        vertices: (V, 3), iBUG's 68 points first.
        triangles: (F, 3), facing out.
        identity: (4, V, 3), smooth.
        expression: (5, V, 3), smooth.
    """

    vertices: np.ndarray
    triangles: np.ndarray
    identity: np.ndarray
    expression: np.ndarray


def _landmarks() -> np.ndarray:
    """(68, 2) iBUG-68 of a neutral face, frontal, in metres; the subject's right first."""
    points = np.zeros((68, 2))
    angle = np.linspace(np.pi, 2 * np.pi, 17)
    points[:17] = np.stack([0.070 * np.cos(angle), 0.005 + 0.105 * np.sin(angle)], axis=1)
    brow = np.stack([np.linspace(-0.055, -0.018, 5), [0.045, 0.052, 0.054, 0.052, 0.048]], axis=1)
    points[17:22], points[22:27] = brow, brow[::-1] * [-1, 1]
    points[27:31] = np.stack([np.zeros(4), np.linspace(0.030, -0.008, 4)], axis=1)
    points[31:36] = np.stack([np.linspace(-0.014, 0.014, 5), [-19, -21, -22, -21, -19]], axis=1)
    points[31:36, 1] *= 1e-3
    lids = np.array([[-45, 30], [-37, 35], [-26, 35], [-19, 29], [-27, 26], [-37, 26]]) * 1e-3
    points[36:42], points[42:48] = lids, lids[[3, 2, 1, 0, 5, 4]] * [-1, 1]
    for first, count, width, height in ((48, 12, 0.026, 0.009), (60, 8, 0.020, 0.002)):
        turn = np.pi - 2 * np.pi * np.arange(count) / count  # the right corner, then above
        points[first : first + count] = np.stack(
            [width * np.cos(turn), -0.042 + height * np.sin(turn)], axis=1
        )
    return points


def make_face() -> Face:
    """An ellipsoidal mask with a nose: about 600 vertices."""
    grid = np.stack(np.meshgrid(np.linspace(-0.07, 0.07, 23), np.linspace(-0.12, 0.09, 31)), -1)
    grid = grid.reshape(-1, 2)
    grid = grid[(grid[:, 0] / 0.074) ** 2 + ((grid[:, 1] + 0.015) / 0.11) ** 2 < 1]
    known = _landmarks()
    gap = np.linalg.norm(grid[:, None] - known, axis=2).min(axis=1)
    flat = np.concatenate([known, grid[gap > 0.003]])
    x, y = flat[:, 0], flat[:, 1]
    dome = np.maximum(1 - (x / 0.08) ** 2 - ((y + 0.015) / 0.14) ** 2, 0)
    depth = 0.02 + 0.085 * np.sqrt(dome)
    depth += 0.025 * np.exp(-((x / 0.012) ** 2) - ((y + 0.008) / 0.02) ** 2)
    vertices = np.column_stack([flat, depth])
    triangles = Delaunay(flat).simplices  # counter-clockwise in x, y: facing out
    phase = vertices * [40, 30, 20]
    waves = [np.sin(phase[:, [k % 3]] + k) * np.cos(0.7 * phase) for k in range(9)]
    return Face(
        vertices.astype(np.float32),
        triangles.astype(np.int32),
        (np.stack(waves[:4]) * 0.002).astype(np.float32),
        (np.stack(waves[4:]) * 0.003).astype(np.float32),
    )


def write_ict(folder: Path, face: Face, expressions: dict[str, np.ndarray]) -> None:
    """ICT-FaceKit's folder layout around a face, with every material it has."""
    import trimesh

    ball = trimesh.creation.icosphere(2, 1.0)
    cubes = trimesh.util.concatenate(
        [trimesh.creation.box((0.3, 0.3, 0.3)).apply_translation([0, y, 8]) for y in (-4, -5)]
    )
    left = [3.2, 3.0, 7.5]
    right = [-3.2, 3.0, 7.5]
    pieces = [
        ("M_Face", face.vertices * 100, face.triangles),
        ("M_BackHead", face.vertices[:3] * 100 - [0, 0, 20], np.array([[0, 2, 1]])),
        ("M_GumsTongue", *_placed(cubes, [0, -0.1, 0.2])),
        ("M_Teeth", *_placed(cubes, [0, 0, 0])),
        ("M_ScleraLeft", *_placed(ball, left, 1.55)),
        ("M_IrisLeft", *_placed(ball, left, 1.40)),
        ("M_ScleraRight", *_placed(ball, right, 1.55)),
        ("M_IrisRight", *_placed(ball, right, 1.40)),
        ("M_LacrimalFluid", *_placed(ball, left, 0.2)),
        ("M_EyeLashes", face.vertices[:3] * 100 + [0, 0, 1], np.array([[0, 1, 2]])),
    ]
    starts = np.cumsum([0] + [len(v) for _, v, _ in pieces])
    vertices = np.concatenate([v for _, v, _ in pieces])
    count = len(face.vertices)

    def text(points: np.ndarray, faces: bool) -> str:
        lines = ["# a comment", *(f"v {x:.6f} {y:.6f} {z:.6f}" for x, y, z in points)]
        if faces:
            lines += [f"vt {x % 1:.5f} {y % 1:.5f}" for x, y, _ in points / 50]
            for (name, _, triangles), start in zip(pieces, starts, strict=False):
                lines.append(f"usemtl {name}")
                lines += ["f " + " ".join(f"{i}/{i}" for i in row) for row in triangles + start + 1]
        return "\n".join(lines) + "\n"

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "generic_neutral_mesh.obj").write_text(text(vertices, True))

    def moved(offset: np.ndarray) -> str:
        points = vertices.copy()
        points[:count] += offset * 100
        return text(points, False)

    for row, offset in enumerate(face.identity):
        (folder / f"identity{row:03d}.obj").write_text(moved(offset))
    for name, offset in expressions.items():
        (folder / f"{name}.obj").write_text(moved(offset))
    table = {"idx_to_landmark_verts": list(range(68)), "expressions": list(expressions)}
    (folder / "vertex_indices.json").write_text(json.dumps(table))


def _placed(mesh, offset, scale: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    return np.asarray(mesh.vertices) * scale + offset, np.asarray(mesh.faces)


def write_bfm09(path: Path, face: Face, **changes: np.ndarray) -> None:
    """BFM_model_front.mat: decimetres, counted from 1."""
    from scipy.io import savemat

    count = face.vertices.size
    rng = np.random.default_rng(5)
    arrays = {
        "meanshape": face.vertices.reshape(1, -1) * 10,
        "idBase": face.identity.reshape(len(face.identity), -1).T * 10,
        "exBase": face.expression.reshape(len(face.expression), -1).T * 10,
        "meantex": rng.uniform(90, 200, (1, count)),
        "texBase": rng.normal(size=(count, 3)) * 4,
        "tri": face.triangles.astype(np.float64) + 1,
        "keypoints": np.arange(1, 69)[None],
        "point_buf": np.ones((count // 3, 8)),
    }
    savemat(path, {k: v for k, v in (arrays | changes).items() if v is not None})


#: BFM 2019's names of some of iBUG's points.
BFM_NAMES = {
    8: "center.chin.tip", 30: "center.nose.tip", 36: "right.eye.corner_outer",
    39: "right.eye.corner_inner", 42: "left.eye.corner_inner", 45: "left.eye.corner_outer",
    48: "right.lips.corner", 54: "left.lips.corner", 51: "center.lips.upper.outer",
    57: "center.lips.lower.outer", 21: "right.eyebrow.inner_upper",
    22: "left.eyebrow.inner_upper", 33: "center.nose.attachement_to_philtrum",
}  # fmt: skip


def write_bfm2019(path: Path, face: Face, offset=(3.0, -8.0, 5.0)) -> None:
    """A statismo .h5: millimetres, unit columns with variances, named landmarks."""
    import h5py

    with h5py.File(path, "w") as file:
        points = face.vertices * 1000 + np.asarray(offset)
        _statismo(file, "shape", points.ravel(), face.identity * 1000)
        _statismo(file, "expression", face.expression[0].ravel() * 1000, face.expression[1:] * 1000)
        colour = np.full(points.size, 0.6)
        _statismo(file, "color", colour, np.full((1, *points.shape), 0.05))
        file["shape/representer/cells"] = face.triangles.T.astype(np.int32)
        file["shape/representer/points"] = points.T
        entries = [
            {"id": name, "coordinates": [float(v) for v in points[row]]}
            for row, name in BFM_NAMES.items()
        ]
        entries.append({"id": "left.ear.tragus.tip", "coordinates": [1.0, 2.0, 3.0]})
        file["metadata/landmarks/json"] = json.dumps(entries)


def _statismo(file, name: str, mean: np.ndarray, components: np.ndarray) -> None:
    flat = components.reshape(len(components), -1).astype(np.float64)
    lengths = np.linalg.norm(flat, axis=1)
    file[f"{name}/model/mean"] = mean
    file[f"{name}/model/pcaBasis"] = (flat / lengths[:, None]).T
    file[f"{name}/model/pcaVariance"] = lengths**2


def flame_arrays(face: Face) -> dict[str, np.ndarray]:
    """FLAME's arrays for a face with two eyeballs: 4 identity, 5 expression components."""
    import trimesh

    ball = trimesh.creation.icosphere(1, 0.012)
    centres = np.array([[0.032, 0.030, 0.075], [-0.032, 0.030, 0.075]])
    vertices, triangles = [face.vertices.astype(np.float64)], [face.triangles]
    for centre in centres:
        triangles.append(np.asarray(ball.faces) + sum(len(v) for v in vertices))
        vertices.append(np.asarray(ball.vertices) + centre)
    points = np.concatenate(vertices)
    count, skin = len(points), len(face.vertices)
    shapes = np.zeros((count, 3, 9))
    shapes[:skin] = np.concatenate([face.identity, face.expression]).transpose(1, 2, 0)
    weights = np.zeros((count, 5))
    weights[:skin, 2] = np.clip((-0.02 - points[:skin, 1]) / 0.04, 0, 1)
    weights[:skin, 1] = 1 - weights[:skin, 2]
    weights[skin : skin + len(ball.vertices), 3] = 1
    weights[skin + len(ball.vertices) :, 4] = 1
    joints = np.array([[0, -0.12, -0.01], [0, -0.04, -0.02], [0, -0.01, 0.01], *centres])
    posedirs = np.random.default_rng(2).normal(size=(count, 3, 36)) * 1e-4
    posedirs[skin:] = 0
    return {
        "v_template": points,
        "f": np.concatenate(triangles).astype(np.uint32),
        "shapedirs": shapes,
        "posedirs": posedirs,
        "J_regressor": joints @ np.linalg.pinv(points),
        "weights": weights,
        "kintree_table": np.array([[4294967295, 0, 1, 1, 1], [0, 1, 2, 3, 4]], np.uint32),
    }
