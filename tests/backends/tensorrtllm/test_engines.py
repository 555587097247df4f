"""Which engine a config asks for."""

from __future__ import annotations

from pathlib import Path

import pytest

from backends.tensorrtllm.engines import open_language_model
from backends.tensorrtllm.errors import ConfigurationError
from tests.backends.tensorrtllm.checkpoints import checkpoint, model_config


class NoMeter:
    """Counts nothing."""

    def step(self, generated: int, prompt: int) -> None: ...
    def load(self, active: int, waiting: int, reused: int) -> None: ...


def refused(config: dict[str, object], match: str) -> None:
    with pytest.raises(ConfigurationError, match=match):
        open_language_model({}, config, NoMeter(), print)


def test_a_config_without_an_engine_is_served_on_the_cpu() -> None:
    refused({}, r"^BEAUTYAI_LLM_GGUF is not set")


def test_the_llm_api_is_asked_for_by_name(tmp_path: Path) -> None:
    refused(model_config(checkpoint(tmp_path)), "llmapi needs TensorRT-LLM")


def test_an_unknown_engine_names_the_known_ones(tmp_path: Path) -> None:
    refused(
        model_config(checkpoint(tmp_path), engine="vllm"),
        r"'vllm' is unknown, choose one of llama.cpp, llmapi",
    )
