from __future__ import annotations

import dataclasses
import socket
from typing import Any

import pytest

from embedded import ports
from embedded.errors import PortInUseError
from embedded.settings import Settings


@pytest.fixture
def listener() -> socket.socket:
    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))
    taken.listen()
    return taken


def _settings(**changed: int) -> Settings:
    free: dict[str, Any] = {name: ports.free_port() for name in ("port", "grpc_port", "metrics_port")}
    return dataclasses.replace(Settings.from_environment({}), **{**free, **changed})


@pytest.mark.parametrize(
    ("field", "name"),
    [("port", "PORT"), ("grpc_port", "TRITON_GRPC_PORT"), ("metrics_port", "TRITON_METRICS_PORT")],
)
def test_a_taken_port_is_an_error_that_names_its_setting(
    listener: socket.socket, field: str, name: str
) -> None:
    number = listener.getsockname()[1]
    with pytest.raises(PortInUseError, match=rf"port {number} \({name}\)"):
        ports.require_free(_settings(**{field: number}))


def test_free_ports_pass() -> None:
    ports.require_free(_settings())


def test_a_taken_default_port_is_replaced_and_a_chosen_one_is_kept(listener: socket.socket) -> None:
    number = listener.getsockname()[1]
    settings = _settings(port=number)
    assert ports.with_free_ports(settings, {}).port != number
    assert ports.with_free_ports(settings, {}).grpc_port == settings.grpc_port
    assert ports.with_free_ports(settings, {"PORT": str(number)}).port == number
