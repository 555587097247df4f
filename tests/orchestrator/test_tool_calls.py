"""Calls of tools are taken out of what is written, and anything else stays text."""

from __future__ import annotations

import pytest

from orchestrator.tool_calls import ToolCall, ToolCallFilter


def filtered(text: str, size: int) -> tuple[str, list[ToolCall]]:
    calls = ToolCallFilter()
    shown = "".join(calls.push(text[at : at + size]) for at in range(0, len(text), size))
    rest, found = calls.flush()
    return shown + rest, found


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_calls_are_found_and_the_text_before_them_is_shown(size: int) -> None:
    text = (
        'Let me see.\n<tool_call>\n{"name": "clock", "arguments": {"zone": "CET"}}\n</tool_call>\n'
        '<tool_call>{"name": "weather"}</tool_call>'
    )
    shown, calls = filtered(text, size)
    assert shown == "Let me see.\n"
    assert calls == [ToolCall("clock", '{"zone": "CET"}'), ToolCall("weather", "{}")]


@pytest.mark.parametrize("text", ["a < b", "<tool_call>no JSON</tool_call>", '<tool_call>["x"]', "<tool"])
def test_what_is_no_call_is_text(text: str) -> None:
    assert filtered(text, 1) == (text, [])
