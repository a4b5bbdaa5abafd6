"""Reading from and writing to clients, none of whom may hold the server up."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc

from facewright.serve.status import StatusError


async def read(context: grpc.aio.ServicerContext, seconds: float) -> Any:
    """The client's next message, or None where it has half-closed.

    Raises:
        StatusError: DEADLINE_EXCEEDED where nothing came for ``seconds``.
    """
    try:
        async with asyncio.timeout(seconds):
            request = await context.read()
    except TimeoutError:
        raise StatusError.silent(f"nothing came for {seconds:g} s") from None
    return None if request is grpc.aio.EOF else request


async def write(context: grpc.aio.ServicerContext, response: Any, seconds: float) -> None:
    """Send a message; flow control makes it wait while the client does not read.

    Raises:
        StatusError: DEADLINE_EXCEEDED where that took longer than ``seconds``.
    """
    try:
        async with asyncio.timeout(seconds):
            await context.write(response)
    except TimeoutError:
        raise StatusError.silent(f"answers were not read for {seconds:g} s") from None
