"""What the models and sessions of the embedded runtime begin with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from embedded.fetch import Runtime
from embedded.settings import Settings
from embedded.triton import model_environment

HISTORY = "BEAUTYAI_SESSION__GENERATION__HISTORY_TOKENS"
PROMPT = "BEAUTYAI_SESSION__SYSTEM_PROMPT"
TEMPERATURE = "BEAUTYAI_SESSION__GENERATION__TEMPERATURE"


@pytest.fixture
def runtime() -> Runtime:
    return Runtime(**dict.fromkeys(Runtime.__dataclass_fields__, Path("/weights")))


def test_a_session_on_a_cpu_is_told_a_bounded_part_of_its_conversation(runtime: Runtime) -> None:
    settings = Settings.from_environment({})
    environment = model_environment(settings, runtime, {})
    assert 64 <= int(environment[HISTORY]) < int(environment["BEAUTYAI_LLM_CONTEXT_TOKENS"])
    assert model_environment(settings, runtime, {HISTORY: "300"})[HISTORY] == "300"
    assert HISTORY not in model_environment(settings, runtime, {"BEAUTYAI_CONFIG": "settings.json"})


def environment(folder: Path) -> dict[str, str]:
    runtime = Runtime(**dict.fromkeys(Runtime.__dataclass_fields__, folder))
    return model_environment(Settings.from_environment({}), runtime, {"BEAUTYAI_DATA_DIR": str(folder)})


@pytest.mark.parametrize("text", [None, "{", "[]", json.dumps({"max_sessions": 3})])
def test_a_small_model_has_its_own_session_defaults(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "config.json").write_text(text)
    assert {PROMPT, TEMPERATURE} <= set(environment(tmp_path))


def test_what_the_file_of_settings_gives_is_not_hidden_by_the_environment(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"session": {"system_prompt": "Be brief."}}))
    made = environment(tmp_path)
    assert PROMPT not in made
    assert TEMPERATURE in made
