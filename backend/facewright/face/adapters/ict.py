"""ICT-FaceKit, from its FaceXModel folder or from one quantised .npz (MIT licence).

Li et al., "Learning Formation of Physically-Based Face Attributes" (2020), light model:
26,719 vertices in centimetres, 100 identities, 53 expressions close to ARKit's, gums,
teeth, tongue, eyeballs and lashes; no albedo and no tongueOut.

What is changed on the way in:

- Expressions get ARKit's names (``eyeBlink_L`` becomes ``eyeBlinkLeft``). The halves of
  browInnerUp and cheekPuff, which ARKit has whole, are added up.
- Each eyeball is two shells: an inner one with the iris, and an outer one, clear in front
  of it. The clear cap of the outer shell is left out, so that an opaque render shows the
  iris. So are the lashes, which are cards for a transparent texture. ``overlays=True``
  keeps both.
- The sheets that only serve layered eye shaders (tear film, blend, occlusion) are left out.
"""

from __future__ import annotations

import json
import re
import warnings
from pathlib import Path

import numpy as np

from facewright.checks import Float32, UInt8
from facewright.errors import InputError
from facewright.face.adapters import atlas, wavefront
from facewright.face.adapters.assemble import PLAIN_ALBEDO, RawModel, assemble, vertex_embedding
from facewright.face.archive import open_archive
from facewright.face.model import MorphableModel, Part
from facewright.face.names import ARKIT_52
from facewright.face.reading import brief, indices, read_limited

LICENCE = "MIT"
#: Both halves are one blendshape in ARKit.
_HALVES = ("browInnerUp", "cheekPuff")
_SUFFIXES = ("_L", "_R")

_NEUTRAL = "generic_neutral_mesh"
_INDICES = "vertex_indices.json"
_IDENTITY = re.compile(r"identity\d+")
_EXPRESSION = re.compile(r"[A-Za-z]+(_[LR])?")

#: Radii from the eye's axis in centimetres: the clear cap of the outer shell, the iris and
#: the pupil of the inner one.
_CAP, _IRIS, _PUPIL = 0.66, 0.58, 0.20
_IRIS_COLOUR, _PUPIL_COLOUR = (0.36, 0.26, 0.18), (0.03, 0.03, 0.03)

_PARTS = {
    "M_Face": Part.SKIN,
    "M_BackHead": Part.SKIN,
    "M_GumsTongue": Part.GUMS,
    "M_Teeth": Part.TEETH_UPPER,
    "M_ScleraLeft": Part.EYE_LEFT,
    "M_IrisLeft": Part.EYE_LEFT,
    "M_ScleraRight": Part.EYE_RIGHT,
    "M_IrisRight": Part.EYE_RIGHT,
    "M_EyeLashes": Part.LASHES,
}
#: Share of the atlas per surface area: the face is what a photograph shows.
_DETAIL = {"M_Face": 6.0, "M_IrisLeft": 2.0, "M_IrisRight": 2.0}


def load_ict(path: str | Path, *, overlays: bool = False) -> MorphableModel:
    """An ICT-FaceKit model.

    Args:
        path: the FaceXModel folder (or the one around it), with .obj or .obj.gz files, or
            the whole model as a quantised .npz. A folder may hold only some of the
            identities and expressions: what is there is loaded, with a warning.
        overlays: keep what needs a transparent material: the clear front of the eyeballs'
            outer shell, and the lashes.

    Raises:
        InputError: naming the file that is absent or does not fit.
    """
    path = Path(path)
    if path.is_dir():
        mesh, landmarks, identity, expressions = _read_folder(path)
    else:
        mesh, landmarks, identity, expressions = _read_archive(path)
    return _build(str(path), mesh, landmarks, identity, expressions, overlays)


def is_ict_folder(path: Path) -> bool:
    """Whether ``path`` is a folder with ICT-FaceKit's neutral mesh."""
    return path.is_dir() and any(
        (folder / f"{_NEUTRAL}{suffix}").is_file()
        for folder in (path, path / "FaceXModel")
        for suffix in (".obj", ".obj.gz")
    )


def arkit_name(name: str) -> str:
    """ICT's name for an expression in ARKit's spelling."""
    for suffix, side in zip(_SUFFIXES, ("Left", "Right"), strict=True):
        name = name.removesuffix(suffix) + side if name.endswith(suffix) else name
    return name[0].lower() + name[1:]


def _read_folder(
    path: Path,
) -> tuple[wavefront.WavefrontMesh, np.ndarray, Float32, dict[str, Float32]]:
    folder = path / "FaceXModel" if (path / "FaceXModel").is_dir() else path
    files = {
        file.name.removesuffix(".gz").removesuffix(".obj"): file
        for file in sorted(folder.iterdir())
        if file.name.endswith((".obj", ".obj.gz"))
    }
    if _NEUTRAL not in files:
        raise InputError(f"{folder}: no {_NEUTRAL}.obj; give ICT-FaceKit's FaceXModel folder")
    mesh = wavefront.read_obj(files.pop(_NEUTRAL))
    table = _read_indices(folder / _INDICES)

    identity, expressions = [], {}
    for stem, file in files.items():
        if not _IDENTITY.fullmatch(stem) and not _EXPRESSION.fullmatch(stem):
            continue
        positions = wavefront.read_positions(file)
        if positions.shape != mesh.vertices.shape:
            raise InputError(
                f"{file}: has {len(positions)} vertices, the neutral mesh {len(mesh.vertices)}"
            )
        if _IDENTITY.fullmatch(stem):
            identity.append(positions - mesh.vertices)
        else:
            expressions[stem] = positions - mesh.vertices

    wanted = [name for name in table.get("expressions", []) if isinstance(name, str)]
    missing = [name for name in wanted if name not in expressions]
    if missing or len(identity) < 100:
        warnings.warn(
            f"{folder}: a part of ICT-FaceKit: {len(identity)} of 100 identities, "
            f"{len(wanted) - len(missing)} of {len(wanted)} expressions",
            stacklevel=3,
        )
    stacked = np.stack(identity) if identity else np.zeros((0, *mesh.vertices.shape), np.float32)
    landmarks = np.asarray(table.get("idx_to_landmark_verts", []))
    if landmarks.shape != (68,):
        raise InputError(f"{folder / _INDICES}: idx_to_landmark_verts: expected 68 vertex numbers")
    landmarks = indices(f"{folder / _INDICES}: landmarks", landmarks, len(mesh.vertices))
    return mesh, landmarks, stacked, expressions


def _read_indices(file: Path) -> dict:
    data = read_limited(file, "landmarks", 16 << 20)
    try:
        table = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{file}: not readable JSON ({brief(error)})") from error
    if not isinstance(table, dict):
        raise InputError(f"{file}: expected a JSON object")
    return table


def _read_archive(
    path: Path,
) -> tuple[wavefront.WavefrontMesh, np.ndarray, Float32, dict[str, Float32]]:
    """The whole model in one .npz: int8 bases, each component with a float scale."""
    with open_archive(path, "ICT-FaceKit") as archive:
        vertices = archive.floats("v_mean", (None, 3))
        count = len(vertices)
        triangles = archive.indices("faces", (None, 3), count)
        uvs = archive.floats("uv", (None, 2))
        uv_triangles = archive.indices("faces_uv", (len(triangles), 3), len(uvs))
        materials = archive.strings("materials")
        material = archive.indices("face_material", (len(triangles),), len(materials))
        names = archive.strings("exp_names")
        identity = archive.floats("id_q", (None, count, 3))
        identity *= archive.floats("id_scale", (len(identity),))[:, None, None]
        expression = archive.floats("exp_q", (len(names), count, 3))
        expression *= archive.floats("exp_scale", (len(names),))[:, None, None]
        landmarks = archive.indices("lmk68", (68,), count)
    mesh = wavefront.WavefrontMesh(
        vertices,
        triangles.astype(np.int32),
        uvs,
        uv_triangles.astype(np.int32),
        materials,
        material.astype(np.int32),
    )
    return mesh, landmarks, identity, dict(zip(names, expression, strict=True))


def _build(
    where: str,
    mesh: wavefront.WavefrontMesh,
    landmarks: np.ndarray,
    identity: Float32,
    expressions: dict[str, Float32],
    overlays: bool,
) -> MorphableModel:
    absent = [name for name in _PARTS if name not in mesh.materials]
    if absent or not len(mesh.uvs):
        raise InputError(f"{where}: not ICT-FaceKit's mesh: no {', '.join(absent) or 'UVs'}")
    material = np.array([_PARTS.get(name, -1) for name in mesh.materials])
    parts = material[mesh.triangle_materials]
    keep = parts >= 0
    if not overlays:
        keep &= parts != Part.LASHES

    centres, axes, albedo = [], [], np.zeros_like(mesh.vertices)
    for side in ("Left", "Right"):
        inner = np.unique(mesh.triangles[_of(mesh, f"M_Iris{side}")])
        outer = _of(mesh, f"M_Sclera{side}")
        centre, axis = _eyeball(mesh, outer, _of(mesh, f"M_Iris{side}"))
        offset = mesh.vertices - centre
        radius = np.linalg.norm(offset - (offset @ axis)[:, None] * axis, axis=1)
        front = offset @ axis > 0
        if not overlays:
            cap = ((radius < _CAP) & front)[mesh.triangles].all(axis=1)
            keep &= ~(outer & cap)
        for limit, colour in ((_IRIS, _IRIS_COLOUR), (_PUPIL, _PUPIL_COLOUR)):
            albedo[inner[(radius < limit)[inner] & front[inner]]] = colour
        # The inner shell is hollow, and its cavity is seen through the pupil.
        cavity = (_normals(mesh)[inner] * offset[inner]).sum(axis=1) < 0
        albedo[inner[cavity]] = _PUPIL_COLOUR
        centres.append(centre)
        axes.append(axis)

    parts = _inside_mouth(mesh, parts)
    plain = np.array([PLAIN_ALBEDO[part] for part in Part], np.float32)
    coloured = albedo.any(axis=1)
    painted = np.zeros_like(albedo)
    painted[mesh.triangles[keep].ravel()] = np.repeat(plain[parts[keep]], 3, axis=0)
    painted[coloured] = albedo[coloured]

    triangles, kept = mesh.triangles[keep], mesh.triangle_materials[keep]
    _, charts = np.unique(kept, return_inverse=True)
    detail = [_DETAIL.get(mesh.materials[row], 1.0) for row in np.unique(kept)]
    areas = atlas.surface_areas(mesh.vertices, triangles, charts) * detail
    uvs, uv_triangles = atlas.pack(mesh.uvs, mesh.uv_triangles[keep], charts, areas)

    expressions = _arkit(expressions)
    names = tuple(sorted(expressions, key=_arkit_order))
    basis = np.zeros((len(names), *mesh.vertices.shape), np.float32)
    for row, name in enumerate(names):
        basis[row] = expressions[name]
    return assemble(
        RawModel(
            name="ict-facekit",
            licence=LICENCE,
            metres_per_unit=0.01,
            mean=mesh.vertices,
            identity=identity,
            expression=basis,
            expression_names=names,
            triangles=triangles,
            landmarks68=vertex_embedding(where, landmarks, triangles),
            texture_mean=painted,
            triangle_parts=parts[keep].astype(np.uint8),
            uvs=uvs,
            uv_triangles=uv_triangles,
            eye_centres=np.stack(centres),
            eye_axes=np.stack(axes),
        ),
        where,
    )


def _arkit(expressions: dict[str, Float32]) -> dict[str, Float32]:
    """Expressions under ARKit's names, the halves that it has whole added up."""
    named = {}
    for name, offset in expressions.items():
        whole = name[:-2]
        if whole in _HALVES and all(whole + suffix in expressions for suffix in _SUFFIXES):
            named[whole] = expressions[whole + "_L"] + expressions[whole + "_R"]
        else:
            named[arkit_name(name)] = offset
    return named


def _arkit_order(name: str) -> tuple[int, str]:
    return (ARKIT_52.index(name) if name in ARKIT_52 else len(ARKIT_52), name)


def _of(mesh: wavefront.WavefrontMesh, material: str) -> np.ndarray:
    return mesh.triangle_materials == mesh.materials.index(material)


def _eyeball(
    mesh: wavefront.WavefrontMesh, outer: np.ndarray, inner: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Centre of the outer shell's sphere (least squares) and the axis through the iris.

    |p - c|^2 = r^2 is linear in c and r^2 - |c|^2. ICT's eyes look some six degrees
    outward; the iris is the foremost texture island of the inner shell.
    """
    points = mesh.vertices[np.unique(mesh.triangles[outer])].astype(np.float64)
    system = np.column_stack([2 * points, np.ones(len(points))])
    solution, *_ = np.linalg.lstsq(system, (points**2).sum(axis=1), rcond=None)
    centre = solution[:3]
    boxes = _island_boxes(mesh.uv_triangles[inner], mesh.triangles[inner], mesh.vertices)
    low, high = boxes[boxes[:, 1, 2].argmax()]
    axis = np.append(0.5 * (low + high)[:2], high[2]) - centre
    return centre.astype(np.float32), (axis / np.linalg.norm(axis)).astype(np.float32)


def _normals(mesh: wavefront.WavefrontMesh) -> np.ndarray:
    """(V, 3) sums of the triangles' normals around each vertex, of no particular length."""
    corners = mesh.vertices[mesh.triangles]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    return np.stack(
        [
            np.bincount(
                mesh.triangles.ravel(), np.repeat(normals[:, k], 3), minlength=len(mesh.vertices)
            )
            for k in range(3)
        ],
        axis=1,
    )


def _inside_mouth(mesh: wavefront.WavefrontMesh, parts: np.ndarray) -> UInt8:
    """Lower teeth told from upper ones, and the tongue from the gums around it."""
    parts = parts.copy()
    teeth = _of(mesh, "M_Teeth")
    centre = _island_boxes(mesh.triangles[teeth], mesh.triangles[teeth], mesh.vertices)
    heights = 0.5 * (centre[:, 0, 1] + centre[:, 1, 1])
    middle = 0.5 * (heights.min() + heights.max())
    parts[np.flatnonzero(teeth)[heights < middle]] = Part.TEETH_LOWER

    # The tongue's upper and under sides are texture islands of their own: the only ones
    # astride the middle that are narrower than the lower teeth and reach the front.
    gums = _of(mesh, "M_GumsTongue")
    box = _island_boxes(mesh.uv_triangles[gums], mesh.triangles[gums], mesh.vertices)
    width, middle_x, front = box[:, 1, 0] - box[:, 0, 0], box.mean(axis=1)[:, 0], box[:, 1, 2]
    tongue = (np.abs(middle_x) < 0.1) & (width < 4.4) & (front > 9.0)
    parts[np.flatnonzero(gums)[tongue]] = Part.TONGUE
    return parts


def _island_boxes(faces: np.ndarray, triangles: np.ndarray, vertices: Float32) -> np.ndarray:
    """(F, 2, 3) bounds in space of the connected island that each of ``faces`` is in."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    size = int(faces.max()) + 1
    rows, columns = np.r_[faces[:, 0], faces[:, 1]], np.r_[faces[:, 1], faces[:, 2]]
    graph = coo_matrix((np.ones(len(rows), np.int8), (rows, columns)), shape=(size, size))
    count, label = connected_components(graph, directed=False)
    island = label[faces[:, 0]]
    low, high = np.full((count, 3), np.inf), np.full((count, 3), -np.inf)
    np.minimum.at(low, island, vertices[triangles].min(axis=1))
    np.maximum.at(high, island, vertices[triangles].max(axis=1))
    return np.stack([low, high], axis=1)[island]
