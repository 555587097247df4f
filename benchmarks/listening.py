"""`python -m benchmarks.listening`: what sessions cost the server that only listen, process by process.

Started by `python -m embedded run --`. Every session sends room tone in real time, its messages at another moment than
its neighbours'. The client's own time is not counted.
"""

from __future__ import annotations

import argparse
import itertools
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

import anyio
import numpy as np

from benchmarks.usage import ROLES, cpu_seconds_by_role, supervisor_pid
from client.address import DEFAULT_URL
from client.conversation import SAMPLE_RATE, Conversation
from client.errors import ClientError
from client.events import ErrorReported, Pong, SpeechStarted

GOAL_CPU_SECONDS = 0.02
GOAL_ROLES = ("orchestrator", "tritonserver", "vad")
"""Who hears a session; the other models answer their canaries, however many sessions there are."""

_ROOM_TONE_RMS = 20  # of 32768: a quiet room, about -64 dBFS
_TONE_SECONDS = 10
_SETTLE_SECONDS = 2.0
_PONG_SECONDS = 5.0


@dataclass
class Listening:
    """What `sessions` cost in `seconds`. `behind_ms`: how long a ping behind the last audio waited for its answer."""

    sessions: int
    seconds: float = 0.0
    cpu_seconds: dict[str, float] = field(default_factory=dict)  # by role
    behind_ms: list[float] = field(default_factory=list)
    faults: int = 0  # speech that nobody spoke, and errors

    def cpu_seconds_per_audio_second(self, roles: Sequence[str] = ROLES) -> float:
        """Of one session, with its share of what these roles do for nobody."""
        return sum(self.cpu_seconds[role] for role in roles) / self.seconds / self.sessions


def room_tone(seconds: float, seed: int) -> bytes:
    """Soft noise, PCM16, the same for the same seed."""
    noise = np.random.default_rng(seed).normal(0, _ROOM_TONE_RMS, round(seconds * SAMPLE_RATE))
    return bytes(np.rint(noise).astype("<i2").tobytes())


async def measure(url: str, sessions: int, seconds: float, message_ms: int) -> Listening:
    """Let `sessions` listen; what they need to open and to close is not counted."""
    listening, over = Listening(sessions), anyio.Event()
    async with anyio.create_task_group() as tasks:
        for number in range(sessions):
            tasks.start_soon(_session, url, number, message_ms, over, listening)
        await anyio.sleep(_SETTLE_SECONDS)
        before, began = cpu_seconds_by_role(supervisor_pid()), time.monotonic()
        await anyio.sleep(seconds)
        after, listening.seconds = cpu_seconds_by_role(supervisor_pid()), time.monotonic() - began
        over.set()
    listening.cpu_seconds = {role: after[role] - before[role] for role in ROLES}
    return listening


async def _session(url: str, number: int, message_ms: int, over: anyio.Event, listening: Listening) -> None:
    async with Conversation(url) as conversation, anyio.create_task_group() as tasks:
        tasks.start_soon(_note_answers, conversation, listening, tasks.cancel_scope)
        phase = number / listening.sessions
        await _send_room_tone(conversation, phase, message_ms, over)
        began = time.monotonic()
        await conversation.ping()
        await anyio.sleep(_PONG_SECONDS)
    listening.behind_ms.append(1000 * (time.monotonic() - began))


async def _send_room_tone(
    conversation: Conversation, phase: float, message_ms: int, over: anyio.Event
) -> None:
    message_bytes = 2 * SAMPLE_RATE * message_ms // 1000
    pcm = room_tone(_TONE_SECONDS, seed=round(1000 * phase))
    messages = [pcm[start : start + message_bytes] for start in range(0, len(pcm), message_bytes)]
    began = time.monotonic() + phase * message_ms / 1000
    for index, message in enumerate(itertools.cycle(messages)):
        await anyio.sleep(max(0.0, began + index * message_ms / 1000 - time.monotonic()))
        if over.is_set():
            return
        await conversation.send_audio(message)


async def _note_answers(conversation: Conversation, listening: Listening, session: anyio.CancelScope) -> None:
    async for event in conversation:
        listening.faults += isinstance(event, (SpeechStarted, ErrorReported))
        if isinstance(event, Pong):
            session.cancel()


def table(idle: Listening, busy: Listening) -> str:
    """CPU seconds a second of the server with nobody there, of the server with sessions, and of one session."""
    rows = [["CPU seconds a second", "idle", f"{busy.sessions} listen", "one session's share"]]
    for role in (*ROLES, "all"):
        none, some = (_per_second(listening, role) for listening in (idle, busy))
        rows.append([role, f"{none:.4f}", f"{some:.4f}", f"{some / busy.sessions:.4f}"])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in rows
    )


def _per_second(listening: Listening, role: str) -> float:
    seconds = listening.cpu_seconds
    return (sum(seconds.values()) if role == "all" else seconds[role]) / listening.seconds


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.listening", description=__doc__)
    parser.add_argument("-n", "--sessions", type=int, default=16, help="at the same time (%(default)s)")
    parser.add_argument("--seconds", type=float, default=20.0, help="that are measured (%(default)s)")
    parser.add_argument("--message-ms", type=int, default=32, help="audio in a message (%(default)s)")
    parser.add_argument("--url", default=os.environ.get("BEAUTYAI_URL", DEFAULT_URL))
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """0; 1 when the server does not answer, was late, or heard speech in the room tone."""
    options = _parser().parse_args(argv)
    run = partial(measure, options.url, seconds=options.seconds, message_ms=options.message_ms)
    try:
        idle, busy = anyio.run(partial(run, sessions=0)), anyio.run(partial(run, sessions=options.sessions))
    except ClientError as error:
        print(f"benchmark: {error}", file=sys.stderr)
        return 1
    print(table(idle, busy))
    hearing, everything = busy.cpu_seconds_per_audio_second(GOAL_ROLES), busy.cpu_seconds_per_audio_second()
    print(f"\nCPU s per audio s of a session: {hearing:.4f} for {', '.join(GOAL_ROLES)}", end="")
    print(f" (goal: at most {GOAL_CPU_SECONDS}), {everything:.4f} for all")
    print(f"answer to a ping behind the last audio: {max(busy.behind_ms):.0f} ms at most")
    if busy.faults:
        print(f"{busy.faults} errors, or turns that nobody spoke", file=sys.stderr)
    return 1 if busy.faults or max(busy.behind_ms) > 1000 else 0


if __name__ == "__main__":
    sys.exit(main())
