"""The `beautyai` command: its groups joined, the options before them, and every error as one line and an exit code."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import typer

from client.cli import (
    config,
    keys,
    models,
    run_benchmark,
    run_chat,
    run_test,
    serve,
    sessions,
    system,
    voice,
)
from client.cli.call import Asked, Json, Key, Url
from client.cli.exits import MEANINGS, exit_code
from client.errors import ClientError

_CODES = "\n".join(f"{code.value}: {meaning}" for code, meaning in MEANINGS.items())

app = typer.Typer(
    name="beautyai",
    help="A self-hosted voice assistant: serve it, talk to it, and look after it, here or on another machine.",
    epilog=f"Exit codes:\n{_CODES}",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def beautyai(ctx: typer.Context, url: Url = None, key: Key = None, as_json: Json = False) -> None:
    """Keep the options that stand before the command's name; those after it win."""
    ctx.obj = Asked(url, key, as_json)


def _joined() -> None:
    run = typer.Typer(help="Chat by keyboard, test a server, measure a server.", no_args_is_help=True)
    for part in (run_chat, run_test, run_benchmark):
        run.add_typer(part.group)
    for part in (serve, voice):
        app.add_typer(part.group)
    app.add_typer(run, name="run")
    for name, group in (
        ("model", models.group),
        ("session", sessions.group),
        ("system", system.group),
        ("config", config.group),
        ("key", keys.group),
    ):
        app.add_typer(group, name=name, no_args_is_help=True)


_joined()


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code (`exits.py`); an error is one line on standard error."""
    try:
        app(args=list(sys.argv[1:] if argv is None else argv), prog_name="beautyai")
    except ClientError as error:
        print(f"beautyai: {error}", file=sys.stderr)
        return exit_code(error)
    except SystemExit as exit_:
        return exit_.code if isinstance(exit_.code, int) else int(bool(exit_.code))
    return 0
