"""The debug page: a recording is spoken into the server, and everything about the turn can be seen and kept."""

from __future__ import annotations

import json

import pytest
from playwright.async_api import Browser, expect

from client.question import DEFAULT_QUESTION, DEFAULT_RECORDING
from tests.conftest import RunningServer
from tests.web.talking_page import opened

pytestmark = [pytest.mark.anyio, pytest.mark.triton]

BRIEFLY = {"session": {"generation": {"temperature": 0, "max_tokens": 8}}}


async def test_a_recording_is_replayed_as_if_spoken_and_its_trace_is_kept(
    server: RunningServer, browser: Browser
) -> None:
    async with opened(browser, f"{server.http_url}/debug", stored={"beautyai.choices": BRIEFLY}) as page:
        await page.set_input_files("#recording", DEFAULT_RECORDING)
        await page.click("#replay [type=submit]")
        numbers = page.locator("#timelines .numbers")
        await numbers.filter(has_text="voice to voice").wait_for(timeout=60_000)
        await expect(page.locator("#events .final_transcript")).to_contain_text(DEFAULT_QUESTION)
        await expect(page.locator("#figures")).to_contain_text("tensorrt_llm", timeout=20_000)
        async with page.expect_download() as download:
            await page.click("#download")
        trace = json.loads((await (await download.value).path()).read_text(encoding="utf-8"))
    (turn,) = trace["turns"]
    assert turn["said"] == DEFAULT_QUESTION
    assert turn["mouth_to_ear_ms"] > turn["metrics"]["voice_to_voice_ms"]
    marks = turn["marks"]
    assert marks["speech_started"] < marks["voiced_end"] < marks["response_text"] < marks["audible"]
    assert {event["from"] for event in trace["events"]} == {"server", "page"}
