"""What can go wrong for a client, by whose fault it is; every message says what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class ClientError(Exception):
    """Anything this package raises on purpose."""


class AudioFileError(ClientError):
    """A file that should hold audio does not; the caller's file is at fault."""


class DeviceMissing(ClientError):
    """No microphone or loudspeaker can be used; something has to be installed or plugged in."""


class ServerUnreachable(ClientError):
    """Nothing answers at the address, or what answers is not a BeautyAI server."""


class ConversationRefused(ServerUnreachable):
    """The server answers, but opens no WebSocket. `status` is that of its HTTP answer."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class Problem(ClientError):
    """The server answered a request with an error.

    Attributes:
        status: of HTTP.
        code: stable word for programs, for example `not_found`.
        content: the whole problem as the server told it.
    """

    def __init__(self, message: str, status: int, code: str, content: Mapping[str, Any]) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.content = content


class WrongInput(ClientError):
    """A file or a value that a command was given cannot be used; the caller has to mend it."""


class ConnectionLost(ClientError):
    """The server closed the connection, or it vanished.

    Attributes:
        close_code: WebSocket close code; 1006 when there was no closing handshake.
    """

    def __init__(self, close_code: int, reason: str) -> None:
        super().__init__(f"the server closed the connection: {close_code} {reason}".rstrip())
        self.close_code = close_code


class ProtocolError(ClientError):
    """The server sent a message that the wire does not allow; client and server versions may differ."""


class ServerFault(ClientError):
    """The server reported a typed `error`.

    Attributes:
        code: stable word for programs, for example `backend_lost`.
        retryable: whether the same words may be said again.
    """

    def __init__(self, code: str, message: str, retryable: bool) -> None:
        super().__init__(f"the server reported {code}: {message}")
        self.code = code
        self.retryable = retryable


class NoAnswer(ClientError):
    """The server is connected but silent for too long."""
