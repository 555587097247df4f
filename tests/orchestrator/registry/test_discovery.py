from __future__ import annotations

from typing import Any

import pytest

from orchestrator.registry.discovery import discovered


def config(**parameters: str) -> dict[str, Any]:
    return {"parameters": {name: {"string_value": value} for name, value in parameters.items()}}


@pytest.mark.parametrize(
    ("weights", "name"),
    [
        ("/cache/weights/whisper-base-530adad6ebf2", "whisper-base"),
        ("/weights/whisper-large-v3-turbo", "whisper-large-v3-turbo"),
        ("/w", "whisper"),
    ],
)
def test_a_model_is_named_after_the_folder_of_its_weights(weights: str, name: str) -> None:
    found = discovered(
        {"whisper": config(model_dir="${DIR}", compute_type="int8")}, {"DIR": weights}, "/tokenizer"
    )
    assert found.serving == found.started_with == {"whisper": name}
    assert (found.models[name].weights, found.models[name].quantization) == (weights, "int8")


def test_the_language_model_of_a_laptop_is_its_gguf() -> None:
    gguf = "/cache/weights/smollm2-135m-ddabe338f50b/model.gguf"
    found = discovered({"tensorrt_llm": config()}, {"BEAUTYAI_LLM_GGUF": gguf}, "/tokenizer")
    entry = found.models["smollm2-135m"]
    assert (entry.engine, entry.weights, entry.tokenizer) == ("llama.cpp", gguf, "/tokenizer")
    assert found.default == "smollm2-135m"


def test_an_engine_for_a_gpu_is_named_after_its_recipe() -> None:
    engine = {"tensorrt_llm": config(gpt_model_path="/engines/h100-fp8/engine")}
    found = discovered(engine, {}, "/tokenizer")
    assert found.models["h100-fp8"].engine == "tensorrt_llm"
    assert found.models["h100-fp8"].quantization == "fp8"
    weights = {"tensorrt_llm": config(engine="llmapi", gpt_model_path="/weights/qwen3-14b")}
    assert discovered(weights, {}, "/tokenizer").models["qwen3-14b"].engine == "llmapi"


def test_what_this_process_cannot_see_is_left_to_the_server() -> None:
    found = discovered({"whisper": config(model_dir="${ONLY_THERE}"), "chat": config()}, {}, "/tokenizer")
    assert found.serving == {"whisper": "whisper"}
    assert found.models["whisper"].weights is None
