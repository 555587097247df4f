"""`beautyai config`: the server's settings, checked, changed, kept and brought back."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from client.cli.call import Call, command
from client.cli.values import named_values, read_json_object, write_json
from client.cli.when import when

group = typer.Typer(help="Show, change, check, keep and restore the server's settings.")


@command(group, "show", "beautyai config show --json")
def show(call: Call) -> None:
    """Print the settings, and which of them wait for a restart."""
    call.show(call.server.get("/config"), _drawn)


@command(group, "set", "beautyai config set log_level=debug")
def set_(
    call: Call,
    values: Annotated[list[str], typer.Argument(metavar="NAME=VALUE...", help="settings to change")],
) -> None:
    """Change settings; what needs a restart is said."""
    call.show(call.server.send("PUT", "/config", {"settings": named_values(values)}), _drawn)


@command(group, "validate", "beautyai config validate settings.json")
def validate(
    call: Call,
    file: Annotated[
        Path, typer.Argument(help="settings as JSON, as `config backup` writes; - is standard input")
    ],
) -> None:
    """Check settings against the server without changing any; exit code 6 where they are wrong."""
    answer = call.server.send("POST", "/config/validate", {"settings": _settings(file)})
    call.show(answer, lambda told: _verdict(file, told))


@command(group, "backup", "beautyai config backup settings.json")
def backup(
    call: Call,
    file: Annotated[Path | None, typer.Argument(help="where to; named after the time without")] = None,
) -> None:
    """Save the settings in a file on this machine."""
    place = file or Path(f"beautyai-config-{datetime.now():%Y%m%d-%H%M%S}.json")
    settings = call.server.get("/config")["settings"]
    write_json(place, {"settings": settings})
    call.show({"file": str(place)}, lambda _: f"the settings are in {place}")


@command(group, "backups", "beautyai config backups")
def backups(call: Call) -> None:
    """List the backups that the server made before each change."""
    call.show(call.server.get("/config/backups"), backups_drawn)


@command(group, "restore", "beautyai config restore settings.json")
def restore(
    call: Call,
    source: Annotated[
        str, typer.Argument(metavar="FILE|BACKUP", help="a file, or a name of `config backups`")
    ],
) -> None:
    """Bring back settings from a file of `config backup`, or from a backup on the server."""
    if Path(source).exists():
        call.show(call.server.send("PUT", "/config", {"settings": _settings(Path(source))}), _drawn)
        return
    call.show(call.server.send("POST", "/config/restore", {"backup": source}), _drawn)


def backups_drawn(content: dict[str, Any]) -> Any:
    """The server's backups as a table."""
    from client.cli.output import table

    if not content["backups"]:
        return "there are no backups"
    return table(("backup", "made"), ((each["name"], when(each["at"])) for each in content["backups"]))


def _settings(file: Path) -> dict[str, Any]:
    content = read_json_object(file)
    inner = content.get("settings")
    return inner if isinstance(inner, dict) else content


def _verdict(file: Path, told: dict[str, Any] | None) -> str:
    restart = (told or {}).get("restart_required") or []
    return f"{file} is valid" + (f"; a restart is needed for {', '.join(restart)}" if restart else "")


def _drawn(content: dict[str, Any]) -> Any:
    from client.cli.output import table, text

    waiting = content.get("restart_required") or []
    rows = (
        (name, text(value), "after a restart" if name in waiting else "")
        for name, value in content["settings"].items()
    )
    return table(("setting", "value", ""), rows)
