"""The whole OpenAPI document, fuzzed: whatever is sent, answers are those that it describes, and never a 5xx.

Every operation of the app is called, whoever wrote it, with bodies and parameters that follow the document and with
some that do not. The orchestrator is one of its own, so that what is deleted and configured here is nobody else's.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from orchestrator.app import create_app
from orchestrator.config import Settings
from orchestrator.parameters import MAX_CHOICES
from tests.conftest import RunningTriton
from tests.orchestrator.api.conftest import serving, settings_for

pytestmark = pytest.mark.triton

EXAMPLES = int(os.environ.get("BEAUTYAI_FUZZ_EXAMPLES", "6"))
"""Of each operation, valid and invalid each; a night may have more."""

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
LENGTHS = ("max_new_tokens", "max_tokens", "max_completion_tokens")
LONGEST = 32_768


def document() -> dict[str, Any]:
    """What the app describes; nothing runs for it."""
    tokenizer = Path(os.environ["BEAUTYAI_TOKENIZER_DIR"])
    return create_app(Settings(tokenizer_dir=tokenizer)).openapi()


DOCUMENT = document()
OPERATIONS = [f"{method.upper()} {path}" for path, methods in DOCUMENT["paths"].items() for method in methods]
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)


@pytest.fixture(scope="module")
def own_api(triton: RunningTriton, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(settings_for(triton, tmp_path_factory.mktemp("fuzzed"))) as url:
        deadline = time.monotonic() + 60
        while httpx2.get(f"{url}/ready").status_code != 200 and time.monotonic() < deadline:
            time.sleep(0.2)
        yield url


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["valid", "invalid"])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_answers_are_those_that_are_described(own_api: str, operation: str, mode: GenerationMode) -> None:
    method, path = operation.split(" ", 1)
    described = SCHEMA[path][method]

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=described.as_strategy(generation_mode=mode))
    def fuzz(case: Case[Any]) -> None:
        keep_short(case, mode)
        response = case.call(base_url=own_api, timeout=60)
        # A body that is too large is refused for that, and schemathesis does not count it as refused.
        too_large = response.status_code == 413
        checks = [check for check in CHECKS if not (too_large and check is negative_data_rejection)]
        case.validate_response(response, checks=checks)

    try:
        fuzz()
    except Unsatisfiable as error:
        if mode is GenerationMode.POSITIVE:
            raise
        pytest.skip(f"nothing can be wrong in its request: {error}")


def keep_short(case: Case[Any], mode: GenerationMode) -> None:
    """Let a valid generation have few tokens, and name a model that is there; what is invalid stays as it is."""
    body: Any = case.body
    if not isinstance(body, dict):
        return
    for name in LENGTHS:
        if isinstance(body.get(name), int) and 4 < body[name] <= LONGEST:
            body[name] = 4
    if isinstance(body.get("n"), int) and 2 < body["n"] <= MAX_CHOICES:
        body["n"] = 2
    properties = described_properties(case)
    if mode is GenerationMode.POSITIVE and "max_new_tokens" in properties:
        if all(body.get(name) is None for name in LENGTHS):
            body["max_new_tokens"] = 4
        body["model"] = "smollm2-135m"


def described_properties(case: Case[Any]) -> set[str]:
    """The names that the JSON body of the operation may have."""
    body = case.operation.definition.raw.get("requestBody", {}).get("content", {}).get("application/json", {})
    name = body.get("schema", {}).get("$ref", "").rpartition("/")[2]
    return set(DOCUMENT["components"]["schemas"].get(name, {}).get("properties", {}))


def test_every_operation_says_what_it_does_and_who_may_not() -> None:
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            assert operation.get("description"), f"{method} {path} has no description"
            assert operation.get("tags"), f"{method} {path} has no tag"
