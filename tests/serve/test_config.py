"""What a server agrees to be started with."""

from __future__ import annotations

from pathlib import Path

import pytest
from facewright.errors import InputError
from facewright.serve.config import ServeConfig, address, is_loopback
from facewright.serve.limits import Limits
from facewright.serve.server import Server, resolve_devices

TLS = {"tls_cert": Path("cert.pem"), "tls_key": Path("key.pem")}
TOKEN = "0123456789abcdef"


def test_the_default_is_loopback():
    config = ServeConfig()
    assert is_loopback(config.host)
    assert (config.host, config.port) == ("127.0.0.1", 50551)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.2"])
@pytest.mark.parametrize("options", [{}, TLS, {"token": TOKEN}])
def test_other_hosts_need_tls_and_a_token(host, options):
    with pytest.raises(InputError, match="needs TLS"):
        ServeConfig(host=host, **options)
    assert ServeConfig(host=host, **TLS, token=TOKEN).host == host


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"host": "example.org"}, "host: expected an IP address"),
        ({"port": 70000}, "port: expected values <= 65535"),
        ({"tls_cert": Path("c.pem")}, "give both files or neither"),
        ({"token": "short"}, "at least 16 visible"),
        ({"token": "0123456789 abcdef"}, "without blanks"),
        ({"devices": ()}, "devices: expected at least one"),
        ({"drain_seconds": -1}, "drain_seconds"),
    ],
)
def test_bad_options_are_named(options, message):
    with pytest.raises(InputError, match=message):
        ServeConfig(**options)


def test_the_token_is_not_printed():
    assert TOKEN not in repr(ServeConfig(token=TOKEN))


def test_addresses_of_both_families():
    assert address("127.0.0.1", 1) == "127.0.0.1:1"
    assert address("::1", 1) == "[::1]:1" == address("[::1]", 1)


def test_devices_are_resolved():
    assert resolve_devices(("cpu", "cpu")) == ("cpu",)
    assert resolve_devices(("auto",))
    with pytest.raises(InputError, match="'tpu' is not one of cpu"):
        resolve_devices(("tpu",))


@pytest.mark.parametrize("field", ["max_asset_bytes", "idle_seconds", "max_window"])
def test_limits_are_positive(field):
    with pytest.raises(InputError, match=field):
        Limits(**{field: 0})


def test_clients_are_told_the_limits():
    told = Limits(max_window=7, idle_seconds=2.5).to_proto()
    assert (told.max_window, told.idle_seconds) == (7, 2.5)
    assert told.max_answer_bytes == 64 << 20


async def _start(config: ServeConfig) -> None:
    server = Server(config)
    await server.start()
    await server.stop(1)


def test_a_taken_port_is_an_error(server):
    import asyncio

    port = int(server.address.rpartition(":")[2])
    with pytest.raises(InputError, match=rf"cannot listen on 127\.0\.0\.1:{port}"):
        asyncio.run(_start(ServeConfig(port=port, devices=("cpu",))))


def test_an_unreadable_certificate_is_an_error(tmp_path):
    import asyncio

    (tmp_path / "cert.pem").write_text("nonsense")
    config = ServeConfig(tls_cert=tmp_path / "cert.pem", tls_key=tmp_path / "key.pem")
    with pytest.raises(InputError, match=r"tls_key: .*key\.pem: cannot be read"):
        asyncio.run(_start(config))
    (tmp_path / "key.pem").write_text("nonsense")
    with pytest.raises(InputError, match=r"tls_key: .* expected a PEM file"):
        asyncio.run(_start(config))
