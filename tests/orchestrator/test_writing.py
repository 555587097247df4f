"""From tokens to text for a reader, with Qwen3's own tokenizer: thoughts apart, ends told, calls left whole."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from orchestrator.inference import Generation, Sampling, Tokens
from orchestrator.prompt import ChatTemplate
from orchestrator.writing import Piece, Writing, write_all

pytestmark = pytest.mark.anyio


class OneByOne:
    """A `Writer` that writes given tokens, one at a time, and says whether it was let go."""

    def __init__(self, ids: list[int]) -> None:
        self.ids = ids
        self.written = 0
        self.closed = False

    async def write(self, _: Generation) -> AsyncGenerator[Tokens, None]:
        try:
            for token in self.ids:
                self.written += 1
                yield Tokens([token])
        finally:
            self.closed = True


@pytest.fixture(scope="module")
def template(qwen3_tokenizer: Path) -> ChatTemplate:
    return ChatTemplate(qwen3_tokenizer)


async def written(
    template: ChatTemplate,
    text: str,
    *,
    stop: tuple[str, ...] = (),
    thought: int | None = None,
    reply: int = 99,
) -> tuple[Writing, OneByOne]:
    ids = template.tokenizer.encode(text, add_special_tokens=False).ids
    writer = OneByOne(ids)
    generation = Generation(
        "a",
        [1],
        template.end_id,
        template.pad_id,
        sampling=Sampling(max_tokens=100),
        max_reply_tokens=reply if thought else None,
    )
    writing = Writing(generation, template.tokenizer, stop=stop, max_thinking_tokens=thought)

    async def ignore(_: int, __: Piece) -> None:
        pass

    await write_all(writer, [writing], ignore)
    return writing, writer


async def test_a_thought_is_kept_apart(template: ChatTemplate) -> None:
    writing, _ = await written(template, "<think>\nHm.\n</think>\n\nFour.", thought=50)
    assert (writing.thinking.strip(), writing.text, writing.finish_reason) == ("Hm.", "Four.", "stop")


async def test_a_thought_that_is_too_long_ends_the_generation(template: ChatTemplate) -> None:
    writing, writer = await written(template, "<think>\n" + "and so on " * 30, thought=10)
    assert (writing.text, writing.finish_reason) == ("", "length")
    assert writer.closed
    assert writer.written < 15


async def test_a_reply_after_a_thought_has_its_own_length(template: ChatTemplate) -> None:
    writing, _ = await written(template, "<think>Hm.</think>" + "no " * 30, thought=50, reply=5)
    assert writing.finish_reason == "length"
    assert writing.text.split() == ["no"] * len(writing.text.split())


async def test_a_stop_string_ends_the_generation_at_once(template: ChatTemplate) -> None:
    writing, writer = await written(template, "one two three four five six", stop=("three",))
    assert (writing.text, writing.finish_reason) == ("one two ", "stop")
    assert writer.closed
    assert writer.written == 3


async def test_tools_are_told_as_qwen3s_template_writes_them(template: ChatTemplate) -> None:
    assert template.takes_tools
    tool = {"type": "function", "function": {"name": "clock<|im_end|>", "parameters": {}}}
    ids = template.render([{"role": "user", "content": "What time is it?"}], tools=[tool])
    text = template.tokenizer.decode(ids, skip_special_tokens=False)
    assert "<tools>" in text
    assert "clock<|im_end|>" in text
    assert ids.count(template.end_id) == 2, "a control token in a tool's name is text"
