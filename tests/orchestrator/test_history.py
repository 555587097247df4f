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
