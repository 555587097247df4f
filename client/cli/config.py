"""`beautyai config`: the server's settings, checked, changed, kept and brought back."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from client.cli.backups import backups_drawn
from client.cli.call import Call, command
from client.cli.flat import flat, nested
from client.cli.values import named_values, read_json_object, write_json

group = typer.Typer(help="Show, change, check, keep and restore the server's settings.")


@command(group, "show", "beautyai config show --json")
def show(call: Call) -> None:
    """Print the settings, and which of them wait for a restart."""
    call.show(call.server.get("/config"), _drawn)


@command(group, "set", "beautyai config set log_level=DEBUG session.voice=en_US-joe-medium")
def set_(
    call: Call,
    values: Annotated[list[str], typer.Argument(metavar="NAME=VALUE...", help="settings to change")],
) -> None:
    """Change settings, nested ones with dots; null is the default again, and what needs a restart is said."""
    call.show(call.server.send("PUT", "/config", {"settings": nested(named_values(values))}), _drawn)


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
    """Save the settings in a file on this machine, without those that the environment sets, and secrets masked."""
    place = file or Path(f"beautyai-config-{datetime.now():%Y%m%d-%H%M%S}.json")
    write_json(place, {"settings": _own(call.server.get("/config"))})
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


def _settings(file: Path) -> dict[str, Any]:
    content = read_json_object(file)
    inner = content.get("settings")
    return inner if isinstance(inner, dict) else content


def _own(content: dict[str, Any]) -> dict[str, Any]:
    """The settings that could be another server's too."""
    left_out = {*content["overridden_by_environment"], "data_dir"}
    return nested({name: value for name, value in flat(content["settings"]) if name not in left_out})


def _verdict(file: Path, told: dict[str, Any]) -> str:
    waiting = told["restart_required"]
    return f"{file} is valid" + (f"; a restart is needed for {', '.join(waiting)}" if waiting else "")


def _drawn(content: dict[str, Any]) -> Any:
    from client.cli.output import table

    rows = ((name, value, _note(content, name)) for name, value in flat(content["settings"]))
    return table(("setting", "value", ""), rows)


def _note(content: dict[str, Any], name: str) -> str:
    if name in content["overridden_by_environment"]:
        return "set by the environment"
    return "after a restart" if name.partition(".")[0] in content["restart_required"] else ""
