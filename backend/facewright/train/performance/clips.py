"""A folder of videos -> performances, each tracked once."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from facewright.capture import CaptureSession
from facewright.capture.track_video import track_video
from facewright.errors import InputError
from facewright.face.library import load_model
from facewright.media.speech import read_speech
from facewright.media.video import read_video_info
from facewright.train.performance.track import Performance, Tracked, key, load, save

_VIDEOS = (".mp4", ".mov", ".mkv", ".webm", ".avi")
#: A manifest's words for sound that goes with the picture, and for doubt about it.
_TOGETHER, _DOUBT = re.compile(r"in sync|corrected"), re.compile(r"probably|unverified")

#: Takes a clip's name, its number from 1, and the number of clips.
ClipListener = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class _Row:
    identity: str
    sound: bool
    in_sync: bool


def performances(
    folder: str | Path,
    manifest: str | Path | None = None,
    cache: str | Path | None = None,
    *,
    tell: ClipListener = lambda name, number, count: None,
) -> list[Performance]:
    """Every clip of a folder, tracked by :func:`facewright.capture.track`.

    Args:
        folder: holds the videos; folders within it are not looked into.
        manifest: a .csv with the columns file (relative to the manifest's folder),
            identity, audio ("no" for silent clips) and sync_note. Clips that it does not
            name are left out. Without a manifest each clip is a speaker of its own, and
            its sound is taken to be in sync.
        cache: a folder where tracks are kept and looked for. A track is found again as
            long as the clip's content, the default face model and the tracker are the
            same. Without a folder nothing is kept.
        tell: called before each clip is tracked or read.

    Returns:
        By name. Tracking takes about a second for each second of video; reading, little.

    Raises:
        InputError: no clip, a manifest that lacks a column, or a clip that cannot be read.
        OutputError: the cache cannot be written.
    """
    folder = Path(folder)
    rows = None if manifest is None else _rows(Path(manifest))
    clips = sorted(p for p in folder.glob("*") if p.suffix.lower() in _VIDEOS)
    if rows is not None:
        clips = [clip for clip in clips if clip.resolve() in rows]
    if not clips:
        raise InputError(f"folder: {folder} holds no clip" + (" of the manifest" if rows else ""))
    session: CaptureSession | None = None
    found = []
    for number, clip in enumerate(clips, 1):
        tell(clip.stem, number, len(clips))
        kept = None
        if cache is not None:
            kept = Path(cache) / f"{clip.stem}-{key(clip.read_bytes(), load_model())}.npz"
        if kept is not None and kept.is_file():
            tracked = load(kept)
        else:
            session = session or CaptureSession()
            tracked = _track(clip, session)
            if kept is not None:
                kept.parent.mkdir(parents=True, exist_ok=True)
                save(kept, tracked)
        found.append(_performance(clip, tracked, None if rows is None else rows[clip.resolve()]))
    if session is not None:
        session.close()
    return found


def _track(clip: Path, session: CaptureSession) -> Tracked:
    info = read_video_info(clip)
    seen = track_video(clip, session)
    own = seen.subject.coefficients
    return Tracked(
        seen.motion,
        seen.landmarks,
        seen.confidence,
        (info.width, info.height),
        own.identity,
        own.pose,
    )


def _performance(clip: Path, tracked: Tracked, row: _Row | None) -> Performance:
    sound = read_video_info(clip).sound_seconds is not None
    if row is None:
        row = _Row(clip.stem, sound, sound)
    return Performance(
        name=clip.stem,
        identity=row.identity,
        fps=tracked.motion.fps,
        motion=tracked.motion,
        landmarks=tracked.landmarks,
        confidence=tracked.confidence,
        size=tracked.size,
        shape=tracked.shape,
        neutral_pose=tracked.neutral_pose,
        speech=read_speech(clip) if sound and row.sound else None,
        in_sync=sound and row.in_sync,
    )


def _rows(manifest: Path) -> dict[Path, _Row]:
    """What a manifest says of each file."""
    try:
        with manifest.open(newline="", encoding="utf-8") as lines:
            table = list(csv.DictReader(lines))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"manifest: {manifest} cannot be read ({error})") from error
    for column in ("file", "identity", "audio", "sync_note"):
        if not table or table[0].get(column) is None:
            raise InputError(f"manifest: {manifest} has no column {column!r}")
    return {(manifest.parent / row["file"]).resolve(): _row(row) for row in table}


def _row(row: dict[str, str]) -> _Row:
    sound, note = row["audio"] != "no", row["sync_note"]
    together = bool(_TOGETHER.search(note)) and not _DOUBT.search(note)
    return _Row(row["identity"], sound, sound and together)
