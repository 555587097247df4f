"""The reply of a model that thinks first: nothing of it is spoken, and it may not take the reply's tokens."""

from __future__ import annotations

import pytest

from orchestrator.errors import InferenceError
from orchestrator.inference import Generation, Sampling, SpeechChunk
from orchestrator.prompt import ChatTemplate, Detokenizer
from orchestrator.reply import Speech, reply
from orchestrator.scripted import END_ID, Scripted

pytestmark = pytest.mark.anyio


class Ears:
    """Everything that was written and spoken."""

    def __init__(self) -> None:
        self.text = ""
        self.tokens = 0
        self.spoken: list[str] = []

    def wrote(self, delta: str, tokens: int) -> None:
        self.text += delta
        self.tokens += tokens

    async def spoke(self, text: str, chunk: SpeechChunk) -> None:
        assert chunk.pcm
        self.spoken += [text] if text else []

    def made(self, text: str, chunk: SpeechChunk) -> None: ...

    def made_piece(self) -> None: ...

    def ahead_seconds(self) -> float:
        return 0.0


async def heard(
    template: ChatTemplate, written: str, *, max_reply_tokens: int | None
) -> tuple[Ears, Scripted]:
    ears, models = Ears(), Scripted(replies=[written])
    asked = Generation("id", [1], END_ID, END_ID, (), Sampling(max_tokens=500), max_reply_tokens)
    await reply(models, asked, Detokenizer(template.tokenizer), Speech(None, "en", 1.0), ears)
    return ears, models


async def test_a_thought_is_neither_shown_nor_spoken(template: ChatTemplate) -> None:
    ears, _ = await heard(template, "<think>\nHm. Well.\n</think>\n\nYes. Surely.", max_reply_tokens=100)
    assert ears.text == "Yes. Surely."
    assert " ".join(ears.spoken) == "Yes. Surely."


async def test_only_the_reply_counts_towards_its_own_limit(template: ChatTemplate) -> None:
    thought = "<think>" + "x" * 100 + "</think>"
    ears, models = await heard(template, thought + "One two three four five.", max_reply_tokens=30)
    assert ears.text.startswith("One two")
    assert ears.tokens <= len(thought) + 30
    assert [call.outcome for call in models.calls if call.method == "generate"] == ["closed"]


async def test_a_model_that_only_thinks_is_an_error_that_says_what_to_change(template: ChatTemplate) -> None:
    with pytest.raises(InferenceError, match="max_thinking_tokens"):
        await heard(template, "<think>Hm, and on and on", max_reply_tokens=30)


async def test_a_reply_without_words_is_no_error(template: ChatTemplate) -> None:
    ears, _ = await heard(template, "<think></think>", max_reply_tokens=30)
    assert (ears.text, ears.spoken) == ("", [])
