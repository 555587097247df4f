"""`render`: the one model repository, copied for a GPU with the parameters of a recipe. Strict, atomic, without GPU."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Set
from pathlib import Path, PurePosixPath
from typing import Any

from build_engines.cpp_backend import KNOWN_PARAMETERS, READ_WITHOUT_DEFAULT, TWIN_PARAMETERS
from build_engines.errors import RenderError
from build_engines.llmapi_backend import llmapi_parameters
from build_engines.model_config import read_config, set_parameter, write_config
from build_engines.recipe import Recipe
from build_engines.serving_parameters import Parameter, serving_parameters

RECORD = "rendered.json"
"""Beside the models: what was rendered. Triton looks at folders only."""
LANGUAGE_MODEL = "tensorrt_llm"
TOKENIZING_MODELS = ("preprocessing", "postprocessing", "reply")


def render(
    recipe: Recipe,
    repository: Path,
    engine_dir: Path,
    tokenizer_dir: Path,
    output: Path,
    overrides: Mapping[str, str] | None = None,
) -> None:
    """Write a copy of `repository` to `output` that serves the recipe's engine.

    Args:
        recipe: whose limits and parameters are written.
        repository: `model_repository/`; it is only read.
        engine_dir: the engine, or the weights for the LLM API, at the path where the server sees it; it need not exist
            here.
        tokenizer_dir: `tokenizer.json` and its neighbours, likewise.
        output: a new folder, or one that an earlier render wrote, which is replaced as a whole.
        overrides: "model.parameter" → value, for parameters that the repository has.

    Raises:
        RenderError: a parameter is unknown or missing, or a path cannot be used; `output` is as it was before.
    """
    for name, path in (("engine", engine_dir), ("tokenizer", tokenizer_dir)):
        if not PurePosixPath(path).is_absolute():
            raise RenderError(f"the {name} folder '{path}' must be an absolute path, as the server sees it")
    _require_replaceable(output, repository)
    draft = output.with_name(output.name + ".new")
    shutil.rmtree(draft, ignore_errors=True)
    try:
        shutil.copytree(repository, draft, ignore=shutil.ignore_patterns("__pycache__"))
        _render_language_model(recipe, PurePosixPath(engine_dir), draft / LANGUAGE_MODEL)
        changes = {f"{model}.tokenizer_dir": str(tokenizer_dir) for model in TOKENIZING_MODELS}
        _change_parameters(draft, changes | dict(overrides or {}), recipe)
        _write_record(recipe, engine_dir, tokenizer_dir, draft)
        shutil.rmtree(output, ignore_errors=True)
        draft.rename(output)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _require_replaceable(output: Path, repository: Path) -> None:
    if repository.resolve() in (output.resolve(), *output.resolve().parents):
        raise RenderError(f"{output} is the repository itself or lies in it; choose a folder outside it")
    if output.exists() and any(output.iterdir()) and not (output / RECORD).is_file():
        raise RenderError(f"{output} was not written by render and is not overwritten; choose a new folder")
    output.parent.mkdir(parents=True, exist_ok=True)


def _render_language_model(recipe: Recipe, engine_dir: PurePosixPath, model_dir: Path) -> None:
    config = read_config(model_dir)
    if config.backend != "tensorrtllm":
        raise RenderError(
            f"{LANGUAGE_MODEL}: backend '{config.backend}' is not tensorrtllm; render needs the original"
        )
    config.max_batch_size = recipe.engine.max_batch_size
    config.dynamic_batching.preferred_batch_size[:] = [recipe.engine.max_batch_size]
    if recipe.backend == "llmapi":
        parameters = llmapi_parameters(recipe, engine_dir)
        _keep_only(config, parameters)
    else:
        parameters = _cpp_parameters(recipe, engine_dir, config)
    _set(config, parameters)
    write_config(model_dir, config, _comments(recipe), {one.name: one.reason for one in parameters})


def _cpp_parameters(recipe: Recipe, engine_dir: PurePosixPath, config: Any) -> tuple[Parameter, ...]:
    if recipe.serving.max_queue_size:
        config.dynamic_batching.default_queue_policy.max_queue_size = recipe.serving.max_queue_size
    parameters = serving_parameters(recipe, engine_dir)
    names = {one.name for one in parameters}
    _refuse_unknown(config, names)
    if foreign := sorted(names - KNOWN_PARAMETERS - TWIN_PARAMETERS):
        raise RenderError(
            f"{LANGUAGE_MODEL}: the C++ backend of TensorRT-LLM 1.2.1 reads no {', '.join(foreign)}"
        )
    if missing := sorted(READ_WITHOUT_DEFAULT - names):
        raise RenderError(
            f"{LANGUAGE_MODEL}: without parameter {', '.join(missing)} the C++ backend does not load"
        )
    return parameters


def _keep_only(config: Any, parameters: tuple[Parameter, ...]) -> None:
    """Drop what only the C++ backend reads: a parameter without effect would mislead."""
    _refuse_unknown(config, KNOWN_PARAMETERS | TWIN_PARAMETERS)
    for name in set(config.parameters) - {one.name for one in parameters}:
        del config.parameters[name]


def _refuse_unknown(config: Any, known: Set[str]) -> None:
    if unknown := sorted(set(config.parameters) - known):
        raise RenderError(
            f"{LANGUAGE_MODEL}: parameter {', '.join(unknown)} is unknown to render; add it with a reason"
        )


def _set(config: Any, parameters: tuple[Parameter, ...]) -> None:
    for one in parameters:
        if one.value is not None:
            config.parameters[one.name].string_value = one.value
        elif one.name not in config.parameters:
            raise RenderError(
                f"{LANGUAGE_MODEL}: parameter {one.name} is missing from the repository's config.pbtxt"
            )


def _change_parameters(repository: Path, changes: Mapping[str, str], recipe: Recipe) -> None:
    for target, value in changes.items():
        model, separator, name = target.partition(".")
        if not separator or not (repository / model / "config.pbtxt").is_file():
            raise RenderError(f"'{target}' names no parameter of a model; write MODEL.PARAMETER=VALUE")
        if model == LANGUAGE_MODEL:
            raise RenderError(
                f"'{target}': the parameters of {LANGUAGE_MODEL} come from the recipe; change it there"
            )
        config = read_config(repository / model)
        set_parameter(config, name, value)
        write_config(repository / model, config, _comments(recipe), {})


def _comments(recipe: Recipe) -> tuple[str, ...]:
    return (
        f"Written by `python -m build_engines render --recipe {recipe.name}`: edit the recipe, not this.",
        f"{recipe.language_model}, {recipe.precision}, {recipe.gpu_count} x {recipe.gpu.product}: {recipe.status}.",
    )


def _write_record(recipe: Recipe, engine_dir: Path, tokenizer_dir: Path, output: Path) -> None:
    record = {
        "recipe": recipe.model_dump(mode="json", by_alias=True),
        "engine_dir": str(engine_dir),
        "tokenizer_dir": str(tokenizer_dir),
        # A further GPU is a further process, which the backend starts by itself in this mode.
        "environment": {"TRTLLM_ORCHESTRATOR": "1"} if _spawns_workers(recipe) else {},
    }
    (output / RECORD).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def _spawns_workers(recipe: Recipe) -> bool:
    return recipe.backend == "tensorrt" and recipe.gpu_count > 1
