"""The `beautyai` command as the tests run it, and every command that its Typer app has."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import typer.main

from client.cli import main
from client.cli.app import app


@dataclass(frozen=True)
class Ran:
    """What a command left: its exit code, standard output and standard error."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def json_lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


def beautyai(*argv: str) -> int:
    """The exit code; in a thread of its own, as it runs an event loop and the tests have one already."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(main, argv).result()


def all_commands() -> dict[str, Any]:
    """`model list` and so on, each with its command object."""
    return dict(_below(typer.main.get_command(app), ""))


def _below(group: Any, before: str) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _below(command, f"{before}{name} ")
        else:
            yield f"{before}{name}", command
