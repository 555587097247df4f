"""`python -m embedded`: fetch, triton, serve, or run a command beside everything."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence

from embedded import interpreter, ports
from embedded.errors import EmbeddedError, UnsuitableMachineError
from embedded.fetch import Runtime, fetch
from embedded.settings import Settings
from embedded.supervisor import Interrupted, Supervisor


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 0, that of the command of `run`, or 1 with one message on standard error."""
    options = _parser().parse_args(arguments)
    try:
        if problems := interpreter.problems():
            raise UnsuitableMachineError("\n".join(problems))
        action: Callable[[argparse.Namespace, Settings], int] = options.action
        return action(options, Settings.from_environment())
    except EmbeddedError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except (Interrupted, KeyboardInterrupt):
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m embedded", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, action, text in (
        ("fetch", _fetch, "fetch the server and the weights, start nothing"),
        ("triton", _triton, "Triton alone, until Ctrl-C"),
        ("serve", _serve, "Triton and the orchestrator, until Ctrl-C"),
        ("run", _run, "everything on loopback, for as long as COMMAND runs"),
    ):
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(action=action)
        if name == "run":
            command.add_argument("command", nargs="+", metavar="COMMAND", help="after a --")
    return parser


def _fetch(_options: argparse.Namespace, settings: Settings) -> int:
    _fetched(settings)
    return 0


def _triton(_options: argparse.Namespace, settings: Settings) -> int:
    ports.require_free(settings, ("TRITON_GRPC_PORT", "TRITON_METRICS_PORT"))
    with Supervisor(settings, _fetched(settings), say=_say) as supervisor:
        supervisor.start_triton()
        _say(f"Triton is ready: gRPC {settings.triton_url}, metrics 127.0.0.1:{settings.metrics_port}")
        supervisor.watch()
    return 0


def _serve(_options: argparse.Namespace, settings: Settings) -> int:
    ports.require_free(settings)
    with Supervisor(settings, _fetched(settings), say=_say) as supervisor:
        supervisor.start_triton()
        supervisor.start_orchestrator()
        _say(
            f"BeautyAI is ready on {settings.scheme}://{settings.host}:{settings.port} "
            f"({settings.scheme.replace('http', 'ws')}://{settings.host}:{settings.port}/ws/voice-conversation); "
            f"Triton: gRPC {settings.triton_url}, metrics 127.0.0.1:{settings.metrics_port}. Ctrl-C stops it"
        )
        supervisor.watch()
    return 0


def _run(options: argparse.Namespace, settings: Settings) -> int:
    settings = ports.with_free_ports(settings, os.environ)
    ports.require_free(settings)
    with Supervisor(settings, _fetched(settings), say=_say) as supervisor:
        supervisor.start_triton()
        supervisor.start_orchestrator(settings.cache_dir / "logs" / f"orchestrator-{settings.port}.log")
        url = f"ws://{settings.host}:{settings.port}/ws/voice-conversation"
        return supervisor.run(options.command, {"BEAUTYAI_URL": url})


def _fetched(settings: Settings) -> Runtime:
    return fetch(settings, _say)


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
