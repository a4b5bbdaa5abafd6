# SPDX-License-Identifier: GPL-3.0-or-later
"""The first call to a backend, whose every failure is one line with the remedy; no bpy."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from ..v1 import service_pb2
from . import diagnosis, handshake
from . import lazy_grpc as grpc
from .errors import AddonError, BackendError

_ABSENT = ("UNAVAILABLE", "DEADLINE_EXCEEDED")

#: Seconds that a backend which listens may take to answer: it loads its models first.
ANSWER_SECONDS = 120.0
#: Seconds between two looks whether a backend listens by now.
_PAUSE = 0.2


def greet(
    call: Callable,
    address: str,
    *,
    release: str,
    metadata: Sequence[tuple[str, str]],
    certificate: bytes | None,
    timeout: float,
    error_of: Callable[[grpc.RpcError, str], AddonError],
    still: Callable[[], bool] = lambda: True,
) -> service_pb2.GetCapabilitiesResponse:
    """Shake hands; what the backend can do.

    Args:
        call: the stub's ``GetCapabilities``.
        address: where it listens.
        release: the add-on's own.
        metadata: of the call; with the token where there is one.
        certificate: PEM of the authority; None: without TLS.
        timeout: seconds until a backend which is just starting has to listen.
        error_of: makes the error of a call that failed for a reason of its own.
        still: whether it is worth waiting for one that does not listen yet.

    Raises:
        BackendError: nobody answers, or cannot be trusted, or refuses the token, or one of
            both is too old for the other.
        InputError: the address cannot be one.
    """
    request = service_pb2.GetCapabilitiesRequest(
        protocol_version=service_pb2.PROTOCOL_VERSION, client=f"Blender add-on {release}"
    )
    until, wait = time.monotonic() + timeout, False
    while True:
        try:
            answer = call(request, timeout=ANSWER_SECONDS, wait_for_ready=wait, metadata=metadata)
            break
        except grpc.RpcError as error:
            if error.code() == grpc.StatusCode.UNAUTHENTICATED:
                raise BackendError(_refused(address, bool(metadata))) from error
            if error.code().name not in _ABSENT:
                raise error_of(error, address) from error
            fault = _patiently(address, certificate, until, still)
            if fault is not None:
                raise fault.error() from error
            if error.code() == grpc.StatusCode.DEADLINE_EXCEEDED:
                raise BackendError(
                    f"the backend at {address} did not answer within {ANSWER_SECONDS:g} s: it is "
                    "loading or busy; try again"
                ) from error
            if wait or time.monotonic() > until:
                raise error_of(error, address) from error
            wait = True  # it began to listen just now
    handshake.check(answer, address, release, service_pb2.PROTOCOL_VERSION)
    return answer


def _patiently(
    address: str, certificate: bytes | None, until: float, still: Callable[[], bool]
) -> diagnosis.Fault | None:
    """What is wrong, when it does not end by itself in time."""
    while True:
        fault = diagnosis.why(address, certificate)
        if fault is None or not fault.passing or time.monotonic() > until or not still():
            return fault
        time.sleep(_PAUSE)


def _refused(address: str, given: bool) -> str:
    said = "refuses the token that is given" if given else "asks for a token, and none is given"
    return f"the backend at {address} {said}: enter the one that it was started with"
