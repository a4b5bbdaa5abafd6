# SPDX-License-Identifier: GPL-3.0-or-later
"""The outcome of a batch for people (HTML) and programs (JSON); no bpy."""

from __future__ import annotations

import html
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ..progress import duration
from .ledger import DONE, FAILED, Ledger, Record, replace
from .manifest import Item
from .quality import Thresholds, flags, skipped

#: Not begun, or begun and interrupted.
WAITING = "waiting"
#: Measures: heading, key, form.
_MEASURES = (
    ("Sync", "sync", "{:.2f}"),
    ("Offset, ms", "sync_offset", "{:+.0f}"),
    ("Identity", "identity", "{:.2f}"),
    ("Flicker", "flicker", "{:.2f}"),
    ("Frozen", "frozen", "{}"),
    ("No face", "unseen", "{}"),
)
_STYLE = """
body { font: 14px/1.4 system-ui, sans-serif; margin: 2em; color: #222; background: #fff }
table { border-collapse: collapse } th, td { padding: .3em .7em; text-align: right }
th { border-bottom: 2px solid #888; position: sticky; top: 0; background: #fff }
td { border-bottom: 1px solid #ddd; vertical-align: top } .text { text-align: left }
.failed { background: #fde0dd } .flagged { background: #fff3c4 } .waiting { color: #777 }
"""


def outcomes(items: Sequence[Item], ledger: Ledger, limits: Thresholds) -> list[Record]:
    """Every item with how it came out, its flags and its skipped frames."""
    found = []
    for item in items:
        record = ledger.read(item) or {"status": WAITING}
        if "recipe" in record and not ledger.current(item, record):
            record = {"status": WAITING, "message": "its inputs or options were changed since"}
        if record["status"] == DONE and not _there(record, ledger):
            record = {"status": WAITING, "message": "its outputs are not there any more"}
        record |= {"row": item.row, "line": item.line, "output": str(item.output)}
        record["log"] = str(ledger.log(item))
        if record["status"] == DONE:
            record |= {"flags": flags(record, limits), "skipped": skipped(record)}
        found.append(record)
    return found


def totals(records: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Counts and means over the items."""
    every = list(records)
    done = [record for record in every if record["status"] == DONE]
    measured = [record["review"] for record in done if record.get("review")]
    means = {
        name: sum(values) / len(values)
        for _, name, _ in _MEASURES
        if (values := [review[name] for review in measured if review[name] is not None])
    }
    return {
        "items": len(every),
        "done": len(done),
        "failed": sum(record["status"] == FAILED for record in every),
        "waiting": sum(record["status"] not in (DONE, FAILED) for record in every),
        "flagged": sum(bool(record.get("flags")) for record in done),
        "frames": sum(record.get("frames", 0) for record in done),
        "skipped_frames": sum(record.get("skipped", 0) for record in done),
        "took": round(sum(record.get("took", 0.0) for record in every), 1),
        "means": {name: round(value, 4) for name, value in means.items()},
    }


def write(manifest: Path, records: list[Record], ledger: Ledger, limits: Thresholds) -> list[Path]:
    """Write ``report.json`` and ``report.html`` into the ledger's folder; their paths.

    Raises:
        OutputError: one cannot be written.
    """
    overall = totals(records)
    told = {
        "manifest": str(manifest.resolve()),
        "totals": overall,
        "thresholds": asdict(limits),
        "items": [
            {key: value for key, value in record.items() if key not in ("outputs", "version")}
            for record in records
        ],
    }
    paths = [ledger.folder / "report.json", ledger.folder / "report.html"]
    replace(paths[0], json.dumps(told, indent=1, ensure_ascii=False) + "\n")
    replace(paths[1], _page(manifest, records, overall, limits, ledger.folder))
    return paths


def _there(record: Record, ledger: Ledger) -> bool:
    outputs = record.get("outputs") or {}
    return bool(outputs) and all(ledger.place(name).is_file() for name in outputs)


def _page(
    manifest: Path,
    records: list[Record],
    overall: Mapping[str, Any],
    limits: Thresholds,
    folder: Path,
) -> str:
    headings = ["Row", "Output", "Outcome", "Time", "Frames", "Missing"]
    headings += [heading for heading, _, _ in _MEASURES] + ["Remarks"]
    head = "".join(f"<th>{_text(heading)}</th>" for heading in headings)
    rows = "\n".join(_row(record, folder) for record in records)
    bounds = ", ".join(f"{k.replace('_', ' ')} {v:g}" for k, v in asdict(limits).items())
    return f"""<!DOCTYPE html>
<html lang="en"><meta charset="utf-8"><title>{_text(manifest.name)}</title>
<style>{_STYLE}</style>
<h1>{_text(manifest.name)}</h1>
<p>{overall["done"]} of {overall["items"]} done, {overall["failed"]} failed,
{overall["waiting"]} waiting, {overall["flagged"]} flagged; {overall["frames"]} frames,
{overall["skipped_frames"]} missing; {_text(duration(overall["took"]))} of work.</p>
<table><thead><tr>{head}</tr></thead><tbody>
{rows}
</tbody></table>
<p>Flagged from: {_text(bounds)}. Sync is the correlation of lip opening and loudness, identity
the likeness of captured shape and skin colour: they point at clips to look at, and judge
none.</p></html>
"""


def _row(record: Record, folder: Path) -> str:
    review = record.get("review") or {}
    output = Path(record["output"])
    kind = "flagged" if record.get("flags") else record["status"]
    name = _link(output, folder, output.name) if record["status"] == DONE else _text(output.name)
    took = duration(record["took"]) if "took" in record else ""
    cells = [str(record["row"]), name, _text(kind), _text(took)]
    cells += [_text(record.get("frames", "")), _text(record.get("skipped", "") or "")]
    for _, key, form in _MEASURES:
        value = review.get(key)
        cells.append("" if value is None else form.format(value))
    remarks = [*record.get("flags", []), *record.get("warnings", []), *review.get("warnings", [])]
    if record.get("message"):
        remarks.insert(0, record["message"])
    told = "<br>".join(_text(line) for line in dict.fromkeys(remarks))
    if record["status"] == FAILED:
        told += " " + _link(Path(record["log"]), folder, "log")
    body = "".join(f"<td>{cell}</td>" for cell in cells)
    return f'<tr class="{kind}">{body}<td class="text">{told}</td></tr>'


def _link(path: Path, folder: Path, label: str) -> str:
    try:
        target = Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:  # another drive
        target = path.as_uri()
        return f'<a href="{html.escape(target)}">{_text(label)}</a>'
    return f'<a href="{html.escape(quote(target))}">{_text(label)}</a>'


def _text(value: object) -> str:
    return html.escape(str(value))
