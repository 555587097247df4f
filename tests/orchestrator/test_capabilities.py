"""Which engine is loaded is seen from Triton's description of it, and what it cannot do has a reason."""

from __future__ import annotations

import pytest

from orchestrator.capabilities import NEUTRAL, PARAMETERS, TWIN_INPUTS, LoadedEngine, capabilities

CPP = LoadedEngine(frozenset({"input_ids"}), {"guided_decoding_backend": ""})
TWIN = LoadedEngine(frozenset({"input_ids", *TWIN_INPUTS}), {})
LLMAPI = LoadedEngine(frozenset({"input_ids"}), {"engine": "llmapi"})


@pytest.mark.parametrize(
    ("loaded", "engine"), [(CPP, "tensorrt_llm"), (TWIN, "llama.cpp"), (LLMAPI, "llmapi")]
)
def test_an_engine_is_known_and_every_refusal_is_of_a_parameter(loaded: LoadedEngine, engine: str) -> None:
    found = capabilities(loaded, can_think=False, takes_tools=False)
    assert found.engine == engine
    assert set(found.refused) <= set(PARAMETERS)
    assert set(found.described()) == set(PARAMETERS)


def test_the_twin_does_what_the_cpp_backend_cannot() -> None:
    assert capabilities(TWIN, can_think=True, takes_tools=True).refusal("min_p", 0.1) is None
    refusal = capabilities(CPP, can_think=True, takes_tools=True).refusal("min_p", 0.1)
    assert refusal == "TensorRT-LLM's C++ backend has no such input"


def test_a_value_that_asks_for_nothing_is_never_refused() -> None:
    found = capabilities(CPP, can_think=False, takes_tools=False)
    assert all(found.refusal(name, value) is None for name, value in NEUTRAL.items())


def test_what_the_cpp_backend_was_started_with_is_supported() -> None:
    parameters = {"guided_decoding_backend": "xgrammar", "lora_prefetch_dir": "/adapters"}
    found = capabilities(LoadedEngine(CPP.inputs, parameters), can_think=True, takes_tools=True)
    assert not {"response_format", "lora"} & set(found.refused)
