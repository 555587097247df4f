"""Exit codes that scripts can rely on, and the code of every error."""

from __future__ import annotations

from enum import IntEnum

from client.errors import (
    AudioFileError,
    ClientError,
    ConversationRefused,
    Problem,
    ServerUnreachable,
    WrongInput,
)


class Exit(IntEnum):
    """What the shell gets."""

    OK = 0
    FAILED = 1
    USAGE = 2
    UNREACHABLE = 3
    REFUSED = 4
    NOT_FOUND = 5
    INVALID = 6
    BUSY = 7
    INTERRUPTED = 130


MEANINGS = {
    Exit.OK: "done",
    Exit.FAILED: "failed: the server's fault, or a check that did not pass",
    Exit.USAGE: "wrong usage of the command",
    Exit.UNREACHABLE: "no server answers at the address",
    Exit.REFUSED: "refused: a key is missing, wrong, or lacks the scope (401, 403)",
    Exit.NOT_FOUND: "what was named does not exist (404)",
    Exit.INVALID: "the input cannot be used: a file, a value, or a conflict (400, 409, 413, 415, 422)",
    Exit.BUSY: "not now: the server is full, starting or limited (429, 503); try again",
    Exit.INTERRUPTED: "interrupted with Ctrl-C",
}

_OF_STATUS = {401: Exit.REFUSED, 403: Exit.REFUSED, 404: Exit.NOT_FOUND, 429: Exit.BUSY, 503: Exit.BUSY}


def exit_code(error: ClientError) -> Exit:
    """The exit code of an error."""
    if isinstance(error, Problem):
        return _OF_STATUS.get(error.status, Exit.INVALID if error.status < 500 else Exit.FAILED)
    if isinstance(error, ConversationRefused):
        refused = _OF_STATUS.get(error.status, Exit.UNREACHABLE)
        return refused if refused in (Exit.REFUSED, Exit.BUSY) else Exit.UNREACHABLE
    if isinstance(error, ServerUnreachable):
        return Exit.UNREACHABLE
    return Exit.INVALID if isinstance(error, WrongInput | AudioFileError) else Exit.FAILED
