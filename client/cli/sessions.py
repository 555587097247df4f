"""`beautyai session`: the conversations that the server keeps."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from client.cli.call import Call, command
from client.cli.values import Yes, confirmed, read_json_object, write_json
from client.cli.when import when

group = typer.Typer(help="List, read, save, bring back and delete conversations.")

SessionId = Annotated[str, typer.Argument(metavar="SESSION", help="the session's id, as in `session list`")]
_PAGE = 100


@command(group, "list", "beautyai session list --limit 20")
def list_(call: Call, limit: Annotated[int, typer.Option(min=1, help="at most so many")] = 50) -> None:
    """List conversations, the latest first."""
    call.show({"sessions": _sessions(call, limit)}, _drawn)


@command(group, "show", "beautyai session show 0b3e")
def show(call: Call, session: SessionId) -> None:
    """Print a conversation: who said what, and when."""
    call.show(call.server.get(_path(session)), _conversation)


@command(group, "export", "beautyai session export 0b3e talk.json")
def export(
    call: Call,
    session: SessionId,
    file: Annotated[
        Path | None, typer.Argument(help="where to; standard output where it is left out")
    ] = None,
) -> None:
    """Save a conversation as JSON, for `session import` here or on another server."""
    document = call.server.get(f"{_path(session)}/export")
    if file is None:
        from client.cli.output import print_json

        print_json(document)
        return
    write_json(file, document)
    call.show({"session": session, "file": str(file)}, lambda _: f"session {session} is in {file}")


@command(group, "import", "beautyai session import talk.json")
def import_(
    call: Call,
    file: Annotated[Path, typer.Argument(help="an exported session; - is standard input")],
    new_id: Annotated[
        bool, typer.Option("--new-id", help="beside one of the same id, not instead of it")
    ] = False,
) -> None:
    """Bring back an exported conversation under its id."""
    from client.cli.chat import without_id

    document = read_json_object(file)
    session = call.server.send("POST", "/sessions/import", without_id(document) if new_id else document)
    call.show(session, lambda made: f"session {made['id']} holds {made['message_count']} messages")


@command(group, "delete", "beautyai session delete 0b3e")
def delete(
    call: Call,
    session: Annotated[str | None, typer.Argument(metavar="SESSION", help="the session's id")] = None,
    everything: Annotated[bool, typer.Option("--all", help="all that belong to this key")] = False,
    yes: Yes = False,
) -> None:
    """Delete a conversation, or all of one's own."""
    if everything == (session is not None):
        raise typer.BadParameter("name one session or give --all")
    confirmed("Delete every session?" if everything else f"Delete session {session}?", yes)
    if session is not None:
        call.server.send("DELETE", _path(session))
        call.show({"deleted": 1}, lambda _: f"session {session} is deleted")
        return
    call.show(call.server.send("DELETE", "/sessions"), lambda told: f"{told['deleted']} sessions are deleted")


def _path(session: str) -> str:
    return f"/sessions/{quote(session, safe='')}"


def _sessions(call: Call, limit: int) -> list[dict[str, Any]]:
    """As many pages as it takes."""
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    while len(found) < limit:
        page = call.server.get("/sessions", limit=min(_PAGE, limit - len(found)), cursor=cursor)
        found += page["sessions"]
        cursor = page.get("next_cursor")
        if not cursor:
            break
    return found


def _drawn(content: dict[str, Any]) -> Any:
    from client.cli.output import table

    if not content["sessions"]:
        return "there are no sessions"
    rows = (
        (each["id"], each.get("title"), when(each["updated_at"]), each["message_count"])
        for each in content["sessions"]
    )
    return table(("id", "title", "last said", "messages"), rows, numbers=("messages",))


def _conversation(session: dict[str, Any]) -> str:
    title = (
        f"{session['id']}: {session.get('title') or 'without a title'}, begun {when(session['created_at'])}"
    )
    lines = (
        f"{when(each.get('at'))}  {each['role']:<9}  {each['content']}{' (cut)' if each.get('cut') else ''}"
        for each in session["messages"]
    )
    return "\n".join([title, *lines])
