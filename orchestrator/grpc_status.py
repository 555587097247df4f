"""What Triton's gRPC statuses and messages mean, as errors of ours.

Triton's status alone does not tell: a full queue and a missing server are both UNAVAILABLE, a dead Python
model is INTERNAL. So the text decides where it must; the texts are those of Triton 2.51.
"""

from __future__ import annotations

import re
from collections.abc import Container

from orchestrator.errors import (
    BackendLost,
    InferenceError,
    InferenceOverloaded,
    InferenceRefused,
    InferenceTimeout,
)

_FULL = re.compile(r"xceeds maximum queue size|imeout expired|try again later")
_LOST = re.compile(r"is not healthy|is not ready|not ready|no available versions|unknown model")
_RESTRICTED = re.compile(r"protocol is restricted")
_REQUEST_ID = re.compile(r"^\[request id: [^\]]*\] ")


def failure(model: str, status: str, message: str) -> InferenceError:
    """The error for `status` (the gRPC name) and `message`.

    At most one line of the server's message goes on to the user: what follows is a traceback with paths.
    """
    line = _first_line(message)
    if _FULL.search(line):
        return InferenceOverloaded(f"{model} has too much to do; try again in a few seconds")
    if _RESTRICTED.search(line):
        return InferenceError(
            f"Triton refuses to control {model}: BEAUTYAI_TRITON_ADMIN_KEY must be the key that Triton was started with"
        )
    if status in {"UNAVAILABLE", "NOT_FOUND"} or _LOST.search(line):
        return BackendLost(f"{model} is away and is being restarted; try again in a few seconds")
    if status == "DEADLINE_EXCEEDED":
        return InferenceTimeout(f"{model} did not answer in time; try again")
    if status in {"INVALID_ARGUMENT", "RESOURCE_EXHAUSTED"}:
        return InferenceRefused(f"{model} refused the request: {line}")
    return InferenceError(f"{model} failed: {line}")


def failure_in_stream(model: str, message: str, inputs: Container[str]) -> InferenceError:
    """The error for a message within a stream, which has no status.

    A bad request is known by the name of one of its `inputs` at the start (docs/decisions/0001).
    """
    named = re.match(r"\w+", _first_line(message))
    refused = named is not None and named[0] in inputs
    return failure(model, "INVALID_ARGUMENT" if refused else "UNKNOWN", message)


def _first_line(message: str) -> str:
    return _REQUEST_ID.sub("", message.strip()).split("\n")[0][:300]
