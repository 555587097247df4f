"""A real Chromium whose microphone is a recording and whose loudspeaker is nobody's; headless."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, async_playwright

from client.recording import BYTES_PER_SAMPLE, read_audio, write_wav

RATE = 48_000
"""Hz of the microphone, as sound cards have it."""

_ARGUMENTS = (
    "--no-sandbox",  # containers run as root, and there is no other page
    "--disable-gpu",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
)


def chromium() -> str | None:
    """The path of Debian's Chromium; None where it is not installed."""
    return shutil.which("chromium")


def write_microphone(path: Path, recording: Path, *, before_s: float = 1.0, after_s: float = 1.0) -> Path:
    """A WAV of the recording with silence around it; each opening of the microphone begins it anew."""
    before, after = (bytes(round(seconds * RATE) * BYTES_PER_SAMPLE) for seconds in (before_s, after_s))
    write_wav(path, before + read_audio(recording, RATE) + after, RATE)
    return path


@asynccontextmanager
async def browsing(microphone: Path, *, again: bool = False) -> AsyncIterator[Browser]:
    """A browser that hears `microphone`, a WAV, once or `again` and again; closed with the block. Needs `chromium`."""
    heard = str(microphone) if again else f"{microphone}%noloop"
    arguments = [*_ARGUMENTS, f"--use-file-for-fake-audio-capture={heard}"]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=arguments)
        try:
            yield browser
        finally:
            await browser.close()
