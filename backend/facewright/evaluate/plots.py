"""Curves over time as inline SVG: no script, no network, sharp at any zoom."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

_WIDTH, _HEIGHT = 420, 150
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 8, 22, 20
_COLOURS = ("#9ca3af", "#2563eb", "#dc2626", "#059669", "#d97706", "#7c3aed")
_TRUTH = "#111827"

Points = Sequence[tuple[float, float]]


def colours(labels: Sequence[str]) -> dict[str, str]:
    """One colour per row, the same in every plot of a report."""
    others = [label for label in labels if label != "truth"]
    found = {label: _COLOURS[k % len(_COLOURS)] for k, label in enumerate(others)}
    return found | {"truth": _TRUTH}


def curves(
    title: str, times: Sequence[float], series: Mapping[str, Sequence[float | None]],
    paint: Mapping[str, str],
) -> str:  # fmt: skip
    """A plot of series over time, as SVG; empty where nothing was measured.

    Args:
        title: above the plot, with the unit.
        times: (N,) seconds, the same for all series.
        series: by label, (N,) values; None where there is none: the line goes on past it.
        paint: colour by label.
    """
    lines = {
        label: [(t, v) for t, v in zip(times, values, strict=False) if v is not None]
        for label, values in series.items()
    }
    lines = {label: points for label, points in lines.items() if len(points) > 1}
    if not lines:
        return ""
    every = [point for points in lines.values() for point in points]
    x0, x1 = min(p[0] for p in every), max(p[0] for p in every)
    low, high, step = _nice(min(p[1] for p in every), max(p[1] for p in every))

    def place(point: tuple[float, float]) -> str:
        x = _LEFT + (point[0] - x0) / max(x1 - x0, 1e-9) * (_WIDTH - _LEFT - _RIGHT)
        y = _TOP + (high - point[1]) / (high - low) * (_HEIGHT - _TOP - _BOTTOM)
        return f"{x:.1f},{y:.1f}"

    drawn = [_text(_LEFT, 14, title, "start", "#374151", bold=True)]
    for k in range(round((high - low) / step) + 1):
        value = low + k * step
        y = place((x0, value)).split(",")[1]
        drawn.append(f'<path d="M{_LEFT} {y}H{_WIDTH - _RIGHT}" stroke="#e5e7eb"/>')
        drawn.append(_text(_LEFT - 4, float(y) + 4, f"{value:g}", "end", "#6b7280"))
    drawn.append(_text(_LEFT, _HEIGHT - 5, f"{x0:.1f} s", "start", "#6b7280"))
    drawn.append(_text(_WIDTH - _RIGHT, _HEIGHT - 5, f"{x1:.1f} s", "end", "#6b7280"))
    for label, points in lines.items():
        path = " ".join(place(point) for point in points)
        colour = paint.get(label, _TRUTH)
        drawn.append(
            f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.4">'
            f"<title>{escape(label)}</title></polyline>"
        )
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(title)}">'
        + "".join(drawn)
        + "</svg>"
    )


def _nice(low: float, high: float) -> tuple[float, float, float]:
    """Bounds that are multiples of a round step, and the step: about four lines."""
    span = max(high - low, 1e-6)
    power = 10 ** math.floor(math.log10(span / 4))
    step = next(power * k for k in (1, 2, 5, 10) if span / (power * k) <= 5)
    return math.floor(low / step) * step, math.ceil(high / step + 1e-9) * step, step


def _text(x: float, y: float, text: str, anchor: str, colour: str, *, bold: bool = False) -> str:
    weight = ' font-weight="600"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}"'
        f' font-size="11"{weight}>{escape(text)}</text>'
    )
