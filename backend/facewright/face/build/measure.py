"""What the default model's card states, measured: ``python -m facewright.face.build.measure``."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from facewright.checks import Float32
from facewright.face import pose
from facewright.face.build.sources import Floats, Ints
from facewright.face.library import load_model
from facewright.face.model import MorphableModel, Part

#: The pictures' side in pixels, the focal length in pixels and the distance in metres:
#: a pixel is 0.8 mm.
SIZE, FOCAL, DISTANCE = 512, 2000.0, 1.6
PEOPLE = 50
EYES = (Part.EYE_LEFT, Part.EYE_RIGHT)
INNER_MOUTH = (Part.TEETH_UPPER, Part.TEETH_LOWER, Part.GUMS, Part.TONGUE)
#: MediaPipe's inner lip points, upper and lower, around the middle.
INNER_LIPS = ((82, 13, 312), (87, 14, 317))
STRAIGHT = np.zeros(4, np.float32)


def perform(model: MorphableModel, **weights: float) -> Float32:
    """(K_exp,) blendshape weights by name, the rest zero."""
    beta = np.zeros(len(model.expression_names), np.float32)
    for name, weight in weights.items():
        beta[model.expression_index(name)] = weight
    return beta


def crowd(model: MorphableModel, seed: int = 0) -> Float32:
    """(50, K_id) random identities, clipped at 2.5 standard deviations."""
    draws = np.random.default_rng(seed).normal(size=(PEOPLE, len(model.identity_basis)))
    return draws.clip(-2.5, 2.5).astype(np.float32)


def screen(vertices: Floats) -> Float32:
    """(N, V, 3) pixels and depth of (N, V, 3) model points seen from the front."""
    from facewright.render.camera import Camera

    camera = Camera(FOCAL, (SIZE / 2, SIZE / 2), (SIZE, SIZE))
    return camera.project(pose.transform(np.r_[np.zeros(5), -DISTANCE], vertices))


def visible(model: MorphableModel, vertices: Floats) -> Ints:
    """(N, 512, 512) part seen at each pixel from the front, 255 where none.

    Args:
        vertices: (N, V, 3) or (V, 3).
    """
    from facewright.render.rasterise import rasterise

    batch = vertices if vertices.ndim == 3 else vertices[None]
    found = rasterise(screen(batch), model.triangles, (SIZE, SIZE)).triangles
    return np.where(found >= 0, model.triangle_parts[found], 255)


def count(parts: Ints, wanted: tuple[Part, ...]) -> Ints:
    """(N,) pixels of the ``wanted`` parts in each picture."""
    return np.isin(parts, wanted).reshape(len(parts), -1).sum(1)


def lip_gaps(model: MorphableModel, vertices: Floats) -> Floats:
    """(N,) largest vertical distance, in millimetres, between facing inner lip points."""
    assert model.landmarks478 is not None
    points = model.landmark_points(vertices, model.landmarks478) * model.metres_per_unit * 1e3
    upper, lower = (points[:, list(rows), 1] for rows in INNER_LIPS)
    return np.abs(upper - lower).max(1)


def cosines(model: MorphableModel) -> Floats:
    """(K_exp, K_exp) cosines between blendshapes."""
    flat = model.expression_basis.reshape(len(model.expression_basis), -1)
    flat = flat / np.linalg.norm(flat, axis=1, keepdims=True)
    return flat @ flat.T


def atlas_areas(model: MorphableModel) -> Floats:
    """(F,) signed area of each triangle in the atlas, of which the whole is 1."""
    a, b, c = model.uvs[model.uv_triangles].transpose(1, 0, 2)
    return ((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]) / 2


def report(model: MorphableModel) -> str:
    """The card's numbers, one a line."""
    people = crowd(model)
    neutral = model.vertices(people, perform(model), STRAIGHT)
    blink = model.vertices(people, perform(model, eyeBlinkLeft=1, eyeBlinkRight=1), STRAIGHT)
    closed = model.vertices(people, perform(model, jawOpen=0.5, mouthClose=1), STRAIGHT)
    opened = model.vertices(people, perform(model, jawOpen=1), STRAIGHT)
    cosine = cosines(model)
    row, column = np.triu_indices(len(cosine), 1)
    order = np.argsort(-np.abs(cosine[row, column]))[:3]
    names = model.expression_names
    nearest = ", ".join(
        f"{names[row[k]]}/{names[column[k]]} {cosine[row[k], column[k]]:+.3f}" for k in order
    )
    areas = atlas_areas(model)
    parts = [f"{part.name} {(model.triangle_parts == part).sum()}" for part in Part]
    lines = [
        f"vertices {model.vertex_count}, triangles {len(model.triangles)}",
        "triangles by part: " + ", ".join(parts),
        f"atlas covered {areas.sum():.3f}, by skin {areas[model.triangle_parts == 0].sum():.3f}",
        f"eyeball pixels on {PEOPLE} faces: open {count(visible(model, neutral), EYES).mean():.0f} "
        f"a face, blinking {count(visible(model, blink), EYES).sum()} in all",
        f"mouth pixels at rest: median {np.median(count(visible(model, neutral), INNER_MOUTH)):.0f}"
        f", most {count(visible(model, neutral), INNER_MOUTH).max()}",
        f"lip gap, jawOpen 0.5 + mouthClose 1: at most {lip_gaps(model, closed).max():.2f} mm",
        f"lip gap, jawOpen 1: {lip_gaps(model, opened).mean():.1f} mm on average",
        f"nearest blendshapes: {nearest}",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    print(report(load_model(Path(sys.argv[1]) if len(sys.argv) > 1 else "default")))
