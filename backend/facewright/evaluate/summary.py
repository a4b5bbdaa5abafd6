"""Results as plain numbers: what report.json holds and the page shows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from facewright.evaluate.compare import TRUTH, Result, opening_correlation
from facewright.evaluate.scores import Scores
from facewright.evaluate.statistics import difference, higher_is_better

#: Regions of which a clip is flagged where a row is worse than the one it is held against.
_FLAGGED = ("psnr_face", "psnr_mouth")

#: By row, by metric.
Table = dict[str, dict[str, float | None]]


def clip_numbers(result: Result) -> dict[str, Any]:
    """One clip's numbers, ready for JSON."""
    truth = result.rows[TRUTH]
    rows: dict[str, dict[str, Any]] = {}
    for label, scored in result.rows.items():
        means = scored.means()
        means.pop("lost", None)
        rows[label] = {
            "mean": means | _derived(label, scored, truth, means),
            "series": {name: _rounded(values) for name, values in scored.series.items()},
        }
        if label in result.milliseconds:
            rows[label]["mean"]["milliseconds"] = result.milliseconds[label]
    task = result.task
    return {
        "name": task.name,
        "mode": task.mode,
        "fps": task.fps,
        "frames": list(task.numbers),
        "notes": list(task.notes),
        "rows": rows,
    }


def _derived(
    label: str, scored: Scores, truth: Scores, means: dict[str, float | None]
) -> dict[str, float | None]:
    """What follows from a row and the truth together."""
    found: dict[str, float | None] = {}
    if label == TRUTH:
        return found
    for metric in ("warped_error", "warped_error_face", "pixel_mse"):
        real, own = truth.means().get(metric), means.get(metric)
        if real and own is not None:
            found[f"{metric}_ratio"] = own / real
    if "lost" in scored.series:
        found["faces_lost"] = scored.means()["lost"]
        found["opening_correlation"] = opening_correlation(scored, truth)
    return found


def summary(clips: Sequence[dict[str, Any]], against: str, seed: int = 0) -> dict[str, Any]:
    """Means over clips, differences to the row ``against``, and flags.

    Args:
        clips: of :func:`clip_numbers`.
        against: label of the row that others are held against.
        seed: of the bootstrap.
    """
    labels = list(dict.fromkeys(label for clip in clips for label in clip["rows"]))
    metrics = list(
        dict.fromkeys(m for clip in clips for row in clip["rows"].values() for m in row["mean"])
    )
    values = {
        label: {m: [_value(clip, label, m) for clip in clips] for m in metrics} for label in labels
    }
    means: Table = {
        label: {m: mean for m in metrics if (mean := _mean(values[label][m])) is not None}
        for label in labels
    }
    compared = [label for label in labels if label not in (TRUTH, against)]
    differences = {
        label: {
            m: found.as_dict()
            for m in metrics
            if against in values and m != "milliseconds"
            and (found := difference(values[label][m], values[against][m], m, seed)) is not None
        }
        for label in compared
    }  # fmt: skip
    flags = {
        label: {metric: _worse(clips, label, against, metric) for metric in _FLAGGED}
        for label in compared
    }
    return {"mean": means, "differences": differences, "worse_clips": flags}


def _worse(clips: Iterable[dict[str, Any]], label: str, against: str, metric: str) -> list[str]:
    """Names of the clips where a row is worse than ``against``."""
    names = []
    for clip in clips:
        own, other = _value(clip, label, metric), _value(clip, against, metric)
        if own is None or other is None:
            continue
        if own < other if higher_is_better(metric) else own > other:
            names.append(clip["name"])
    return names


def _value(clip: dict[str, Any], label: str, metric: str) -> float | None:
    return clip["rows"].get(label, {}).get("mean", {}).get(metric)


def _mean(values: Iterable[float | None]) -> float | None:
    given = [v for v in values if v is not None]
    return float(np.mean(given)) if given else None


def _rounded(values: Iterable[float | None]) -> list[float | None]:
    return [None if v is None else round(v, 4) for v in values]
