"""The command lines of TensorRT-LLM's own tools, made from a recipe. Pure.

Sources at v1.2.1: tensorrt_llm/commands/build.py and tensorrt_llm/plugin/plugin.py (trtllm-build),
examples/quantization/quantize.py, examples/models/core/qwen/convert_checkpoint.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from build_engines.recipe import TOKENS_PER_BLOCK, Recipe
from build_engines.workplace import Workplace

SEED = 1234
"""quantize.py's default: which samples of the calibration data are drawn."""


@dataclass(frozen=True)
class Flag:
    """One option of `trtllm-build`; a value of None is a switch."""

    name: str
    value: str | None
    reason: str


def checkpoint_command(place: Workplace, python: str, examples: Path) -> list[str]:
    """Weights of the hub → a checkpoint for `trtllm-build`, quantized as the recipe says."""
    return (
        _quantize(place, python, examples)
        if place.recipe.precision == "fp8"
        else _convert(place, python, examples)
    )


def build_command(place: Workplace) -> list[str]:
    """A checkpoint → a compiled engine."""
    folders = ["--checkpoint_dir", str(place.checkpoint), "--output_dir", str(place.engine)]
    caches = [
        "--input_timing_cache",
        str(place.timing_cache),
        "--output_timing_cache",
        str(place.timing_cache),
    ]
    flags = [
        part for flag in build_flags(place.recipe) for part in (flag.name, flag.value) if part is not None
    ]
    return ["trtllm-build", *folders, *caches, *flags]


def build_flags(recipe: Recipe) -> tuple[Flag, ...]:
    """Every option of `trtllm-build` that decides what the engine is, with its reason."""
    limits = recipe.engine
    return (
        Flag("--max_batch_size", str(limits.max_batch_size), "Generations that share a step."),
        Flag(
            "--max_input_len",
            str(limits.max_input_tokens),
            "The longest prompt: a conversation's kept history.",
        ),
        Flag("--max_seq_len", str(limits.max_sequence_tokens), "Prompt and reply together."),
        Flag(
            "--max_num_tokens",
            str(limits.max_step_tokens),
            "A step's tokens: the chunk of a long prompt; costs memory.",
        ),
        Flag("--max_beam_width", "1", "Speech is streamed as it is written; beams could take words back."),
        Flag("--kv_cache_type", "paged", "In-flight batching needs pages."),
        Flag(
            "--tokens_per_block",
            str(TOKENS_PER_BLOCK),
            "What is reused between turns, in tokens; the default.",
        ),
        Flag(
            "--remove_input_padding", "enable", "In-flight batching packs prompts and single tokens together."
        ),
        Flag("--gpt_attention_plugin", "auto", "In-flight batching needs it; auto is the engine's own type."),
        Flag("--context_fmha", "enable", "Prompts are computed in fused attention."),
        Flag("--use_paged_context_fmha", "enable", "Without it neither KV reuse nor chunked prompts."),
        _fp8_context_flag(recipe),
        _gemm_flag(recipe),
        *_low_latency_flags(recipe),
        Flag(
            "--multiple_profiles",
            "enable",
            "Kernels for small and large steps; NVIDIA advises it for production.",
        ),
        Flag("--workers", str(recipe.gpu_count), "Each GPU's part is compiled on that GPU."),
        Flag("--monitor_memory", None, "The log then says what the build took."),
        Flag("--log_level", "info", "For the log beside the engine."),
    )


def _fp8_context_flag(recipe: Recipe) -> Flag:
    if recipe.kv_cache_precision == "fp8":
        return Flag("--use_fp8_context_fmha", "enable", "Attention in FP8 goes with FP8 keys and values.")
    return Flag("--use_fp8_context_fmha", "disable", "Keys and values stay in BF16, and so does attention.")


def _gemm_flag(recipe: Recipe) -> Flag:
    if recipe.precision == "fp8":
        return Flag(
            "--gemm_plugin",
            "disable",
            "TensorRT's own FP8 kernels; failures of fp8 here are reported (issue 8572).",
        )
    return Flag("--gemm_plugin", "bfloat16", "cuBLASLt is the faster one where nothing is quantized.")


def _low_latency_flags(recipe: Recipe) -> tuple[Flag, ...]:
    if not recipe.engine.low_latency_gemm:
        return ()
    return (Flag("--low_latency_gemm_plugin", "fp8", "Kernels for the small batches of a conversation."),)


def _quantize(place: Workplace, python: str, examples: Path) -> list[str]:
    recipe, calibration = place.recipe, place.recipe.calibration
    command = [python, str(examples / "quantization" / "quantize.py")]
    command += ["--model_dir", str(place.weights), "--output_dir", str(place.checkpoint)]
    command += ["--dtype", "bfloat16", "--qformat", "fp8"]
    if recipe.kv_cache_precision == "fp8":
        command += ["--kv_cache_dtype", "fp8"]
    command += ["--calib_dataset", calibration.dataset, "--calib_size", str(calibration.samples)]
    command += ["--batch_size", str(calibration.batch_size)]
    command += ["--calib_max_seq_length", str(calibration.max_sequence_tokens)]
    return [*command, "--seed", str(SEED), "--tp_size", str(recipe.gpu_count)]


def _convert(place: Workplace, python: str, examples: Path) -> list[str]:
    recipe = place.recipe
    command = [python, str(examples / "models" / "core" / "qwen" / "convert_checkpoint.py")]
    command += [
        "--model_dir",
        str(place.weights),
        "--output_dir",
        str(place.checkpoint),
        "--dtype",
        "bfloat16",
    ]
    if recipe.precision == "int8_wo":
        command += ["--use_weight_only", "--weight_only_precision", "int8"]
    return [*command, "--tp_size", str(recipe.gpu_count), "--workers", str(recipe.gpu_count)]
