"""`python -m benchmarks.page`: how long a person waits in a real browser, mouth to ear, beside the server's own figure.

Started by `python -m embedded run -- python -m benchmarks.page`, or against a running server with `--url`. The page
counts from the last voiced sample at its microphone to the first reply sample at its loudspeaker, both on one clock.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import anyio
from playwright.async_api import Error, Page

from benchmarks.browser import browsing, chromium, write_microphone
from benchmarks.report import percentiles
from client.address import DEFAULT_URL
from client.question import DEFAULT_RECORDING

_ANSWER_MS = 60_000
_SESSION = {"generation": {"temperature": 0, "max_tokens": 40}}
_LEGS = {
    "end_silence_ms": "silence that ended the turn",
    "final_transcript_ms": "final transcript, after the end",
    "first_token_ms": "first token, after the end",
    "first_audio_ms": "first audio, after the end",
    "voice_to_voice_ms": "voice to voice, the server's own",
}

Trace = dict[str, Any]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.page", description=__doc__)
    parser.add_argument("--turns", type=int, default=5, help="questions (%(default)s)")
    parser.add_argument("--wav", type=Path, default=DEFAULT_RECORDING, help="the question (%(default)s)")
    parser.add_argument("--json", type=Path, help="also write the page's trace to this file")
    parser.add_argument("--url", default=os.environ.get("BEAUTYAI_URL", DEFAULT_URL))
    return parser


def page_address(url: str) -> str:
    """`ws://host:port/…` or `http://host:port` -> the address of the debug page."""
    parts = urlsplit(url)
    scheme = {"ws": "http", "wss": "https"}.get(parts.scheme, parts.scheme)
    return f"{scheme}://{parts.netloc}/debug"


async def traced(url: str, wav: Path, turns: int) -> Trace:
    """Ask `turns` times in a browser; the page's trace."""
    with tempfile.TemporaryDirectory() as folder:
        microphone = write_microphone(Path(folder) / "microphone.wav", wav)
        async with browsing(microphone) as browser:
            page = await browser.new_page(reduced_motion="reduce")
            choices = json.dumps(json.dumps({"session": _SESSION}))
            await page.add_init_script(f"localStorage.setItem('beautyai.choices', {choices})")
            await page.goto(page_address(url))
            for number in range(1, turns + 1):
                await _ask(page, number)
            async with page.expect_download() as download:
                await page.click("#download")
            trace: Trace = json.loads((await (await download.value).path()).read_text(encoding="utf-8"))
            return trace


async def _ask(page: Page, number: int) -> None:
    """One question, from an open microphone to a reply that was played."""
    print(f"question {number} ...", flush=True)
    await page.click("#talk")
    turn = page.locator(f"#timelines > li:nth-last-child({number}) .numbers")
    await turn.filter(has_text="voice to voice").wait_for(timeout=_ANSWER_MS)
    await page.locator("#status").filter(has_text="idle").wait_for(timeout=_ANSWER_MS)
    await page.click("#talk")


def table(trace: Trace) -> str:
    """Every leg in ms, p50 / p95 over the turns that were measured on both sides."""
    turns = [turn for turn in trace["turns"] if turn["mouth_to_ear_ms"] is not None and turn["metrics"]]
    rows = {name: [turn["metrics"][leg] for turn in turns] for leg, name in _LEGS.items()}
    rows["mouth to ear, as the page measured"] = [turn["mouth_to_ear_ms"] for turn in turns]
    rows["  beyond the server"] = [
        turn["mouth_to_ear_ms"] - turn["metrics"]["voice_to_voice_ms"] for turn in turns
    ]
    lines = [
        f"{name:36} {percentiles([ms for ms in values if ms is not None]):>14}"
        for name, values in rows.items()
    ]
    return "\n".join([f"{'ms, p50 / p95':36} {f'{len(turns)} turns':>14}", *lines])


def main(argv: Sequence[str] | None = None) -> int:
    """0; 1 where there is no Chromium, no server, or a turn without an answer."""
    arguments = _parser().parse_args(argv)
    if chromium() is None:
        print("benchmark: there is no chromium here; apt install chromium", file=sys.stderr)
        return 1
    try:
        trace = anyio.run(partial(traced, arguments.url, arguments.wav, arguments.turns))
    except Error as error:
        print(f"benchmark: {error.message}", file=sys.stderr)
        return 1
    print(f"{trace['browser']}\nsound card as the browser tells: {trace['sound']}\n\n{table(trace)}")
    if arguments.json:
        arguments.json.write_text(json.dumps(trace, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
