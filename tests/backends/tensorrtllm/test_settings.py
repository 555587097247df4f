"""What the operator decides, read from the environment and the config that production uses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from backends.tensorrtllm.errors import ConfigurationError
from backends.tensorrtllm.settings import read_settings

CONFIG: dict[str, Any] = {
    "parameters": {
        "max_queue_size": {"string_value": "32"},
        "exclude_input_in_output": {"string_value": "true"},
        "cancellation_check_period_ms": {"string_value": "20"},
    },
}


@pytest.fixture
def gguf(tmp_path: Path) -> str:
    path = tmp_path / "model.gguf"
    path.touch()
    return str(path)


def test_the_config_decides_queue_and_defaults_and_the_environment_the_machine(gguf: str) -> None:
    settings = read_settings({"BEAUTYAI_LLM_GGUF": gguf, "BEAUTYAI_LLM_SLOTS": "8"}, CONFIG)
    assert (settings.slots, settings.context_tokens, settings.threads) == (8, 2048, 2)
    assert (settings.max_queue_size, settings.waiting_cancel_check_seconds) == (32, 0.02)
    assert settings.exclude_input_in_output


def test_a_model_that_the_config_names_goes_before_that_of_the_environment(gguf: str) -> None:
    config = {"parameters": {"gguf": {"string_value": gguf}}}
    assert read_settings({"BEAUTYAI_LLM_GGUF": "/nowhere.gguf"}, config).gguf == Path(gguf)


def test_a_config_without_these_keys_still_loads(gguf: str) -> None:
    settings = read_settings({"BEAUTYAI_LLM_GGUF": gguf}, {})
    assert (settings.max_queue_size, settings.waiting_cancel_check_seconds) == (64, 0.1)
    assert not settings.exclude_input_in_output


@pytest.mark.parametrize("value", ["0", "-1", "two", "1.5"])
@pytest.mark.parametrize(
    "name", ["BEAUTYAI_LLM_SLOTS", "BEAUTYAI_LLM_CONTEXT_TOKENS", "BEAUTYAI_LLM_THREADS"]
)
def test_a_number_that_cannot_work_is_refused_by_name(gguf: str, name: str, value: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^{name}: "):
        read_settings({"BEAUTYAI_LLM_GGUF": gguf, name: value}, CONFIG)


@pytest.mark.parametrize("environment", [{}, {"BEAUTYAI_LLM_GGUF": "/nowhere.gguf"}])
def test_a_missing_model_is_refused(environment: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match=r"^BEAUTYAI_LLM_GGUF"):
        read_settings(environment, CONFIG)
