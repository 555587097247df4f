"""What the operator decides of the CPU engine, read once at load and validated as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import ConfigurationError
from .parameters import flag, parameter, whole_number


@dataclass(frozen=True)
class Settings:
    """Where the model is, how much of the machine it takes, and the limits of a request."""

    gguf: Path
    slots: int
    context_tokens: int
    """Longest prompt plus output of one generation."""
    threads: int
    max_queue_size: int
    """Requests that may wait while every slot generates."""
    exclude_input_in_output: bool
    """Default of the tensor of that name."""
    waiting_cancel_check_seconds: float


def read_settings(environment: Mapping[str, str], model_config: Mapping[str, Any]) -> Settings:
    """Settings from the environment and from the parsed `config.pbtxt`, whose parameter `gguf` comes first.

    Raises:
        ConfigurationError: a value is missing, not a number, or out of range.
    """

    def number(name: str, default: str) -> int:
        return whole_number(name, parameter(model_config, name, default))

    exclude_input = parameter(model_config, "exclude_input_in_output", "false")
    return Settings(
        gguf=_gguf(parameter(model_config, "gguf", environment.get("BEAUTYAI_LLM_GGUF", ""))),
        slots=_environment_number(environment, "BEAUTYAI_LLM_SLOTS", 4),
        context_tokens=_environment_number(environment, "BEAUTYAI_LLM_CONTEXT_TOKENS", 2048),
        threads=_environment_number(environment, "BEAUTYAI_LLM_THREADS", 2),
        max_queue_size=number("max_queue_size", "64"),
        exclude_input_in_output=flag("exclude_input_in_output", exclude_input),
        waiting_cancel_check_seconds=number("cancellation_check_period_ms", "100") / 1000,
    )


def _gguf(value: str) -> Path:
    if not value:
        raise ConfigurationError("BEAUTYAI_LLM_GGUF is not set: give the path of a GGUF file")
    path = Path(value)
    if not path.is_file():
        raise ConfigurationError(f"BEAUTYAI_LLM_GGUF: there is no file {path}")
    return path


def _environment_number(environment: Mapping[str, str], name: str, default: int) -> int:
    return whole_number(name, environment.get(name, "") or str(default))
