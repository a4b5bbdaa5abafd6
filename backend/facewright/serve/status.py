"""Exceptions <-> gRPC status codes: the one place where either becomes the other."""

from __future__ import annotations

import asyncio
import errno
import logging
import uuid
from dataclasses import dataclass

import grpc
from google.protobuf.message import DecodeError

from facewright.errors import (
    BackendError,
    FacewrightError,
    InputError,
    NoFaceError,
    OutputError,
)

log = logging.getLogger("facewright.serve")

RETRY_KEY = "retry-after-ms"  # trailing metadata beside RESOURCE_EXHAUSTED
KIND_KEY = "facewright-error"  # trailing metadata: the error's class, e.g. NoFaceError
ABORT_SECONDS = 2.0
MAX_MESSAGE = 1500  # characters; trailers have to fit a peer's metadata limit


class StatusError(FacewrightError):
    """An error that is already a gRPC status."""

    def __init__(self, code: grpc.StatusCode, message: str, retry_ms: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.retry_ms = retry_ms

    @classmethod
    def precondition(cls, message: str) -> StatusError:
        """FAILED_PRECONDITION: the client has to do something else first."""
        return cls(grpc.StatusCode.FAILED_PRECONDITION, message)

    @classmethod
    def not_found(cls, message: str) -> StatusError:
        """NOT_FOUND: a name or id that the backend does not know (any more)."""
        return cls(grpc.StatusCode.NOT_FOUND, message)

    @classmethod
    def busy(cls, message: str, retry_ms: int = 500) -> StatusError:
        """RESOURCE_EXHAUSTED: try again after ``retry_ms``."""
        return cls(grpc.StatusCode.RESOURCE_EXHAUSTED, message, retry_ms)

    @classmethod
    def silent(cls, message: str) -> StatusError:
        """DEADLINE_EXCEEDED: the client was silent for too long."""
        return cls(grpc.StatusCode.DEADLINE_EXCEEDED, message)

    @classmethod
    def stopping(cls) -> StatusError:
        """UNAVAILABLE: the server drains."""
        return cls(grpc.StatusCode.UNAVAILABLE, "the backend is shutting down")


@dataclass(frozen=True, slots=True)
class Status:
    """What a failed call or frame answers."""

    code: grpc.StatusCode
    message: str
    trailers: tuple[tuple[str, str], ...] = ()

    @property
    def number(self) -> int:
        """The code's number, as in ``FrameError.code``."""
        return int(self.code.value[0])


def status_of(error: BaseException) -> Status:
    """The status of any exception; what was not foreseen is logged under an id."""
    kind = ((KIND_KEY, type(error).__name__),)
    message = str(error)[:MAX_MESSAGE]
    match error:
        case StatusError(retry_ms=None):
            return Status(error.code, message)
        case StatusError():
            return Status(error.code, message, ((RETRY_KEY, str(error.retry_ms)),))
        case InputError():
            return Status(grpc.StatusCode.INVALID_ARGUMENT, message, kind)
        case OutputError():
            return Status(grpc.StatusCode.RESOURCE_EXHAUSTED, message, kind)
        case DecodeError():
            text = "a message is not of this contract's kind; generate stubs from the same protos"
            return Status(grpc.StatusCode.INVALID_ARGUMENT, text, kind)
        case FacewrightError():
            return Status(grpc.StatusCode.INTERNAL, message, kind)
        case OSError() if error.errno in (errno.ENOSPC, errno.EDQUOT):
            text = "the backend's disk is full: free space or choose another cache folder"
            return Status(grpc.StatusCode.RESOURCE_EXHAUSTED, text, kind)
        case MemoryError():
            return Status(grpc.StatusCode.RESOURCE_EXHAUSTED, "the backend is out of memory", kind)
    reference = uuid.uuid4().hex[:8]
    log.error("unforeseen failure %s", reference, exc_info=error)
    return Status(
        grpc.StatusCode.INTERNAL,
        f"the backend failed ({type(error).__name__}); its log has the details under {reference}",
        kind,
    )


async def abort(context: grpc.aio.ServicerContext, error: Exception) -> None:
    """End a call with the status of what its method raised.

    The status queues behind answers; where the client reads none of them, the call is
    dropped after a moment (gRPC resets what its handler leaves by cancellation).
    """
    if isinstance(error, grpc.aio.BaseError):
        raise error  # grpc's own: an abort, or a call that has ended
    status = status_of(error)
    try:
        async with asyncio.timeout(ABORT_SECONDS):
            await context.abort(status.code, status.message, status.trailers)
    except TimeoutError:
        raise asyncio.CancelledError from None


def error_of(error: grpc.RpcError, address: str) -> FacewrightError:
    """The exception a client raises for a failed call to ``address``."""
    code, message = error.code(), error.details() or ""
    trailers = dict(error.trailing_metadata() or ())
    kind = trailers.get(KIND_KEY)
    if code is grpc.StatusCode.INVALID_ARGUMENT:
        return NoFaceError(message) if kind == NoFaceError.__name__ else InputError(message)
    if code is grpc.StatusCode.UNAVAILABLE:
        return BackendError(
            f"no backend answers at {address} ({message}); start one with `facewright serve`, "
            "and check the address and whether it uses TLS"
        )
    if code is grpc.StatusCode.UNAUTHENTICATED:
        return BackendError(f"{address}: {message}")
    if code is grpc.StatusCode.UNIMPLEMENTED:
        return BackendError(f"{address} is not a Facewright backend of this version ({message})")
    retry = trailers.get(RETRY_KEY)
    hint = f"; try again in {int(retry) / 1000:g} s" if retry and retry.isdigit() else ""
    return BackendError(f"{address}: {message}{hint} [{code.name}]")
