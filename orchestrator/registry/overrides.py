"""From an entry of the registry to the configuration that Triton is asked to load it with. Pure.

Triton takes a whole configuration or none, and tells only that of a loaded model. So each one that is sent carries the
repository's own parameters with it, and whoever comes later can begin from those again.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from typing import Any

from orchestrator.registry.entry import Engine, ModelEntry

ORIGINAL = "registry_original_parameters"
"""The parameter that holds the others as the repository has them (base64 of JSON: no model expands variables in it)."""
COMPANIONS = ("preprocessing", "postprocessing", "reply")
"""Models that have the language model's tokenizer."""

_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")
_IMPLIED = {"gguf": "${BEAUTYAI_LLM_GGUF}"}
_WEIGHTS: Mapping[tuple[str, Engine], str] = {
    ("tensorrt_llm", "llama.cpp"): "gguf",
    ("tensorrt_llm", "tensorrt_llm"): "gpt_model_path",
    ("tensorrt_llm", "llmapi"): "gpt_model_path",
    ("whisper", "ctranslate2"): "model_dir",
    ("tts", "piper"): "voices_dir",
    ("tts", "edge"): "voices_dir",
    ("vad", "onnxruntime"): "model_path",
    ("end_of_turn", "onnxruntime"): "model_path",
}


def weights_parameter(entry: ModelEntry) -> str | None:
    """The parameter of `config.pbtxt` that names the weights; None where there is none for this engine."""
    return _WEIGHTS.get((entry.triton_model, entry.engine))


def parameters_of(entry: ModelEntry) -> dict[str, str]:
    """What is laid over the repository's parameters when `entry` is loaded."""
    named = {name: entry.weights} if (name := weights_parameter(entry)) and entry.weights else {}
    return {**named, **entry.triton_parameters}


def configuration(
    loaded: Mapping[str, Any], parameters: Mapping[str, str], environment: Mapping[str, str]
) -> str | None:
    """The JSON to load a model with, made from the configuration that it has now.

    None: `parameters` lay nothing over the repository's, so that its own file is loaded.
    """
    original = original_parameters(loaded)
    if agree(original, parameters, environment):
        return None
    kept = base64.b64encode(json.dumps(original).encode()).decode()
    laid_over = {**original, **parameters, ORIGINAL: kept}
    wrapped = {name: {"string_value": value} for name, value in laid_over.items()}
    return json.dumps({**loaded, "parameters": wrapped})


def agree(has: Mapping[str, str], wanted: Mapping[str, str], environment: Mapping[str, str]) -> bool:
    """Whether parameters as a configuration `has` them come to what is `wanted`."""
    return all(_meant(name, has, environment) == value for name, value in wanted.items())


def _meant(name: str, parameters: Mapping[str, str], environment: Mapping[str, str]) -> str | None:
    return expanded(parameters.get(name) or _IMPLIED.get(name, ""), environment)


def has_just(loaded: Mapping[str, Any], wanted: Mapping[str, str], environment: Mapping[str, str]) -> bool:
    """Whether a loaded model has the `wanted` parameters over the repository's own, and nothing else over them."""
    has = {name: value for name, value in current_parameters(loaded).items() if name != ORIGINAL}
    target = {**original_parameters(loaded), **wanted}
    return all(
        _meant(name, has, environment) == _meant(name, target, environment) for name in has.keys() | target
    )


def original_parameters(loaded: Mapping[str, Any]) -> dict[str, str]:
    """The repository's own parameters, also of a model that was loaded with others."""
    now = current_parameters(loaded)
    kept = now.get(ORIGINAL)
    return json.loads(base64.b64decode(kept)) if kept else now


def current_parameters(loaded: Mapping[str, Any]) -> dict[str, str]:
    """The parameters that a configuration has."""
    return {name: value.get("string_value", "") for name, value in loaded.get("parameters", {}).items()}


def expanded(value: str, environment: Mapping[str, str]) -> str | None:
    """`${NAME}` and `${NAME:-default}` replaced, as the models do it; None where a variable is not known here."""
    unknown = False

    def replacement(match: re.Match[str]) -> str:
        nonlocal unknown
        found = environment.get(match[1]) or match[2]
        unknown |= found is None
        return found or ""

    replaced = _VARIABLE.sub(replacement, value)
    return None if unknown else replaced
