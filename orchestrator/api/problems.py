"""Errors as `application/problem+json` (RFC 9457): a stable code, the field at fault and the request's id.

Routes under `/v1` answer the same errors in OpenAI's shape (`openai_problems.py`).
"""

from __future__ import annotations

import json
import logging
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from orchestrator.api.openai_problems import OpenAIProblem, described_openai, is_openai, openai_problem
from orchestrator.errors import VoiceError
from orchestrator.request_ids import current_request_id

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
_CODES = {
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
}
# With which any request may be refused, before its route hears of it (docs/access.md).
_OF_ACCESS = (400, 401, 403, 421, 429)


class FieldProblem(BaseModel):
    """One thing that is wrong in the request; `field` is its path, as in `messages.0.content`."""

    field: str
    message: str


class Problem(BaseModel):
    """What went wrong, whose fault it is (`status`) and what to do (`detail`)."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    code: str
    field: str | None = None
    retryable: bool = False
    request_id: str
    errors: list[FieldProblem] = []


def described(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For a route's `responses`: these statuses are answered with a `Problem`."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        status: {"description": HTTPStatus(status).phrase, "content": {MEDIA_TYPE: {"schema": schema}}}
        for status in statuses
    }


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    field: str | None = None,
    retryable: bool = False,
    errors: list[FieldProblem] | None = None,
) -> Problem:
    return Problem(
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        code=code,
        field=field,
        retryable=retryable,
        request_id=current_request_id.get(),
        errors=errors or [],
    )


def problem_of(error: VoiceError) -> Problem:
    """How an error of the tree is told over HTTP."""
    return problem(error.status, error.code, str(error), field=error.field, retryable=error.retryable)


def answer(problem: Problem, headers: dict[str, str] | None = None) -> Response:
    return _json(problem.model_dump(exclude_none=True), problem.status, headers, MEDIA_TYPE)


def answer_at(path: str, problem: Problem, headers: dict[str, str] | None = None) -> Response:
    """The answer with this problem, in the shape that errors of `path` have."""
    if not is_openai(path):
        return answer(problem, headers)
    # OpenAI's API answers every request that it cannot take with 400, and its clients know no other.
    status = 400 if problem.status == 422 else problem.status
    told = openai_problem(status, problem.detail, code=problem.code, param=problem.field)
    return _json(told.model_dump(), status, headers, "application/json")


def _json(content: object, status: int, headers: dict[str, str] | None, media_type: str) -> Response:
    # ASCII: half of a surrogate pair, which a request's JSON may hold, can be escaped and not be encoded.
    return Response(json.dumps(content), status, headers, media_type)


def answer_problems(app: FastAPI) -> None:
    """Every error of `app` is answered with a `Problem`, and the schema has it."""
    app.add_exception_handler(VoiceError, _of_ours)
    app.add_exception_handler(RequestValidationError, _of_validation)
    app.add_exception_handler(HTTPException, _of_http)
    app.add_exception_handler(Exception, _unknown)
    described_by_fastapi = app.openapi

    def openapi() -> dict[str, Any]:
        return _with_problems(described_by_fastapi())

    app.openapi = openapi  # type: ignore[method-assign]


def _with_problems(schema: dict[str, Any]) -> dict[str, Any]:
    """`schema`, whose every refused request is described as a `Problem` instead of FastAPI's own error."""
    models: list[tuple[type[BaseModel], Any]] = [(Problem, "serialization"), (OpenAIProblem, "serialization")]
    _, ours = models_json_schema(models, ref_template="#/components/schemas/{model}")
    schemas = schema.setdefault("components", {}).setdefault("schemas", {})
    schemas.update(ours["$defs"])
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for path, operations in schema["paths"].items():
        for operation in operations.values():
            describe = described_openai if is_openai(path) else described
            refusals = {str(status): answer for status, answer in describe(*_OF_ACCESS).items()}
            operation["responses"] = {**refusals, **operation["responses"]}
            _describe_refusal(operation["responses"], is_openai(path))
    return schema


def _describe_refusal(responses: dict[str, Any], openai: bool) -> None:
    if "HTTPValidationError" not in str(responses.get("422", {})):
        return
    if openai:
        del responses["422"]
        responses["400"] = described_openai(400)[400]
    else:
        responses["422"] = described(422)[422]


async def _of_ours(request: Request, error: Exception) -> Response:
    assert isinstance(error, VoiceError)
    if error.status >= 500:
        log.warning("%s: %s", error.code, error)
    return answer_at(request.url.path, problem_of(error), error.headers)


async def _of_validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    wrong = [FieldProblem(field=_path(each["loc"]), message=each["msg"]) for each in error.errors()]
    detail = "; ".join(f"{each.field}: {each.message}" for each in wrong)
    field = wrong[0].field if wrong else None
    return answer_at(request.url.path, problem(422, "bad_request", detail, field=field, errors=wrong))


async def _of_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = _CODES.get(error.status_code, "bad_request" if error.status_code < 500 else "internal")
    told = problem(error.status_code, code, error.detail)
    return answer_at(request.url.path, told, dict(error.headers or {}))


async def _unknown(request: Request, error: Exception) -> Response:
    log.error("a request broke", exc_info=error)
    detail = "the request broke inside the server; its log says more under this request_id"
    return answer_at(request.url.path, problem(500, "internal", detail))


def _path(location: tuple[int | str, ...]) -> str:
    """`("body", "messages", 0)` -> `messages.0`."""
    return ".".join(map(str, location[1:])) or str(location[0])
