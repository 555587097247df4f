"""Is a server ready? Asked over HTTP with the standard library."""

from __future__ import annotations

import http.client
import socket
import ssl

from embedded.settings import Settings

_TIMEOUT_SECONDS = 5.0


def triton_is_ready(settings: Settings) -> bool:
    """Triton opens its ports when every model has loaded, metrics last."""
    return _answers_200("127.0.0.1", settings.metrics_port, "/metrics") and _accepts(settings.grpc_port)


def orchestrator_is_ready(settings: Settings) -> bool:
    """Every model answered the orchestrator's small real inference."""
    host = "127.0.0.1" if settings.host == "0.0.0.0" else settings.host
    return _answers_200(host, settings.port, "/ready", secure=settings.scheme == "https")


def _answers_200(host: str, port: int, path: str, *, secure: bool = False) -> bool:
    connection = (_secure if secure else http.client.HTTPConnection)(host, port, timeout=_TIMEOUT_SECONDS)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _secure(host: str, port: int, *, timeout: float) -> http.client.HTTPSConnection:
    """To this machine by its address, which no certificate names."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return http.client.HTTPSConnection(host, port, timeout=timeout, context=context)


def _accepts(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=_TIMEOUT_SECONDS):
            return True
    except OSError:
        return False
