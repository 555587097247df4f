"""`python -m benchmarks` (`make bench`): sessions in real time against a running server, and the floor.

Started by `python -m embedded run --`, which sets the addresses and the models' environment.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import anyio

from benchmarks.alone import FloorError, alone, floor_process
from benchmarks.clips import Clip, collect, speech_folder
from benchmarks.floor import Floor
from benchmarks.report import floor_table, load_table, ratio
from benchmarks.sessions import Load, speak
from benchmarks.usage import Usage, measured, supervisor_pid
from client.address import DEFAULT_URL
from client.errors import ClientError


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


Loads = list[tuple[Load, Usage]]


async def _bench(arguments: argparse.Namespace, clips: Sequence[Clip]) -> tuple[Loads, dict[str, Floor]]:
    await speak(arguments.url, clips[:1], sessions=1, turns=1)  # what is loaded lazily is not measured
    loads: Loads = []
    floors: dict[str, Floor] = {}
    for sessions in arguments.sessions:
        print(f"{sessions} at once ...", flush=True)
        async with measured(supervisor_pid()) as usage:
            if sessions == 1 and not arguments.no_floor:
                async with floor_process() as floor:
                    *done, floors = await alone(arguments.url, clips, floor)
            else:
                done = [await speak(arguments.url, clips, sessions, arguments.turns)]
        loads += [(load, usage) for load in done]
    return loads, floors


def _print_report(loads: Loads, floors: dict[str, Floor]) -> None:
    print(
        f"\nlegs in ms, p50 / p95 (transcript, token, audio: after the end of the turn)\n{load_table(loads)}"
    )
    if floors:
        print(f"\nfloor in ms, p50 / p95\n{floor_table(list(floors.values()))}")
    for load, _ in loads:
        figure = ratio(load.turns, floors) if load.sessions == 1 else None
        if figure is not None:
            print(
                f"\n{load.name}: (voice to voice - silence) / floor, median of {len(load.turns)} turns: {figure:.2f}"
            )
    for load, _ in loads:
        for failure in load.failures:
            print(f"failed with {load.sessions} at once: {failure}", file=sys.stderr)
        for message, count in Counter(load.reported).most_common():
            print(f"reported with {load.sessions} at once, {count} times: {message}", file=sys.stderr)


def _write_json(path: Path, loads: Loads, floors: dict[str, Floor]) -> None:
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
    try:
        loads, floors = anyio.run(partial(_bench, arguments, clips))
    except FloorError as error:
        print(f"benchmark: {error}", file=sys.stderr)
        return 1
    _print_report(loads, floors)
    if arguments.json:
        _write_json(arguments.json, loads, floors)
    return 1 if any(load.failures or not load.turns for load, _ in loads) else 0


if __name__ == "__main__":
    sys.exit(main())
