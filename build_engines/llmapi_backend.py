"""From a recipe to the `parameters` with which TensorRT-LLM's LLM API serves it, each with its reason. Pure."""

from __future__ import annotations

from pathlib import PurePosixPath

from build_engines.recipe import EngineLimits, Recipe, Serving
from build_engines.serving_parameters import Parameter


def llmapi_parameters(recipe: Recipe, checkpoint_dir: PurePosixPath) -> tuple[Parameter, ...]:
    """All parameters of the rendered model, in the order in which they are written."""
    return (
        Parameter(
            "engine", "llmapi", "Which engine of backends/tensorrtllm serves: TensorRT-LLM on PyTorch."
        ),
        Parameter("gpt_model_path", str(checkpoint_dir), "Weights and config.json, as the hub holds them."),
        *_limits(recipe.engine),
        Parameter("tensor_parallel_size", str(recipe.gpu_count), "GPUs that share every layer."),
        *_cache(recipe.serving),
        Parameter(
            "kv_cache_dtype",
            "fp8" if recipe.kv_cache_precision == "fp8" else "auto",
            "auto: keys and values in the type of the activations.",
        ),
        *_ALWAYS,
        *_requests(recipe.serving),
        *_environment(recipe.serving.python_environment),
    )


def _limits(limits: EngineLimits) -> tuple[Parameter, ...]:
    return (
        Parameter("max_seq_len", str(limits.max_sequence_tokens), "Prompt and reply together."),
        Parameter(
            "max_num_tokens",
            str(limits.max_step_tokens),
            "A step's tokens: the chunk of a long prompt; costs memory.",
        ),
    )


def _cache(serving: Serving) -> tuple[Parameter, ...]:
    return (
        Parameter(
            "max_tokens_in_paged_kv_cache",
            str(serving.kv_cache_tokens),
            "The KV cache in tokens, so that Whisper and the voices keep their part of the GPU whatever loads first.",
        ),
        Parameter(
            "kv_cache_free_gpu_mem_fraction",
            f"{serving.kv_cache_fraction:g}",
            "The same as a part of what is free when the weights are loaded; the smaller of the two holds.",
        ),
        Parameter(
            "kv_cache_host_memory_bytes",
            str(serving.kv_cache_host_bytes),
            "Host memory for what leaves the GPU's cache; 0: a prompt that left is computed anew.",
        ),
    )


_ALWAYS = (
    Parameter(
        "batch_scheduler_policy",
        "guaranteed_no_evict",
        "A reply that has begun to speak must not lose its cache to a newcomer.",
    ),
    Parameter(
        "enable_kv_cache_reuse",
        "true",
        "Every turn's prompt begins with the prompt of the turn before, and all begin with the system prompt.",
    ),
    Parameter(
        "enable_chunked_context",
        "true",
        "A long prompt is computed in parts, so that those who are being answered do not stall.",
    ),
    Parameter("exclude_input_in_output", "true", "Nobody wants the prompt read aloud."),
)


def _requests(serving: Serving) -> tuple[Parameter, ...]:
    return (
        Parameter(
            "cancellation_check_period_ms",
            str(serving.cancellation_check_period_ms),
            "How soon an interrupted reply frees its slot: about a token's time.",
        ),
        Parameter(
            "max_queue_size",
            str(serving.max_queue_size) if serving.max_queue_size else None,
            "Requests that may wait while every slot generates; one more is refused at once.",
        ),
    )


def _environment(folder: str) -> tuple[Parameter, ...]:
    if not folder:
        return ()
    reason = (
        "Triton activates it for this model's process only: the other models have other versions of packages."
    )
    return (Parameter("EXECUTION_ENV_PATH", folder, reason),)
