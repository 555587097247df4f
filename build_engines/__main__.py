"""`python -m build_engines`: an engine from a recipe, all steps (`qwen3-14b`) or one (`build`)."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

from build_engines.errors import BuildError, RecipeError, RenderError
from build_engines.machine import this_machine
from build_engines.models import MODELS
from build_engines.recipe import Recipe, load_recipe, recipe_names
from build_engines.release import IMAGE_EXAMPLES
from build_engines.render import render
from build_engines.steps import Steps
from build_engines.workplace import Workplace

REPOSITORY = Path(__file__).resolve().parent.parent / "model_repository"
Action = Callable[[argparse.Namespace, Recipe], None]
Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 0, or 1 with one message on standard error."""
    options = _parser().parse_args(arguments)
    action: Action = options.action
    try:
        action(options, load_recipe(options.recipe))
    except BuildError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m build_engines", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND", dest="command")
    for model in MODELS:
        _add_step(commands, model, f"every step, for {model}", _all)
    _add_step(commands, "download", "weights and tokenizer from the hub, verified", _download)
    for name, text, action in (
        ("quantize", "weights to a checkpoint in the recipe's precision", _quantize),
        ("build", "a checkpoint to a compiled engine", _build),
    ):
        command = _add_step(commands, name, text, action)
        command.add_argument("--reference", action="store_true", help="of the BF16 reference instead")
    _add_step(commands, "verify", "the engine against recipe, repository and machine", _verify)
    _add_step(commands, "compare", "greedy answers and perplexity beside BF16", _compare)
    _add_render(commands)
    return parser


def _add_step(commands: Commands, name: str, text: str, action: Action) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=text, description=text)
    _add_recipe(command)
    command.add_argument(
        "--work-dir", type=Path, required=True, help="weights, checkpoints and engines (about 120 GB)"
    )
    command.add_argument("--examples", type=Path, default=Path(IMAGE_EXAMPLES), help="default: %(default)s")
    command.add_argument("--repository", type=Path, default=REPOSITORY, help="default: %(default)s")
    command.set_defaults(action=action)
    return command


def _add_render(commands: Commands) -> None:
    text = "a model repository that serves the engine; needs no GPU"
    command = commands.add_parser("render", help=text, description=text)
    _add_recipe(command)
    command.add_argument(
        "--engine-dir",
        type=Path,
        required=True,
        help="the engine (llmapi: the weights), as the server sees it",
    )
    command.add_argument(
        "--tokenizer-dir", type=Path, required=True, help="tokenizer.json's folder, likewise"
    )
    command.add_argument("--repository", type=Path, default=REPOSITORY, help="default: %(default)s")
    command.add_argument("--output", type=Path, required=True, help="a new folder, or one rendered before")
    command.add_argument(
        "--set", action="append", default=[], metavar="MODEL.PARAMETER=VALUE", dest="overrides"
    )
    command.set_defaults(action=_render)


def _add_recipe(command: argparse.ArgumentParser) -> None:
    command.add_argument("--recipe", required=True, help=f"{', '.join(recipe_names())}, or a .toml file")


def _all(options: argparse.Namespace, recipe: Recipe) -> None:
    if options.command != recipe.language_model:
        raise RecipeError(f"recipe {recipe.name} is for {recipe.language_model}, not {options.command}")
    place = Workplace(options.work_dir.resolve(), recipe)
    if recipe.backend == "llmapi":
        _download(options, recipe)
        render(recipe, options.repository, place.weights, place.weights, place.repository)
        print(f"render: {place.repository}", flush=True)
        return
    for action in (_download, _quantize, _build):
        action(options, recipe)
    render(recipe, options.repository, place.engine, place.weights, place.repository)
    print(f"render: {place.repository}", flush=True)
    _steps(options, recipe).verify(place.repository)
    if not recipe.is_reference:
        _quantize(options, recipe.reference())
        _build(options, recipe.reference())
    _compare(options, recipe)


def _download(options: argparse.Namespace, recipe: Recipe) -> None:
    _steps(options, recipe).download()


def _quantize(options: argparse.Namespace, recipe: Recipe) -> None:
    _steps(options, _meant(options, recipe)).quantize()


def _build(options: argparse.Namespace, recipe: Recipe) -> None:
    _steps(options, _meant(options, recipe)).build()


def _verify(options: argparse.Namespace, recipe: Recipe) -> None:
    _require_engine(recipe, "verify")
    _steps(options, recipe).verify(options.repository)


def _compare(options: argparse.Namespace, recipe: Recipe) -> None:
    _require_engine(recipe, "compare")
    _steps(options, recipe).compare()


def _render(options: argparse.Namespace, recipe: Recipe) -> None:
    overrides = dict(_assignment(text) for text in options.overrides)
    render(recipe, options.repository, options.engine_dir, options.tokenizer_dir, options.output, overrides)
    print(f"{options.output} serves {recipe.language_model} from {options.engine_dir} (recipe {recipe.name})")


def _meant(options: argparse.Namespace, recipe: Recipe) -> Recipe:
    _require_engine(recipe, options.command)
    return recipe.reference() if getattr(options, "reference", False) else recipe


def _require_engine(recipe: Recipe, step: str) -> None:
    if recipe.backend == "llmapi":
        raise RecipeError(
            f"recipe {recipe.name} serves the hub's weights as they are: there is no engine to {step}; "
            "`download` and `render` are its steps"
        )


def _steps(options: argparse.Namespace, recipe: Recipe) -> Steps:
    place = Workplace(options.work_dir.resolve(), recipe)
    return Steps(place, options.examples, lambda line: print(line, flush=True), this_machine)


def _assignment(text: str) -> tuple[str, str]:
    target, separator, value = text.partition("=")
    if not separator:
        raise RenderError(f"--set {text}: write MODEL.PARAMETER=VALUE")
    return target, value


if __name__ == "__main__":
    sys.exit(main())
