"""What the models and sessions of the embedded runtime begin with."""

from __future__ import annotations

from pathlib import Path

import pytest

from embedded.fetch import Runtime
from embedded.settings import Settings
from embedded.triton import model_environment

HISTORY = "BEAUTYAI_SESSION__GENERATION__HISTORY_TOKENS"


@pytest.fixture
def runtime() -> Runtime:
    return Runtime(**dict.fromkeys(Runtime.__dataclass_fields__, Path("/weights")))


def test_a_session_on_a_cpu_is_told_a_bounded_part_of_its_conversation(runtime: Runtime) -> None:
    settings = Settings.from_environment({})
    environment = model_environment(settings, runtime, {})
    assert 64 <= int(environment[HISTORY]) < int(environment["BEAUTYAI_LLM_CONTEXT_TOKENS"])
    assert model_environment(settings, runtime, {HISTORY: "300"})[HISTORY] == "300"
    assert HISTORY not in model_environment(settings, runtime, {"BEAUTYAI_CONFIG": "settings.json"})
