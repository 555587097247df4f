"""Errors in OpenAI's shape, for every route under `/v1`: what its client libraries read."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Literal

from pydantic import BaseModel

PREFIX = "/v1/"

ErrorType = Literal[
    "invalid_request_error", "authentication_error", "permission_error", "rate_limit_error", "server_error"
]
_TYPES: dict[int, ErrorType] = {
    401: "authentication_error",
    403: "permission_error",
    429: "rate_limit_error",
}


class OpenAIError(BaseModel):
    """`code` is that of the problems of the other routes; `param` is the field at fault."""

    message: str
    type: ErrorType
    param: str | None = None
    code: str | None = None


class OpenAIProblem(BaseModel):
    """What went wrong, as OpenAI's API says it. The request's id is in the header `X-Request-ID`."""

    error: OpenAIError


def is_openai(path: str) -> bool:
    """Whether errors of this path have OpenAI's shape."""
    return path.startswith(PREFIX)


def openai_problem(status: int, message: str, *, code: str, param: str | None = None) -> OpenAIProblem:
    kind = _TYPES.get(status, "server_error" if status >= 500 else "invalid_request_error")
    return OpenAIProblem(error=OpenAIError(message=message, type=kind, param=param, code=code))


def described_openai(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For a route's `responses` under `/v1`: these statuses are answered with an `OpenAIProblem`."""
    schema = {"$ref": "#/components/schemas/OpenAIProblem"}
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {"application/json": {"schema": schema}},
        }
        for status in statuses
    }
