"""One voice turn as a check or a benchmark takes it: the recorded question in real time, a reply of few tokens."""

from __future__ import annotations

from contextlib import suppress

import httpx2

from client.ask import Answer, ask
from client.cli.http import client_options
from client.conversation import SAMPLE_RATE, Conversation
from client.events import Event, Ready
from client.question import DEFAULT_RECORDING
from client.recording import read_audio

_PATIENCE_S = 120.0


async def spoken_turn(url: str, key: str, max_tokens: int) -> Answer:
    """Speak the question into a conversation of its own, hear the reply to its end, and leave no session behind.

    Raises:
        ClientError: as in `ask`.
    """
    question = read_audio(DEFAULT_RECORDING, SAMPLE_RATE)
    session_ids: list[str] = []

    def note(event: Event) -> None:
        if isinstance(event, Ready):
            session_ids.append(event.session_id)

    async with Conversation(url, key=key) as conversation:
        await conversation.configure({"generation": {"max_tokens": max_tokens}})
        answer = await ask(conversation, question, on_event=note, patience_s=_PATIENCE_S)
    for session_id in session_ids:
        await _forget(url, key, session_id)
    return answer


async def _forget(url: str, key: str, session_id: str) -> None:
    # A key for voice alone may not: then the session stays, as those of any conversation do.
    with suppress(httpx2.HTTPError):
        async with httpx2.AsyncClient(**client_options(url, key)) as client:
            await client.delete(f"/sessions/{session_id}")
