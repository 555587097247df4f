"""One voice turn as a check or a benchmark takes it: the recorded question in real time, a reply of few tokens."""

from __future__ import annotations

from client.ask import Answer, ask
from client.conversation import SAMPLE_RATE, Conversation
from client.question import DEFAULT_RECORDING
from client.recording import read_audio

_PATIENCE_S = 120.0


async def spoken_turn(url: str, key: str, max_tokens: int) -> Answer:
    """Speak the question into a conversation of its own, and hear the reply to its end.

    Raises:
        ClientError: as in `ask`.
    """
    question = read_audio(DEFAULT_RECORDING, SAMPLE_RATE)
    async with Conversation(url, key=key) as conversation:
        await conversation.configure({"generation": {"max_tokens": max_tokens}})
        return await ask(conversation, question, patience_s=_PATIENCE_S)
