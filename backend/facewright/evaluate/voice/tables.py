"""What a part of the report says: verdicts, tables and pictures, as Markdown and as HTML."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

_STYLE = """
body{font:14px/1.45 system-ui,sans-serif;color:#111827;background:#fff;margin:24px auto;
 max-width:1240px;padding:0 16px}
h1{font-size:20px;margin:0 0 4px}h2{font-size:16px;margin:28px 0 8px}
h3{font-size:14px;margin:12px 0 2px}
p{margin:4px 0}.dim{color:#6b7280}table{border-collapse:collapse;margin:6px 0}
th,td{padding:3px 9px;text-align:right;border-bottom:1px solid #e5e7eb;white-space:nowrap}
th:first-child,td:first-child{text-align:left}th{font-weight:600;color:#374151}
.bad{color:#991b1b}.good{color:#047857}.scroll{overflow-x:auto}
img{display:block;margin:8px 0;max-width:none}
"""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A bar and whether it is kept.

    Attributes:
        bar: what was promised.
        found: what was measured.
        kept: whether that is enough; None where there is no bar, only a number.
    """

    bar: str
    found: str
    kept: bool | None = None

    def __str__(self) -> str:
        word = {True: "kept", False: "MISSED", None: "reported"}[self.kept]
        return f"{self.bar}: {self.found} ({word})"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text under columns; the first column names the row."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG for the report.

    Attributes:
        name: of its file, without the suffix.
        title: what it shows.
        png: the file's bytes.
    """

    name: str
    title: str
    png: bytes


@dataclass(slots=True)
class Part:
    """One part of the report.

    Attributes:
        name: by which it is asked for.
        title: for a reader.
        verdicts, tables, pictures: what was found.
        missing: what was not measured, and why.
        seconds: of CPU that it took.
    """

    name: str
    title: str
    verdicts: list[Verdict] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def kept(self) -> bool:
        """Whether no bar is missed."""
        return all(verdict.kept is not False for verdict in self.verdicts)


def markdown(part: Part) -> str:
    """A part as Markdown; pictures by the names of their files."""
    lines = [f"## {part.title}", ""]
    lines += [f"- {verdict}" for verdict in part.verdicts]
    lines += [f"- not measured: {reason}" for reason in part.missing]
    for table in part.tables:
        lines += ["", f"**{table.title}**", ""]
        lines.append("| " + " | ".join(table.columns) + " |")
        lines.append("|" + "---|" * len(table.columns))
        lines += ["| " + " | ".join(row) + " |" for row in table.rows]
        lines += ["", table.note] if table.note else []
    lines += [f"\n{picture.title}: `{picture.name}.png`" for picture in part.pictures]
    return "\n".join(lines) + "\n"


def page(parts: Sequence[Part], about: Sequence[str]) -> str:
    """All parts as one HTML file that needs no network.

    Args:
        parts: in order.
        about: lines under the title: the machine, the command.
    """
    body = ["<h1>Voice: how performances measure</h1>"]
    body += [f'<p class="dim">{escape(line)}</p>' for line in about]
    for part in parts:
        body.append(f"<h2>{escape(part.title)}</h2>")
        for verdict in part.verdicts:
            kind = {True: "good", False: "bad", None: ""}[verdict.kept]
            body.append(f'<p class="{kind}">{escape(str(verdict))}</p>')
        body += [f'<p class="dim">not measured: {escape(reason)}</p>' for reason in part.missing]
        body += [_table(table) for table in part.tables]
        for picture in part.pictures:
            data = base64.b64encode(picture.png).decode()
            body.append(
                f'<h3>{escape(picture.title)}</h3><div class="scroll"><img '
                f'alt="{escape(picture.title)}" src="data:image/png;base64,{data}"></div>'
            )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Voice</title>'
        f"<style>{_STYLE}</style></head><body>" + "\n".join(body) + "</body></html>\n"
    )


def _table(table: Table) -> str:
    head = "".join(f"<th>{escape(column)}</th>" for column in table.columns)
    rows = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in table.rows
    )
    note = f'<p class="dim">{escape(table.note)}</p>' if table.note else ""
    return (
        f"<h3>{escape(table.title)}</h3>"
        f'<div class="scroll"><table><tr>{head}</tr>{rows}</table></div>{note}'
    )


def ranged(value: float, low: float, high: float, digits: int = 3, *, signed: bool = False) -> str:
    """A number with its interval."""
    sign = "+" if signed else ""
    return f"{value:{sign}.{digits}f} [{low:{sign}.{digits}f}, {high:{sign}.{digits}f}]"
