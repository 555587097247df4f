"""TCP ports: is one taken, which one is free."""

from __future__ import annotations

import dataclasses
import socket
from collections.abc import Mapping
from typing import Any

from embedded.errors import PortInUseError
from embedded.settings import PORT_NAMES, Settings

_FIELDS = dict(zip(PORT_NAMES, ("port", "grpc_port", "metrics_port"), strict=True))


def is_taken(host: str, port: int) -> bool:
    """Does anything listen there? (Triton itself would silently share a gRPC port with another server.)"""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False


def require_free(settings: Settings, names: tuple[str, ...] = PORT_NAMES) -> None:
    """Raises: PortInUseError that names the setting of the first taken port."""
    for name in names:
        port = getattr(settings, _FIELDS[name])
        if is_taken(_host(settings, name), port):
            raise PortInUseError(
                f"port {port} ({name}) is in use by another program: stop it, or choose another with {name}="
            )


def with_free_ports(settings: Settings, environ: Mapping[str, str]) -> Settings:
    """The settings with every default port that is taken replaced; ports the user chose stay as they are."""
    changed: dict[str, Any] = {
        field: free_port()
        for name, field in _FIELDS.items()
        if not environ.get(name) and is_taken(_host(settings, name), getattr(settings, field))
    }
    return dataclasses.replace(settings, **changed)


def free_port() -> int:
    """A loopback port that nothing listens on at this moment."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _host(settings: Settings, name: str) -> str:
    return settings.host if name == "PORT" else "127.0.0.1"
