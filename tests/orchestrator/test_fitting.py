"""Which turns are left out, with the demo model's template and tokenizer."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from orchestrator.errors import ClientError
from orchestrator.fitting import fit, recent
from orchestrator.history import Message
from orchestrator.prompt import ChatTemplate

SYSTEM: Message = {"role": "system", "content": "Be brief."}


@pytest.fixture(scope="module")
def template() -> ChatTemplate:
    return ChatTemplate(Path(os.environ["BEAUTYAI_TOKENIZER_DIR"]))


def user(content: str) -> Message:
    return {"role": "user", "content": content}


def conversation(turns: int, asked: str = "The last question?") -> list[Message]:
    spoken: list[Message] = []
    for n in range(turns):
        spoken += [
            user(f"Question {n}, and more words."),
            {"role": "assistant", "content": f"Answer {n}."},
        ]
    return [SYSTEM, *spoken, user(asked)]


class Fitting:
    """`fit` with the sizes of one template."""

    def __init__(self, template: ChatTemplate) -> None:
        self.template = template

    def size(self, messages: list[Message]) -> int:
        return len(self.template.render(messages))

    def __call__(self, messages: list[Message], room: int) -> list[Message]:
        return fit(messages, self.size, room)

    def recent(self, messages: list[Message], history_tokens: int) -> list[Message]:
        return recent(messages, self.size, history_tokens)


@pytest.fixture
def fitted(template: ChatTemplate) -> Fitting:
    return Fitting(template)


def test_messages_that_fit_are_kept(fitted: Fitting) -> None:
    messages = conversation(5)
    assert fitted(messages, fitted.size(messages)) == messages
    assert fitted.recent(messages, fitted.size(messages[:-1])) == messages


@pytest.mark.parametrize("share", [0.9, 0.5, 0.3])
def test_the_oldest_turns_go_and_the_system_message_stays(fitted: Fitting, share: float) -> None:
    messages = conversation(12)
    room = round(fitted.size(messages) * share)
    kept = fitted(messages, room)
    assert kept[0] == SYSTEM
    assert kept[1]["role"] == "user"
    assert kept[1:] == messages[-len(kept) + 1 :]
    assert fitted.size(kept) <= room
    one_turn_more = [SYSTEM, *messages[-len(kept) - 1 :]]
    assert fitted.size(one_turn_more) > room / 4


def test_the_prompts_of_a_long_conversation_seldom_begin_anew(fitted: Fitting) -> None:
    room = fitted.size(conversation(8))
    for cut in (fitted, fitted.recent):
        first_turns = [cut(conversation(turns), room)[1]["content"] for turns in range(60)]
        # Three quarters of the room at a time are about six turns.
        assert len(set(first_turns)) <= 60 / 4
        assert first_turns == sorted(first_turns, key=first_turns.index)


def test_what_was_said_before_the_turn_is_kept_to_its_tokens_and_the_turn_is_whole(fitted: Fitting) -> None:
    long_question = "word " * 300
    kept = fitted.recent(conversation(40, long_question), 200)
    assert kept[-1]["content"] == long_question
    assert 200 / 4 - 20 < fitted.size(kept[:-1]) <= 200


def test_the_history_is_cut_alike_however_the_turn_ends(fitted: Fitting) -> None:
    for turns in range(30):
        begun, ended = (fitted.recent(conversation(turns, asked), 150) for asked in ("", "word " * 200))
        assert begun[:-1] == ended[:-1]


def test_a_turn_that_cannot_fit_is_refused(fitted: Fitting) -> None:
    for messages in ([SYSTEM, user("word " * 500)], conversation(5, "word " * 500)):
        with pytest.raises(ClientError, match="does not fit"):
            fitted(messages, 100)


def test_a_history_too_small_for_one_turn_leaves_the_question(fitted: Fitting) -> None:
    long: list[Message] = [user("word " * 200), {"role": "assistant", "content": "Yes."}]
    messages = [SYSTEM, *long, user("Why?")]
    assert fitted.recent(messages, 64) == [SYSTEM, user("Why?")]
