from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from build_engines.commands import build_command, build_flags, checkpoint_command
from build_engines.recipe import Recipe, load_recipe, recipe_names
from build_engines.workplace import Workplace

TOOLS: dict[str, Any] = json.loads(Path(__file__).with_name("tensorrt_llm_1_2_1_options.json").read_text())
EXAMPLES = Path("/app/examples")


def place(recipe: Recipe) -> Workplace:
    return Workplace(Path("/work"), recipe)


def with_fp8_cache(name: str = "h100-fp8") -> Recipe:
    return load_recipe(name).model_copy(update={"kv_cache_precision": "fp8"})


def parsed(tool: str, arguments: list[str]) -> dict[str, str | None]:
    """The options of a command, each checked against what the tool of the release takes."""
    options: dict[str, Any] = TOOLS[tool]["options"]
    found: dict[str, str | None] = {}
    rest = list(arguments)
    while rest:
        name = rest.pop(0)
        assert name in options, f"{tool} has no option {name}"
        assert name not in found, f"{name} twice"
        found[name] = None if options[name] == "switch" else rest.pop(0)
        if isinstance(options[name], list):
            assert found[name] in options[name], f"{name} takes no {found[name]}"
    return found


def checkpoint_options(recipe: Recipe) -> dict[str, str | None]:
    python, script, *arguments = checkpoint_command(place(recipe), "python3", EXAMPLES)
    assert python == "python3"
    return parsed(Path(script).name, arguments)


def build_options(recipe: Recipe) -> dict[str, str | None]:
    tool, *arguments = build_command(place(recipe))
    return parsed(tool, arguments)


@pytest.mark.parametrize("name", recipe_names())
def test_every_command_of_every_recipe_is_one_that_the_release_takes(name: str) -> None:
    for recipe in (load_recipe(name), load_recipe(name).reference()):
        assert checkpoint_options(recipe)["--output_dir"] == build_options(recipe)["--checkpoint_dir"]


def test_fp8_is_calibrated_with_named_data() -> None:
    recipe = load_recipe("h100-fp8")
    command = checkpoint_command(place(recipe), "python3", EXAMPLES)
    assert command[1] == "/app/examples/quantization/quantize.py"
    options = checkpoint_options(recipe)
    assert options["--qformat"] == "fp8"
    assert options["--calib_dataset"] == "cnn_dailymail"
    assert options["--calib_size"] == "512"
    assert "--kv_cache_dtype" not in options
    assert checkpoint_options(with_fp8_cache())["--kv_cache_dtype"] == "fp8"


def test_bf16_is_converted_and_int8_is_weight_only() -> None:
    script = "/app/examples/models/core/qwen/convert_checkpoint.py"
    assert checkpoint_command(place(load_recipe("a100-bf16")), "python3", EXAMPLES)[1] == script
    assert "--use_weight_only" not in checkpoint_options(load_recipe("a100-bf16"))
    int8 = checkpoint_options(load_recipe("a100-int8"))
    assert int8["--weight_only_precision"] == "int8"
    assert "--use_weight_only" in int8


def test_limits_of_the_recipe_are_compiled_in() -> None:
    options = build_options(load_recipe("h100-fp8"))
    limits = {
        "--max_batch_size": "32",
        "--max_input_len": "7168",
        "--max_seq_len": "8192",
        "--max_num_tokens": "4096",
    }
    assert limits.items() <= options.items()


def test_what_in_flight_batching_reuse_and_chunks_need_is_on() -> None:
    needed = {
        "--kv_cache_type": "paged",
        "--remove_input_padding": "enable",
        "--use_paged_context_fmha": "enable",
    }
    assert needed.items() <= build_options(load_recipe("smoke")).items()


def test_each_precision_has_its_matrix_kernels() -> None:
    assert build_options(load_recipe("h100-fp8"))["--gemm_plugin"] == "disable"
    assert build_options(load_recipe("a100-bf16"))["--gemm_plugin"] == "bfloat16"
    assert build_options(load_recipe("a100-int8"))["--gemm_plugin"] == "bfloat16"


def test_attention_in_fp8_goes_with_fp8_keys_only() -> None:
    assert build_options(load_recipe("h100-fp8"))["--use_fp8_context_fmha"] == "disable"
    assert build_options(with_fp8_cache())["--use_fp8_context_fmha"] == "enable"


def test_low_latency_kernels_are_used_when_asked_for() -> None:
    recipe = load_recipe("h100-fp8")
    quick = recipe.model_copy(update={"engine": recipe.engine.model_copy(update={"low_latency_gemm": True})})
    assert "--low_latency_gemm_plugin" not in build_options(recipe)
    assert build_options(quick)["--low_latency_gemm_plugin"] == "fp8"
    assert "--low_latency_gemm_plugin" not in build_options(quick.reference())


def test_two_gpus_share_every_layer() -> None:
    recipe = load_recipe("h100x2-fp8")
    assert checkpoint_options(recipe)["--tp_size"] == "2"
    assert build_options(recipe)["--workers"] == "2"


def test_every_flag_of_the_engine_has_a_reason() -> None:
    flags = build_flags(load_recipe("h100-fp8"))
    assert all(flag.reason.endswith(".") for flag in flags)
    assert len({flag.name for flag in flags}) == len(flags)


def test_the_reference_lies_beside_the_engine_and_is_bf16() -> None:
    ours = place(load_recipe("h100-fp8"))
    reference = ours.reference()
    assert (reference.recipe.precision, reference.recipe.name) == ("bf16", "h100-fp8-reference")
    assert reference.engine != ours.engine
    assert reference.weights == ours.weights
    assert replace(ours, recipe=ours.recipe.reference()) == reference
