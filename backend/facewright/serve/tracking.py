"""A TrackVideo request, checked; its video tracked; the answer's messages."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from facewright.capture.subject import Subject
from facewright.checks import Float32
from facewright.drive.lips import sampled
from facewright.face.motion import Motion
from facewright.serve import limits as bounds
from facewright.serve import messages
from facewright.serve.assets import Asset
from facewright.serve.limits import Limits
from facewright.serve.v1 import service_pb2
from facewright.serve.worker import Job

if TYPE_CHECKING:
    from facewright.capture.portrait import CaptureSession

MAX_FACE = 99
_FPS = (1.0, 240.0)
#: Stages, and where each begins and ends of the whole: landmarks take most of the time.
_SHARES = {"landmarks": (0.0, 0.8), "fitting": (0.8, 1.0)}


@dataclass(frozen=True, slots=True)
class TrackOptions:
    """What a request asks for.

    Attributes:
        fps: of the answer; 0 is the video's.
        start, length: the part of the video, seconds; length 0 is to its end.
        face: which face of the first frame, from the largest.
    """

    fps: float
    start: float
    length: float
    face: int


@dataclass(frozen=True, slots=True)
class Tracked:
    """A motion, and (T,) 0..1 how surely each of its frames was seen."""

    motion: Motion
    confidence: Float32


def track_options(request: service_pb2.TrackVideoRequest, limits: Limits) -> TrackOptions:
    """Check a request.

    Raises:
        InputError: naming the field, what came and what was expected.
    """
    longest = limits.max_speech_seconds
    fps = request.fps
    if fps:
        fps = bounds.real("fps", fps, *_FPS)
    return TrackOptions(
        fps=fps,
        start=bounds.real("start_seconds", request.start_seconds, 0.0, longest),
        length=bounds.real("length_seconds", request.length_seconds, 0.0, longest),
        face=bounds.whole("face", request.face, 0, MAX_FACE),
    )


def track_asset(
    video: Asset,
    subject: Subject | None,
    options: TrackOptions,
    session: CaptureSession,
    limits: Limits,
    job: Job,
) -> Tracked:
    """Track the face in a video.

    Raises:
        InputError: no video, or a part that cannot be; NoFaceError where it shows no face.
    """
    from facewright.capture.track_video import VideoPart, track_video

    started = time.monotonic()

    def tell(stage: str, share: float) -> None:
        first, last = _SHARES[stage]
        done = first + (last - first) * share
        spent = time.monotonic() - started
        job.progress(_told(stage), done, spent * (1 / done - 1) if done > 0.02 else -1.0)

    part = VideoPart(
        options.start, options.length, limits.max_speech_seconds, limits.max_photo_pixels
    )
    track = track_video(
        video.path, session, subject=subject, face=options.face, part=part, name=video.label,
        tell=tell,
    )  # fmt: skip
    return at_rate(Tracked(track.motion, track.confidence), options.fps)


def at_rate(tracked: Tracked, fps: float) -> Tracked:
    """The same at another frame rate; 0 leaves it.

    Times are kept: frame k is at k / fps seconds, and the last one is not after the video's.
    """
    motion = tracked.motion
    if not fps or fps == motion.fps:
        return tracked
    count = int((len(motion) - 1) / motion.fps * fps + 1e-6) + 1
    places = np.arange(count) / fps * motion.fps
    # A frame between one that was seen and one that was not is as sure as the less sure.
    low = np.clip(np.floor(places + 1e-6).astype(np.int64), 0, len(motion) - 1)
    high = np.clip(np.ceil(places - 1e-6).astype(np.int64), 0, len(motion) - 1)
    sure = np.minimum(tracked.confidence[low], tracked.confidence[high])
    resampled = Motion(
        fps=fps,
        model=motion.model,
        names=motion.names,
        expression=sampled(motion.expression, places),
        pose=sampled(motion.pose, places),
        gaze=sampled(motion.gaze, places),
        sources=motion.sources,
    )
    return Tracked(resampled, sure)


def track_messages(tracked: Tracked) -> Iterator[service_pb2.TrackVideoResponse]:
    """Header, frames in runs, confidence."""
    answer = service_pb2.TrackVideoResponse
    for message in messages.motion(tracked.motion):
        if message.WhichOneof("part") == "header":
            yield answer(header=message.header)
        else:
            yield answer(frames=message.frames)
    values = tracked.confidence.tolist()
    yield answer(confidence=service_pb2.TrackConfidence(values=values))


def _told(stage: str) -> str:
    return {"landmarks": "finding the face", "fitting": "fitting the face"}[stage]
