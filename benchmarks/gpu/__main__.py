"""`python -m benchmarks.gpu`: tokens, Whisper windows and whole turns, and the roofline, as Markdown for docs/log.md.

Runs against a server that is up, on the machine of its GPUs, and changes nothing there. The orchestrator has to admit
as many sessions: start it with BEAUTYAI_MAX_SESSIONS=128 and BEAUTYAI_ADMISSION_WAIT_MS=600000. On a machine without a
GPU: `python -m embedded run -- python -m benchmarks.gpu --concurrency 1 2 --sessions 1`.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path

import anyio
import grpc  # type: ignore[import-untyped]
from tritonclient.utils import InferenceServerException

from benchmarks.clips import Clip, collect, speech_folder
from benchmarks.gpu.engine import served
from benchmarks.gpu.machine import gpus
from benchmarks.gpu.roofline import roofline
from benchmarks.gpu.table import Figures, markdown
from benchmarks.gpu.tokens import TokenLoad, generate, requests
from benchmarks.gpu.windows import WindowLoad, transcribe
from benchmarks.sessions import Load, speak
from benchmarks.usage import Usage, measured
from client.address import DEFAULT_URL
from client.errors import ClientError
from orchestrator.errors import BadSetting
from orchestrator.prompt import ChatTemplate
from orchestrator.triton import TritonInference
from orchestrator.triton_calls import Deadlines

LEVELS = [1, 2, 4, 8, 16, 32, 64, 128]
# Long enough that an engine which is overloaded shows how slow it is, instead of failing.
_PATIENT = Deadlines(first_token=120.0, between_tokens=60.0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.gpu",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    environ = os.environ
    parser.add_argument("--concurrency", type=int, nargs="*", default=LEVELS, help="generations at once")
    parser.add_argument("--windows", type=int, nargs="*", default=[1, 4, 16, 64], help="transcripts at once")
    parser.add_argument("--sessions", type=int, nargs="*", default=LEVELS, help="whole conversations at once")
    parser.add_argument("--rounds", type=int, default=4, help="requests of each at every level (%(default)s)")
    parser.add_argument("--turns", type=int, default=3, help="questions of each session (%(default)s)")
    parser.add_argument("--clips", type=int, default=12, help="different questions (%(default)s)")
    parser.add_argument("--prompt-tokens", type=int, default=512, help="about (%(default)s)")
    parser.add_argument("--output-tokens", type=int, default=128, help="exactly (%(default)s)")
    parser.add_argument(
        "--weights", type=Path, default=_path(environ.get("BEAUTYAI_LLM_GGUF")), help="engine folder"
    )
    parser.add_argument("--tokenizer", type=Path, default=_path(environ.get("BEAUTYAI_TOKENIZER_DIR")))
    parser.add_argument("--url", default=environ.get("BEAUTYAI_URL", DEFAULT_URL), help="the orchestrator")
    parser.add_argument("--triton-url", default=environ.get("BEAUTYAI_TRITON_URL", "127.0.0.1:8001"))
    parser.add_argument(
        "--supervisor-pid",
        type=int,
        default=environ.get("BEAUTYAI_SUPERVISOR_PID"),
        help="the process that the server's others are under, for their CPU time and memory",
    )
    parser.add_argument("--output", type=Path, help="also write the section to this file")
    return parser


def _path(text: str | None) -> Path | None:
    return Path(text) if text else None


async def _measure(arguments: argparse.Namespace, template: ChatTemplate) -> Figures:
    """Raises: ClientError, InferenceServerException, grpc.aio.AioRpcError where nothing answers."""
    serving, found = await served(arguments.triton_url, arguments.weights), gpus()
    clips = await collect(arguments.clips, arguments.triton_url)
    limit = roofline(serving.weights_bytes, found, serving.gpus)
    figures = Figures(found, serving, limit, _setup(arguments, clips))
    async with TritonInference(arguments.triton_url, _PATIENT) as models:
        await _measure_tokens(models, template, arguments, figures)
        await _measure_windows(models, clips, arguments, figures)
    await _measure_turns(clips, arguments, figures)
    return figures


async def _measure_tokens(
    models: TritonInference, template: ChatTemplate, arguments: argparse.Namespace, figures: Figures
) -> None:
    sizes = (arguments.prompt_tokens, arguments.output_tokens)
    await generate(models, requests(template, *sizes, 1), 1)  # what is loaded lazily is not measured
    for concurrency in arguments.concurrency:
        _say(f"{concurrency} generations at once ...")
        asked = requests(template, *sizes, concurrency * arguments.rounds)
        figures.tokens.append(await generate(models, asked, concurrency))


async def _measure_windows(
    models: TritonInference, clips: Sequence[Clip], arguments: argparse.Namespace, figures: Figures
) -> None:
    for padded, loads in ((False, figures.windows), (True, figures.padded)):
        await transcribe(models, clips, 1, 1, padded=padded)
        for concurrency in arguments.windows:
            _say(f"{concurrency} transcripts at once{', padded to 30 s' if padded else ''} ...")
            count = concurrency * arguments.rounds
            loads.append(await transcribe(models, clips, concurrency, count, padded=padded))


async def _measure_turns(clips: Sequence[Clip], arguments: argparse.Namespace, figures: Figures) -> None:
    if arguments.sessions:
        await speak(arguments.url, clips[:1], sessions=1, turns=1)
    for sessions in arguments.sessions:
        _say(f"{sessions} sessions at once ...")
        load, usage = await _speak(clips, sessions, arguments)
        figures.turns.append(load)
        figures.usage += [usage] if usage else []
        if figures.gpus:
            figures.memory_mib.append(sum(gpu.used_mib for gpu in gpus()))


async def _speak(
    clips: Sequence[Clip], sessions: int, arguments: argparse.Namespace
) -> tuple[Load, Usage | None]:
    """Some minutes of conversations, and what the server's processes took where it is known which they are."""
    if arguments.supervisor_pid is None:
        return await speak(arguments.url, clips, sessions, arguments.turns), None
    async with measured(arguments.supervisor_pid) as usage:
        load = await speak(arguments.url, clips, sessions, arguments.turns)
    return load, usage


def _setup(arguments: argparse.Namespace, clips: Sequence[Clip]) -> dict[str, str]:
    source = "recordings" if speech_folder() else "questions spoken by the tts model"
    return {
        "requests": f"about {arguments.prompt_tokens} tokens in, {arguments.output_tokens} out, temperature 0.7",
        "speech": f"{len(clips)} {source}, {sum(clip.seconds for clip in clips):.1f} s in all",
    }


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _failures(figures: Figures) -> Counter[str]:
    loads: list[TokenLoad | WindowLoad | Load] = [*figures.tokens, *figures.windows, *figures.padded]
    return Counter(failure for load in [*loads, *figures.turns] for failure in load.failures)


def main(argv: Sequence[str] | None = None) -> int:
    """0; 1 when nothing answers or something failed; 2 for a tokenizer that cannot be used."""
    arguments = _parser().parse_args(argv)
    try:
        if arguments.tokenizer is None:
            raise BadSetting("name the model's tokenizer folder: --tokenizer, or BEAUTYAI_TOKENIZER_DIR")
        template = ChatTemplate(arguments.tokenizer)
    except BadSetting as error:
        print(f"benchmark: {error}", file=sys.stderr)
        return 2
    try:
        figures = anyio.run(_measure, arguments, template)
    except (ClientError, InferenceServerException, grpc.aio.AioRpcError) as error:
        print(
            f"benchmark: {arguments.triton_url} or {arguments.url} does not answer: {error}", file=sys.stderr
        )
        return 1
    section = f"### GPU benchmark, {datetime.now(timezone.utc):%Y-%m-%d %H:%M} UTC\n\n{markdown(figures)}"
    print(section)
    if arguments.output:
        arguments.output.write_text(section, encoding="utf-8")
    failures = _failures(figures)
    for message, count in failures.most_common():
        _say(f"failed {count} times: {message}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
