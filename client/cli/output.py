"""What a command prints: tables for people, JSON for programs, progress on standard error where that is a terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.status import Status
from rich.table import Table

from client.cli.flat import flat

# In a file or a pipe nothing is cut to the width of a screen.
_PIPE_COLUMNS = 10_000


def console(*, errors: bool = False) -> Console:
    """Standard output (or error); what the server wrote is printed as it is, never read as markup."""
    stream = sys.stderr if errors else sys.stdout
    width = None if stream.isatty() else _PIPE_COLUMNS
    return Console(file=stream, width=width, markup=False, highlight=False, emoji=False)


def show(drawn: Any) -> None:
    """Print a table or a text; in a pipe without the blanks that make a table even."""
    screen = console()
    if screen.is_terminal:
        screen.print(drawn)
        return
    with screen.capture() as captured:
        screen.print(drawn)
    print("\n".join(line.rstrip() for line in captured.get().splitlines()).strip("\n"), flush=True)


def print_json(content: Any) -> None:
    """Print a JSON document."""
    print(json.dumps(content, ensure_ascii=False, indent=2), flush=True)


def print_json_line(content: Any) -> None:
    """Print JSON in one line, for a stream of answers."""
    print(json.dumps(content, ensure_ascii=False), flush=True)


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]], *, numbers: Sequence[str] = ()) -> Table:
    """Rows under their headings; the columns in `numbers` are aligned to the right."""
    drawn = Table(box=SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        drawn.add_column(column, justify="right" if column in numbers else "left", overflow="fold")
    for row in rows:
        drawn.add_row(*(text(cell) for cell in row))
    return drawn


def pairs(content: Mapping[str, Any]) -> Table:
    """An object, a line for every value; what lies deeper is named with dots."""
    drawn = Table(box=None, show_header=False, pad_edge=False)
    drawn.add_column(style="bold", overflow="fold")
    drawn.add_column(overflow="fold")
    for name, value in flat(content):
        drawn.add_row(name, text(value))
    return drawn


def text(value: Any) -> str:
    """A value as a person reads it."""
    if value is None or value in ({}, []):
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3f}".rstrip("0").rstrip(".")
    if isinstance(value, list) and not any(isinstance(each, dict | list) for each in value):
        return ", ".join(text(each) for each in value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def size(count: float | None) -> str:
    """A number of bytes with its unit."""
    if count is None:
        return "-"
    for unit in ("B", "KB", "MB", "GB"):
        if abs(count) < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def progress() -> Progress:
    """A bar on standard error, for a terminal only."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console(errors=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )


def waiting(what: str) -> Status:
    """A clock beside what is waited for, on standard error and for a terminal only."""
    return console(errors=True).status(what)
