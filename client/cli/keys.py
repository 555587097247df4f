"""`beautyai key`: API keys, in this machine's key file or, with --url, of a running server."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from client.cli.call import Call, command

group = typer.Typer(help="Create, list and revoke API keys: on this machine, or with --url on a server.")

Limit = Annotated[int | None, typer.Option(min=1)]


@command(group, "create", "beautyai key create phone --scope chat --scope voice --sessions 2")
def create(
    call: Call,
    name: Annotated[str, typer.Argument(help="what it is for")],
    user: Annotated[str | None, typer.Option(help="whose sessions it opens; its own without")] = None,
    scope: Annotated[list[str] | None, typer.Option(help="chat, voice or admin; again for more")] = None,
    sessions: Annotated[int | None, typer.Option(min=1, help="voice sessions at the same time")] = None,
    requests: Annotated[int | None, typer.Option(min=1, help="requests a minute")] = None,
    audio_minutes: Annotated[float | None, typer.Option(help="minutes of audio a day")] = None,
    expires: Annotated[str | None, typer.Option(metavar="TIME", help="ISO 8601, as 2027-01-31")] = None,
) -> None:
    """Create an API key and print it, once: it cannot be read again."""
    limits = {"sessions": sessions, "requests_per_minute": requests, "audio_minutes_per_day": audio_minutes}
    asked = {"name": name, "user": user, "scopes": scope, "expires_at": expires, "limits": _present(limits)}
    call.show(call.server.send("POST", "/access/keys", _present(asked)), lambda made: made["key"])


def _present(content: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in content.items() if value}
