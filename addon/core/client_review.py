# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures of a finished clip, from the backend; no bpy."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..v1 import service_pb2
from .client import Backend, Progress, existing_file
from .errors import BackendError

#: The word of GetCapabilitiesResponse.features that promises this.
FEATURE = "review_clip"


@dataclass(frozen=True, slots=True)
class ClipReview:
    """What was measured of a clip; None for what could not be.

    Attributes:
        frames: in the movie.
        unseen: of them without a face.
        frozen: of them equal to the one before while there is sound.
        seconds, sound_seconds: lengths of pictures and sound.
        sync: correlation of lip opening and the sound's level, -1..1.
        sync_offset: milliseconds that lips come later than the sound.
        identity: how much the face is the portrait's, 0..1.
        flicker: 8-bit levels that pixels change by without motion.
        warnings: for people.
    """

    frames: int
    unseen: int
    frozen: int
    seconds: float
    sound_seconds: float | None
    sync: float | None
    sync_offset: float | None
    identity: float | None
    flicker: float | None
    warnings: tuple[str, ...]


_OPTIONAL = ("sound_seconds", "sync", "sync_offset", "identity", "flicker")


def review(
    backend: Backend,
    movie: Path,
    *,
    speech: Path | None = None,
    portrait: Path | None = None,
    progress: Progress | None = None,
) -> ClipReview:
    """Have a clip measured.

    Args:
        backend: connected.
        movie: a video file on this machine.
        speech: its sound; default: the movie's own.
        portrait: photograph or footage of who it should show.
        progress: told how far it is.

    Raises:
        AddonError: a file that cannot be used, or a backend that has no reviews.
    """
    request = service_pb2.ReviewClipRequest(
        protocol_version=service_pb2.PROTOCOL_VERSION,
        movie_sha256=backend.put(existing_file("movie", movie)),
        speech_sha256=backend.put(existing_file("speech", speech)) if speech else "",
        portrait_sha256=backend.put(existing_file("portrait", portrait)) if portrait else "",
    )
    found = None
    for answer in backend._stream(backend._stub.ReviewClip, request, progress):
        if answer.WhichOneof("part") == "review":
            found = answer.review
    if found is None:
        raise BackendError(f"{backend.address} ended the review early; look at its log")
    optional = {name: getattr(found, name) if found.HasField(name) else None for name in _OPTIONAL}
    return ClipReview(
        frames=found.frames,
        unseen=found.unseen,
        frozen=found.frozen,
        seconds=found.seconds,
        warnings=tuple(found.warnings),
        **optional,
    )
