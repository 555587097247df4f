"""`python -m benchmarks` (`make bench`): sessions in real time against a running server, and the floor.

Started by `python -m embedded run --`, which sets the addresses and the models' environment.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import anyio

from benchmarks.clips import Clip, collect, save, speech_folder
from benchmarks.floor import Floor
from benchmarks.report import GOAL_RATIO, floor_table, load_table, ratio
from benchmarks.sessions import Load, speak
from benchmarks.usage import Usage, measured, supervisor_pid
from client.conversation import DEFAULT_URL
from client.errors import ClientError

_FLOOR_TIMEOUT_S = 300.0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "-n", "--sessions", type=int, nargs="+", default=[1, 2, 4, 8], help="at the same time"
    )
    parser.add_argument("--turns", type=int, default=3, help="questions of each session (%(default)s)")
    parser.add_argument("--clips", type=int, default=6, help="different questions (%(default)s)")
    parser.add_argument("--no-floor", action="store_true", help="leave the floor out")
    parser.add_argument("--json", type=Path, help="also write every turn's figures to this file")
    parser.add_argument("--url", default=os.environ.get("BEAUTYAI_URL", DEFAULT_URL))
    parser.add_argument("--triton-url", default=os.environ.get("BEAUTYAI_TRITON_URL", "127.0.0.1:8001"))
    return parser


async def _loads(arguments: argparse.Namespace, clips: Sequence[Clip]) -> list[tuple[Load, Usage]]:
    supervisor = supervisor_pid()
    await speak(arguments.url, clips[:1], sessions=1, turns=1)  # what is loaded lazily is not measured
    loads = []
    for sessions in arguments.sessions:
        # A single session alone carries the ratio: it asks every question.
        turns = max(arguments.turns, len(clips)) if sessions == 1 else arguments.turns
        print(f"{sessions} at once, {turns} questions each ...", flush=True)
        async with measured(supervisor) as usage:
            load = await speak(arguments.url, clips, sessions, turns)
        loads.append((load, usage))
    return loads


def _floors(clips: Sequence[Clip]) -> dict[str, Floor]:
    """In a process of its own: what it loads does not count as the server's, and ends with it."""
    print("the floor, in one process ...", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        save(list(clips), Path(folder))
        command = [sys.executable, "-m", "benchmarks.floor", folder]
        done = subprocess.run(
            command, stdout=subprocess.PIPE, text=True, check=True, timeout=_FLOOR_TIMEOUT_S
        )
    rows = json.loads(done.stdout.splitlines()[-1])
    return {clip.name: Floor(**row) for clip, row in zip(clips, rows, strict=True)}


def _print_report(loads: list[tuple[Load, Usage]], floors: dict[str, Floor]) -> None:
    print(
        f"\nlegs in ms, p50 / p95 (transcript, token, audio: after the end of the turn)\n{load_table(loads)}"
    )
    if floors:
        print(f"\nfloor in ms, p50 / p95\n{floor_table(list(floors.values()))}")
    alone = [turn for load, _ in loads if load.sessions == 1 for turn in load.turns]
    figure = ratio(alone, floors)
    if figure is not None:
        print(f"\n(voice to voice - silence) / floor, median of {len(alone)} turns: {figure:.2f}", end="")
        print(f" (goal: at most {GOAL_RATIO})")
    for load, _ in loads:
        for failure in load.failures:
            print(f"failed with {load.sessions} at once: {failure}", file=sys.stderr)
        for message, count in Counter(load.reported).most_common():
            print(f"reported with {load.sessions} at once, {count} times: {message}", file=sys.stderr)


def _write_json(path: Path, loads: list[tuple[Load, Usage]], floors: dict[str, Floor]) -> None:
    turns = [
        {
            "sessions": load.sessions,
            "clip": turn.clip.name,
            "transcript": turn.answer.transcript,
            "reply": turn.answer.reply,
            "seen_voice_to_voice_ms": turn.answer.voice_to_voice_ms,
            "floor": vars(floors[turn.clip.name]) if turn.clip.name in floors else None,
            **turn.answer.legs,
        }
        for load, _ in loads
        for turn in load.turns
    ]
    path.write_text(json.dumps(turns, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def main(argv: Sequence[str] | None = None) -> int:
    """0; 1 when the server does not answer or a turn failed."""
    arguments = _parser().parse_args(argv)
    try:
        clips = anyio.run(collect, arguments.clips, arguments.triton_url)
    except ClientError as error:
        print(f"benchmark: {error}", file=sys.stderr)
        return 1
    source = "recordings" if speech_folder() else "questions spoken by the tts model"
    print(f"{len(clips)} {source}, {sum(clip.seconds for clip in clips):.1f} s in all")
    floors = {} if arguments.no_floor else _floors(clips)
    loads = anyio.run(partial(_loads, arguments, clips))
    _print_report(loads, floors)
    if arguments.json:
        _write_json(arguments.json, loads, floors)
    return 1 if any(load.failures or not load.turns for load, _ in loads) else 0


if __name__ == "__main__":
    sys.exit(main())
