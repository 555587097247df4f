"""`beautyai key`: API keys, in this machine's key file or, with --url, of a running server."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

import typer

from client.cli import local_keys
from client.cli.call import Call, command
from client.cli.values import Yes, confirmed
from client.cli.when import when

group = typer.Typer(help="Create, list and revoke API keys: on this machine, or with --url on a server.")


@command(group, "create", "beautyai key create phone --user amal --scopes chat,voice --sessions 1")
def create(
    call: Call,
    name: Annotated[str, typer.Argument(help="what you will know it by")],
    user: Annotated[str | None, typer.Option(help="whose sessions it opens; its own without")] = None,
    scopes: Annotated[str, typer.Option(help="by comma, of chat, voice, admin, metrics")] = "chat,voice",
    sessions: Annotated[int | None, typer.Option(min=1, help="voice sessions at the same time")] = None,
    requests_per_minute: Annotated[int | None, typer.Option(min=1)] = None,
    audio_minutes_per_day: Annotated[float | None, typer.Option(help="a day is one of UTC")] = None,
    expires_in_days: Annotated[float | None, typer.Option(help="never without")] = None,
    key_only: Annotated[bool, typer.Option("--key-only", help="print the key and nothing else")] = False,
) -> None:
    """Create an API key and print it, once: it is kept nowhere.

    Without --url in this machine's key file, whether a server runs or not.
    """
    limits = {
        "sessions": sessions,
        "requests_per_minute": requests_per_minute,
        "audio_minutes_per_day": audio_minutes_per_day,
    }
    asked = local_keys.Asked(name, user, scopes, limits, expires_in_days)
    made = _create_there(call, asked) if call.asked.url else local_keys.create(asked)
    call.show(made, lambda _: made["key"] if key_only else _created(made))


@command(group, "list", "beautyai key list --url https://voice.example.com")
def list_(call: Call) -> None:
    """List the keys: whose they are, what they allow, until when. Never the keys themselves."""
    call.show(call.server.get("/access/keys") if call.asked.url else local_keys.listed(), _drawn)


@command(group, "revoke", "beautyai key revoke 3f0c5a9d1e2b --yes")
def revoke(
    call: Call,
    key_id: Annotated[str, typer.Argument(metavar="ID", help="as `key list` shows it")],
    yes: Yes = False,
) -> None:
    """Revoke a key: it opens nothing any more, and its voice sessions are closed."""
    confirmed(f"Revoke key {key_id}?", yes)
    if call.asked.url:
        call.server.send("DELETE", f"/access/keys/{quote(key_id, safe='')}")
    else:
        local_keys.revoke(key_id)
    call.show({"id": key_id, "revoked": True}, lambda _: f"key {key_id} is revoked")


def _create_there(call: Call, asked: local_keys.Asked) -> dict[str, Any]:
    made: dict[str, Any] = call.server.send("POST", "/access/keys", asked.request())
    return made


def _created(key: dict[str, Any]) -> str:
    return f"{key['key']}\n\nThis is the only sight of it. Its id is {key['id']}, its user {key['user']}."


def _drawn(content: dict[str, Any]) -> Any:
    from client.cli.output import table

    if not content["keys"]:
        return "there are no keys"
    rows = (
        (each["id"], each["name"], each["user"], each["scopes"], _limits(each), when(each.get("expires_at")))
        for each in content["keys"]
    )
    return table(("id", "name", "user", "scopes", "limits", "until"), rows)


def _limits(key: dict[str, Any]) -> str:
    limits = {name: value for name, value in (key.get("limits") or {}).items() if value is not None}
    return ", ".join(f"{value:g} {name.replace('_', ' ')}" for name, value in limits.items()) or "-"
