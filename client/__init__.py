"""What a user imports or runs: a conversation, a command line and a demo. Knows only the wire."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from client.conversation import Conversation
    from client.errors import ClientError
    from client.events import Event, parse_event

__all__ = ["ClientError", "Conversation", "Event", "parse_event"]

_PLACES = {
    "ClientError": "errors",
    "Conversation": "conversation",
    "Event": "events",
    "parse_event": "events",
}


def __getattr__(name: str) -> Any:
    # Imported when they are wanted: the command line starts without the WebSocket.
    if name not in _PLACES:
        raise AttributeError(f"module 'client' has no attribute {name!r}")
    return getattr(import_module(f"client.{_PLACES[name]}"), name)
