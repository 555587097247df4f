"""Sessions that speak at the same time, each its questions one after the other, and how long each turn took."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import anyio

from benchmarks.clips import Clip
from client.ask import Answer, ask
from client.conversation import Conversation
from client.errors import ClientError
from client.events import ErrorReported, Event
from client.recording import BYTES_PER_SAMPLE

# The same words every time, and the same as in the floor: greedy, and short enough for a benchmark.
MAX_TOKENS = 48
SYSTEM_PROMPT = "You are a helpful voice assistant. Answer in one short sentence."
SETTINGS = {
    "system_prompt": SYSTEM_PROMPT,
    "generation": {
        "temperature": 0,
        "top_k": 1,
        "top_p": None,
        "repetition_penalty": 1,
        "max_tokens": MAX_TOKENS,
    },
    # Every turn ends after the same silence, so that what comes after it can be compared.
    "turn_taking": {"semantic_endpointing": False},
}
NOT_PREPARED = {**SETTINGS, "turn_taking": {"semantic_endpointing": False, "eager": False}}
_START_SPREAD_S = 0.7


@dataclass(frozen=True)
class TurnResult:
    """One answered question."""

    clip: Clip
    answer: Answer

    @property
    def reply_seconds(self) -> float:
        """Length of the spoken reply."""
        rate = self.answer.sample_rate
        return len(self.answer.pcm) / BYTES_PER_SAMPLE / rate if rate else 0.0

    @property
    def after_silence_ms(self) -> float | None:
        """Voice to voice without the silence that ends a turn: what the pipeline adds."""
        legs = self.answer.legs
        if "voice_to_voice_ms" not in legs or "end_silence_ms" not in legs:
            return None
        return legs["voice_to_voice_ms"] - legs["end_silence_ms"]


@dataclass(frozen=True)
class Load:
    """What `sessions` at once did: the turns that were answered, why the others were not, and all errors reported."""

    sessions: int
    turns: list[TurnResult] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    reported: list[str] = field(default_factory=list)
    settings: Mapping[str, Any] = field(default_factory=lambda: SETTINGS)

    @property
    def name(self) -> str:
        """The number of sessions, and whether replies had to wait for the end of the turn."""
        return str(self.sessions) if self.settings is SETTINGS else f"{self.sessions} (not prepared)"

    @property
    def audio_seconds(self) -> float:
        """Questions and replies together."""
        return sum(turn.clip.seconds + turn.reply_seconds for turn in self.turns)


async def speak(url: str, clips: Sequence[Clip], sessions: int, turns: int) -> Load:
    """`sessions` at once, `turns` questions each, every session beginning with another clip."""
    load = Load(sessions)
    async with anyio.create_task_group() as tasks:
        for session in range(sessions):
            mine = [clips[(session + turn) % len(clips)] for turn in range(turns)]
            tasks.start_soon(_session, url, mine, session * _START_SPREAD_S, load)
    return load


async def _session(url: str, clips: Sequence[Clip], delay_s: float, load: Load) -> None:
    await anyio.sleep(delay_s)
    await ask_all(url, clips, load)


async def ask_all(url: str, clips: Sequence[Clip], load: Load) -> None:
    """Ask each clip after the one before has been answered, and note in `load` how it went."""
    for clip in clips:
        try:
            load.turns.append(await _turn(url, clip, load))
        except ClientError as error:
            load.failures.append(f"{clip.name}: {error}")


async def _turn(url: str, clip: Clip, load: Load) -> TurnResult:
    """A connection of its own for each turn: the prompt stays the one that the floor uses."""

    def note(event: Event) -> None:
        if isinstance(event, ErrorReported):
            load.reported.append(f"{event.code}: {event.message}")

    async with Conversation(url) as conversation:
        await conversation.configure(load.settings)
        return TurnResult(clip, await ask(conversation, clip.pcm, on_event=note))
