"""Thoughts: when they are asked for, and that nobody sees them however the text is cut."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.history import Message
from orchestrator.thoughts import ThinkFilter, asked_to_think, with_soft_switches, without_thoughts


def user(content: str) -> Message:
    return {"role": "user", "content": content}


@pytest.mark.parametrize(
    ("contents", "thinking"),
    [
        (["Hi"], True),
        (["Hi /no_think"], False),
        (["/no_think", "and now?"], False),
        (["/no_think", "and now? /think"], True),
        (["/think /no_think"], False),
        (["你好/no_think"], False),
        (["see /home/think and a/no_think"], True),
        (["/no_thinking", "//no_think"], True),
    ],
)
def test_the_latest_soft_switch_counts(contents: list[str], thinking: bool) -> None:
    assert asked_to_think([user(content) for content in contents]) is thinking


def test_the_system_message_may_switch_and_the_assistant_may_not() -> None:
    system: Message = {"role": "system", "content": "Be brief. /no_think"}
    said: Message = {"role": "assistant", "content": "You may say /think."}
    assert not asked_to_think([system, user("Hi"), said, user("Well?")])
    assert asked_to_think([system, user("Hi /think"), said, user("Well?")])


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("Slash no think. What is two plus two?", "/no_think. What is two plus two?"),
        ("Why is the sky blue? Slash think.", "Why is the sky blue? /think."),
        ("slash, no-think", "/no_think"),
        ("/no think", "/no_think"),
        ("/nothink", "/no_think"),
        ("/No_Think", "/no_think"),
        ("I think no slash is needed", "I think no slash is needed"),
        ("slash thinking", "slash thinking"),
        ("Use a slash. Think again.", "Use a slash. Think again."),
        ("now / think about it", "now / think about it"),
        ("https://example.com/think", "https://example.com/think"),
    ],
)
def test_a_switch_that_is_said_is_written_as_the_model_knows_it(said: str, written: str) -> None:
    assert with_soft_switches([user(said)]) == [user(written)]


def test_only_the_user_says_switches() -> None:
    said: Message = {"role": "assistant", "content": "Say slash think."}
    assert with_soft_switches([said]) == [said]


@pytest.mark.parametrize(
    ("content", "kept"),
    [
        ("<think>\nHm.\n</think>\n\nYes.", "Yes."),
        ("<think>a</think>b</think>\nc", "c"),
        ("No thought.", "No thought."),
        ("<think>never ended", "<think>never ended"),
    ],
)
def test_replies_of_the_past_are_kept_without_their_thoughts(content: str, kept: str) -> None:
    assert without_thoughts(content) == kept


def visible(*parts: str) -> str:
    thoughts = ThinkFilter()
    return "".join([*map(thoughts.push, parts), thoughts.flush()])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello.", "Hello."),
        ("<think>\nHm.\n</think>\n\nHello.", "Hello."),
        ("<think>\n\n</think>\n\nHello.", "Hello."),
        ("Yes <think>no</think>and <think>a</think> b", "Yes and b"),
        ("Hello <think>never ends", "Hello "),
        ("Hello <think>never ends</thin", "Hello "),
        ("2 < 3 <thin", "2 < 3 <thin"),
        ("<<think>x</think>b", "<b"),
        ("over</think> Done", "overDone"),
        ("<think>a<think>b</think>c", "c"),
    ],
)
def test_thoughts_are_removed_wherever_the_text_is_cut(text: str, expected: str) -> None:
    assert visible(text) == expected
    assert visible(*text) == expected
    for cut in range(len(text)):
        for second in range(cut, len(text)):
            assert visible(text[:cut], text[cut:second], text[second:]) == expected


@given(
    st.lists(st.sampled_from(["<think>", "</think>", "<", "</thi", "nk>", "a", " ", "\n", "b<"]), max_size=20)
)
def test_no_tag_and_no_thought_is_ever_visible(parts: list[str]) -> None:
    text = "".join(parts)
    expected = re.sub(r"(?s)<think>.*?(</think>\s*|$)|</think>\s*", "", text)
    assert visible(*parts) == visible(text)
    assert without_space(visible(text)) == without_space(expected)


def without_space(text: str) -> str:
    return "".join(text.split())


def test_text_is_shown_at_once_when_no_tag_can_follow() -> None:
    thoughts = ThinkFilter()
    assert thoughts.push("Hello <b") == "Hello <b"
    assert thoughts.push(" <th") == " "
    assert thoughts.push("e") == "<the"
