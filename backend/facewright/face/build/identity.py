"""Identity: samples of MakeHuman's head and face targets, and their principal components."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from facewright.face.build.sources import Floats, Targets

ETHNICITIES = ("african", "asian", "caucasian")
GENDERS = ("female", "male")

#: Standard deviation of a slider, by the first words of its name; the first match counts.
#: None leaves it out: rigid moves of the head, and what is not anatomy.
SLIDERS: tuple[tuple[str, float | None], ...] = (
    ("head/head-trans", None),
    ("head/head-angle", None),
    ("head/head-age", None),
    ("head/head-back", 0.12),
    ("head/head-scale", 0.12),
    ("head/head-fat", 0.35),
    ("head/head-oval", 0.2),
    ("head/", 0.14),
    ("forehead/", 0.12),
    ("ears/l-ear-shape", 0.18),
    ("ears/r-ear-shape", 0.18),
    ("ears/", 0.22),
    ("eyes/l-eye-trans", 0.22),
    ("eyes/r-eye-trans", 0.22),
    ("eyes/", 0.32),
    ("eyebrows/", 0.35),
    ("nose/nose-trans", 0.22),
    ("nose/", 0.34),
    ("mouth/mouth-trans", 0.2),
    ("mouth/mouth-scale-depth", 0.25),
    ("mouth/", 0.34),
    ("cheek/", 0.35),
    ("chin/", 0.32),
    ("neck/neck-trans", None),
    ("neck/neck-scale-vert", None),
    ("neck/", 0.18),
    ("asym/asym-jaw", 0.18),
    ("asym/asym-top", None),
    ("asym/asymm", None),
    ("asym/", 0.25),
)
PAIRS = (
    ("incr", "decr"),
    ("up", "down"),
    ("out", "in"),
    ("forward", "backward"),
    ("convex", "concave"),
    ("uncompress", "compress"),
)


@dataclass(frozen=True, slots=True)
class Slider:
    """One degree of freedom: a target for positive and one for negative values."""

    name: str
    positive: str
    negative: str | None
    deviation: float


def sliders(names: tuple[str, ...]) -> tuple[Slider, ...]:
    """The sliders that the targets' names make."""
    known, used, found = set(names), set(), []
    for name in names:
        rule = next((r for r in SLIDERS if name.startswith(r[0])), None)
        if rule is None or rule[1] is None or name in used:
            continue
        partner = None
        for first, second in PAIRS:
            for a, b in ((first, second), (second, first)):
                stem = name.removesuffix(a)
                if name.endswith("-" + a) and stem + b in known and stem + b not in used:
                    partner = stem + b
        used |= {name, partner}
        found.append(Slider(name, name, partner, rule[1]))
    return tuple(found)


def default_weights() -> dict[str, float]:
    """Macro targets of the default human: the mean of both genders and the ethnicities."""
    weights = {f"macrodetails/{e}-{g}-young": 1 / 6 for e in ETHNICITIES for g in GENDERS}
    for gender in GENDERS:
        weights[f"macrodetails/universal-{gender}-young-averagemuscle-averageweight"] = 0.5
    return weights


def sample_displacements(targets: Targets, count: int, seed: int) -> tuple[Floats, Floats]:
    """Slider values that make ``count`` people, as a product of two matrices.

    Returns:
        (count, T) weights and (T, base vertices * 3) float32 displacements.
    """
    rng = np.random.default_rng(seed)
    columns: dict[str, int] = {}
    triples: list[tuple[int, str, float]] = []
    local = sliders(targets.names)
    for person in range(count):
        for name, weight in _person(rng, local):
            columns.setdefault(name, len(columns))
            triples.append((person, name, weight))
    weights = np.zeros((count, len(columns)), np.float32)
    for person, name, weight in triples:
        weights[person, columns[name]] += weight
    displacements = np.stack([targets[name].astype(np.float32).ravel() for name in columns])
    return weights, displacements


def _person(rng: np.random.Generator, local: tuple[Slider, ...]) -> list[tuple[str, float]]:
    ethnicity = rng.dirichlet((0.7, 0.7, 0.7))
    male = rng.beta(0.8, 0.8)
    old = 0.75 * rng.beta(0.8, 1.6)
    child = 0.12 * max(0.0, rng.normal()) if old < 0.1 else 0.0
    ages = {"young": 1 - old - child, "old": old, "child": child}
    muscle, weight = np.clip(rng.normal(0, 0.4, 2), -1, 1)
    chosen = []
    for gender, g in (("female", 1 - male), ("male", male)):
        for age, a in ages.items():
            for e, share in zip(ETHNICITIES, ethnicity, strict=True):
                chosen.append((f"macrodetails/{e}-{gender}-{age}", g * a * share))
            for m, muscle_share in _levels("muscle", muscle):
                for w, weight_share in _levels("weight", weight):
                    name = f"macrodetails/universal-{gender}-{age}-{m}-{w}"
                    chosen.append((name, g * a * muscle_share * weight_share))
    common: dict[str, float] = {}
    for slider in local:
        # Left and right share most of their value.
        stem = slider.name.replace("/l-", "/").replace("/r-", "/")
        both = common.setdefault(stem, rng.normal())
        paired = "/l-" in slider.name or "/r-" in slider.name
        value = 0.96 * both + 0.28 * rng.normal() if paired else both
        value = slider.deviation * float(np.clip(value, -2.2, 2.2))
        if value >= 0:
            chosen.append((slider.positive, value))
        elif slider.negative is not None:
            chosen.append((slider.negative, -value))
    return [(name, share) for name, share in chosen if share > 0]


def _levels(kind: str, value: float) -> list[tuple[str, float]]:
    """Blend of the average with the maximum or the minimum."""
    extreme = f"max{kind}" if value > 0 else f"min{kind}"
    return [(f"average{kind}", 1 - abs(value)), (extreme, abs(value))]


def align(samples: Floats, reference: Floats, mask: Floats) -> Floats:
    """Similarity Procrustes of (N, V, 3) samples to (V, 3) over (V,) weights."""
    weight = mask / mask.sum()
    centre = np.einsum("nvc,v->nc", samples, weight)
    target = reference - weight @ reference
    moved = samples - centre[:, None]
    cross = np.einsum("nvc,v,vd->ncd", moved, weight, target)
    left, singular, right = np.linalg.svd(cross)
    sign = np.sign(np.linalg.det(left @ right))
    left[:, :, 2] *= sign[:, None]
    singular[:, 2] *= sign
    scale = singular.sum(1) / np.einsum("nvc,v->n", moved**2, weight)
    turned = np.einsum("nvc,ncd->nvd", moved, left @ right) * scale[:, None, None]
    return turned + weight @ reference


@dataclass(frozen=True, slots=True)
class IdentitySpace:
    """Principal components.

    Attributes:
        mean: (V, 3).
        basis: (K, V, 3) per standard deviation.
        explained: share of the weighted variance that the K components hold.
        error: mean distance between samples and their reconstructions over the face.
    """

    mean: Floats
    basis: Floats
    explained: float
    error: float


def principal_components(
    samples: Floats, weights: Floats, face: Floats, count: int
) -> IdentitySpace:
    """Weighted PCA of (N, V, 3) aligned samples, regressed on every vertex.

    Args:
        weights: (V,) importance of each vertex; 0 leaves it to follow.
        face: (V,) weights of the error that is reported.
        count: number of components kept.
    """
    number = len(samples)
    mean = samples.mean(0)
    centred = samples - mean
    chosen = weights > 0
    scaled = centred[:, chosen] * np.sqrt(weights[chosen])[:, None]
    flat = scaled.reshape(number, -1)
    values, vectors = np.linalg.eigh(flat @ flat.T)
    order = np.argsort(values)[::-1][:count]
    scores = vectors[:, order] * np.sqrt(number)
    basis = np.tensordot(scores.T, centred, 1) / number
    sign = np.sign(
        basis.reshape(count, -1)[np.arange(count), np.abs(basis).reshape(count, -1).argmax(1)]
    )
    basis *= sign[:, None, None]
    scores *= sign
    residual = np.linalg.norm(centred - np.tensordot(scores, basis, 1), axis=2)
    error = float((residual @ face).mean() / face.sum())
    return IdentitySpace(mean, basis, float(values[order].sum() / values.sum()), error)
