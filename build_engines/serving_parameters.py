"""From a recipe to the `parameters` of `tensorrt_llm/config.pbtxt` on a GPU, each with its reason. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from build_engines.recipe import Recipe, Serving


@dataclass(frozen=True)
class Parameter:
    """One parameter of the C++ backend; a value of None keeps what the repository has."""

    name: str
    value: str | None
    reason: str


def serving_parameters(recipe: Recipe, engine_dir: PurePosixPath) -> tuple[Parameter, ...]:
    """All parameters of the rendered model, in the order in which they are written."""
    serving = recipe.serving
    return (
        Parameter("gpt_model_path", str(engine_dir), "Where the server finds the compiled engine."),
        *_ALWAYS,
        *cache_parameters(serving),
        Parameter(
            "cancellation_check_period_ms",
            str(serving.cancellation_check_period_ms),
            "How soon an interrupted reply frees its slot: about a token's time, not the default 100 ms.",
        ),
    )


def cache_parameters(serving: Serving) -> tuple[Parameter, ...]:
    """How much of the GPU the conversations may keep."""
    return (
        Parameter(
            "max_tokens_in_paged_kv_cache",
            str(serving.kv_cache_tokens),
            "The KV cache in tokens, so that Whisper and the voices keep their part of the GPU whatever loads first.",
        ),
        Parameter(
            "kv_cache_free_gpu_mem_fraction",
            f"{serving.kv_cache_fraction:g}",
            "The same as a part of what is free when the model loads; the smaller of the two holds.",
        ),
        Parameter(
            "kv_cache_host_memory_bytes",
            str(serving.kv_cache_host_bytes),
            "Host memory for what leaves the GPU's cache; 0: a prompt that left is computed anew.",
        ),
    )


SCHEDULING = (
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
_ALWAYS = (
    Parameter(
        "gpt_model_type",
        "inflight_fused_batching",
        "Requests join and leave the running batch; the other modes wait for a whole batch to end.",
    ),
    Parameter(
        "max_beam_width", "1", "Speech is streamed as it is written; with beams its words could change."
    ),
    *SCHEDULING,
    Parameter(
        "decoding_mode", "top_k_top_p", "The only sampling in use; no work is spent on choosing per request."
    ),
    Parameter(
        "multi_block_mode", "true", "Long contexts are read by several blocks at once, also in small batches."
    ),
    Parameter("normalize_log_probs", "true", "The backend's own default, written down."),
    Parameter(
        "stats_check_period_ms",
        "100",
        "The backend's own default: how often Prometheus' figures are renewed.",
    ),
    Parameter(
        "FORCE_CPU_ONLY_INPUT_TENSORS", "no", "As NVIDIA's template has it: token ids need no GPU memory."
    ),
    Parameter(
        "executor_worker_path",
        "/opt/tritonserver/backends/tensorrtllm/trtllmExecutorWorker",
        "Where the container has it: the worker of every further GPU.",
    ),
    *(
        Parameter(name, "", "Without use here, but the backend does not load a model that lacks it.")
        for name in ("tokenizer_dir", "xgrammar_tokenizer_info_path", "guided_decoding_backend")
    ),
    Parameter("max_queue_size", None, "Read by the CPU twin only."),
)
