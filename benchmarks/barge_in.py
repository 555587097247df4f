"""`python -m benchmarks.barge_in`: what interrupts a reply and what does not, in real time over the WebSocket.

Started by `python -m embedded run --`. Real speech over a reply, sounds that want no turn, the assistant's own voice
in the microphone, and the words that count as heard against a transcript of what was played.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from functools import partial

import anyio
import numpy as np

from benchmarks.overlap_cases import Ear, OverlapCase, interruptions, no_interruptions
from benchmarks.overlap_session import Outcome, OverlapSession
from client.address import DEFAULT_URL
from client.conversation import SAMPLE_RATE
from client.errors import ClientError
from orchestrator.interjection import tokens

KINDS = ("speech", "sounds", "echo")
QUESTIONS = (
    "Tell me how plants grow, from the seed to the fruit.",
    "Tell me a long story about a dog who lives near the sea.",
    "How do I cook pasta with tomatoes?",
    "Explain why the sky is blue and the sunset red.",
    "What should a visitor see in Paris?",
)
GOAL_MS = 400
ECHO_GAIN = 10 ** (-6 / 20)
_ECHO_SECONDS = 8


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.barge_in", description=__doc__)
    parser.add_argument("--cases", type=int, default=20, help="of each kind (%(default)s)")
    parser.add_argument("--only", nargs="+", choices=KINDS, default=list(KINDS), help="which kinds")
    parser.add_argument("--url", default=os.environ.get("BEAUTYAI_URL", DEFAULT_URL))
    parser.add_argument("--triton-url", default=os.environ.get("BEAUTYAI_TRITON_URL", "127.0.0.1:8001"))
    return parser


async def _replies(url: str, cases: Sequence[OverlapCase], echo_gain: float = 0.0) -> list[Outcome]:
    outcomes = []
    for index, case in enumerate(cases):
        question = QUESTIONS[index % len(QUESTIONS)]
        outcome = await OverlapSession(url, case, question, echo_gain).run()
        print(f"  {case.name}: {_told(outcome)}", flush=True)
        outcomes.append(outcome)
    return outcomes


def _told(outcome: Outcome) -> str:
    if outcome.turn is None or outcome.overlap_at_s is None:
        return "no reply, or one too short to speak over"
    ducked = f", ducked {outcome.ducks}x" if outcome.ducks else ""
    if not outcome.interrupted:
        return f"went on{ducked}"
    late = outcome.interrupted_after_ms
    return f"interrupted{'' if late is None else f' {late:.0f} ms after the first word'}{ducked}"


def _silence(count: int) -> list[OverlapCase]:
    nothing = np.zeros(_ECHO_SECONDS * SAMPLE_RATE, np.float32)
    return [OverlapCase(f"own voice {index + 1}", nothing) for index in range(count)]


def word_difference(heard: str, transcript: str) -> int:
    """How many words more the server believes to have been heard; negative: how many fewer."""
    return len(tokens(heard)) - len(tokens(transcript))


def _valid(outcomes: Sequence[Outcome]) -> list[Outcome]:
    return [outcome for outcome in outcomes if outcome.overlap_at_s is not None]


def _share(part: int, whole: int) -> str:
    return f"{part} of {whole}" + (f" ({100 * part / whole:.0f} %)" if whole else "")


def _print_speech(outcomes: Sequence[Outcome], ear: Ear) -> None:
    valid = _valid(outcomes)
    late = sorted(ms for outcome in valid if (ms := outcome.interrupted_after_ms) is not None)
    in_time = sum(ms <= GOAL_MS for ms in late)
    print(
        f"\nspeech: interrupted {_share(len(late), len(valid))}; within {GOAL_MS} ms {_share(in_time, len(valid))}"
    )
    if late:
        print(
            "  after the first word's end, ms: p50 {:.0f}, p95 {:.0f}".format(*np.percentile(late, [50, 95]))
        )
    differences = [
        word_difference(outcome.done.text, ear.text(outcome.heard))
        for outcome in valid
        if outcome.interrupted and outcome.done is not None
    ]
    close = sum(abs(difference) <= 1 for difference in differences)
    print(
        f"  words kept as heard, to one word of Whisper's: {_share(close, len(differences))}; {differences}"
    )


def _print_went_on(name: str, outcomes: Sequence[Outcome]) -> None:
    valid = _valid(outcomes)
    went_on = [outcome for outcome in valid if not outcome.interrupted]
    print(f"\n{name}: the reply went on {_share(len(went_on), len(valid))}")


async def _bench(arguments: argparse.Namespace) -> None:
    ear = Ear()
    if "speech" in arguments.only:
        cases = interruptions(arguments.cases, ear)
        _print_speech(await _replies(arguments.url, cases), ear)
    if "sounds" in arguments.only:
        sounds = await no_interruptions(arguments.cases, arguments.triton_url)
        _print_went_on("sounds", await _replies(arguments.url, sounds))
    if "echo" in arguments.only:
        outcomes = await _replies(arguments.url, _silence(arguments.cases), ECHO_GAIN)
        _print_went_on("own voice at -6 dB", outcomes)


def main(argv: Sequence[str] | None = None) -> int:
    """0; 1 when the server does not answer."""
    try:
        anyio.run(partial(_bench, _parser().parse_args(argv)))
    except (ClientError, FileNotFoundError) as error:
        print(f"benchmark: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
