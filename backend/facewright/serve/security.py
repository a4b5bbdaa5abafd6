"""Who may call: a bearer token, compared in constant time."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable

import grpc

AUTHORIZATION = "authorization"
#: Load balancers and process supervisors ask for health without a token.
OPEN_METHODS = frozenset({"/grpc.health.v1.Health/Check"})


class TokenInterceptor(grpc.aio.ServerInterceptor):
    """Refuses calls without ``authorization: Bearer TOKEN`` before they are read."""

    def __init__(self, token: str) -> None:
        self._expected = f"Bearer {token}".encode("ascii")
        # A streaming handler: it aborts without waiting for the client's first message.
        self._refusal = grpc.stream_stream_rpc_method_handler(_refuse)

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[grpc.RpcMethodHandler]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler:
        """Go on where the token is right or the method is open to all."""
        if handler_call_details.method in OPEN_METHODS:
            return await continuation(handler_call_details)
        metadata = handler_call_details.invocation_metadata or ()
        given = [value for key, value in metadata if key == AUTHORIZATION]
        value = given[0] if len(given) == 1 else ""
        data = value if isinstance(value, bytes) else value.encode("utf-8")
        if hmac.compare_digest(data, self._expected):
            return await continuation(handler_call_details)
        return self._refusal


async def _refuse(request_iterator: object, context: grpc.aio.ServicerContext) -> None:
    await context.abort(
        grpc.StatusCode.UNAUTHENTICATED,
        "authorization: the token is missing or wrong; give the one the backend was started with",
    )


def bearer(token: str) -> tuple[tuple[str, str], ...]:
    """Metadata that carries ``token``; empty for an empty token."""
    return ((AUTHORIZATION, f"Bearer {token}"),) if token else ()
