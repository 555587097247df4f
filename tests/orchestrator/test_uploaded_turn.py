"""A turn from a recording, on scripted models: what the model is asked, what is kept, what is refused."""

from __future__ import annotations

import io

import numpy as np
import pytest

from orchestrator.config import SessionSettings
from orchestrator.errors import InferenceError, NothingSaid
from orchestrator.history import Conversation
from orchestrator.prompt import ChatTemplate
from orchestrator.scripted import Fault, Scripted, text_of
from orchestrator.uploaded_turn import UploadedTurn, UploadedTurns
from orchestrator.uploads.transcription import Scribe
from tests.orchestrator.recordings import wav

pytestmark = pytest.mark.anyio


async def answered(
    models: Scripted, template: ChatTemplate, conversation: Conversation, *, loudness: float = 0.1
) -> UploadedTurn:
    noise = np.random.default_rng(1).standard_normal(16_000).astype(np.float32)
    scribe = Scribe(models, 0.5, 60)
    turns = UploadedTurns(scribe, models, template, 2048)
    async with scribe.opened(io.BytesIO(wav(noise * np.float32(loudness)))) as audio:
        return await turns.answer(audio, conversation, SessionSettings(), lambda _: None)


async def test_a_turn_is_answered_in_its_conversation(template: ChatTemplate) -> None:
    models = Scripted(transcripts=["And now?"], replies=["It is late. Good night."], language="de")
    conversation = Conversation("c")
    conversation.said("Hello.")
    conversation.heard("Hi.", cut=False)
    turn = await answered(models, template, conversation)
    assert (turn.transcript, turn.language, turn.reply) == ("And now?", "de", "It is late. Good night.")
    assert [(m["role"], m["content"]) for m in conversation.messages[-2:]] == [
        ("user", "And now?"),
        ("assistant", "It is late. Good night."),
    ]
    (generation,) = models.of("generate")
    prompt = text_of(generation.asked["generation"].prompt_ids)
    assert prompt.index("Hello.") < prompt.index("Hi.") < prompt.index("And now?")
    spoken = [call.asked for call in models.of("synthesize")]
    assert [(each["text"], each["language"]) for each in spoken] == [
        ("It is late.", "de"),
        ("Good night.", "de"),
    ]
    assert len(turn.pcm) / 2 / turn.rate_hz == pytest.approx(22 * 0.02, abs=0.05)
    assert models.running() == []


async def test_without_words_nothing_is_asked_and_nothing_is_kept(template: ChatTemplate) -> None:
    models, conversation = Scripted(), Conversation("c")
    with pytest.raises(NothingSaid):
        await answered(models, template, conversation, loudness=0.0)
    assert (models.of("generate"), conversation.messages) == ([], [])


async def test_what_was_said_is_kept_when_the_reply_fails(template: ChatTemplate) -> None:
    models = Scripted(transcripts=["Hello."], faults=[Fault("generate", 0, InferenceError("broken"))])
    conversation = Conversation("c")
    with pytest.raises(InferenceError, match="broken"):
        await answered(models, template, conversation)
    assert [message["content"] for message in conversation.messages] == ["Hello."]
    assert models.running() == []


async def test_a_reply_that_cannot_be_spoken_is_a_fault_of_the_model(template: ChatTemplate) -> None:
    with pytest.raises(InferenceError, match="nothing that can be spoken"):
        await answered(Scripted(replies=[""]), template, Conversation("c"))
