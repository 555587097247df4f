"""A person talks to the page in a real browser, and hears it."""

from __future__ import annotations

import os
import re
import signal

import pytest
from playwright.async_api import Browser, Page

from client.question import DEFAULT_QUESTION
from orchestrator.audio import Audio
from orchestrator.inference import Transcription
from orchestrator.triton import TritonInference
from orchestrator.triton_calls import Deadlines
from tests.conftest import RunningServer
from tests.model_repository.word_errors import word_errors, words
from tests.web.talking_page import SCHEMES, heard, opened, until_orb, violations

pytestmark = [pytest.mark.anyio, pytest.mark.triton]

AT_LENGTH = {
    "session": {
        "system_prompt": "You are a teacher. Explain everything at great length, in many full sentences.",
        "generation": {"temperature": 0, "max_tokens": 110},
    }
}
ENOUGH_WORDS = re.compile(r"(\S+\s+){2}\S+…$")


async def test_a_person_talks_hears_the_reply_interrupts_it_and_goes_on_after_a_restart(
    server: RunningServer, browser: Browser
) -> None:
    async with opened(browser, server.http_url, stored={"beautyai.choices": AT_LENGTH}, listen=True) as page:
        await page.click("#orb")
        await words_are_shown_while_they_are_said(page)
        await until_orb(page, "speaking")
        assert await page.locator("#turns .said p").first.text_content() == DEFAULT_QUESTION
        cut = await the_next_question_interrupts(page)
        audio = await heard(page)
        await page.reload()
        await page.locator("#turns .past").filter(has_text=cut).wait_for()
        await what_was_heard_is_understood(server, audio, cut)
        await the_session_goes_on_after_a_restart(server, page)


async def test_a_held_button_ends_the_turn_when_it_is_let_go(
    server: RunningServer, browser: Browser, axe: str
) -> None:
    held = {"mode": "push_to_talk", "session": {"generation": {"temperature": 0, "max_tokens": 12}}}
    async with opened(browser, server.http_url, stored={"beautyai.choices": held}) as page:
        await page.hover("#orb")
        await page.mouse.down()
        await until_orb(page, "holding")
        await page.locator("#turns .said p").filter(has_text="grow").wait_for(timeout=60_000)
        await page.mouse.up()
        await until_orb(page, "speaking")
        assert await page.locator("#turns .said p").first.text_content() == DEFAULT_QUESTION
        await page.locator("#turns .latency summary").click(timeout=60_000)
        await page.evaluate(axe)
        for scheme in SCHEMES:
            await page.emulate_media(color_scheme=scheme)
            assert await violations(page) == []


async def words_are_shown_while_they_are_said(page: Page) -> None:
    await until_orb(page, "hearing")
    await page.locator("#turns .said p").first.filter(has_text="at").wait_for(timeout=30_000)
    assert await page.get_attribute("#orb", "data-state") == "hearing", "only shown when all was said"


async def the_next_question_interrupts(page: Page) -> str:
    """The words that were heard of the reply."""
    interrupted = page.locator("#turns > li").filter(has_text="interrupted")
    reply = interrupted.locator(".reply p").filter(has_text=ENOUGH_WORDS).first
    await reply.wait_for(timeout=60_000)
    cut = await reply.text_content() or ""
    last = page.locator("#turns > li").last
    await last.locator(".reply .spoken").filter(has_text=re.compile("[a-z]")).wait_for(timeout=60_000)
    assert await last.locator(".said p").text_content() == DEFAULT_QUESTION
    assert await reply.text_content() == cut, "more of it was shown than was heard"
    return cut.removesuffix("…")


async def what_was_heard_is_understood(server: RunningServer, audio: Audio, cut: str) -> None:
    async with TritonInference(server.grpc_url, Deadlines(transcribe=30)) as models:
        transcript = await models.transcribe(audio, Transcription(language="en"))
    length, all_words = len(words(cut)), words(transcript.text)
    windows = (" ".join(all_words[start : start + length]) for start in range(len(all_words)))
    errors = min((word_errors(cut, window) for window in windows), default=length)
    assert errors <= max(1, length // 4), f"said {cut!r}, heard {transcript.text!r}"


async def the_session_goes_on_after_a_restart(server: RunningServer, page: Page) -> None:
    session = await page.evaluate("localStorage['beautyai.session']")
    await say(page, "Tell me about the sea.")
    os.kill(server.orchestrator_pid, signal.SIGKILL)
    await page.locator("#notice").filter(has_text="Connecting again").wait_for(timeout=30_000)
    await page.locator("#announcements").filter(has_text="Connected again").wait_for(timeout=60_000)
    assert await page.evaluate("localStorage['beautyai.session']") == session
    await say(page, "Say hello.")


async def say(page: Page, text: str) -> None:
    """Type it, and wait until the answer is heard."""
    await page.fill("#words", text)
    await page.press("#words", "Enter")
    turn = page.locator("#turns > li").filter(has_text=text)
    await turn.locator(".reply .spoken").filter(has_text=re.compile("[a-z]")).wait_for(timeout=60_000)
