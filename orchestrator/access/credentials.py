"""What a request shows of its caller: a key or token in a header, a ticket as a subprotocol; never in a URL. Pure."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import unquote

from starlette.requests import HTTPConnection

from orchestrator.access.keys import KEY_PATTERN
from orchestrator.errors import KeyInUrl, Unauthorized

SUBPROTOCOL = "beautyai"
TICKET_PROTOCOL = "beautyai.ticket."
_SECRET_PARAMETERS = frozenset(
    {"api_key", "apikey", "api-key", "x-api-key", "authorization", "access_token", "token", "ticket"}
)
_FORWARDED = (
    "forwarded",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-forwarded-port",
    "x-real-ip",
)


class Shown(NamedTuple):
    """At most one of both."""

    secret: str | None = None
    ticket: str | None = None


def shown_by(connection: HTTPConnection) -> Shown:
    """Raises: KeyInUrl; Unauthorized where two different secrets are shown, or none of a kind that is taken."""
    _refuse_url(connection)
    tickets = [each for each in connection.scope.get("subprotocols", ()) if each.startswith(TICKET_PROTOCOL)]
    secrets = {each for each in (_bearer(connection), connection.headers.get("x-api-key")) if each}
    if len(secrets) + len(tickets) > 1:
        raise Unauthorized("more than one key, token or ticket is shown; show one", "unknown_key")
    ticket = tickets[0].removeprefix(TICKET_PROTOCOL) if tickets else None
    return Shown(secrets.pop() if secrets else None, ticket)


def is_forwarded(connection: HTTPConnection) -> bool:
    """A proxy stands between: whoever asks is not on this machine, though the connection is."""
    return any(name in connection.headers for name in _FORWARDED)


def _bearer(connection: HTTPConnection) -> str | None:
    scheme, _, value = connection.headers.get("authorization", "").partition(" ")
    if not scheme:
        return None
    if scheme.lower() != "bearer" or not value.strip():
        raise Unauthorized("the Authorization header must be `Bearer` and a key or token", "unknown_key")
    return value.strip()


def _refuse_url(connection: HTTPConnection) -> None:
    named = _SECRET_PARAMETERS.intersection(name.lower() for name in connection.query_params)
    # Not `connection.url`, which a senseless Host makes unreadable.
    query = connection.scope.get("query_string", b"").decode("latin-1")
    url = unquote(f"{connection.scope['path']}?{query}")
    if not named and not KEY_PATTERN.search(url):
        return
    what = f"`{min(named)}` stands" if named else "A key stands"
    raise KeyInUrl(
        f"{what} in the URL. URLs are kept in logs and histories, so a key in one is no secret any more: revoke it "
        "if it was real, and show a key as `Authorization: Bearer …` or `X-API-Key`. A browser gets a ticket from "
        "POST /access/tickets and shows it as the WebSocket subprotocol `beautyai.ticket.<ticket>`"
    )
