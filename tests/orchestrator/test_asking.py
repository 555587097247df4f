"""What the engine is asked for, with Qwen3's own tokenizer and with the demo model's."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from orchestrator.asking import generation
from orchestrator.config import SessionSettings
from orchestrator.errors import BadSetting
from orchestrator.history import Message
from orchestrator.inference import Generation, Sampling
from orchestrator.prompt import ChatTemplate

NO_THOUGHT = "<think>\n\n</think>\n\n"
CONTEXT_TOKENS = 2048


def user(content: str) -> Message:
    return {"role": "user", "content": content}


def assistant(content: str) -> Message:
    return {"role": "assistant", "content": content}


@pytest.fixture(scope="module")
def qwen3(qwen3_tokenizer: Path) -> ChatTemplate:
    return ChatTemplate(qwen3_tokenizer)


@pytest.fixture(scope="module")
def smollm() -> ChatTemplate:
    return ChatTemplate(Path(os.environ["BEAUTYAI_TOKENIZER_DIR"]))


def asked(
    template: ChatTemplate, *messages: str | Message, tokens: int = CONTEXT_TOKENS, **wanted: Any
) -> Generation:
    said = [user(message) if isinstance(message, str) else message for message in messages]
    return generation(template, said, SessionSettings().merged({"generation": wanted}), tokens)


def prompt(template: ChatTemplate, generation: Generation) -> str:
    return template.tokenizer.decode(list(generation.prompt_ids), skip_special_tokens=False)


def chosen(sampling: Sampling) -> tuple[float | None, float | None, int | None, float | None]:
    return sampling.temperature, sampling.top_p, sampling.top_k, sampling.repetition_penalty


def test_qwen3_is_asked_as_its_authors_recommend(qwen3: ChatTemplate) -> None:
    plain = asked(qwen3, "Hi")
    assert chosen(plain.sampling) == (0.7, 0.8, 20, None)
    assert prompt(qwen3, plain).endswith(NO_THOUGHT)
    thinking = asked(qwen3, "Hi", enable_thinking=True)
    assert chosen(thinking.sampling) == (0.6, 0.95, 20, None)
    assert prompt(qwen3, thinking).endswith("<|im_start|>assistant\n")


@pytest.mark.parametrize("thinking", [False, True])
def test_the_ends_of_qwen3_are_always_sent(qwen3: ChatTemplate, thinking: bool) -> None:
    request = asked(qwen3, "Hi", enable_thinking=thinking)
    assert (request.end_id, request.pad_id) == (151_645, 151_643)
    assert 151_643 in request.stop_ids


def test_other_models_are_asked_as_before(smollm: ChatTemplate) -> None:
    for thinking in (False, True):
        request = asked(smollm, "Hi /no_think", enable_thinking=thinking)
        assert chosen(request.sampling) == (0.7, 0.8, 20, 1.1)
        assert (request.sampling.max_tokens, request.max_reply_tokens) == (160, None)
        assert "Hi /no_think" in prompt(smollm, request)


def test_what_is_set_is_not_replaced(qwen3: ChatTemplate) -> None:
    request = asked(
        qwen3, "Hi", temperature=0, top_p=0.5, top_k=1, repetition_penalty=1.2, presence_penalty=1.5
    )
    assert chosen(request.sampling) == (0, 0.5, 1, 1.2)
    assert request.sampling.presence_penalty == 1.5


@pytest.mark.parametrize("greedy", [{"temperature": 0}, {"top_k": 1}, {"temperature": 0, "top_k": 1}])
def test_thoughts_are_never_chosen_greedily(qwen3: ChatTemplate, greedy: dict[str, Any]) -> None:
    sampling = asked(qwen3, "Hi", enable_thinking=True, **greedy).sampling
    assert (sampling.temperature, sampling.top_k) == (0.6, 20)


def test_a_soft_switch_changes_prompt_and_sampling(qwen3: ChatTemplate) -> None:
    request = asked(qwen3, "Hi. Slash no think.", assistant("Hello."), "And now?", enable_thinking=True)
    assert chosen(request.sampling)[:2] == (0.7, 0.8)
    assert prompt(qwen3, request).endswith(NO_THOUGHT)
    assert "Hi. /no_think." in prompt(qwen3, request)
    back = asked(qwen3, "Hi /no_think", assistant("Hello."), "And now? /think", enable_thinking=True)
    assert chosen(back.sampling)[:2] == (0.6, 0.95)


def test_a_soft_switch_goes_on_acting_when_its_turn_is_cut_away(qwen3: ChatTemplate) -> None:
    long = "word " * 60
    turns = [message for _ in range(6) for message in (user(long), assistant(long))]
    request = asked(
        qwen3,
        "Hi /no_think",
        assistant("Hello."),
        *turns,
        "Well?",
        tokens=400,
        enable_thinking=True,
        max_thinking_tokens=64,
    )
    assert "/no_think" not in prompt(qwen3, request)
    assert prompt(qwen3, request).endswith(NO_THOUGHT)


def test_the_hard_switch_makes_the_soft_one_void(qwen3: ChatTemplate) -> None:
    request = asked(qwen3, "Slash think about it /think")
    assert "Slash think about it /think" in prompt(qwen3, request)
    assert prompt(qwen3, request).endswith(NO_THOUGHT)


@pytest.mark.parametrize("wanted", [{}, {"enable_thinking": True, "max_thinking_tokens": 500}])
def test_prompt_reply_and_thoughts_fit_into_the_context(qwen3: ChatTemplate, wanted: dict[str, Any]) -> None:
    turns = [
        message
        for n in range(60)
        for message in (user(f"Question {n}?"), assistant(f"Answer {n}, and so on."))
    ]
    request = asked(qwen3, *turns, "The last?", tokens=1000, **wanted)
    assert request.sampling.max_tokens == 160 + wanted.get("max_thinking_tokens", 0)
    room = 1000 - request.sampling.max_tokens
    assert room / 4 - 20 < len(request.prompt_ids) <= room
    assert request.max_reply_tokens == (160 if wanted else None)


def test_a_session_may_want_less_history_than_the_context_holds(smollm: ChatTemplate) -> None:
    turns = [message for n in range(60) for message in (user(f"Question {n}?"), assistant(f"Answer {n}."))]
    request = asked(smollm, *turns, "The last?", history_tokens=200)
    assert 200 / 4 < len(request.prompt_ids) < 200 + 20
    assert "The last?" in prompt(smollm, request)


def test_a_reply_that_leaves_no_room_for_the_question_is_refused(qwen3: ChatTemplate) -> None:
    with pytest.raises(BadSetting, match=r"reserve 4096 tokens .* has 2048"):
        asked(qwen3, "Hi", max_tokens=4096)
