"""Start, listen, drain: the life of a server; ``run(config)`` is ``facewright serve``."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
import threading
from contextlib import suppress
from functools import partial

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from facewright.errors import InputError
from facewright.serve.assets import AssetStore
from facewright.serve.config import ServeConfig, address
from facewright.serve.engine import Engine
from facewright.serve.security import TokenInterceptor
from facewright.serve.service import FacewrightService
from facewright.serve.v1 import service_pb2, service_pb2_grpc
from facewright.serve.worker import Worker

log = logging.getLogger("facewright.serve")

SERVICE = service_pb2.DESCRIPTOR.services_by_name["FacewrightService"].full_name
KEEPALIVE_MS = 30_000  # how soon a client whose machine vanished is noticed
MAX_METADATA = 8 << 10


class Server:
    """A server on the running event loop.

    Attributes:
        address: ``host:port`` once started.
        service, assets: the methods and their files, once started.
    """

    def __init__(self, config: ServeConfig) -> None:
        self._config = config
        self.address = ""
        devices = resolve_devices(config.devices)
        self._workers = [
            Worker(device, partial(Engine, device, config.limits)) for device in devices
        ]
        self._health = health.aio.HealthServicer()
        self.assets: AssetStore | None = None
        self.service: FacewrightService | None = None
        self._server: grpc.aio.Server | None = None

    async def start(self) -> str:
        """Listen; returns the address.

        Raises:
            InputError: an unreadable certificate or key, a taken port, a bad folder.
        """
        config = self._config
        credentials = _credentials(config)
        try:
            self.assets = AssetStore(config.limits, config.cache_folder)
        except OSError as error:
            raise InputError(
                f"cache_folder: {config.cache_folder}: cannot be used ({error.strerror})"
            ) from error
        try:
            self.service = FacewrightService(config.limits, self.assets, self._workers)
            self._server = grpc.aio.server(
                interceptors=[TokenInterceptor(config.token)] if config.token else [],
                maximum_concurrent_rpcs=config.limits.max_calls,
                options=_channel_options(config),
            )
            service_pb2_grpc.add_FacewrightServiceServicer_to_server(self.service, self._server)
            health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
            self.address = self._bind(self._server, credentials)
            await self._server.start()
        except BaseException:
            self.assets.close()
            raise
        for name in ("", SERVICE):
            await self._health.set(name, health_pb2.HealthCheckResponse.SERVING)
        return self.address

    async def stop(self, seconds: float) -> bool:
        """Refuse new calls, let those in flight go on for ``seconds``, then end.

        Returns:
            Whether every call ended by itself.
        """
        assert self._server and self.service and self.assets, "start comes first"
        await self._health.enter_graceful_shutdown()  # NOT_SERVING
        self.service.draining.set()
        drained = True
        try:
            async with asyncio.timeout(seconds):
                await self.service.drained()
        except TimeoutError:
            drained = False
            log.warning("calls still in flight after %g s are cancelled", seconds)
        await self._server.stop(grace=0.5)
        self.service.close()
        await asyncio.gather(*(asyncio.to_thread(worker.close) for worker in self._workers))
        self.assets.close()
        return drained

    def _bind(self, server: grpc.aio.Server, credentials: grpc.ServerCredentials | None) -> str:
        host, port = self._config.host, self._config.port
        wanted = address(host, port)
        try:
            _try_binding(host, port)  # gRPC would say it in its log as well
            if credentials is None:
                port = server.add_insecure_port(wanted)
            else:
                port = server.add_secure_port(wanted, credentials)
        except (OSError, RuntimeError) as error:
            raise InputError(
                f"host, port: cannot listen on {wanted} (in use, or not this machine's); choose "
                "another port, or 0 for any"
            ) from error
        return address(host, port)


def _try_binding(host: str, port: int) -> None:
    """Raise OSError where nobody may listen there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        if os.name == "posix":  # elsewhere it means another thing
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host.strip("[]"), port))


def resolve_devices(names: tuple[str, ...]) -> tuple[str, ...]:
    """Devices by name; "auto" stands for every CUDA device, else the CPU.

    Raises:
        InputError: a device that this machine does not have.
    """
    import torch

    found = tuple(f"cuda:{i}" for i in range(torch.cuda.device_count()))
    wanted = [d for name in names for d in ((found or ("cpu",)) if name == "auto" else (name,))]
    for device in wanted:
        if device not in ("cpu", *found):
            raise InputError(f"devices: {device!r} is not one of {', '.join(('cpu', *found))}")
    return tuple(dict.fromkeys(wanted))


def run(config: ServeConfig) -> int:
    """Serve until SIGTERM or SIGINT; the process's exit status.

    Prints ``listening on HOST:PORT`` once calls are answered. The first signal drains, a
    second one ends at once.

    Raises:
        InputError: a configuration that cannot be served.
    """
    return asyncio.run(_run(config))


async def _run(config: ServeConfig) -> int:
    server = Server(config)
    loop = asyncio.get_running_loop()
    stop, hurry = asyncio.Event(), asyncio.Event()

    def signalled() -> None:
        (hurry if stop.is_set() else stop).set()

    for number in (signal.SIGTERM, signal.SIGINT):
        try:
            loop.add_signal_handler(number, signalled)
        except NotImplementedError:  # Windows
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(signalled))
    where = await server.start()
    _say(f"listening on {where}")
    if config.stop_with_stdin:
        _watch_stdin(loop, stop)
    await stop.wait()
    _say("draining")
    draining = asyncio.create_task(server.stop(config.drain_seconds))
    hurrying = asyncio.create_task(hurry.wait())
    await asyncio.wait({draining, hurrying}, return_when=asyncio.FIRST_COMPLETED)
    hurrying.cancel()
    if not draining.done():
        draining.cancel()
        with suppress(asyncio.CancelledError):
            await draining
        await server.stop(0)
    return 0


def _say(line: str) -> None:
    """Print for whoever started the server, who may be gone by now."""
    with suppress(BrokenPipeError):
        print(line, flush=True)


def _watch_stdin(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    def watch() -> None:
        with suppress(OSError, ValueError, AttributeError):  # closed, or None as under pythonw
            while sys.stdin.buffer.read(4096):
                pass
        with suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(stop.set)

    threading.Thread(target=watch, name="facewright stdin", daemon=True).start()


def _credentials(config: ServeConfig) -> grpc.ServerCredentials | None:
    if config.tls_cert is None or config.tls_key is None:
        return None
    pems = []
    for field, path in (("tls_key", config.tls_key), ("tls_cert", config.tls_cert)):
        try:
            pem = path.read_bytes()
        except OSError as error:
            raise InputError(f"{field}: {path}: cannot be read ({error.strerror})") from error
        if b"-----BEGIN" not in pem:
            raise InputError(f"{field}: {path}: expected a PEM file")
        pems.append(pem)
    return grpc.ssl_server_credentials([(pems[0], pems[1])])


def _channel_options(config: ServeConfig) -> list[tuple[str, int]]:
    return [
        ("grpc.max_receive_message_length", config.limits.max_message_bytes),
        ("grpc.max_send_message_length", config.limits.max_answer_bytes),
        ("grpc.max_metadata_size", MAX_METADATA),
        ("grpc.keepalive_time_ms", KEEPALIVE_MS),
        ("grpc.keepalive_timeout_ms", KEEPALIVE_MS),
        ("grpc.http2.min_recv_ping_interval_without_data_ms", 5_000),
        ("grpc.so_reuseport", 0),  # a taken port is an error, not a second server
    ]
