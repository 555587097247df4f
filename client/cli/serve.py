"""`beautyai serve`: becomes `python -m embedded serve` on this machine."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

group = typer.Typer()


@group.command(
    "serve",
    epilog="Example: beautyai serve --port 8080",
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)
def serve(
    ctx: typer.Context,
    host: Annotated[str | None, typer.Option(help="where to listen; any but loopback needs keys")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="the port of HTTP and WebSocket")] = None,
) -> None:
    """Serve on this machine until Ctrl-C.

    It prints the server's log. Other options go to `python -m embedded serve` as they are.
    """
    given = {"BEAUTYAI_HOST": host, "PORT": port}
    environment = {**os.environ, **{name: str(value) for name, value in given.items() if value is not None}}
    os.execve(sys.executable, [sys.executable, "-m", "embedded", "serve", *ctx.args], environment)
