"""What a user imports or runs: a conversation, a command line and a demo. Knows only the wire."""

from client.conversation import Conversation
from client.errors import ClientError
from client.events import Event, parse_event

__all__ = ["ClientError", "Conversation", "Event", "parse_event"]
