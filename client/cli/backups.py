"""The earlier versions that a server keeps of its settings and of its registry of models, as a table."""

from __future__ import annotations

from typing import Any

from client.cli.when import when


def backups_drawn(content: dict[str, Any]) -> Any:
    """Of `{"backups": [{"name", "at"}]}`."""
    from client.cli.output import table

    if not content["backups"]:
        return "there are no backups"
    return table(("backup", "made"), ((each["name"], when(each["at"])) for each in content["backups"]))
