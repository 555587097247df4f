"""`python -m build_engines`: engines from recipes, all steps or one."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from build_engines.errors import BuildError, RenderError
from build_engines.recipe import Recipe, load_recipe, recipe_names
from build_engines.render import render

REPOSITORY = Path(__file__).resolve().parent.parent / "model_repository"


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 0, or 1 with one message on standard error."""
    options = _parser().parse_args(arguments)
    action: Callable[[argparse.Namespace, Recipe], None] = options.action
    try:
        action(options, load_recipe(options.recipe))
    except BuildError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m build_engines", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    rendering = commands.add_parser("render", help="write a model repository that serves the engine")
    _add_recipe(rendering)
    rendering.add_argument("--engine-dir", type=Path, required=True, help="the engine, as the server sees it")
    rendering.add_argument(
        "--tokenizer-dir", type=Path, required=True, help="tokenizer.json's folder, likewise"
    )
    rendering.add_argument("--repository", type=Path, default=REPOSITORY, help="default: %(default)s")
    rendering.add_argument("--output", type=Path, required=True, help="a new folder, or one rendered before")
    rendering.add_argument(
        "--set", action="append", default=[], metavar="MODEL.PARAMETER=VALUE", dest="overrides"
    )
    rendering.set_defaults(action=_render)
    return parser


def _add_recipe(command: argparse.ArgumentParser) -> None:
    command.add_argument("--recipe", required=True, help=f"{', '.join(recipe_names())}, or a .toml file")


def _render(options: argparse.Namespace, recipe: Recipe) -> None:
    overrides = dict(_assignment(text) for text in options.overrides)
    render(recipe, options.repository, options.engine_dir, options.tokenizer_dir, options.output, overrides)
    print(f"{options.output} serves {recipe.language_model} from {options.engine_dir} (recipe {recipe.name})")


def _assignment(text: str) -> tuple[str, str]:
    target, separator, value = text.partition("=")
    if not separator:
        raise RenderError(f"--set {text}: write MODEL.PARAMETER=VALUE")
    return target, value


if __name__ == "__main__":
    sys.exit(main())
