"""The chat messages of one turn, from the history and what was just heard."""

from __future__ import annotations

import json

from .errors import InvalidInputError

Message = dict[str, str]


def messages(system_prompt: str, history: str, transcript: str) -> str:
    """JSON chat messages: the system prompt, the history, the transcript as the user's.

    `history` is JSON of earlier messages or empty; a system message in it replaces `system_prompt`.
    Raises InvalidInputError when it is not a list of {"role", "content"}.
    """
    earlier = _parsed(history) if history.strip() else []
    if system_prompt and not any(message["role"] == "system" for message in earlier):
        earlier.insert(0, {"role": "system", "content": system_prompt})
    return json.dumps([*earlier, {"role": "user", "content": transcript}], ensure_ascii=False)


def _parsed(history: str) -> list[Message]:
    try:
        earlier = json.loads(history)
    except ValueError as error:
        raise InvalidInputError(f"MESSAGES is not JSON: {error}") from error
    if not isinstance(earlier, list) or not all(_is_message(message) for message in earlier):
        raise InvalidInputError('MESSAGES must be a list of {"role": "…", "content": "…"} with strings')
    return earlier


def _is_message(message: object) -> bool:
    return isinstance(message, dict) and all(isinstance(message.get(key), str) for key in ("role", "content"))
