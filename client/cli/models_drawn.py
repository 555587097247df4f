"""Models as a person reads them: the registry as a table, one model with what its engine can and cannot do."""

from __future__ import annotations

from typing import Any

from rich.console import Group

from client.cli.output import pairs, table


def models_drawn(content: dict[str, Any]) -> Any:
    """Of `GET /models`; the default one has a star."""
    columns = ("", "id", "engine", "quantization", "state", "description")
    rows = (
        ("*" if each.get("default") else " ", *(each.get(name) for name in columns[1:]))
        for each in content["models"]
    )
    return table(columns, rows)


def model_drawn(model: dict[str, Any]) -> Group:
    """The entry, then what the engine can do and what speaks against loading, a line each."""
    apart = ("capabilities", "compatibility")
    entry = {"id": model["id"], **{name: value for name, value in model.items() if name not in apart}}
    can_do = model.get("capabilities") or {}
    able = [name for name, told in can_do.items() if told["supported"]]
    unable = {f"cannot {name}": told["reason"] for name, told in can_do.items() if not told["supported"]}
    checks = {
        f"{check['name']} {check['answer']}": check["detail"] for check in model.get("compatibility", [])
    }
    return Group(pairs(entry), pairs({"can": able} if able else {}), pairs(unable), pairs(checks))
