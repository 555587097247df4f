"""`benchmarks/perf_analyzer/run MODEL`: perf_analyzer on one model of a running server.

What follows `--` goes to perf_analyzer as it is and comes last, so that it overrules what is set here.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import anyio

from benchmarks.perf_analyzer.inputs import MODELS, QUESTION, audio_from, filled
from benchmarks.perf_analyzer.install import InstallError, installed
from client.demo import speech_of
from client.errors import ClientError
from embedded.errors import EmbeddedError
from embedded.settings import Settings

DECOUPLED = ("chat", "voice_turn")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="benchmarks/perf_analyzer/run", description=__doc__)
    parser.add_argument("model", choices=MODELS)
    url = os.environ.get("BEAUTYAI_TRITON_URL", "127.0.0.1:8001")
    parser.add_argument("--url", default=url, help="Triton's gRPC address (%(default)s)")
    parser.add_argument("--concurrency", type=int, default=1, help="requests at work at once (%(default)s)")
    parser.add_argument("--requests", type=int, default=20, help="requests in all (%(default)s)")
    return parser


def parse(words: Sequence[str]) -> tuple[argparse.Namespace, list[str]]:
    """Our arguments, and perf_analyzer's own after `--`."""
    split = words.index("--") if "--" in words else len(words)
    return _parser().parse_args(words[:split]), list(words[split + 1 :])


def command(arguments: argparse.Namespace, program: Sequence[str], input_file: Path) -> list[str]:
    """The words that measure one model."""
    words = [*program, "-m", arguments.model, "-i", "grpc", "-u", arguments.url]
    words += ["--input-data", str(input_file), "--concurrency-range", str(arguments.concurrency)]
    words += ["--request-count", str(arguments.requests)]
    return words + (["--streaming", "--async"] if arguments.model in DECOUPLED else [])


def _measure(arguments: argparse.Namespace, options: Sequence[str]) -> int:
    program = installed(Settings.from_environment().cache_dir)
    speech = audio_from(anyio.run(speech_of, QUESTION, arguments.url))
    with tempfile.TemporaryDirectory() as folder:
        input_file = Path(folder) / f"{arguments.model}.json"
        input_file.write_text(json.dumps(filled(arguments.model, speech)), encoding="utf-8")
        words = [*command(arguments, program, input_file), *options]
        return subprocess.run(words, check=False).returncode


def main(argv: Sequence[str] | None = None) -> int:
    """perf_analyzer's exit status, or 1 with one line that says why it was not started."""
    arguments, options = parse(sys.argv[1:] if argv is None else argv)
    try:
        return _measure(arguments, options)
    except (ClientError, EmbeddedError, InstallError) as error:
        print(f"perf_analyzer: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
