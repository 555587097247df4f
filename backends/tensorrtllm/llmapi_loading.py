"""TensorRT-LLM's `LLM`, loaded as the settings say; the only importer of `tensorrt_llm` among the backend's files.

Names: tensorrt_llm/llmapi/llm_args.py (TorchLlmArgs, KvCacheConfig, SchedulerConfig). Not yet run on a GPU.
"""

from __future__ import annotations

import os
import re
from typing import Any

from .errors import ConfigurationError
from .llmapi_settings import LlmApiSettings

OLDEST_RELEASE = "1.3.0rc26"
"""The oldest whose documented sampler (docs/source/features/sampling.md) is what our arguments are written for.

Until mid-2026 the PyTorch backend took penalties, bad words and seeds, and did nothing with them (NVIDIA/TensorRT-LLM
pull requests 16485, 16052, 17172): answers would differ without a word."""

_RELEASE = re.compile(r"(\d+)\.(\d+)\.(\d+)(?:rc(\d+))?")


def load_llm(settings: LlmApiSettings) -> tuple[Any, Any]:
    """Load the checkpoint into the GPU; takes minutes.

    Returns:
        An `LLM`, and the class of its sampling parameters.

    Raises:
        ConfigurationError: TensorRT-LLM is not installed, or is older than `OLDEST_RELEASE`.
    """
    # Newer releases report to NVIDIA unless told not to (tensorrt_llm/usage); this server is somebody's own.
    os.environ.setdefault("TRTLLM_NO_USAGE_STATS", "1")
    try:
        import tensorrt_llm
        from tensorrt_llm import LLM, SamplingParams
    except ImportError as error:
        raise ConfigurationError(
            f"engine: llmapi needs TensorRT-LLM in the Python that runs this backend: {error}"
        ) from error
    _require_release(tensorrt_llm.__version__)
    return LLM(**_arguments(settings)), SamplingParams


def _require_release(version: str) -> None:
    if _ordered(version) < _ordered(OLDEST_RELEASE):
        raise ConfigurationError(
            f"engine: TensorRT-LLM {version} is older than {OLDEST_RELEASE}, and older samplers ignore penalties, "
            "bad words and seeds; use a newer image, or the C++ backend with a compiled engine"
        )


def _ordered(version: str) -> tuple[int, ...]:
    found = _RELEASE.match(version)
    if found is None:
        raise ConfigurationError(f"engine: '{version}' is no release of TensorRT-LLM that can be compared")
    major, minor, patch, candidate = found.groups()
    # A release comes after all of its candidates.
    return int(major), int(minor), int(patch), int(candidate) if candidate else 10**6


def _arguments(settings: LlmApiSettings) -> dict[str, Any]:
    from tensorrt_llm.llmapi import CapacitySchedulerPolicy, KvCacheConfig, SchedulerConfig

    return {
        "model": str(settings.model_dir),
        # Token ids come in and go out.
        "skip_tokenizer_init": True,
        "tensor_parallel_size": settings.tensor_parallel_size,
        "max_batch_size": settings.max_batch_size,
        "max_seq_len": settings.max_sequence_tokens,
        "max_num_tokens": settings.max_step_tokens,
        "enable_chunked_prefill": settings.computes_prompts_in_parts,
        "kv_cache_config": KvCacheConfig(
            enable_block_reuse=settings.reuses_kv_cache,
            free_gpu_memory_fraction=settings.kv_cache_fraction,
            max_tokens=settings.kv_cache_tokens,
            host_cache_size=settings.kv_cache_host_bytes or None,
            dtype=settings.kv_cache_type,
        ),
        "scheduler_config": SchedulerConfig(
            capacity_scheduler_policy=CapacitySchedulerPolicy(settings.scheduler_policy.upper())
        ),
    }
