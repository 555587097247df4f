"""`python -m production`: check everything without a GPU, or lay out the weights for one."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from build_engines.errors import BuildError
from embedded.errors import EmbeddedError
from embedded.fetch import fetch
from embedded.settings import Settings
from production.check import check, rendered_repository
from production.commands import steps
from production.weights import VOICE, WHISPER, lay_out

_RECIPE = "h100-fp8"


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 0, or 1 where something is wrong."""
    options = _parser().parse_args(arguments)
    action: Callable[[argparse.Namespace], int] = options.action
    try:
        return action(options)
    except (BuildError, EmbeddedError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m production", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    checking = commands.add_parser("check", help="render, lint, and speak one turn; needs no GPU")
    checking.add_argument("--recipe", default=_RECIPE, help="default: %(default)s")
    checking.set_defaults(action=_check)
    weights = commands.add_parser("weights", help="what the models beside the language model read")
    weights.add_argument("folder", type=Path, help="is mounted as /weights")
    weights.add_argument("--whisper", default=WHISPER, help="default: %(default)s")
    weights.add_argument("--voices", default=VOICE, help="Piper voices, by comma; default: %(default)s")
    weights.set_defaults(action=_weights)
    return parser


def _check(options: argparse.Namespace) -> int:
    runtime = fetch(Settings.from_environment())
    wrong = 0
    with tempfile.TemporaryDirectory(prefix="beautyai-production-") as folder:
        _print_commands(options.recipe, Path(folder) / "commands", runtime.tokenizer_dir)
        for finding in check(options.recipe, Path(folder), runtime.tokenizer_dir):
            print("\n".join(finding.lines()), flush=True)
            wrong += not finding.ok
    print(
        f"\n{'All is well' if not wrong else f'{wrong} checks found something wrong'}. Not yet run on a GPU."
    )
    return 1 if wrong else 0


def _print_commands(recipe: str, folder: Path, tokenizer_dir: Path) -> None:
    print("On the GPU machine (docs/production.md):")
    for step in steps(recipe, rendered_repository(recipe, folder, tokenizer_dir)):
        print("\n".join([f"  # {step.title}", *(f"  {line}" for line in step.lines)]))
    print(flush=True)


def _weights(options: argparse.Namespace) -> int:
    voices = tuple(name.strip() for name in options.voices.split(","))
    lay_out(options.folder, Settings.from_environment().cache_dir, options.whisper, voices, print)
    return 0


if __name__ == "__main__":
    sys.exit(main())
