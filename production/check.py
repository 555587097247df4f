"""The whole check of production on a machine without a GPU, finding by finding."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import anyio

from build_engines.recipe import load_recipe
from build_engines.render import render
from production.client_calls import client_call_problems
from production.finding import Finding
from production.images import ROOT, image_problems
from production.linters import lint
from production.monitoring import monitoring_problems
from production.repository import config_problems, ensemble_problems, read_configs
from production.spoken_turn import spoken_turn

REPOSITORY = ROOT / "model_repository"


def check(recipe: str, folder: Path, tokenizer_dir: Path) -> Iterator[Finding]:
    """Everything, what is quick first. `folder` is empty and takes the rendered repository and the spoken answer."""
    rendered = rendered_repository(recipe, folder, tokenizer_dir)
    yield from repository_findings(rendered, f"rendered by recipe {recipe}")
    yield Finding("images are stated in one place", tuple(image_problems()))
    yield Finding("alerts and dashboard ask for series that exist", tuple(monitoring_problems(ROOT)))
    yield from lint()
    yield spoken_turn(rendered, folder)


def rendered_repository(recipe: str, folder: Path, tokenizer_dir: Path) -> Path:
    """The repository of production in `folder`, with the tokenizer of this machine's language model.

    Raises: build_engines.errors.BuildError
    """
    output = folder / "models"
    render(load_recipe(recipe), REPOSITORY, Path("/engines/llm"), tokenizer_dir, output)
    return output


def repository_findings(repository: Path, which: str) -> Iterator[Finding]:
    """The configs by Triton's protobuf, the ensembles' maps, and the orchestrator's calls against them."""
    configs, unreadable = read_configs(repository)
    problems = [*unreadable, *config_problems(repository, configs)]
    yield Finding(f"{len(configs)} configs by Triton's protobuf ({which})", tuple(problems))
    yield Finding("tensors along every ensemble", tuple(ensemble_problems(configs)))
    calls = anyio.run(client_call_problems, configs)
    yield Finding("every call of the orchestrator against the configs", tuple(calls))
