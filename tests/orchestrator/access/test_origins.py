from __future__ import annotations

import pytest
from starlette.requests import HTTPConnection

from orchestrator.access.origins import Names, is_loopback
from orchestrator.errors import Forbidden, UnknownHost


def connection(host: str, origin: str | None = None, method: str = "POST") -> HTTPConnection:
    headers = [(b"host", host.encode())] + ([(b"origin", origin.encode())] if origin else [])
    kind = {"type": "websocket"} if method == "WEBSOCKET" else {"type": "http", "method": method}
    return HTTPConnection({**kind, "headers": headers})


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8000", "[::1]:8000", "LOCALHOST:1", "127.8.8.8"])
def test_names_of_loopback_are_always_ours(host: str) -> None:
    Names(()).check(connection(host))


@pytest.mark.parametrize(
    "host",
    ["evil.example", "localhost.evil.example", "127.0.0.1.nip.io", "", "[", "192.168.0.7", "127.0.0.1@evil"],
)
def test_a_strangers_name_for_this_machine_is_refused(host: str) -> None:
    with pytest.raises(UnknownHost, match="BEAUTYAI_ALLOWED_HOSTS"):
        Names(()).check(connection(host))


def test_names_that_were_allowed_are_ours_and_none_named_takes_any() -> None:
    Names(("Voice.example",)).check(connection("voice.example:443"))
    with pytest.raises(UnknownHost):
        Names(("voice.example",)).check(connection("other.example"))
    Names(None).check(connection("other.example"))


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://localhost:8000", "localhost:8000"),
        ("https://voice.example", "voice.example"),
        ("https://voice.example", "voice.example:443"),
        ("http://[::1]:8000", "[::1]:8000"),
        ("https://app.example", "voice.example"),
        ("https://APP.example", "voice.example"),
    ],
)
@pytest.mark.parametrize("method", ["POST", "WEBSOCKET"])
def test_our_own_pages_and_those_allowed_may_use_it(origin: str, host: str, method: str) -> None:
    Names(None, ("https://app.example",)).check(connection(host, origin, method))


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "http://localhost:3000",
        "http://app.example",
        "https://app.example.evil",
        "[",
    ],
)
@pytest.mark.parametrize("method", ["POST", "DELETE", "WEBSOCKET"])
def test_a_strangers_page_may_not_change_anything_nor_talk(origin: str, method: str) -> None:
    with pytest.raises(Forbidden, match="BEAUTYAI_ALLOWED_ORIGINS") as refused:
        Names((), ("https://app.example",)).check(connection("localhost:8000", origin, method))
    assert refused.value.reason == "origin"


def test_reading_is_left_to_the_browsers_own_rule() -> None:
    Names(()).check(connection("localhost:8000", "https://evil.example", "GET"))


def test_what_is_no_browser_says_no_origin() -> None:
    Names(()).check(connection("localhost:8000"))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.7", "example.org", ""])
def test_other_addresses_are_not_loopback(host: str) -> None:
    assert not is_loopback(host)
