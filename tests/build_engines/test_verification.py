from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from build_engines.model_config import read_config
from build_engines.provenance import Provenance
from build_engines.recipe import load_recipe
from build_engines.render import render
from build_engines.verification import against_machine, against_recipe, against_repository
from tests.build_engines.machines import machine

RECIPE = load_recipe("h100-fp8")
# The keys that EngineConfig of tensorrt_llm/builder.py writes, as far as they are read here.
CONFIG: dict[str, Any] = {
    "version": "1.2.1",
    "pretrained_config": {
        "architecture": "Qwen3ForCausalLM",
        "dtype": "bfloat16",
        "num_hidden_layers": 40,
        "hidden_size": 5120,
        "num_attention_heads": 40,
        "num_key_value_heads": 8,
        "head_size": 128,
        "vocab_size": 151936,
        "mapping": {"world_size": 1, "tp_size": 1, "pp_size": 1},
        "quantization": {"quant_algo": "FP8", "kv_cache_quant_algo": None},
    },
    "build_config": {
        "max_input_len": 7168,
        "max_seq_len": 8192,
        "max_batch_size": 32,
        "max_beam_width": 1,
        "max_num_tokens": 4096,
        "kv_cache_type": "PAGED",
        "plugin_config": {"use_paged_context_fmha": True, "remove_input_padding": True},
    },
}
MADE = Provenance("h100-fp8", "NVIDIA H100 80GB HBM3", "9.0", "590.44.01", "1.2.1")


def changed(path: str, value: object) -> dict[str, Any]:
    config = copy.deepcopy(CONFIG)
    *folders, name = path.split(".")
    inner = config
    for folder in folders:
        inner = inner[folder]
    inner[name] = value
    return config


@pytest.fixture(scope="module")
def model_config(tmp_path_factory: pytest.TempPathFactory) -> Any:
    output = tmp_path_factory.mktemp("rendered") / "repository"
    original = Path(__file__).parents[2] / "model_repository"
    render(RECIPE, original, Path("/engines/llm"), Path("/engines/tokenizer"), output)
    return read_config(output / "tensorrt_llm")


def test_the_engine_of_its_recipe_is_accepted(model_config: Any) -> None:
    assert list(against_recipe(CONFIG, RECIPE)) == []
    assert list(against_repository(CONFIG, model_config)) == []
    assert list(against_machine(MADE, RECIPE, machine())) == []


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("version", "1.1.0", "built with TensorRT-LLM 1.1.0, and 1.2.1 serves it"),
        (
            "pretrained_config.quantization.quant_algo",
            None,
            "quant_algo is None, and the recipe h100-fp8 says 'FP8'",
        ),
        ("pretrained_config.quantization.kv_cache_quant_algo", "FP8", "kv_cache_quant_algo is 'FP8'"),
        (
            "pretrained_config.num_hidden_layers",
            28,
            "num_hidden_layers is 28, and the recipe h100-fp8 says 40",
        ),
        ("pretrained_config.mapping.tp_size", 2, "tp_size is 2, and the recipe h100-fp8 says 1"),
        ("build_config.max_batch_size", 16, "max_batch_size is 16, and the recipe h100-fp8 says 32"),
        ("build_config.kv_cache_type", "CONTINUOUS", "kv_cache_type is 'CONTINUOUS'"),
        ("build_config.plugin_config", {}, "use_paged_context_fmha is None"),
    ],
)
def test_an_engine_of_another_recipe_is_refused(path: str, value: object, message: str) -> None:
    assert any(message in problem for problem in against_recipe(changed(path, value), RECIPE))


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("build_config.max_batch_size", 16, "lets Triton hand over 32 requests, and the engine takes 16"),
        (
            "build_config.max_seq_len",
            200_000,
            "caps the KV cache at 131072 tokens, and one sequence may have 200000",
        ),
        (
            "build_config.plugin_config.use_paged_context_fmha",
            False,
            "enable_chunked_context, which needs an engine",
        ),
        ("build_config.max_beam_width", 0, "max_beam_width 1, the engine 0"),
    ],
)
def test_a_config_that_asks_for_more_than_the_engine_has_is_refused(
    path: str, value: object, message: str, model_config: Any
) -> None:
    assert any(message in problem for problem in against_repository(changed(path, value), model_config))


def test_an_engine_of_another_gpu_is_refused_by_both_names() -> None:
    (problem,) = against_machine(MADE, RECIPE, machine("h200"))
    assert problem == (
        "built for NVIDIA H100 80GB HBM3 (compute capability 9.0), and here is NVIDIA H200 (9.0): "
        "engines do not move between GPUs, build one here"
    )


def test_an_engine_of_another_release_or_recipe_is_refused() -> None:
    assert list(against_machine(MADE, RECIPE, machine(tensorrt_llm="1.2.0"))) == [
        "built with TensorRT-LLM 1.2.1, and here is 1.2.0"
    ]
    other = replace(MADE, recipe="l40s-fp8")
    assert list(against_machine(other, RECIPE, machine())) == ["built from recipe l40s-fp8, not h100-fp8"]


def test_an_engine_for_two_gpus_needs_two() -> None:
    made = replace(MADE, recipe="h100x2-fp8")
    assert list(against_machine(made, load_recipe("h100x2-fp8"), machine())) == [
        "made for 2 GPUs, and here are 1"
    ]
