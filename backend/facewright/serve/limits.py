"""What the backend refuses, and the checks that need nothing decoded."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields

from facewright import checks
from facewright.errors import InputError
from facewright.serve.status import StatusError
from facewright.serve.v1 import service_pb2

MIB = 1 << 20
CHUNK_BYTES = MIB
MAX_NAME = 200
MAX_FIND = 100
MAX_SEED = (1 << 63) - 1
MAX_NEIGHBOURS = 8  # of a preview
MAX_WINDOW_ASKED = 1 << 16  # more than max_window is granted max_window
ENVELOPE_BYTES = 1 << 12  # what a message has around its payload, generously

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one server; the ones that clients see are in ``to_proto``.

    Attributes:
        max_asset_bytes: of one asset.
        max_photo_pixels: width x height of a photo, read from its header.
        max_speech_seconds: of one sound.
        max_message_bytes: of one message to the backend.
        max_window: frames in flight in one Animate stream.
        max_streams: concurrent Animate streams.
        idle_seconds: a stream in which the client is silent, with nothing for it to
            wait for, is ended after this; so is one whose answers it does not read.
        max_answer_bytes: of one message from the backend.
        max_subjects: captured subjects remembered.
        max_cache_bytes: of all assets together.
        max_subject_bytes: of all remembered subjects together.
        max_assets: number of assets kept.
        max_jobs: captures, drives and previews waiting or running.
        max_uploads: concurrent PutAsset calls.
        max_calls: concurrent calls of any kind.
        max_batch: frames that one pass of an animator answers, of one stream or several.
    """

    max_asset_bytes: int = 256 * MIB
    max_photo_pixels: int = 50_000_000
    max_speech_seconds: float = 3600.0
    max_message_bytes: int = 16 * MIB
    max_window: int = 32
    max_streams: int = 8
    idle_seconds: float = 60.0
    max_answer_bytes: int = 64 * MIB
    max_subjects: int = 16
    max_cache_bytes: int = 2048 * MIB
    max_subject_bytes: int = 2048 * MIB
    max_assets: int = 1024
    max_jobs: int = 8
    max_uploads: int = 8
    max_calls: int = 64
    max_batch: int = 8

    def __post_init__(self) -> None:
        for field in fields(self):
            checks.number(field.name, getattr(self, field.name), low=1e-3)
        if self.max_message_bytes < 2 * CHUNK_BYTES:
            raise InputError(
                f"max_message_bytes: expected at least {2 * CHUNK_BYTES} (an asset chunk is "
                f"{CHUNK_BYTES}), got {self.max_message_bytes}"
            )

    def to_proto(self) -> service_pb2.Limits:
        """The limits that clients are told."""
        message = service_pb2.Limits()
        for field in message.DESCRIPTOR.fields:
            setattr(message, field.name, getattr(self, field.name))
        return message


def protocol_version(version: int) -> None:
    """Refuse a client of another protocol version.

    Raises:
        StatusError: FAILED_PRECONDITION, naming both versions.
    """
    if version != service_pb2.PROTOCOL_VERSION:
        raise StatusError.precondition(
            f"protocol_version: the client speaks version {version}, this backend version "
            f"{service_pb2.PROTOCOL_VERSION}; install a client and a backend of the same release"
        )


def sha256(field: str, value: str) -> str:
    """Return ``value`` where it is a lower-case hex SHA-256."""
    if not _SHA256.fullmatch(value):
        raise InputError(f"{field}: expected 64 lower-case hex digits, got {_shown(value)}")
    return value


def name(field: str, value: str) -> str:
    """Return ``value`` where it is short enough to be a name."""
    if len(value) > MAX_NAME:
        raise InputError(f"{field}: expected at most {MAX_NAME} characters, got {len(value)}")
    return value


def whole(field: str, value: int, low: int, high: int, default: int | None = None) -> int:
    """Return ``value`` within [low, high]; 0 (absent in proto3) gives ``default``."""
    if value == 0 and default is not None:
        return default
    if not low <= value <= high:
        raise InputError(f"{field}: expected {low} to {high}, got {value}")
    return value


def real(field: str, value: float, low: float, high: float, default: float | None = None) -> float:
    """Return a finite ``value`` within [low, high]; 0 gives ``default``."""
    if value == 0 and default is not None:
        return default
    return checks.number(field, value, low=low, high=high)


def _shown(value: str) -> str:
    return repr(value if len(value) <= 70 else value[:67] + "...")
