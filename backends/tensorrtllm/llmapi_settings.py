"""What the operator decides of the LLM API's engine, read once at load from `config.pbtxt` and the checkpoint.

Parameters that mean what they mean to the C++ backend have its names; the others have those of the LLM API.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import ConfigurationError
from .parameters import flag, fraction, parameter, whole_number

POLICIES = ("guaranteed_no_evict", "max_utilization")
CACHE_TYPES = ("auto", "fp8")


@dataclass(frozen=True)
class LlmApiSettings:
    """Where the checkpoint is, how much of the GPU it takes, and the limits of a request."""

    model_dir: Path
    vocabulary_size: int
    """Of the checkpoint, not of the tokenizer."""
    max_batch_size: int
    """Generations that share a step."""
    max_sequence_tokens: int
    """Longest prompt plus output of one generation."""
    max_step_tokens: int
    tensor_parallel_size: int
    kv_cache_tokens: int | None
    """None: as many as `kv_cache_fraction` holds."""
    kv_cache_fraction: float
    kv_cache_host_bytes: int
    kv_cache_type: str
    reuses_kv_cache: bool
    computes_prompts_in_parts: bool
    scheduler_policy: str
    max_queue_size: int
    """Requests that may wait while `max_batch_size` others generate."""
    exclude_input_in_output: bool
    """Default of the tensor of that name."""
    cancel_check_seconds: float


def read_llmapi_settings(model_config: Mapping[str, Any]) -> LlmApiSettings:
    """Settings from the parsed `config.pbtxt` and the checkpoint's own `config.json`.

    Raises:
        ConfigurationError: a value is missing, of the wrong kind or out of range, or the checkpoint cannot be used.
    """
    read = _Reader(model_config)
    model_dir = Path(read.text("gpt_model_path"))
    checkpoint = _checkpoint(model_dir)
    settings = LlmApiSettings(
        model_dir=model_dir,
        vocabulary_size=checkpoint["vocab_size"],
        max_batch_size=whole_number("max_batch_size", str(model_config.get("max_batch_size", 0))),
        max_sequence_tokens=read.number("max_seq_len"),
        max_step_tokens=read.number("max_num_tokens"),
        tensor_parallel_size=read.number("tensor_parallel_size", "1"),
        kv_cache_tokens=read.number("max_tokens_in_paged_kv_cache", "0", 0) or None,
        kv_cache_fraction=read.fraction("kv_cache_free_gpu_mem_fraction", "0.9"),
        kv_cache_host_bytes=read.number("kv_cache_host_memory_bytes", "0", 0),
        kv_cache_type=read.one_of("kv_cache_dtype", CACHE_TYPES),
        reuses_kv_cache=read.flag("enable_kv_cache_reuse", "true"),
        computes_prompts_in_parts=read.flag("enable_chunked_context", "false"),
        scheduler_policy=read.one_of("batch_scheduler_policy", POLICIES),
        max_queue_size=read.number("max_queue_size", "64"),
        exclude_input_in_output=read.flag("exclude_input_in_output", "false"),
        cancel_check_seconds=read.number("cancellation_check_period_ms", "100") / 1000,
    )
    _require_consistent(settings, checkpoint["max_position_embeddings"])
    return settings


@dataclass(frozen=True)
class _Reader:
    """The parameters of one config; every method names the parameter that it complains of."""

    model_config: Mapping[str, Any]

    def text(self, name: str, default: str = "") -> str:
        value = parameter(self.model_config, name, default)
        if not value:
            raise ConfigurationError(f"{name}: missing from config.pbtxt; render it with `build_engines`")
        return value

    def number(self, name: str, default: str = "", lowest: int = 1) -> int:
        return whole_number(name, self.text(name, default), lowest)

    def fraction(self, name: str, default: str) -> float:
        return fraction(name, self.text(name, default))

    def flag(self, name: str, default: str) -> bool:
        return flag(name, self.text(name, default))

    def one_of(self, name: str, allowed: tuple[str, ...]) -> str:
        """The first one is the default."""
        value = self.text(name, allowed[0])
        if value not in allowed:
            raise ConfigurationError(f"{name}: '{value}' is unknown, choose one of {', '.join(allowed)}")
        return value


def _checkpoint(model_dir: Path) -> dict[str, int]:
    path = model_dir / "config.json"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return {name: int(content[name]) for name in ("vocab_size", "max_position_embeddings")}
    except FileNotFoundError:
        raise ConfigurationError(
            f"gpt_model_path: {model_dir} holds no checkpoint with a config.json; the LLM API reads the checkpoints "
            "of the Hugging Face Hub, not compiled engines"
        ) from None
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigurationError(f"gpt_model_path: {path} describes no language model: {error!r}") from None


def _require_consistent(settings: LlmApiSettings, positions: int) -> None:
    longest = settings.max_sequence_tokens
    if longest > positions:
        raise ConfigurationError(
            f"max_seq_len: {longest} exceeds the {positions} positions of the checkpoint"
        )
    if not settings.computes_prompts_in_parts and settings.max_step_tokens < longest:
        raise ConfigurationError(
            f"max_num_tokens: a step of {settings.max_step_tokens} tokens holds no prompt of a sequence of {longest}; "
            "set enable_chunked_context, or raise it"
        )
    if settings.kv_cache_tokens is not None and settings.kv_cache_tokens < longest:
        raise ConfigurationError(
            f"max_tokens_in_paged_kv_cache: {settings.kv_cache_tokens} holds not even one sequence of {longest}"
        )
