"""`python -m benchmarks.soak`: sessions that talk and interrupt for minutes; no error, flat memory, no task left.

Started by `python -m embedded run --`, as `python -m benchmarks` is.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import urlsplit

import anyio
import anyio.to_thread

from benchmarks.clips import Clip, collect
from benchmarks.person import Person, person
from benchmarks.sessions import SETTINGS
from benchmarks.usage import memory_bytes, supervisor_pid
from client.address import DEFAULT_URL
from client.conversation import Conversation, Opening
from client.errors import ClientError
from client.events import ErrorReported, Ready, ResponseDone, VoiceResponse

_TURNS_OF_A_CONNECTION = 4
_SETTLE_S = 3.0
_LOOKS = 6


@dataclass
class Record:
    """What happened: turns by how they ended, errors by what was said, memory in bytes once a minute."""

    turns: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    memory: list[int] = field(default_factory=list)


async def soak(url: str, clips: Sequence[Clip], sessions: int, seconds: float) -> Record:
    """`sessions` at once for `seconds`; half of the replies are interrupted, every few turns the connection is new."""
    record = Record()
    end_s = time.monotonic() + seconds
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_watch_memory, record, end_s)
        for number in range(sessions):
            tasks.start_soon(_session, url, clips, random.Random(number), record, end_s)
    return record


async def _session(
    url: str, clips: Sequence[Clip], chance: random.Random, record: Record, end_s: float
) -> None:
    session_id = ""
    while time.monotonic() < end_s:
        try:
            async with Conversation(url, Opening(session_id=session_id)) as conversation:
                await conversation.configure(SETTINGS)
                async with person(conversation) as one:
                    for _ in range(_TURNS_OF_A_CONNECTION):
                        await _turn(one, clips, chance)
                    session_id = one.all(Ready)[0].session_id
                    record.turns.update(done.reason for done in one.all(ResponseDone))
                    record.errors.update(f"{e.code}: {e.message}" for e in one.all(ErrorReported))
        except (ClientError, TimeoutError) as error:
            record.errors[f"{type(error).__name__}: {error}"] += 1
            await anyio.sleep(1)


async def _turn(one: Person, clips: Sequence[Clip], chance: random.Random) -> None:
    one.say(chance.choice(clips).pcm)
    if chance.random() < 0.5:
        chunks, turns = len(one.all(VoiceResponse)), len(one.all(ResponseDone))
        await one.until(lambda: len(one.all(VoiceResponse)) > chunks or len(one.all(ResponseDone)) > turns)
        await anyio.sleep(chance.uniform(0.3, 1.2))
        one.say(chance.choice(clips).pcm)
    await one.until_answered()


async def _watch_memory(record: Record, end_s: float) -> None:
    while time.monotonic() < end_s:
        record.memory.append(await anyio.to_thread.run_sync(memory_bytes, supervisor_pid()))
        await anyio.sleep(min(60.0, max(0.0, end_s - time.monotonic())))


def lasting_tasks(url: str) -> int:
    """The fewest tasks of several looks: a canary of a model comes and goes."""
    looks = []
    for _ in range(_LOOKS):
        time.sleep(_SETTLE_S / _LOOKS)
        looks.append(_running_tasks(url))
    return min(looks)


def _running_tasks(url: str) -> int:
    """Tasks of the orchestrator's event loop, from its own metrics; `url` as the client takes it."""
    with urllib.request.urlopen(f"http://{urlsplit(url).netloc}/metrics", timeout=5) as answer:
        lines = answer.read().decode().splitlines()
    return int(float(next(line.split()[1] for line in lines if line.startswith("beautyai_tasks "))))


def main(argv: Sequence[str] | None = None) -> int:
    """0; 1 where something was reported as an error or a task was left."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--sessions", type=int, default=4, help="at the same time (%(default)s)")
    parser.add_argument("--minutes", type=float, default=10.0, help="(%(default)s)")
    parser.add_argument("--url", default=os.environ.get("BEAUTYAI_URL", DEFAULT_URL))
    parser.add_argument("--triton-url", default=os.environ.get("BEAUTYAI_TRITON_URL", "127.0.0.1:8001"))
    arguments = parser.parse_args(argv)
    clips = anyio.run(collect, 8, arguments.triton_url)
    anyio.run(partial(soak, arguments.url, clips, 1, 1.0))  # what is loaded lazily is not measured
    before = lasting_tasks(arguments.url)
    record = anyio.run(partial(soak, arguments.url, clips, arguments.sessions, 60 * arguments.minutes))
    after = lasting_tasks(arguments.url)
    print(f"turns: {dict(record.turns)}")
    print(f"memory, MiB, once a minute: {[round(size / 2**20) for size in record.memory]}")
    print(f"tasks of the orchestrator before and after: {before}, {after}")
    print(f"errors: {dict(record.errors)}")
    return 1 if record.errors or after > before else 0


if __name__ == "__main__":
    sys.exit(main())
