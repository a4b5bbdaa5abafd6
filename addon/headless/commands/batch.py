# SPDX-License-Identifier: GPL-3.0-or-later
"""`facewright batch`: a list of dubs, with resume, several at a time, and a report."""

from __future__ import annotations

import argparse
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

from ...core import handshake
from ...core.client_review import FEATURE
from ...core.errors import InputError
from ...v1 import service_pb2
from .. import options as shared
from ..batch import report
from ..batch.ledger import FAILED, Ledger
from ..batch.manifest import Item, ManifestError, read
from ..batch.quality import Thresholds
from ..batch.shift import Shift
from ..host import Host
from ..progress import ProgressLine

#: Exit status: items failed; items are flagged, where --fail-on-flags asks for it.
SOME_FAILED, SOME_FLAGGED = 6, 7
MAX_JOBS = 64

_EXAMPLES = """the list: CSV with a heading, or JSON lines; a row for each movie, a column for each
option of `dub` (with _ for -); paths are relative to the list:

  portrait,speech,emotion,output
  anna.png,anna_01.wav,happy,out/anna_01.mp4
  ben.jpg,ben_01.wav,,out/ben_01.mp4

examples:
  batch films.csv --jobs 2                   what is done and unchanged is skipped
  batch films.csv --check                    only say what is wrong with the list
  batch films.csv --rows 1-50 --keep-going   a part, as for one computer of several
  batch films.csv --report-only              put their reports together
  batch films.jsonl --size 512 --fps 25      for rows that do not say it
"""
#: Options of `dub` that make no sense for every row alike.
_OWN = ("portrait", "footage", "speech", "script", "script_file", "output", "blend", "sheet")


def add(commands: Any) -> None:
    """Add the command."""
    parser = shared.raw(
        commands.add_parser(
            "batch",
            help="make every movie of a list",
            description="Make every movie of a list, several at a time on one backend, and "
            "report on each. What is done and unchanged is skipped, so that an interrupted "
            "batch goes on where it was.",
            epilog=_EXAMPLES,
        )
    )
    parser.add_argument("manifest", type=Path, help="the list (.csv, .tsv, .jsonl)")
    parser.add_argument("--rows", type=shared.frame_range, help="only these, as 1-50, from 1")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="at a time (1)")
    failing = parser.add_mutually_exclusive_group()
    failing.add_argument("--keep-going", dest="keep_going", action="store_true", default=True,
                         help="a failed item leaves the rest to be made (default)")  # fmt: skip
    failing.add_argument("--fail-fast", dest="keep_going", action="store_false",
                         help="a failed item ends the batch")  # fmt: skip
    parser.add_argument("--again", action="store_true", help="make finished items anew, too")
    parser.add_argument("--check", action="store_true", help="check the list, make nothing")
    parser.add_argument("--report-only", action="store_true", help="only report on what is made")
    parser.add_argument("--no-review", action="store_true", help="do not measure the movies")
    _add_thresholds(parser)
    shared.add_columns(
        parser.add_argument_group("for rows that do not say it"),
        [name for name in shared.BY_NAME if name not in _OWN],
    )
    shared.add_cache(parser, "default: none")
    shared.add_backend(parser)
    parser.set_defaults(run=run)


def _add_thresholds(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what is flagged in the report")
    group.add_argument("--fail-on-flags", action="store_true",
                       help=f"exit with {SOME_FLAGGED} where anything is flagged")  # fmt: skip
    about = {
        "max_offset": "ms that lips are early or late",
        "min_sync": "correlation of lips and sound",
        "min_identity": "likeness to the portrait, 0 to 1",
        "max_flicker": "change without motion, 8-bit levels",
        "max_frozen": "share of frames that stand still under sound",
        "max_unseen": "share of frames without a face",
        "max_length": "seconds that pictures and sound differ by",
    }
    for field in fields(Thresholds):
        group.add_argument(
            f"--{field.name.replace('_', '-')}",
            type=float,
            metavar="X",
            help=f"{about[field.name]} ({field.default:g})",
        )


def run(options: argparse.Namespace, meter: ProgressLine) -> int:
    """Check the list, make what is not made, report."""
    if not 1 <= options.jobs <= MAX_JOBS:
        raise InputError(f"jobs: expected 1 to {MAX_JOBS}, got {options.jobs}")
    items = read(options.manifest, shared.given(options))
    chosen = [item for item in items if options.rows is None or item.row in options.rows]
    if not chosen:
        raise InputError(f"rows: the list has rows 1 to {len(items)}, got none of them")
    limits = Thresholds.of(vars(options))
    if options.check:
        print(f"{options.manifest}: {len(items)} items, nothing wrong")
        return 0
    ledger = Ledger(options.manifest)
    failed = 0
    try:
        if not options.report_only:
            failed = _work(options, chosen, ledger, meter)
    finally:
        meter.end()
        records = report.outcomes(items, ledger, limits)
        paths = report.write(options.manifest, records, ledger, limits)
    return _conclude(options, [r for r in records if r["row"] in _rows(chosen)], paths, failed)


def _rows(chosen: list[Item]) -> set[int]:
    return {item.row for item in chosen}


def _conclude(
    options: argparse.Namespace, records: list[dict[str, Any]], paths: list[Path], failed: int
) -> int:
    """Say how it came out; the exit status."""
    for record in records:
        for flag in record.get("flags", []):
            print(f"row {record['row']}, {Path(record['output']).name}: {flag}")
    overall = report.totals(records)
    print(
        f"{overall['done']} of {overall['items']} done, {overall['failed']} failed, "
        f"{overall['waiting']} waiting, {overall['flagged']} flagged"
    )
    print(paths[-1])
    undone = overall["waiting"] if options.report_only else 0
    if failed or undone or any(record["status"] == FAILED for record in records):
        return SOME_FAILED
    return SOME_FLAGGED if options.fail_on_flags and overall["flagged"] else 0


def _work(
    options: argparse.Namespace, chosen: list[Item], ledger: Ledger, meter: ProgressLine
) -> int:
    """Make what is not made; how many failed."""
    if not options.again and all(ledger.finished(item) for item in chosen):
        print(f"all {len(chosen)} items are made and unchanged")
        return 0
    with Host(options, meter) as host:
        told = host.backend().hello()
        host.lost()  # the workers have connections of their own
        _check_offered(options.manifest.name, chosen, told)
        reviewed = not options.no_review
        if reviewed and (reason := handshake.missing(told, FEATURE)):
            meter.say(f"{reason}; nothing is measured")
            reviewed = False
        jobs = min(options.jobs, told.limits.max_streams)
        if jobs < options.jobs:
            meter.say(f"{jobs} at a time: the backend serves no more streams")
        shift = Shift(
            items=chosen,
            ledger=ledger,
            program=_program(),
            backend=lambda: _reaching(options, host.address()) + ["--review"] * reviewed,
            environment=shared.environment(),
            jobs=jobs,
            keep_going=options.keep_going,
            again=options.again,
            progress=meter,
            say=meter.say,
        )
        return shift.run()


def _reaching(options: argparse.Namespace, address: str) -> list[str]:
    """Options by which a worker reaches the backend, and the cache."""
    words = [f"--address={address}"]
    for name in ("token_file", "certificate", "cache"):
        if path := getattr(options, name):
            words.append(f"--{name.replace('_', '-')}={path.resolve()}")
    if options.cache_size is not None:
        words.append(f"--cache-size={options.cache_size}")
    return words


def _program() -> list[str]:
    """What runs a command in a process of its own: this Blender, or this Python."""
    import bpy

    if shared.has_program():
        online = ["--online-mode"] if bpy.app.online_access else ["--offline-mode"]
        return [bpy.app.binary_path, "-b", *online, "--command", "facewright"]
    return [sys.executable, "-m", __package__.partition(".")[0]]


def _check_offered(name: str, items: list[Item], told: service_pb2.GetCapabilitiesResponse) -> None:
    """Refuse what this backend has not, before any work.

    Raises:
        ManifestError: a line for every row that asks for it.
    """
    animators = {animator.name: animator for animator in told.animators}
    known = {"animator": set(animators), "driver": {driver.name for driver in told.drivers}}
    problems = []
    for item in items:
        where = f"{name}:{item.line}"
        for column, names in known.items():
            value = item.values.get(column)
            if value and value not in names:
                problems.append(
                    f"{where}: {column}: expected one of {', '.join(sorted(names))}, got {value!r}"
                )
        animator = animators.get(item.values.get("animator") or told.default_animator)
        size = item.values.get("size")
        if animator and size and animator.sizes and size not in animator.sizes:
            sizes = ", ".join(map(str, animator.sizes))
            problems.append(
                f"{where}: size: expected one of {sizes} for {animator.name}, got {size}"
            )
        scripted = item.values.get("script") or item.values.get("script_file")
        if scripted and (reason := handshake.missing(told, "scripts")):
            problems.append(f"{where}: script: {reason}")
    if problems:
        raise ManifestError("\n".join(problems))
