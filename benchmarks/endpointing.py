"""`python -m benchmarks.endpointing`: does a pause inside a sentence end the turn, and how long does its end wait?

Started by `python -m embedded run --`. Sentences with a pause of 300-800 ms and whole questions are spoken in real time
by one session, or by a few at once where the models can keep up with them. A premature end is a turn that ends before
its sentence was played.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

import anyio
import numpy as np

from benchmarks.clips import SPOKEN_QUESTIONS, longest_pause_ms, speech_folder, trimmed
from benchmarks.pauses import PAUSE_MS, Audio, Paused, background, faded_out, paused, room_tone
from client.address import DEFAULT_URL
from client.ask import ask
from client.conversation import SAMPLE_RATE, Conversation
from client.demo import speech_of
from client.errors import ClientError
from client.events import Event, SpeechStopped
from client.recording import read_audio
from orchestrator.tensors import string
from orchestrator.triton import TritonInference

_CLIP_SECONDS = (2.0, 12.0)
_LONGEST_OWN_PAUSE_MS = 250  # of a clip itself: longer ones would end turns that this does not count
_SILENCE_AFTER_MS = 2_000
_WHISPER_DEADLINE_S = 30.0
# Of a turn's end before the sentence's; the voice detector's idea of both is a few frames wide.
_TOLERANCE_MS = 150
_ROOM = np.random.default_rng(0).normal(0, 0.0004, SAMPLE_RATE // 5).astype(np.float32)
_REPLY = {"system_prompt": "Answer with one word.", "generation": {"temperature": 0, "max_tokens": 3}}


@dataclass(frozen=True)
class Sentence:
    """What is spoken; `pause` None: whole. The voice ends at `voiced_ms`."""

    name: str
    audio: Audio
    voiced_ms: int
    pause: Paused | None


@dataclass(frozen=True)
class Ending:
    """How one sentence's turns ended: where the voice stopped in each, and the last one's wait."""

    sentence: Sentence
    stopped_ms: list[float]
    end_silence_ms: float | None
    transcript: str

    @property
    def is_premature(self) -> bool:
        return any(stopped < self.sentence.voiced_ms - _TOLERANCE_MS for stopped in self.stopped_ms)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.endpointing", description=__doc__)
    parser.add_argument("-n", "--sessions", type=int, default=1, help="at the same time (%(default)s)")
    parser.add_argument("--paused", type=int, default=20, help="sentences with a pause (%(default)s)")
    parser.add_argument("--questions", type=int, default=8, help="whole questions (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="chooses clips, cuts and pauses")
    parser.add_argument(
        "--turn-taking",
        type=json.loads,
        default={},
        metavar="JSON",
        help='e.g. {"semantic_endpointing": false}',
    )
    parser.add_argument("--json", type=Path, help="also write every sentence's figures to this file")
    parser.add_argument("--url", default=os.environ.get("BEAUTYAI_URL", DEFAULT_URL))
    parser.add_argument("--triton-url", default=os.environ.get("BEAUTYAI_TRITON_URL", "127.0.0.1:8001"))
    return parser


async def _sentences(arguments: argparse.Namespace) -> list[Sentence]:
    """Paused sentences and whole questions, mixed."""
    random = Random(arguments.seed)
    recordings = _recordings()
    random.shuffle(recordings)
    asked: list[Sentence] = []
    broken: list[Sentence] = []
    async with TritonInference(arguments.triton_url) as inference:
        for name, audio, quiet in recordings:
            words = await _words(inference, audio)
            if words and str(words[-1]["word"]).strip().endswith("?"):
                asked.append(_sentence(name, audio, quiet, None))
            pause = paused(audio, quiet, words, random) if len(broken) < arguments.paused else None
            if pause is not None:
                broken.append(_sentence(name, pause.audio, quiet, pause))
    for question in SPOKEN_QUESTIONS:
        audio = _audio(await speech_of(question, arguments.triton_url))
        asked.append(_sentence(question, audio, _ROOM, None))
    wanted = [asked[index % len(asked)] for index in range(arguments.questions)]
    return random.sample(broken + wanted, len(broken) + len(wanted))


def _recordings() -> list[tuple[str, Audio, Audio]]:
    """Name, sound and background of every clip of usable length that has no long pause of its own."""
    folder = speech_folder()
    if folder is None:
        return []
    shortest, longest = _CLIP_SECONDS
    lines = (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    entries = [entry for entry in map(json.loads, lines) if entry["kind"] == "speech"]
    found = []
    for name in sorted(entry["file"] for entry in entries if shortest <= entry["seconds"] <= longest):
        pcm = read_audio(folder / name, SAMPLE_RATE)
        quiet = background(_audio(pcm))
        if quiet is not None and longest_pause_ms(trimmed(pcm)) <= _LONGEST_OWN_PAUSE_MS:
            found.append((name, _audio(trimmed(pcm)), quiet))
    return found


async def _words(inference: TritonInference, audio: Audio) -> list[dict[str, Any]]:
    tensors = {"AUDIO": audio[None], "LANGUAGE": string(""), "WORD_TIMESTAMPS": np.array([[True]])}
    answer = await inference.infer("whisper", tensors, _WHISPER_DEADLINE_S)
    segments = json.loads(bytes(answer["SEGMENTS"].flat[0]))
    return [word for segment in segments for word in segment.get("words") or []]


def _audio(pcm: bytes) -> Audio:
    return (np.frombuffer(pcm, "<i2") / 32_768).astype(np.float32)


def _sentence(name: str, audio: Audio, quiet: Audio, pause: Paused | None) -> Sentence:
    """`audio` with two seconds of its room tone behind it."""
    tone = room_tone(quiet, _SILENCE_AFTER_MS * SAMPLE_RATE // 1000)
    voiced_ms = len(audio) * 1000 // SAMPLE_RATE
    return Sentence(name, np.concatenate([faded_out(audio), tone]), voiced_ms, pause)


async def _measure(
    arguments: argparse.Namespace, sentences: Sequence[Sentence]
) -> tuple[list[Ending], list[str]]:
    endings: list[Ending] = []
    failures: list[str] = []
    waiting = iter(sentences)

    async def session() -> None:
        for sentence in waiting:
            try:
                endings.append(await _speak(arguments, sentence))
            except ClientError as error:
                failures.append(f"{sentence.name}: {error}")

    async with anyio.create_task_group() as tasks:
        for _ in range(arguments.sessions):
            tasks.start_soon(session)
    return endings, failures


async def _speak(arguments: argparse.Namespace, sentence: Sentence) -> Ending:
    stopped: list[float] = []

    def note(event: Event) -> None:
        if isinstance(event, SpeechStopped):
            stopped.append(event.audio_ms)

    pcm = np.rint(sentence.audio.clip(-1, 1) * 32_767).astype("<i2").tobytes()
    async with Conversation(arguments.url) as conversation:
        await conversation.configure({**_REPLY, "turn_taking": arguments.turn_taking})
        answer = await ask(conversation, pcm, on_event=note)
    return Ending(sentence, stopped, answer.legs.get("end_silence_ms"), answer.transcript)


def report(endings: Sequence[Ending]) -> str:
    """Premature ends of the paused sentences, and the wait after whole questions and after all."""
    broken = [ending for ending in endings if ending.sentence.pause is not None]
    whole = [ending for ending in endings if ending.sentence.pause is None]
    premature = [ending for ending in broken if ending.is_premature]
    share = f" ({100 * len(premature) / len(broken):.1f} %)" if broken else ""
    lines = [
        f"premature ends: {len(premature)} of {len(broken)} with a pause of {PAUSE_MS[0]}-{PAUSE_MS[1]} ms{share}",
        *(f"  {ending.sentence.name}: {_cut(ending)}" for ending in premature),
        f"wait after the last voiced sample, ms, median (p95): {len(whole)} questions {_waits(whole)}, "
        f"{len(broken)} sentences with a pause {_waits(broken)}",
    ]
    return "\n".join(lines)


def _cut(ending: Ending) -> str:
    pause = ending.sentence.pause
    assert pause is not None
    return f"{pause.pause_ms} ms after {pause.before[-50:]!r}"


def _waits(endings: Sequence[Ending]) -> str:
    waits = [ending.end_silence_ms for ending in endings if ending.end_silence_ms is not None]
    return f"{median(waits):.0f} ({np.percentile(waits, 95):.0f})" if waits else "-"


def _write_json(path: Path, endings: Sequence[Ending]) -> None:
    rows = [
        {
            "name": ending.sentence.name,
            "before": ending.sentence.pause and ending.sentence.pause.before,
            "pause_ms": ending.sentence.pause and ending.sentence.pause.pause_ms,
            "premature": ending.is_premature,
            "stopped_ms": ending.stopped_ms,
            "voiced_ms": ending.sentence.voiced_ms,
            "end_silence_ms": ending.end_silence_ms,
            "transcript": ending.transcript,
        }
        for ending in endings
    ]
    path.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def main(argv: Sequence[str] | None = None) -> int:
    """0; 1 when the server does not answer or a sentence failed."""
    arguments = _parser().parse_args(argv)
    try:
        sentences = anyio.run(_sentences, arguments)
    except ClientError as error:
        print(f"benchmark: {error}", file=sys.stderr)
        return 1
    seconds = sum(len(sentence.audio) for sentence in sentences) / SAMPLE_RATE
    print(f"{len(sentences)} sentences, {seconds:.0f} s, {arguments.sessions} at once ...", flush=True)
    endings, failures = anyio.run(partial(_measure, arguments, sentences))
    print(report(endings))
    if arguments.json:
        _write_json(arguments.json, endings)
    for failure in failures:
        print(f"failed: {failure}", file=sys.stderr)
    return 1 if failures or not endings else 0


if __name__ == "__main__":
    sys.exit(main())
