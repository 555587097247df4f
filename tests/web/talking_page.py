"""The talk page in a browser, seen as a person sees it."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

import av
import numpy as np
from playwright.async_api import Browser, Page

from orchestrator.audio import SAMPLE_RATE, Audio, Resampler

AUDIBLE = Path(__file__).with_name("audible.js")
Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")


@asynccontextmanager
async def opened(
    browser: Browser,
    url: str,
    *,
    stored: dict[str, Any] | None = None,
    scheme: Scheme = "light",
    locale: str = "en-GB",
    listen: bool = False,
) -> AsyncIterator[Page]:
    """The page at `url`; `stored` lies in its local storage; with `listen` its sound is kept (`heard`)."""
    context = await browser.new_context(
        color_scheme=scheme, locale=locale, reduced_motion="reduce", permissions=["microphone"]
    )
    for key, value in (stored or {}).items():
        text = json.dumps(json.dumps(value))
        await context.add_init_script(
            f"localStorage.getItem('{key}') ?? localStorage.setItem('{key}', {text})"
        )
    if listen:
        await context.add_init_script(path=AUDIBLE)
    page = await context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: faults.append(said.text) if "Content Security" in said.text else None)
    try:
        await page.goto(url)
        yield page
        assert faults == []
    finally:
        await context.close()


async def until_orb(page: Page, *states: str, seconds: float = 60) -> None:
    """Wait until the orb shows one of these states."""
    selector = ", ".join(f"#orb[data-state={state}]" for state in states)
    await page.wait_for_selector(selector, timeout=seconds * 1000)


async def heard(page: Page) -> Audio:
    """All that left the page for the loudspeaker, 16 kHz."""
    recording = base64.b64decode(await page.evaluate("heardSoFar()"))
    with av.open(io.BytesIO(recording)) as source:
        frames = list(source.decode(audio=0))
    whole = np.concatenate([frame.to_ndarray().mean(axis=0) for frame in frames]).astype(np.float32)
    resampler = Resampler(frames[0].sample_rate, SAMPLE_RATE)
    return np.concatenate([resampler.push(whole), resampler.flush()])


async def violations(talk: Page) -> list[Any]:
    """What axe finds against WCAG 2.2 AA and its own best practices."""
    found: dict[str, Any] = await talk.evaluate("axe.run(document)")
    return [
        (fault["id"], [node["html"][:120] + " " + node["failureSummary"][:200] for node in fault["nodes"]])
        for fault in found["violations"]
    ]
