"""Which engine stands behind the tensors: llama.cpp, or TensorRT-LLM's LLM API where the config asks for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .errors import ConfigurationError
from .language_model import LanguageModel, Meter
from .parameters import parameter

ENGINES = ("llama.cpp", "llmapi")
"""Values of the parameter `engine`; a config without it is served by the first."""


def open_language_model(
    environment: Mapping[str, str], model_config: Mapping[str, Any], meter: Meter, log: Callable[[str], None]
) -> LanguageModel:
    """Load the model that `config.pbtxt` describes, with the engine that it names.

    Each engine's libraries are on its own machines only, so the other one's are not even imported.

    Raises:
        ConfigurationError: a setting, a file or a library that cannot work.
    """
    engine = parameter(model_config, "engine", ENGINES[0])
    if engine == "llama.cpp":
        from .cpu_twin import CpuTwin
        from .settings import read_settings

        return CpuTwin(read_settings(environment, model_config), meter, log)
    if engine == "llmapi":
        from .llmapi import LlmApi
        from .llmapi_loading import load_llm
        from .llmapi_settings import read_llmapi_settings

        settings = read_llmapi_settings(model_config)
        return LlmApi(*load_llm(settings), settings, meter, log)
    raise ConfigurationError(f"engine: '{engine}' is unknown, choose one of {', '.join(ENGINES)}")
