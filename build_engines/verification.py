"""Whether an engine is the one that the recipe, the repository and the machine need. Pure; lists every difference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from build_engines.machine import Machine
from build_engines.provenance import Provenance
from build_engines.recipe import Recipe
from build_engines.release import TENSORRT_LLM

QUANT_ALGO = {"bf16": None, "fp8": "FP8", "int8_wo": "W8A16"}
"""`pretrained_config.quantization.quant_algo` of each precision."""


def against_recipe(config: Mapping[str, Any], recipe: Recipe) -> Iterator[str]:
    """Differences between the engine's `config.json` and what the recipe asks for."""
    if config.get("version") != TENSORRT_LLM:
        yield f"built with TensorRT-LLM {config.get('version')}, and {TENSORRT_LLM} serves it: build it anew"
    for path, expected in _expected(recipe).items():
        found = _at(config, path)
        if path.endswith("kv_cache_type"):
            found = str(found).upper()
        if found != expected:
            yield f"{path} is {found!r}, and the recipe {recipe.name} says {expected!r}"


def against_repository(config: Mapping[str, Any], model_config: Any) -> Iterator[str]:
    """Differences between the engine's `config.json` and `tensorrt_llm/config.pbtxt` (a ModelConfig)."""
    build = config["build_config"]
    parameters = {name: value.string_value for name, value in model_config.parameters.items()}
    if model_config.max_batch_size > build["max_batch_size"]:
        yield (
            f"config.pbtxt lets Triton hand over {model_config.max_batch_size} requests, "
            f"and the engine takes {build['max_batch_size']}: render with the engine's recipe"
        )
    if int(parameters.get("max_beam_width") or 1) > build["max_beam_width"]:
        yield f"config.pbtxt says max_beam_width {parameters['max_beam_width']}, the engine {build['max_beam_width']}"
    cache = parameters.get("max_tokens_in_paged_kv_cache")
    if cache and int(cache) < build["max_seq_len"]:
        yield f"config.pbtxt caps the KV cache at {cache} tokens, and one sequence may have {build['max_seq_len']}"
    if not build["plugin_config"]["use_paged_context_fmha"]:
        for name in ("enable_chunked_context", "enable_kv_cache_reuse"):
            if parameters.get(name) == "true":
                yield f"config.pbtxt says {name}, which needs an engine with --use_paged_context_fmha enable"


def against_machine(made: Provenance, recipe: Recipe, machine: Machine) -> Iterator[str]:
    """Differences between where the engine was built and where it is to run."""
    if made.recipe != recipe.name:
        yield f"built from recipe {made.recipe}, not {recipe.name}"
    if machine.tensorrt_llm != made.tensorrt_llm:
        yield f"built with TensorRT-LLM {made.tensorrt_llm}, and here is {machine.tensorrt_llm}"
    for gpu in machine.gpus[: recipe.gpu_count]:
        if (gpu.name, gpu.compute_capability) != (made.gpu, made.compute_capability):
            yield (
                f"built for {made.gpu} (compute capability {made.compute_capability}), and here is {gpu.name} "
                f"({gpu.compute_capability}): engines do not move between GPUs, build one here"
            )
    if len(machine.gpus) < recipe.gpu_count:
        yield f"made for {recipe.gpu_count} GPUs, and here are {len(machine.gpus)}"


def _expected(recipe: Recipe) -> dict[str, Any]:
    model, limits = recipe.model, recipe.engine
    shape = {
        "num_hidden_layers": model.layers,
        "hidden_size": model.hidden_size,
        "num_attention_heads": model.heads,
        "num_key_value_heads": model.kv_heads,
        "head_size": model.head_size,
        "vocab_size": model.vocabulary_size,
        "dtype": "bfloat16",
        "mapping.tp_size": recipe.gpu_count,
        "quantization.quant_algo": QUANT_ALGO[recipe.precision],
        "quantization.kv_cache_quant_algo": "FP8" if recipe.kv_cache_precision == "fp8" else None,
    }
    built = {
        "max_batch_size": limits.max_batch_size,
        "max_input_len": limits.max_input_tokens,
        "max_seq_len": limits.max_sequence_tokens,
        "max_num_tokens": limits.max_step_tokens,
        "max_beam_width": 1,
        "kv_cache_type": "PAGED",
        "plugin_config.use_paged_context_fmha": True,
        "plugin_config.remove_input_padding": True,
    }
    return {f"pretrained_config.{name}": value for name, value in shape.items()} | {
        f"build_config.{name}": value for name, value in built.items()
    }


def _at(config: Mapping[str, Any], path: str) -> Any:
    value: Any = config
    for key in path.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return value
