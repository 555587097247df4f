from __future__ import annotations

import json
from typing import Any

from orchestrator.registry.entry import ModelEntry
from orchestrator.registry.overrides import (
    configuration,
    current_parameters,
    expanded,
    has_just,
    original_parameters,
    parameters_of,
)

ENVIRONMENT = {"BEAUTYAI_WHISPER_DIR": "/weights/base", "BEAUTYAI_LLM_GGUF": "/weights/a.gguf"}
LOADED: dict[str, Any] = {
    "name": "whisper",
    "parameters": {
        "model_dir": {"string_value": "${BEAUTYAI_WHISPER_DIR}"},
        "beam_size": {"string_value": "1"},
    },
}
TINY = ModelEntry(
    triton_model="whisper",
    engine="ctranslate2",
    weights="/weights/tiny",
    triton_parameters={"beam_size": "2"},
)


def test_weights_and_parameters_are_laid_over_the_repositorys() -> None:
    wanted = parameters_of(TINY)
    made = configuration(LOADED, wanted, ENVIRONMENT)
    assert made is not None
    content = json.loads(made)
    assert content["name"] == "whisper"
    assert current_parameters(content).items() >= {"model_dir": "/weights/tiny", "beam_size": "2"}.items()
    assert has_just(content, wanted, ENVIRONMENT)
    assert not has_just(LOADED, wanted, ENVIRONMENT)


def test_the_repositorys_own_parameters_are_found_again() -> None:
    content = json.loads(configuration(LOADED, parameters_of(TINY), ENVIRONMENT) or "")
    assert original_parameters(content) == current_parameters(LOADED)
    plain = {"model_dir": "/weights/tiny"}
    again = json.loads(configuration(content, plain, ENVIRONMENT) or "")
    assert current_parameters(again)["beam_size"] == "1"
    assert not has_just(content, plain, ENVIRONMENT)  # it has more over them


def test_what_the_repository_already_comes_to_needs_no_configuration() -> None:
    assert configuration(LOADED, {"model_dir": "/weights/base"}, ENVIRONMENT) is None
    assert configuration(LOADED, {"gguf": "/weights/a.gguf"}, ENVIRONMENT) is None
    assert configuration(LOADED, {"model_dir": "/weights/base"}, {}) is not None


def test_variables_are_replaced_as_the_models_do_it() -> None:
    assert expanded("${A:-x}/${B}", {"B": "b"}) == "x/b"
    assert expanded("${A}", {}) is None
