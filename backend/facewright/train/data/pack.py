"""Folders of clips -> a pack, by several processes; stopped and gone on with at will."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from dataclasses import asdict, replace
from multiprocessing import active_children, get_context
from pathlib import Path

from facewright import checks
from facewright.capture import CaptureSession
from facewright.errors import BackendError, InputError, NoFaceError
from facewright.train.data.clip import Settings, pack_file
from facewright.train.data.index import NAME, SIZES, write_index
from facewright.train.data.journal import Journal, Record
from facewright.train.data.shards import Pack, open_pack
from facewright.train.data.sources import Source, find_sources
from facewright.train.data.split import held_out

#: Called with the stage, the fraction done and the seconds left (negative: not known).
ProgressListener = Callable[[str, float, float], None]

_STAGE = "packing"

# Of a worker process.
_session: CaptureSession | None = None
_stopping = False


def pack(
    folders: Sequence[Path],
    out: Path,
    settings: Settings | None = None,
    *,
    manifest: Path | None = None,
    hold_out: Sequence[str] = (),
    seed: int = 0,
    jobs: int = 1,
    progress: ProgressListener = lambda stage, fraction, seconds_left: None,
) -> Pack:
    """Pack clips and portraits; run again after a stop, it goes on.

    Args:
        folders: where the files are, see ``sources.find_sources``.
        out: the pack's folder; made where it is absent.
        settings: size and quality of frames.
        manifest: CSV with columns file and identity.
        hold_out: who is held out, see ``split.held_out``.
        seed: of that choice, where it is by a fraction.
        jobs: processes.
        progress: listener.

    Returns:
        The pack; ``skipped`` tells what is not in it.

    Raises:
        InputError: nothing to pack, options that do not fit, or not one usable clip.
        OutputError: the pack cannot be written.
    """
    settings = settings or Settings()
    checks.number("size", settings.size, low=SIZES[0], high=SIZES[1])
    if settings.size % 2:
        raise InputError(f"size: expected an even number of pixels, got {settings.size}")
    checks.number("quality", settings.quality, low=0, high=51)
    checks.number("jobs", jobs, low=1, high=256)
    out = Path(out)
    sources = find_sources(folders, manifest)
    validation = held_out({source.identity for source in sources}, hold_out, seed)
    journal = Journal(out, asdict(settings))
    (out / NAME).unlink(missing_ok=True)  # what is half changed is no pack
    records = _records(sources, out, settings, journal, jobs, progress)
    entries = [
        replace(
            entry,
            identity=source.identity,
            credit=source.credit,
            split="validation" if source.identity in validation else "train",
        )
        for source, record in zip(sources, records, strict=True)
        for entry in record.clips
    ]
    if not entries:
        first = records[0]
        raise NoFaceError(f"no clip could be packed; {first.source}: {first.reason}")
    journal.remove_strays(entries)
    write_index(out, settings.size, entries, [r.skipped for r in records if not r.clips])
    return open_pack(out)


def _records(
    sources: Sequence[Source],
    out: Path,
    settings: Settings,
    journal: Journal,
    jobs: int,
    progress: ProgressListener,
) -> list[Record]:
    """What became of each source, in order: from the journal, or packed now."""
    stamps = [_stamp(source.path) for source in sources]
    known = [journal.find(s, stamp) for s, stamp in zip(sources, stamps, strict=True)]
    todo = [k for k, record in enumerate(known) if record is None]
    tasks = [(sources[k], stamps[k], out, settings) for k in todo]
    left = _TimeLeft([sources[k].path.stat().st_size for k in todo])
    progress(_STAGE, 0.0, -1.0)
    made: dict[int, Record] = {}
    with closing(_run(tasks, jobs)) as results:
        for number, record in results:
            journal.add(record)
            made[todo[number]] = record
            progress(_STAGE, *left.after(number))
    progress(_STAGE, 1.0, 0.0)
    return [made[k] if record is None else record for k, record in enumerate(known)]


class _TimeLeft:
    """Estimates by the files' bytes."""

    def __init__(self, sizes: Sequence[int]) -> None:
        self._sizes, self._done, self._began = sizes, 0, time.monotonic()

    def after(self, number: int) -> tuple[float, float]:
        """The fraction done and the seconds left, now that a file is done too."""
        self._done += self._sizes[number]
        fraction = self._done / max(1, sum(self._sizes))
        return fraction, (time.monotonic() - self._began) * (1 / max(fraction, 1e-9) - 1)


_Task = tuple[Source, str, Path, Settings]


def _run(tasks: Sequence[_Task], jobs: int) -> Generator[tuple[int, Record], None, None]:
    """Tasks' numbers and records as they are done."""
    if jobs == 1 or len(tasks) < 2:
        _start_worker(in_process=True)
        try:
            for number, task in enumerate(tasks):
                yield number, _pack_one(*task)
        finally:
            _end_worker()
        return
    before = set(active_children())
    # Forked, native threads that the parent may have started would be lost.
    executor = ProcessPoolExecutor(min(jobs, len(tasks)), get_context("spawn"), _start_worker)
    try:
        futures = {executor.submit(_pack_one, *task): k for k, task in enumerate(tasks)}
        for future in as_completed(futures):
            yield futures[future], future.result()
    except BrokenProcessPool as error:
        raise BackendError(
            "a packing process was ended by the system (out of memory?); run again with"
            " fewer jobs, it goes on"
        ) from error
    except BaseException:  # a stop by the user too: what is being packed is given up
        for child in set(active_children()) - before:
            child.terminate()
        raise
    finally:
        executor.shutdown(cancel_futures=True)


def _start_worker(in_process: bool = False) -> None:
    global _session
    _session = CaptureSession()
    if not in_process:
        import cv2

        os.environ.setdefault("OMP_NUM_THREADS", "1")  # torch is not loaded yet; it reads this
        cv2.setNumThreads(1)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
        signal.signal(signal.SIGTERM, _unwind)  # so that nothing half-written stays


def _end_worker() -> None:
    global _session
    if _session is not None:
        _session.close()
    _session = None


def _unwind(number: int, frame: object) -> None:
    global _stopping
    _stopping = True  # for what is queued in this process: the executor outlives the exit
    raise SystemExit(128 + number)


def _pack_one(source: Source, stamp: str, out: Path, settings: Settings) -> Record:
    assert _session is not None
    if _stopping:
        raise SystemExit
    try:
        clips = pack_file(source, out, settings, _session)
    except InputError as error:
        reason = str(error).removeprefix(f"{source.path}: ")
        return Record(source.relative, stamp, source.name, reason=reason)
    return Record(source.relative, stamp, source.name, tuple(clips))


def _stamp(path: Path) -> str:
    """Changes when a file does."""
    status = path.stat()
    return f"{status.st_size}-{status.st_mtime_ns}"
