from __future__ import annotations

from orchestrator.history import MAX_MESSAGES, Conversation


def test_an_interrupted_reply_is_kept_as_heard_with_a_mark() -> None:
    conversation = Conversation("a")
    conversation.said("tell me a story")
    conversation.heard("Once upon a", cut=True)
    assert conversation.prompt("be brief") == [
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": "tell me a story"},
        {"role": "assistant", "content": "Once upon a…"},
    ]


def test_words_without_a_reply_between_them_are_one_message() -> None:
    conversation = Conversation("a")
    conversation.said("I would like")
    conversation.heard("", cut=True)
    conversation.said("a coffee")
    assert conversation.messages == [{"role": "user", "content": "I would like a coffee"}]


def test_no_words_are_no_message() -> None:
    conversation = Conversation("a")
    conversation.said("")
    conversation.heard("", cut=False)
    assert conversation.messages == []


def test_a_conversation_does_not_grow_for_ever() -> None:
    conversation = Conversation("a")
    for number in range(MAX_MESSAGES):
        conversation.said(f"question {number}")
        conversation.heard(f"answer {number}", cut=False)
    assert MAX_MESSAGES / 2 <= len(conversation.messages) <= MAX_MESSAGES
    assert conversation.messages[-1]["content"] == f"answer {MAX_MESSAGES - 1}"


def test_a_long_conversation_is_cut_between_turns() -> None:
    conversation = Conversation("a")
    for number in range(MAX_MESSAGES):
        conversation.said(f"question {number}")
        assert conversation.prompt("be brief")[1]["role"] == "user"
        conversation.heard(f"answer {number}", cut=False)
        assert conversation.prompt("be brief")[1]["role"] == "user"


def test_what_is_left_out_of_prompts_is_kept_in_the_conversation() -> None:
    conversation = Conversation("a")
    for number in range(3):
        conversation.said(f"question {number}")
        conversation.heard(f"answer {number}", cut=False)
    conversation.leave_out(2)
    conversation.leave_out(2)
    expected = [("system", "x"), ("user", "question 2"), ("assistant", "answer 2"), ("user", "And?")]
    assert [(message["role"], message["content"]) for message in conversation.prompt("x", "And?")] == expected
    assert len(conversation.messages) == 6


def test_prompts_go_on_as_they_were_when_the_oldest_messages_are_no_longer_kept() -> None:
    conversation = Conversation("a")
    for number in range(MAX_MESSAGES // 2):
        conversation.said(f"question {number}")
        conversation.heard(f"answer {number}", cut=False)
    conversation.leave_out(MAX_MESSAGES - 10)
    before = conversation.prompt("x")
    conversation.said("one more")
    assert len(conversation.messages) < MAX_MESSAGES
    assert conversation.prompt("x") == [*before, {"role": "user", "content": "one more"}]
    for _ in range(MAX_MESSAGES):
        conversation.heard("yes", cut=False)
        conversation.said("more")
    assert conversation.left_out == 0
