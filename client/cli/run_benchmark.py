"""`beautyai run benchmark`: how fast a server answers alone and under load, measured from here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from client.cli.call import Call, command
from client.cli.exits import Exit

if TYPE_CHECKING:
    from client.cli.load import Load

    Loads = Callable[[int, int, Callable[[], None]], Awaitable[Load]]

group = typer.Typer()

_LEGS = {
    "first_token_ms": "first token, ms",
    "voice_to_voice_ms": "voice to voice, ms",
    "tokens_per_second": "tokens/s of one answer",
}


@command(group, "benchmark", "beautyai run benchmark --chats 40 --turns 8 --concurrency 8")
def benchmark(
    call: Call,
    chats: Annotated[int, typer.Option(min=0, help="how many chats")] = 20,
    turns: Annotated[int, typer.Option(min=0, help="how many voice turns, spoken in real time")] = 0,
    concurrency: Annotated[int, typer.Option(min=1, help="how many at a time")] = 4,
    alone: Annotated[int, typer.Option(min=0, help="how many one by one, before, to compare with")] = 3,
    prompt: Annotated[str, typer.Option(help="what the chats ask")] = "Tell me about plants.",
    max_new_tokens: Annotated[int, typer.Option(min=1, help="tokens of an answer, at most")] = 64,
) -> None:
    """Measure chats and voice turns at a concurrency, beside one session alone in the same run.

    Voice figures are those that the server reports of each turn. Exit code 1 where a request failed.
    """
    if not chats and not turns:
        raise typer.BadParameter("give --chats or --turns; there is nothing to measure")
    content: dict[str, Any] = {"url": call.url}
    call.server.get("/health")
    for name, count, loads in (
        ("chats", chats, partial(_chats, call, prompt, max_new_tokens)),
        ("turns", turns, partial(_turns, call, max_new_tokens)),
    ):
        if count:
            content[name] = _compared(name, loads, count, concurrency, alone)
    call.show(content, _drawn)
    if any(content[name][part]["failed"] for name in _measured(content) for part in ("alone", "together")):
        raise typer.Exit(Exit.FAILED)


def _compared(name: str, loads: Loads, count: int, concurrency: int, alone: int) -> dict[str, Any]:
    """Some one by one, then all at the concurrency."""
    import anyio

    from client.cli.figures import figures, ratios
    from client.cli.output import progress

    with progress() as bar:
        task = bar.add_task(name, total=alone + count)
        advance = partial(bar.advance, task)
        single = anyio.run(partial(loads, 1, alone, advance))
        many = anyio.run(partial(loads, concurrency, count, advance))
    errors = sorted({str(error) for error in [*single.errors, *many.errors]})
    one, together = figures(single), figures(many)
    return {"alone": one, "together": together, "ratios": ratios(together, one), "errors": errors}


async def _chats(
    call: Call, prompt: str, max_new_tokens: int, concurrency: int, count: int, advance: Callable[[], None]
) -> Load:
    from client.cli.load import all_at, chat_client, chat_took

    async with chat_client(call.url, call.key, concurrency) as client:
        request = partial(chat_took, client, call.url, prompt, max_new_tokens)
        return await all_at(concurrency, count, request, advance)


async def _turns(
    call: Call, max_new_tokens: int, concurrency: int, count: int, advance: Callable[[], None]
) -> Load:
    from client.cli.load import all_at, turn_took

    return await all_at(concurrency, count, partial(turn_took, call.url, call.key, max_new_tokens), advance)


def _measured(content: dict[str, Any]) -> list[str]:
    return [name for name in ("chats", "turns") if name in content]


def _drawn(content: dict[str, Any]) -> Any:
    from rich.console import Group

    from client.cli.output import table

    columns = ("", "alone p50", "p95", "together p50", "p95", "ratio of p50")
    drawn: list[Any] = []
    for name in _measured(content):
        part = content[name]
        drawn.append(_heading(name, part))
        drawn.append(table(columns, _rows(part), numbers=columns[1:]))
        drawn += part["errors"]
    return Group(*drawn)


def _heading(name: str, part: dict[str, Any]) -> str:
    one, many = part["alone"], part["together"]
    failed = one["failed"] + many["failed"]
    counted = f"{one['requests']} alone, {many['requests']} at {many['concurrency']} a time"
    return f"{name}: {counted} in {many['wall_s']} s, {failed} failed"


def _rows(part: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    one, many, ratio = part["alone"], part["together"], part["ratios"]
    for name, legend in _LEGS.items():
        if name in one or name in many:
            yield legend, *_percentiles(one, name), *_percentiles(many, name), ratio.get(name)
    total = "tokens_per_second_together"
    if total in many:
        yield "tokens/s of all", one.get(total), None, many[total], None, ratio.get(total)


def _percentiles(figures: dict[str, Any], name: str) -> tuple[float | None, float | None]:
    found = figures.get(name, {})
    return found.get("p50"), found.get("p95")
