"""From a recipe to the `parameters` with which TensorRT-LLM's LLM API serves it, each with its reason. Pure."""

from __future__ import annotations

from pathlib import PurePosixPath

from build_engines.recipe import EngineLimits, Recipe, Serving
from build_engines.serving_parameters import SCHEDULING, Parameter, cache_parameters


def llmapi_parameters(recipe: Recipe, checkpoint_dir: PurePosixPath) -> tuple[Parameter, ...]:
    """All parameters of the rendered model, in the order in which they are written."""
    return (
        Parameter(
            "engine", "llmapi", "Which engine of backends/tensorrtllm serves: TensorRT-LLM on PyTorch."
        ),
        Parameter("gpt_model_path", str(checkpoint_dir), "Weights and config.json, as the hub holds them."),
        *_limits(recipe.engine),
        Parameter("tensor_parallel_size", str(recipe.gpu_count), "GPUs that share every layer."),
        *cache_parameters(recipe.serving),
        Parameter(
            "kv_cache_dtype",
            "fp8" if recipe.kv_cache_precision == "fp8" else "auto",
            "auto: keys and values in the type of the activations.",
        ),
        *SCHEDULING,
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
