"""What the operator decides of the LLM API's engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from backends.tensorrtllm.errors import ConfigurationError
from backends.tensorrtllm.llmapi_settings import read_llmapi_settings
from tests.backends.tensorrtllm.checkpoints import checkpoint, model_config


def test_config_and_checkpoint_decide_together(tmp_path: Path) -> None:
    config = model_config(
        checkpoint(tmp_path),
        enable_chunked_context="true",
        max_num_tokens="32",
        exclude_input_in_output="true",
    )
    settings = read_llmapi_settings(config)
    assert (settings.vocabulary_size, settings.max_batch_size, settings.max_sequence_tokens) == (100, 2, 64)
    assert (settings.max_step_tokens, settings.max_queue_size, settings.cancel_check_seconds) == (32, 2, 0.01)
    assert settings.computes_prompts_in_parts
    assert settings.reuses_kv_cache
    assert settings.exclude_input_in_output
    assert settings.kv_cache_tokens is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("gpt_model_path", None),
        ("gpt_model_path", "/nowhere"),
        ("max_seq_len", None),
        ("max_seq_len", "0"),
        ("max_seq_len", "5000"),
        ("max_num_tokens", "many"),
        ("max_num_tokens", "32"),
        ("tensor_parallel_size", "0"),
        ("max_tokens_in_paged_kv_cache", "32"),
        ("kv_cache_free_gpu_mem_fraction", "1.5"),
        ("kv_cache_free_gpu_mem_fraction", "half"),
        ("kv_cache_host_memory_bytes", "-1"),
        ("kv_cache_dtype", "int8"),
        ("enable_kv_cache_reuse", "yes"),
        ("batch_scheduler_policy", "static_batch"),
        ("max_queue_size", "0"),
        ("cancellation_check_period_ms", "0"),
    ],
)
def test_a_value_that_cannot_work_is_refused_by_name(tmp_path: Path, name: str, value: str | None) -> None:
    config = model_config(checkpoint(tmp_path), **{name: value})
    with pytest.raises(ConfigurationError, match=f"^{name}: "):
        read_llmapi_settings(config)


@pytest.mark.parametrize("content", ["{}", "no json", '{"vocab_size": "large"}', "[]"])
def test_a_checkpoint_that_describes_no_language_model_is_refused(tmp_path: Path, content: str) -> None:
    (checkpoint(tmp_path) / "config.json").write_text(content)
    with pytest.raises(ConfigurationError, match=r"^gpt_model_path: .*describes no language model"):
        read_llmapi_settings(model_config(tmp_path))
