"""The configuration classes of `tensorrt_llm.llmapi` in use: arguments by name, unknown ones refused."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class CapacitySchedulerPolicy(str, Enum):
    """tensorrt_llm/llmapi/llm_args.py."""

    MAX_UTILIZATION = "MAX_UTILIZATION"
    GUARANTEED_NO_EVICT = "GUARANTEED_NO_EVICT"
    STATIC_BATCH = "STATIC_BATCH"


@dataclass(kw_only=True)
class SchedulerConfig:
    """tensorrt_llm/llmapi/llm_args.py."""

    capacity_scheduler_policy: CapacitySchedulerPolicy = CapacitySchedulerPolicy.GUARANTEED_NO_EVICT


@dataclass(kw_only=True)
class KvCacheConfig:
    """tensorrt_llm/llmapi/llm_args.py."""

    enable_block_reuse: bool = True
    max_tokens: int | None = None
    free_gpu_memory_fraction: float | None = 0.9
    host_cache_size: int | None = None
    dtype: str = "auto"
