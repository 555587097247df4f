"""A server that asks for a key, and one that keeps sessions: what the page does with them."""

from __future__ import annotations

import anyio
import pytest
from playwright.async_api import Browser, expect

from tests.web.keyed_server import KEY, keyed_server
from tests.web.talking_page import opened

pytestmark = pytest.mark.anyio


async def test_a_key_opens_the_conversation_and_stays_in_the_tab(browser: Browser) -> None:
    async with keyed_server() as server, opened(browser, server.url) as page:
        await page.fill("#words", "Hello?")
        await page.press("#words", "Enter")
        await page.fill("#key", "a wrong key")
        await page.press("#key", "Enter")
        await expect(page.locator("#key-fault")).to_contain_text("not accepted")
        await page.fill("#key", KEY)
        await page.press("#key", "Enter")
        with anyio.fail_after(10):
            while {"type": "text", "text": "Hello?"} not in server.received:
                await anyio.sleep(0.02)
        assert KEY not in await page.evaluate("JSON.stringify(localStorage) + document.cookie")


async def test_the_servers_sessions_and_voices_are_offered(browser: Browser) -> None:
    async with keyed_server() as server, opened(browser, server.url) as page:
        await page.evaluate(f"sessionStorage.setItem('beautyai.key', {KEY!r})")
        await page.click("#open-settings")
        await expect(page.locator("#voice")).to_contain_text("en_US-joe-medium")
        await page.select_option("#voice", "en_US-joe-medium")
        assert "en_US-joe-medium" in await page.evaluate("localStorage['beautyai.choices']")
        await page.click("#settings [data-close]")
        await page.click("#open-history")
        await page.locator("#sessions .session").filter(has_text="About the sea").click()
        await expect(page.locator("#turns .past").last).to_contain_text("Very deep.")
        await page.click("#open-history")
        await page.locator("#sessions .quiet").click()
        await expect(page.locator("#sessions li")).to_have_count(0)
        assert server.deleted == ["s9"]
