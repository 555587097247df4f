"""A conversation in a terminal: partials that form in one line, the reply, a table of latencies."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from typing import TextIO

from client.events import (
    ErrorReported,
    Event,
    FinalTranscript,
    PartialTranscript,
    ResponseDone,
    ResponseText,
)

# Wire name -> what a person calls it, in the order in which they happen.
LEGS = {
    "first_partial_ms": "first partial transcript, after the voice began",
    "end_silence_ms": "silence waited for before the turn ended",
    "final_transcript_ms": "final transcript, after the turn ended",
    "first_token_ms": "first token of the reply, after the turn ended",
    "first_audio_ms": "first audio of the reply, after the turn ended",
    "voice_to_voice_ms": "voice to voice: last voiced sample to first audio",
    "reply_audio_ms": "length of the spoken reply",
}


def latency_table(legs: Mapping[str, float]) -> str:
    """A line for each known leg that was measured, and for any other number under its name on the wire."""
    named = {LEGS[name]: f"{legs[name]:8.0f} ms" for name in LEGS if name in legs}
    others = {name: f"{value:8.0f}" for name, value in legs.items() if name not in LEGS}
    rows = {**named, **others}
    width = max((len(name) for name in rows), default=0)
    return "\n".join(f"  {name:<{width}}  {value}" for name, value in rows.items())


class Screen:
    """Prints events as they come; on a terminal a partial overwrites the one before."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._rewrites = out.isatty()
        self._open_line = ""
        self._partial_text = ""

    def show(self, event: Event) -> None:
        """Print what a person wants to see of an event, at once."""
        if isinstance(event, PartialTranscript):
            self._partial(event.text)
        elif isinstance(event, FinalTranscript):
            self._line(f"you      : {event.text}")
        elif isinstance(event, ResponseText):
            self._reply(event.delta)
        elif isinstance(event, ResponseDone):
            self._close(event)
        elif isinstance(event, ErrorReported):
            self._line(f"error    : {event.code}: {event.message}")

    def _partial(self, text: str) -> None:
        if text == self._partial_text:
            return
        self._partial_text = text
        if not self._rewrites:
            self._line(f"hearing  : {text}")
            return
        columns = shutil.get_terminal_size().columns - 1
        self._write(f"\r\033[K{('hearing  : ' + text)[:columns]}")
        self._open_line = "partial"

    def _reply(self, delta: str) -> None:
        if self._open_line != "reply":
            self._end_line()
            self._write("BeautyAI : ")
            self._open_line = "reply"
        self._write(delta)

    def _close(self, done: ResponseDone) -> None:
        self._end_line()
        if done.reason != "completed":
            self._line(f"({done.reason})")

    def _line(self, text: str) -> None:
        self._end_line()
        self._write(text + "\n")

    def _end_line(self) -> None:
        if self._open_line:
            self._write("\r\033[K" if self._open_line == "partial" else "\n")
        self._open_line = ""

    def _write(self, text: str) -> None:
        self._out.write(text)
        self._out.flush()
