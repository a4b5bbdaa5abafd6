"""A ReviewClip request: what it names, measured, as a message."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from facewright.errors import InputError
from facewright.serve.assets import Asset
from facewright.serve.limits import Limits
from facewright.serve.v1 import service_pb2
from facewright.serve.worker import Job

if TYPE_CHECKING:
    from facewright.capture import CaptureSession
    from facewright.evaluate.review import Review

#: Field and digest -> an asset that is held.
Hold = Callable[[str, str], AbstractContextManager[Asset]]


@dataclass(frozen=True, slots=True)
class ReviewAssets:
    """The files of a request.

    Attributes:
        movie: the finished clip.
        speech: its sound, or None for the movie's own.
        portrait: who it should show, or None.
    """

    movie: Asset
    speech: Asset | None
    portrait: Asset | None


def review_assets(
    request: service_pb2.ReviewClipRequest, stack: ExitStack, hold: Hold
) -> ReviewAssets:
    """Hold what a request names.

    Raises:
        InputError, StatusError: naming the field.
    """

    def held(field: str, *, needed: bool = False) -> Asset | None:
        digest = getattr(request, field)
        return stack.enter_context(hold(field, digest)) if digest or needed else None

    movie = held("movie_sha256", needed=True)
    assert movie is not None
    return ReviewAssets(movie, held("speech_sha256"), held("portrait_sha256"))


def review(assets: ReviewAssets, session: CaptureSession, limits: Limits, job: Job) -> Review:
    """Measure; progress is told per frame.

    Raises:
        InputError: a file that cannot be used, under the name that the client knows.
    """
    from facewright.evaluate.review import review_clip

    begun = time.monotonic()

    def check(share: float) -> None:
        left = (time.monotonic() - begun) * (1 / share - 1) if share > 0 else -1.0
        job.progress("reviewing", share, left)

    given = [asset for asset in (assets.movie, assets.speech, assets.portrait) if asset]
    try:
        return review_clip(
            assets.movie.path,
            session,
            speech=None if assets.speech is None else assets.speech.path,
            portrait=None if assets.portrait is None else assets.portrait.path,
            name=assets.movie.label,
            max_seconds=limits.max_speech_seconds,
            max_pixels=limits.max_photo_pixels,
            check=check,
        )
    except InputError as error:  # it names files that the client does not know
        text = str(error)
        for asset in given:
            text = text.replace(str(asset.path), asset.label)
        raise type(error)(text) from error


def review_message(found: Review) -> service_pb2.ClipReview:
    """A review as it travels; figures that could not be measured stay absent."""
    message = service_pb2.ClipReview(
        frames=found.frames,
        unseen=found.unseen,
        frozen=found.frozen,
        seconds=found.seconds,
        warnings=found.warnings,
    )
    for name in ("sound_seconds", "sync", "sync_offset", "identity", "flicker"):
        value = getattr(found, name)
        if value is not None:
            setattr(message, name, value)
    return message
