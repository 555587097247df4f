"""What the runtime serves by itself, told from Triton's own configurations: the first registry. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from orchestrator.capabilities import LoadedEngine
from orchestrator.registry.entry import LANGUAGE_MODEL, Engine, ModelEntry, RegistryDocument
from orchestrator.registry.overrides import expanded, original_parameters, weights_parameter

_DIGEST = re.compile(r"-[0-9a-f]{12}$")
_QUANTIZATION = re.compile(r"(?i)\b(q[2-8]_[0-9k](?:_[sml])?|fp8|bf16|int8|f16)\b")
_DESCRIPTIONS = {
    "tensorrt_llm": "The language model",
    "whisper": "Speech to text",
    "tts": "Text to speech",
    "vad": "Where in the audio there is speech (Silero)",
    "end_of_turn": "Whether a speaker has finished, from the sound (Smart Turn)",
}


def discovered(
    configurations: Mapping[str, Mapping[str, Any]], environment: Mapping[str, str], tokenizer_dir: str
) -> RegistryDocument:
    """A registry of everything that the runtime was started with.

    configurations: of each loaded model of Triton, its configuration as JSON has it. environment: the variables that
    its parameters name, as far as they are known here.
    """
    models: dict[str, ModelEntry] = {}
    serving: dict[str, str] = {}
    for triton_model in filter(configurations.__contains__, _DESCRIPTIONS):
        name, entry = _found(triton_model, configurations[triton_model], environment, tokenizer_dir)
        models[name] = entry
        serving[triton_model] = name
    return RegistryDocument(
        default=serving.get(LANGUAGE_MODEL), serving={**serving}, started_with=serving, models=models
    )


def _found(
    triton_model: str, config: Mapping[str, Any], environment: Mapping[str, str], tokenizer_dir: str
) -> tuple[str, ModelEntry]:
    parameters = {name: expanded(value, environment) for name, value in original_parameters(config).items()}
    entry = ModelEntry(
        triton_model=triton_model,
        engine=_engine(triton_model, config, parameters, environment),
        description=f"{_DESCRIPTIONS[triton_model]}, as the runtime was started.",
    )
    weights = _weights(entry, parameters, environment)
    is_language = triton_model == LANGUAGE_MODEL
    quantization = parameters.get("compute_type") or _quantization(weights)
    changes = {
        "weights": weights,
        "quantization": quantization,
        "tokenizer": tokenizer_dir if is_language else None,
    }
    return _name(triton_model, weights), entry.model_copy(update=changes)


def _engine(
    triton_model: str,
    config: Mapping[str, Any],
    parameters: Mapping[str, str | None],
    environment: Mapping[str, str],
) -> Engine:
    if triton_model == LANGUAGE_MODEL and environment.get("BEAUTYAI_LLM_GGUF"):
        return "llama.cpp"
    if triton_model == LANGUAGE_MODEL:
        inputs = frozenset(tensor["name"] for tensor in config.get("input", ()))
        known = {name: value for name, value in parameters.items() if value is not None}
        return LoadedEngine(inputs, known).engine
    if triton_model == "tts":
        return "edge" if parameters.get("engine") == "edge" else "piper"
    return "ctranslate2" if triton_model == "whisper" else "onnxruntime"


def _weights(
    entry: ModelEntry, parameters: Mapping[str, str | None], environment: Mapping[str, str]
) -> str | None:
    named = parameters.get(weights_parameter(entry) or "")
    if entry.engine == "llama.cpp":
        named = named or environment.get("BEAUTYAI_LLM_GGUF")
    return named or None


def _name(triton_model: str, weights: str | None) -> str:
    """`…/smollm2-135m-ddabe338f50b/model.gguf` -> `smollm2-135m`; the model of Triton where the path tells none."""
    if not weights:
        return triton_model
    path = PurePosixPath(weights)
    folder = path.parent if path.suffix else path
    folder = folder.parent if folder.name in ("engine", "checkpoint") else folder
    name = _DIGEST.sub("", folder.name)
    return name if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{2,63}", name) else triton_model


def _quantization(weights: str | None) -> str | None:
    found = _QUANTIZATION.search(weights or "")
    return found[1].lower() if found else None
