"""Many tasks: progress, cancelling, going on where a run stopped, one report."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from facewright.capture import CaptureSession
from facewright.dub import Job
from facewright.errors import InputError
from facewright.evaluate.compare import Comparison
from facewright.evaluate.film import Film
from facewright.evaluate.judges import Judge
from facewright.evaluate.options import Options
from facewright.evaluate.planning import Planned
from facewright.evaluate.rows import STILL, Maker
from facewright.evaluate.store import Store, check_folder
from facewright.evaluate.summary import clip_numbers, summary
from facewright.media.files import write_bytes
from facewright.media.picture import encode_picture

_CAPTURING = 0.4  # share of a task's time that capturing its clip takes, for time left
_VERSION = 1


def evaluate(
    mode: str,
    planned: Sequence[Planned],
    folder: Path,
    options: Options,
    *,
    resume: bool = False,
    job: Job | None = None,
    told: Callable[[str], None] = lambda line: None,
) -> dict[str, Any]:
    """Do tasks and write ``folder``/report.json and report.html.

    Args:
        mode: "self", "cross" or "audio".
        planned: of :func:`planning.plan`.
        folder: made if absent; results of finished tasks are kept in it.
        options: how.
        resume: take tasks that were finished with the same options and files as done.
        job: hears of progress, asks whether to stop.
        told: hears one line per task.

    Returns:
        What report.json holds.

    Raises:
        InputError: a bad option, or no task could be done; the first one's reason.
        OutputError: ``folder`` cannot be written.
        CancelledError: the job was called off; finished tasks are kept.
    """
    from facewright.evaluate.report import page

    check_folder(folder)
    store = Store(folder)
    job = job or Job()
    todo = _Run(mode, options, store, resume)
    failed: dict[str, str] = {}
    reason: InputError | None = None
    finished: list[dict[str, Any]] = []
    try:
        for index, one in enumerate(planned):
            try:
                finished.append(todo(one, _Progress(job, index, len(planned))))
            except InputError as error:
                failed[one.name], reason = str(error), reason or error
                if len(planned) > 1:
                    told(f"skipped: {error}")
            else:
                told(line(finished[-1]))
    finally:
        todo.session.close()
    if not finished:
        raise reason or InputError("clips: expected at least one that can be evaluated")
    report = {
        "version": _VERSION,
        "mode": mode,
        "options": said(options),
        **todo.summed(finished),
        "not_measured": todo.absent,
        "failed": failed,
        "clips": finished,
    }
    write_bytes(folder / "report.json", (json.dumps(report, indent=1) + "\n").encode())
    write_bytes(folder / "report.html", page(report, store.sheet).encode())
    job.tell("evaluating", 1.0)
    return report


class _Run:
    """What tasks share: animators, networks, MediaPipe; calling it does a task."""

    def __init__(self, mode: str, options: Options, store: Store, resume: bool) -> None:
        from facewright.evaluate.learned import judges_in

        self._mode, self._options, self._store, self._resume = mode, options, store, resume
        self._makers = {row.label: Maker(row, options.size, options.seed) for row in options.rows}
        if options.against not in self._makers:
            known = ", ".join(self._makers)
            raise InputError(f"against: {options.against!r} is none of {known}")
        self._judges, self.absent = judges_in(options.weights)
        self.absent |= _unmeasured(options)
        self._choice = options.choice(max(maker.reach for maker in self._makers.values()))
        self._kept = False
        self.session = CaptureSession()

    def __call__(self, one: Planned, tell: _Progress) -> dict[str, Any]:
        """A task's numbers: kept ones, or new ones, which are kept."""
        tell(0.0)
        mark = self._options.fingerprint(self._mode, one.sources)
        kept = self._store.read(one.name, mark) if self._resume else None
        if kept is not None:
            self._kept = True
            return kept
        task = one.make(self.session, self._choice, tell.capturing)
        path = self._store.film(one.name) if self._options.video else None
        with Film(path, task, 1 + len(self._makers)) as film:
            result = Comparison(
                task,
                self._makers,
                self.session,
                self._options.against,
                self._options.recapture_every,
                self._judges,
                tell.comparing,
                film.add,
            ).run()
        numbers = clip_numbers(result) | {"name": one.name}
        self._store.write(numbers, mark, encode_picture(result.shown.sheet(), "jpg"))
        return numbers

    def summed(self, clips: list[dict[str, Any]]) -> dict[str, Any]:
        """The summary, with what judges say of all tasks together, if they saw them all."""
        found = summary(clips, self._options.against, self._options.seed)
        for judge in self._judges:
            if self._kept and type(judge).total is not Judge.total:
                self.absent["FID"] = "needs the frames of all clips: run without --resume"
                continue
            for label, values in judge.total().items():
                found["mean"][label] |= {k: v for k, v in values.items() if v is not None}
        return found


def _unmeasured(options: Options) -> dict[str, str]:
    """What the options themselves leave out, and why."""
    found = {}
    if options.step > 1:
        found["flicker (warped error, Pixel-MSE, tLP)"] = "needs consecutive frames: --step 1"
    if not options.recapture_every:
        found["landmarks, expression, pose, gaze"] = "needs --recapture"
    return found


class _Progress:
    """Shares of a task as shares of the run."""

    def __init__(self, job: Job, index: int, count: int) -> None:
        self._job, self._index, self._count = job, index, count

    def __call__(self, share: float) -> None:
        self._job.tell("evaluating", (self._index + min(share, 1.0)) / self._count)

    def capturing(self, share: float) -> None:
        self(_CAPTURING * share)

    def comparing(self, share: float) -> None:
        self(_CAPTURING + (1 - _CAPTURING) * share)


def said(options: Options) -> dict[str, Any]:
    """The options as a report tells them."""
    return {
        "rows": [row.label for row in options.rows],
        "against": options.against,
        "size": options.size,
        "step": options.step,
        "frames": options.most,
        "seed": options.seed,
        "smooth": options.smooth,
        "recapture_every": options.recapture_every,
    }


def line(clip: dict[str, Any]) -> str:
    """One line for a terminal: what tells most of a clip, by row."""
    wanted = (("psnr_face", "face {:.2f} dB"), ("psnr_mouth", "mouth {:.2f} dB"),
              ("lmd_mouth", "lips {:.2f} px"), ("pose_degrees", "pose {:.1f}°"),
              ("opening_correlation", "opening r {:.2f}"))  # fmt: skip
    parts = []
    for label, row in clip["rows"].items():
        numbers = [text.format(v) for m, text in wanted if (v := row["mean"].get(m)) is not None]
        if numbers and label != "truth":
            parts.append(f"{label}: {', '.join(numbers)}")
    return f"{clip['name']}: {len(clip['frames'])} frames; " + "; ".join(parts)


def totals(report: dict[str, Any]) -> list[str]:
    """Lines for a terminal: each row's means, and what it gains with its interval."""
    lines = [line({"name": "mean", "frames": report["clips"], "rows": {
        label: {"mean": row} for label, row in report["mean"].items()}})]  # fmt: skip
    lines = [text.replace(" frames;", " clips;") for text in lines]
    against = report["options"]["against"]
    for label, found in report["differences"].items():
        if label == STILL:
            continue
        parts = [
            f"{metric.removeprefix('psnr_')} {gain['mean']:+.2f} dB"
            + ("" if gain["low"] is None else f" [{gain['low']:+.2f}, {gain['high']:+.2f}]")
            for metric in ("psnr_face", "psnr_mouth", "psnr_eyes_moved")
            if (gain := found.get(metric)) is not None
        ]
        worse = sorted({n for names in report["worse_clips"][label].values() for n in names})
        if parts:
            lines.append(f"{label} against {against}: {', '.join(parts)}"
                         + (f"; worse on {', '.join(worse)}" if worse else ""))  # fmt: skip
    return lines
