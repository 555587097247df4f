"""One run of a command: which server it asks, with which key, and whether the answer is for a person or a program."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, wraps
from typing import TYPE_CHECKING, Annotated, Any

import typer

from client.address import DEFAULT_URL

if TYPE_CHECKING:
    from client.cli.http import Server

Url = Annotated[str | None, typer.Option("--url", metavar="URL", help="the server: http(s):// or ws(s)://")]
Key = Annotated[
    str | None, typer.Option("--key", metavar="KEY", help="API key; BEAUTYAI_API_KEY shows it to no `ps`")
]
Json = Annotated[bool, typer.Option("--json", help="print JSON, and nothing else, on standard output")]


@dataclass(frozen=True)
class Asked:
    """The options that every command has; None is what was not given."""

    url: str | None = None
    key: str | None = None
    as_json: bool = False

    def over(self, general: Asked) -> Asked:
        """These, and where they were not given those before the command's name."""
        return Asked(self.url or general.url, self.key or general.key, self.as_json or general.as_json)


@dataclass(frozen=True)
class Call:
    """A command's first argument. The connection is opened when it is first needed."""

    asked: Asked

    @property
    def url(self) -> str:
        """The server's address: the option, BEAUTYAI_URL, or this machine's."""
        return self.asked.url or os.environ.get("BEAUTYAI_URL") or DEFAULT_URL

    @property
    def key(self) -> str:
        """The API key: the option, BEAUTYAI_API_KEY, or empty."""
        return self.asked.key or os.environ.get("BEAUTYAI_API_KEY") or ""

    @property
    def as_json(self) -> bool:
        """Whether a program reads standard output."""
        return self.asked.as_json

    @cached_property
    def server(self) -> Server:
        """The server over HTTP."""
        from client.cli.http import Server

        return Server(self.url, self.key)

    def show(self, content: Any, drawn: Callable[[Any], Any]) -> None:
        """Print an answer: as JSON, or what `drawn` makes of it for a person."""
        from client.cli import output

        if self.as_json:
            output.print_json(content)
        else:
            output.show(drawn(content))

    def say(self, line: str) -> None:
        """Tell a person something; a program that reads JSON is not told."""
        print(line, file=sys.stderr if self.as_json else sys.stdout, flush=True)

    def close(self) -> None:
        """Give the connection back, where one was opened."""
        if "server" in self.__dict__:
            self.server.close()


def command(
    group: typer.Typer, name: str, example: str, **settings: Any
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a function of a `Call` and its own options; --url, --key and --json are added to them."""

    def register(function: Callable[..., None]) -> Callable[..., None]:
        group.command(name, epilog=f"Example: {example}", **settings)(_with_call(function))
        return function

    return register


def _with_call(function: Callable[..., None]) -> Callable[..., None]:
    @wraps(function)
    def run(ctx: typer.Context, **given: Any) -> None:
        general: Asked = ctx.find_root().obj or Asked()
        asked = Asked(given.pop("url"), given.pop("key"), given.pop("as_json"))
        call = Call(asked.over(general))
        try:
            function(call, **_with_context(function, ctx, given))
        finally:
            call.close()

    run.__signature__ = _signature(function)  # type: ignore[attr-defined]
    return run


def _with_context(
    function: Callable[..., None], context: typer.Context, given: Mapping[str, Any]
) -> dict[str, Any]:
    wanted = "ctx" in inspect.signature(function).parameters
    return {**given, "ctx": context} if wanted else dict(given)


def _signature(function: Callable[..., None]) -> inspect.Signature:
    """That of `function` without its `Call`, with what every command has; Typer makes the options of it."""
    _, *own = inspect.signature(function, eval_str=True).parameters.values()
    own = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in own if each.name != "ctx"]
    common = [_keyword("url", Url, None), _keyword("key", Key, None), _keyword("as_json", Json, False)]
    return inspect.Signature([_keyword("ctx", typer.Context), *own, *common])


def _keyword(name: str, annotation: Any, default: Any = inspect.Parameter.empty) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
