"""A real Chromium whose microphone is a recording and whose loudspeaker is nobody's; headless."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Sequence
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


def write_microphone(path: Path, recordings: Sequence[tuple[float, Path]]) -> Path:
    """A WAV in which each recording begins at its second, with silence between; it starts anew with each opening."""
    pcm = b""
    for second, recording in recordings:
        pcm = pcm.ljust(round(second * RATE) * BYTES_PER_SAMPLE, b"\0") + read_audio(recording, RATE)
    write_wav(path, pcm + bytes(RATE * BYTES_PER_SAMPLE), RATE)
    return path


@asynccontextmanager
async def browsing(microphone: Path) -> AsyncIterator[Browser]:
    """A browser that hears `microphone`, a WAV; closed with the block. Needs `chromium`."""
    arguments = [*_ARGUMENTS, f"--use-file-for-fake-audio-capture={microphone}%noloop"]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=arguments)
        try:
            yield browser
        finally:
            await browser.close()
