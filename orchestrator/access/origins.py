"""Which names this server answers to, and which pages may use it from a browser. Pure.

A page of a stranger can reach a server on loopback through a name of its own (DNS rebinding), and can open WebSockets
and send forms to any server; a browser says the truth in `Host` and `Origin` all the same.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from orchestrator.errors import Forbidden, UnknownHost

_READING = ("GET", "HEAD", "OPTIONS")
_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


def is_loopback(host: str) -> bool:
    """`host` is a name or address of this machine only. An IPv6 address may stand in brackets."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class Names:
    """The names of one server.

    hosts: besides those of loopback, which no stranger's page can take; None takes any.
    origins: pages from elsewhere that may use it, as `https://app.example.org`.
    """

    def __init__(self, hosts: Iterable[str] | None, origins: Iterable[str] = ()) -> None:
        self._hosts = None if hosts is None else frozenset(host.lower() for host in hosts)
        self._origins = frozenset(origin.lower().rstrip("/") for origin in origins)

    def check(self, connection: HTTPConnection) -> None:
        """Raises: UnknownHost, Forbidden."""
        host = connection.headers.get("host", "")
        self._check_host(host)
        origin = connection.headers.get("origin")
        reading = connection.scope["type"] == "http" and connection.scope["method"] in _READING
        if origin is None or reading:
            return
        if not _same(origin, host) and origin.lower() not in self._origins:
            raise Forbidden(
                f"the page of {origin[:200]!r} may not use this server; BEAUTYAI_ALLOWED_ORIGINS names those that may",
                "origin",
            )

    def _check_host(self, host: str) -> None:
        name = _name(host)
        if self._hosts is None or name in self._hosts or is_loopback(name):
            return
        raise UnknownHost(
            f"this server does not answer to the name {name[:200]!r}; BEAUTYAI_ALLOWED_HOSTS names those that it does"
        )


def _name(host: str) -> str:
    """`Host` without its port; empty where it is none."""
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


def _same(origin: str, host: str) -> bool:
    """Whether a page came from where it asks. The scheme is not compared: a proxy may have taken TLS away."""
    try:
        page = urlsplit(origin)
        asked = urlsplit(f"//{host}")
        default = _PORTS.get(page.scheme)
        return (page.hostname or "", page.port or default) == (asked.hostname or None, asked.port or default)
    except ValueError:
        return False
