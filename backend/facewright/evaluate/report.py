"""A report as one HTML file that needs no network: what to know first, pictures next."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from html import escape
from typing import Any

from facewright import __version__
from facewright.evaluate.compare import TRUTH
from facewright.evaluate.measures import COLUMNS, MEASURES, Measure
from facewright.evaluate.plots import colours, curves
from facewright.evaluate.rows import STILL
from facewright.evaluate.statistics import higher_is_better

_TITLES = {
    "self": "Self-reenactment: each clip's first frame follows the clip",
    "cross": "Cross-identity: portraits follow clips of other people",
    "audio": "Audio-driven: each clip's first frame speaks the clip's sound",
}
_STYLE = """
body{font:14px/1.45 system-ui,sans-serif;color:#111827;background:#fff;margin:24px auto;
 max-width:1180px;padding:0 16px}
h1{font-size:20px;margin:0 0 4px}h2{font-size:16px;margin:28px 0 8px}h3{font-size:14px;margin:0}
p{margin:4px 0}.dim{color:#6b7280}table{border-collapse:collapse;margin:6px 0}
th,td{padding:3px 9px;text-align:right;border-bottom:1px solid #e5e7eb;white-space:nowrap}
th:first-child,td:first-child{text-align:left}th{font-weight:600;color:#374151}
.best{font-weight:700}.bad{background:#fee2e2;color:#991b1b}.good{color:#047857}
span.bad,span.good{padding:0 2px}.scroll{overflow-x:auto}
article{margin:18px 0 30px;border-top:2px solid #e5e7eb;padding-top:10px}
img{max-width:100%;display:block;margin:8px 0}.plots{display:grid;gap:8px;
 grid-template-columns:repeat(auto-fit,minmax(340px,1fr))}svg{width:100%;height:auto}
.key span{margin-right:14px;white-space:nowrap}.key i{display:inline-block;width:14px;height:3px;
 margin-right:5px;vertical-align:middle}
"""


def page(report: dict[str, Any], sheet: Callable[[str], bytes]) -> str:
    """The report as HTML.

    Args:
        report: as in report.json.
        sheet: the JPEG of a clip's contact sheet, by the clip's name.
    """
    labels = [label for label in report["mean"] if label != TRUTH]
    paint = colours(labels)
    title = _TITLES[report["mode"]]
    body = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="dim">{escape(_options(report))}</p>',
        _verdicts(report),
        _means(report, labels),
        _clips(report, labels),
        _absent(report),
        f'<h2>Clips</h2><p class="key">{_key(labels, paint)}</p>',
        *(_clip(clip, report, paint, sheet(clip["name"])) for clip in report["clips"]),
        _meanings(report),
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>"
        + "\n".join(body)
        + "</body></html>\n"
    )


def _options(report: dict[str, Any]) -> str:
    said = report["options"]
    frames = f", at most {said['frames']} frames a clip" if said["frames"] else ""
    every = said["recapture_every"]
    parts = [
        f"{len(report['clips'])} clips, {sum(len(c['frames']) for c in report['clips'])} frames",
        f"{said['size']} x {said['size']}, {_each(said['step'])} frame{frames}",
        f"{_each(every)} of these captured again" if every else "none captured again",
        "landmarks followed over time" if said["smooth"] else "each frame captured alone",
        f"seed {said['seed']}",
        f"Facewright {__version__}",
    ]
    return "; ".join(part for part in parts if part)


def _each(step: int) -> str:
    ends = {1: "st", 2: "nd", 3: "rd"}
    end = "th" if step % 100 in (11, 12, 13) else ends.get(step % 10, "th")
    return "every" if step == 1 else f"every {step}{end}"


def _verdicts(report: dict[str, Any]) -> str:
    """A line per row under test: what it gains, where it is worse."""
    against = report["options"]["against"]
    lines = []
    for label in _tested(report):
        found = report["differences"][label]
        gains = [
            f"{escape(measure.title)} {_gain(measure, found[measure.name])}"
            for measure in MEASURES
            if measure.headline and measure.name in found
        ]
        worse = report["worse_clips"].get(label, {})
        names = sorted({name for names in worse.values() for name in names})
        flag = (
            f'<span class="bad">worse in face or mouth PSNR on {escape(", ".join(names))}</span>'
            if names
            else '<span class="good">no clip worse in face or mouth PSNR</span>'
        )
        if not any(name.startswith("psnr") for name in found):
            flag = ""
        lines.append(
            f"<p><b>{escape(label)}</b> against {escape(against)}: {'; '.join(gains)}. {flag}</p>"
        )
    return "".join(lines)


def _tested(report: dict[str, Any]) -> list[str]:
    return [label for label, found in report["differences"].items() if found and label != STILL]


def _gain(measure: Measure, found: dict[str, Any] | None) -> str:
    if found is None:
        return "–"
    text, kind = measure.text(found["mean"], signed=True), ""
    if found["low"] is not None:
        text += f" [{measure.text(found['low'])}, {measure.text(found['high'])}]"
        sign = 1 if higher_is_better(measure.name) else -1
        edges = sorted((sign * found["low"], sign * found["high"]))
        if measure.arrow:
            kind = "good" if edges[0] > 0 else "bad" if edges[1] < 0 else ""
    return f'<span class="{kind}">{text}</span>'


def _means(report: dict[str, Any], labels: Sequence[str]) -> str:
    """Means over clips: measures down, rows across, since there are many measures."""
    tested = _tested(report)
    lines = []
    for measure in MEASURES:
        values = {label: report["mean"][label].get(measure.name) for label in (TRUTH, *labels)}
        judged = {k: v for k, v in values.items() if v is not None and k not in (TRUTH, STILL)}
        if all(value is None for value in values.values()):
            continue
        best = None
        if len(judged) > 1 and measure.arrow:
            best = (max if higher_is_better(measure.name) else min)(judged.values())
        cells = [f"<td>{escape(measure.title)} <span class='dim'>{measure.arrow}</span></td>"]
        for label, value in values.items():
            kind = "best" if value is not None and value == best and label in judged else ""
            text = "–" if value is None else measure.text(value)
            cells.append(f'<td class="{kind}">{text}</td>')
        found = [report["differences"][label].get(measure.name) for label in tested]
        cells += [f"<td>{_gain(measure, gain)}</td>" for gain in found]
        lines.append(f"<tr>{''.join(cells)}</tr>")
    against = report["options"]["against"]
    heads = ["real clip", *labels, *(f"{label} − {against}" for label in tested)]
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    return (
        "<h2>Means over clips</h2><p class='dim'>In brackets: the 95 % interval of the mean"
        " difference, bootstrap over clips. Green: all of it is better, red: worse.</p>"
        "<div class='scroll'><table>"
        f"<tr><th></th>{head}</tr>{''.join(lines)}</table></div>"
    )


def _clips(report: dict[str, Any], labels: Sequence[str]) -> str:
    """One line per clip; a row's value is red where it is worse than what it is held to."""
    columns = [
        m for m in COLUMNS[report["mode"]]
        if any(m.name in clip["rows"][label]["mean"] for clip in report["clips"]
               for label in labels)
    ]  # fmt: skip
    against = report["options"]["against"]
    lines = []
    for clip in report["clips"]:
        cells = [f'<td><a href="#{escape(_anchor(clip["name"]))}">{escape(clip["name"])}</a></td>']
        for measure in columns:
            held = clip["rows"][against]["mean"].get(measure.name)
            for label in labels:
                value = clip["rows"][label]["mean"].get(measure.name)
                up = higher_is_better(measure.name)
                bad = (
                    label == labels[-1] != against and value is not None and held is not None
                    and (value < held if up else value > held)
                )  # fmt: skip
                text = "–" if value is None else measure.text(value)
                cells.append(f'<td class="{"bad" if bad else ""}">{text}</td>')
        lines.append(f"<tr>{''.join(cells)}</tr>")
    first = "".join(f'<th colspan="{len(labels)}">{escape(m.title)}</th>' for m in columns)
    second = "".join(f"<th>{escape(label)}</th>" for _ in columns for label in labels)
    return (
        "<h2>Clip by clip</h2><div class='scroll'><table>"
        f"<tr><th></th>{first}</tr><tr><th>clip</th>{second}</tr>{''.join(lines)}</table></div>"
    )


def _absent(report: dict[str, Any]) -> str:
    lines = [
        f"<p><b>{escape(name)}</b>: not measured, {escape(reason)}</p>"
        for name, reason in report["not_measured"].items()
    ]
    lines += [
        f'<p class="bad"><b>{escape(name)}</b>: skipped: {escape(reason)}</p>'
        for name, reason in report["failed"].items()
    ]
    return "<h2>Left out</h2>" + "".join(lines) if lines else ""


def _clip(clip: dict[str, Any], report: dict[str, Any], paint: dict[str, str], sheet: bytes) -> str:
    times = [number / clip["fps"] for number in clip["frames"]]
    plots = [
        curves(measure.title, times, series, paint)
        for measure in MEASURES
        if measure.plotted
        and (series := {k: v["series"].get(measure.name, ()) for k, v in clip["rows"].items()})
    ]
    flags = [
        f"{escape(label)} is worse in {escape(metric.removeprefix('psnr_'))}"
        for label, found in report["worse_clips"].items()
        for metric, names in found.items()
        if clip["name"] in names and label != "still"
    ]
    notes = [*map(escape, clip["notes"]), *flags]
    data = base64.b64encode(sheet).decode()
    return (
        f'<article id="{escape(_anchor(clip["name"]))}"><h3>{escape(clip["name"])}</h3>'
        + "".join(f'<p class="bad">{note}</p>' for note in notes)
        + f'<img alt="frames of {escape(clip["name"])}" src="data:image/jpeg;base64,{data}">'
        + f'<div class="plots">{"".join(plots)}</div></article>'
    )


def _key(labels: Sequence[str], paint: dict[str, str]) -> str:
    return "".join(
        f'<span><i style="background:{paint[label]}"></i>{escape(shown)}</span>'
        for label, shown in ((TRUTH, "real clip"), *((label, label) for label in labels))
    )


def _meanings(report: dict[str, Any]) -> str:
    known = {name for row in report["mean"].values() for name in row}
    lines = "".join(
        f"<p><b>{escape(m.title)}</b>: {escape(m.meaning)}</p>" for m in MEASURES if m.name in known
    )
    return f"<h2>What the measures are</h2>{lines}"


def _anchor(name: str) -> str:
    return "clip-" + "".join(c if c.isalnum() else "-" for c in name)
