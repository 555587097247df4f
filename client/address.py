"""A server's address, however it is written: http(s) or ws(s), with or without a path."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit, urlunsplit

from client.errors import ServerUnreachable

DEFAULT_URL = "http://127.0.0.1:8000"
VOICE_PATH = "/ws/voice-conversation"

_WEBSOCKET = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}
_HTTP = {"http": "http", "https": "https", "ws": "http", "wss": "https"}
_LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")


def websocket_address(url: str, query: str = "") -> str:
    """`http://host:port`, `ws://…` or the full path -> the voice conversation's WebSocket.

    Raises:
        ServerUnreachable: `url` is not an address.
    """
    parts = _split(url)
    return urlunsplit((_WEBSOCKET[parts.scheme], parts.netloc, _root(parts) + VOICE_PATH, query, ""))


def http_address(url: str) -> str:
    """The same, as the address that HTTP paths are appended to; it ends without a slash.

    Raises:
        ServerUnreachable: `url` is not an address.
    """
    parts = _split(url)
    return urlunsplit((_HTTP[parts.scheme], parts.netloc, _root(parts), "", ""))


def is_on_this_machine(url: str) -> bool:
    """Whether a proxy from the environment, which serves the internet, is to be left out."""
    return _split(url).hostname in _LOOPBACK_HOSTS


def _split(url: str) -> SplitResult:
    parts = urlsplit(url if "//" in url else f"//{url}", scheme="http")
    if parts.scheme not in _HTTP or not parts.netloc:
        raise ServerUnreachable(f"{url!r} is no address of a server; give one like {DEFAULT_URL}")
    return parts


def _root(parts: SplitResult) -> str:
    return parts.path.rstrip("/").removesuffix(VOICE_PATH).rstrip("/")
