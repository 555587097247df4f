"""`beautyai system`: how the server and its machine are doing, and what it has cached."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated, Any

import typer

from client.cli.call import Call, command

group = typer.Typer(help="See how the server is doing; empty its caches.")


@command(group, "status", "beautyai system status --watch")
def status(
    call: Call,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="go on until Ctrl-C")] = False,
    interval: Annotated[float, typer.Option(min=0.2, help="seconds between two looks with --watch")] = 2.0,
    times: Annotated[int | None, typer.Option(min=1, help="with --watch, end after so many looks")] = None,
) -> None:
    """Print processor, memory, GPU, disk, models, queues and sessions; with --json and --watch a line a look."""
    if not watch:
        from client.cli.status_drawn import status_drawn

        call.show(call.server.get("/system/status"), status_drawn)
        return
    with suppress(KeyboardInterrupt):
        _watch_lines(call, interval, times) if call.as_json else _watch_live(call, interval, times)


@command(group, "cache", "beautyai system cache")
def cache(call: Call) -> None:
    """Print what is cached and how large it is."""
    call.show(call.server.get("/system/cache"), _cached)


@command(group, "clear-cache", "beautyai system clear-cache")
def clear_cache(
    call: Call,
    what: Annotated[
        list[str] | None,
        typer.Argument(help="weights, tokenizers, voices, logs, partial; the last two without"),
    ] = None,
) -> None:
    """Remove what is cached and not in use; weights are fetched anew when they are asked for."""
    call.show(call.server.send("DELETE", "/system/cache", what=what or None), _cleared)


def _watch_lines(call: Call, interval_s: float, times: int | None) -> None:
    from client.cli.output import print_json_line

    for content in _looks(call, interval_s, times):
        print_json_line(content)


def _watch_live(call: Call, interval_s: float, times: int | None) -> None:
    from rich.live import Live

    from client.cli.output import console
    from client.cli.status_drawn import status_drawn

    looks = _looks(call, interval_s, times)
    with Live(status_drawn(next(looks)), console=console(), auto_refresh=False) as live:
        live.refresh()
        for content in looks:
            live.update(status_drawn(content), refresh=True)


def _looks(call: Call, interval_s: float, times: int | None) -> Any:
    from itertools import count
    from time import sleep

    for number in count(1):
        yield call.server.get("/system/status")
        if number == times:
            return
        sleep(interval_s)


def _cached(content: dict[str, Any]) -> Any:
    from client.cli.output import size, table

    rows = [
        (part, each["name"], size(each["size_bytes"]), each["in_use"])
        for part, cached in content["parts"].items()
        for each in cached["items"]
    ]
    whole = (content["folder"], "", size(content["size_bytes"]), "")
    return table(("part", "item", "size", "in use"), [*rows, whole], numbers=("size",))


def _cleared(content: dict[str, Any]) -> str:
    from client.cli.output import size

    kept = [f"kept {name}: {why}" for name, why in content["kept"].items()]
    freed = f"removed {len(content['removed'])} items, {size(content['freed_bytes'])}"
    return "\n".join([freed, *(f"removed {name}" for name in content["removed"]), *kept])
