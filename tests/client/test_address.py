from __future__ import annotations

import pytest

from client.address import http_address, is_on_this_machine, websocket_address
from client.errors import ServerUnreachable


@pytest.mark.parametrize(
    ("url", "websocket", "http"),
    [
        ("http://h:1", "ws://h:1/ws/voice-conversation", "http://h:1"),
        ("https://h", "wss://h/ws/voice-conversation", "https://h"),
        ("ws://h:1/ws/voice-conversation", "ws://h:1/ws/voice-conversation", "http://h:1"),
        ("wss://h/ws/voice-conversation/", "wss://h/ws/voice-conversation", "https://h"),
        ("http://h:1/a/proxy/", "ws://h:1/a/proxy/ws/voice-conversation", "http://h:1/a/proxy"),
        ("h:8000", "ws://h:8000/ws/voice-conversation", "http://h:8000"),
    ],
)
def test_an_address_may_be_written_in_any_usual_way(url: str, websocket: str, http: str) -> None:
    assert websocket_address(url) == websocket
    assert websocket_address(url, "language=en") == f"{websocket}?language=en"
    assert http_address(url) == http


@pytest.mark.parametrize("url", ["ftp://h", "", "http://"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ServerUnreachable, match="no address of a server"):
        websocket_address(url)
    with pytest.raises(ServerUnreachable, match="no address of a server"):
        http_address(url)


def test_a_proxy_is_left_out_on_this_machine_only() -> None:
    assert is_on_this_machine("ws://127.0.0.1:8000/ws/voice-conversation")
    assert is_on_this_machine("localhost:8000")
    assert not is_on_this_machine("https://voice.example.com")
