# SPDX-License-Identifier: GPL-3.0-or-later
"""Performances from the backend: of a sound, of a script, of a video; no bpy.

Each call blocks its thread, as those of :mod:`.client` do.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..v1 import face_pb2, service_pb2
from . import handshake
from .client import Backend, Progress, existing_file
from .errors import BackendError, InputError
from .performance import MAX_SCRIPT, Script, Wanted, request
from .subject_data import MotionData, read_motion


@dataclass(frozen=True, slots=True)
class Spoken:
    """A performance, and the WAV file of a script (empty for a sound)."""

    motion: MotionData
    wav: bytes


@dataclass(frozen=True, slots=True)
class Followed:
    """A tracked performance, and (T,) 0..1 how surely each frame was seen (0: filled in)."""

    motion: MotionData
    confidence: np.ndarray


def drive(
    backend: Backend,
    speech: Path | None,
    wanted: Wanted,
    *,
    script: Script | None = None,
    subject_id: str = "",
    driver: str = "",
    fps: float = 25.0,
    start_seconds: float = 0.0,
    length_seconds: float = 0.0,
    progress: Progress | None = None,
) -> Spoken:
    """A performance of recorded speech, or of a script.

    Args:
        backend: connected.
        speech: a sound file on this machine; None with a script.
        wanted: how; times count from ``start_seconds``.
        script: spoken in place of a sound.
        subject_id: whose resting face; empty: the model's mean.
        driver: name; empty: the backend's default.
        fps: frames a second, 1..240.
        start_seconds, length_seconds: the part of the sound; length 0 = to its end.
        progress: told how far it is.

    Raises:
        InputError: something that cannot be used.
        BackendError: a backend that is too old, or failing.
    """
    if wanted.changes:
        _require(backend, "control_curves")
    asked = request(wanted, lambda path: backend.put(existing_file("sources", path)))
    asked.subject_id, asked.driver, asked.fps = subject_id, driver, fps
    if script is None:
        if speech is None:
            raise InputError("speech: expected a sound file, or a script in its place")
        asked.speech_sha256 = backend.put(existing_file("speech", speech))
        asked.start_seconds, asked.length_seconds = start_seconds, length_seconds
    else:
        _require(backend, "scripts")
        asked.script.CopyFrom(_script(script))
    header, frames, wav = face_pb2.MotionHeader(), [], []
    for answer in backend._stream(backend._stub.DriveSpeech, asked, progress):
        match answer.WhichOneof("part"):
            case "header":
                header = answer.header
            case "frames":
                frames.append(answer.frames)
            case "speech":
                wav.append(answer.speech)
    return Spoken(read_motion(header, frames), b"".join(wav))


def track(
    backend: Backend,
    video: Path,
    *,
    subject_id: str = "",
    fps: float = 0.0,
    start_seconds: float = 0.0,
    length_seconds: float = 0.0,
    face: int = 0,
    progress: Progress | None = None,
) -> Followed:
    """The motion of a face in a video.

    Args:
        backend: connected.
        video: a file on this machine.
        subject_id: the same person, captured before; empty: the video says who it is.
        fps: frames a second of the answer; 0: the video's.
        start_seconds, length_seconds: the part of the video; length 0 = to its end.
        face: which face of the first frame, counted from the largest, 0.
        progress: told how far it is.

    Raises:
        InputError: something that cannot be used; NoFaceError where there is no face.
        BackendError: a backend that is too old, or failing.
    """
    _require(backend, "track_video")
    asked = service_pb2.TrackVideoRequest(
        protocol_version=service_pb2.PROTOCOL_VERSION,
        video_sha256=backend.put(existing_file("video", video)),
        subject_id=subject_id,
        fps=fps,
        start_seconds=start_seconds,
        length_seconds=length_seconds,
        face=face,
    )
    header, frames, sure = face_pb2.MotionHeader(), [], []
    for answer in backend._stream(backend._stub.TrackVideo, asked, progress):
        match answer.WhichOneof("part"):
            case "header":
                header = answer.header
            case "frames":
                frames.append(answer.frames)
            case "confidence":
                sure.extend(answer.confidence.values)
    motion = read_motion(header, frames)
    if len(sure) != len(motion):
        raise BackendError(f"confidence: {len(sure)} came for {len(motion)} frames")
    return Followed(motion, np.array(sure, np.float32))


def _script(script: Script) -> service_pb2.Script:
    if not script.text.strip():
        raise InputError("script: expected words to speak, got none")
    if len(script.text) > MAX_SCRIPT:
        raise InputError(
            f"script: expected at most {MAX_SCRIPT} characters, got {len(script.text)}; "
            "divide it into several"
        )
    return service_pb2.Script(text=script.text, language=script.language, voice=script.voice)


def _require(backend: Backend, feature: str) -> None:
    """Raise what a backend lacks, in words."""
    if reason := handshake.missing(backend.hello(), feature):
        raise BackendError(reason)
