from __future__ import annotations

import pytest
from starlette.requests import HTTPConnection

from orchestrator.access.credentials import Shown, is_forwarded, shown_by
from orchestrator.access.keys import KeyRequest, new_key
from orchestrator.errors import KeyInUrl, Unauthorized

KEY, _ = new_key(KeyRequest(name="test"))


def connection(url: str = "/", *subprotocols: str, **headers: str) -> HTTPConnection:
    path, _, query = url.partition("?")
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "path": path, "query_string": query.encode(), "headers": raw}
    return HTTPConnection({**scope, "subprotocols": list(subprotocols), "server": ("127.0.0.1", 8000)})


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        (connection(), Shown()),
        (connection(authorization=f"Bearer {KEY}"), Shown(KEY)),
        (connection(authorization=f"bearer  {KEY} "), Shown(KEY)),
        (connection(x_api_key=KEY), Shown(KEY)),
        (connection(x_api_key=KEY, authorization=f"Bearer {KEY}"), Shown(KEY)),
        (connection("/", "beautyai", "beautyai.ticket.abc"), Shown(None, "abc")),
    ],
)
def test_a_secret_is_found_where_it_may_stand(asked: HTTPConnection, shown: Shown) -> None:
    assert shown_by(asked) == shown


@pytest.mark.parametrize(
    "url",
    [
        "/?api_key=x",
        "/?API_KEY=",
        "/?access_token=x",
        "/?ticket=x",
        f"/?session_id={KEY}",
        f"/?q={KEY.replace('_', '%5F', 1)}",
        f"/access/keys/{KEY}",
    ],
)
def test_a_key_in_a_url_is_refused_and_the_way_out_is_said(url: str) -> None:
    with pytest.raises(KeyInUrl, match="logs") as refused:
        shown_by(connection(url, authorization=f"Bearer {KEY}"))
    assert "/access/tickets" in str(refused.value)
    assert KEY not in str(refused.value)


@pytest.mark.parametrize(
    "asked",
    [
        connection(authorization="Basic YTpi"),
        connection(authorization="Bearer "),
        connection(authorization="Bearer one", x_api_key="two"),
        connection("/", "beautyai.ticket.abc", authorization="Bearer one"),
        connection("/", "beautyai.ticket.abc", "beautyai.ticket.def"),
    ],
)
def test_what_is_not_clear_is_refused(asked: HTTPConnection) -> None:
    with pytest.raises(Unauthorized):
        shown_by(asked)


@pytest.mark.parametrize("name", ["x_forwarded_for", "forwarded", "via", "x_real_ip", "x_forwarded_proto"])
def test_a_proxy_is_known_by_what_it_says(name: str) -> None:
    assert is_forwarded(connection(**{name: "anything"}))
    assert not is_forwarded(connection())
