"""The `beautyai` command: `serve`, `ask` and `talk`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import anyio

from client.ask import ask
from client.conversation import DEFAULT_URL, SAMPLE_RATE, Conversation, Opening
from client.errors import ClientError
from client.recording import read_audio, write_wav
from client.screen import Screen, latency_table
from client.sound import load_sounddevice
from client.talk import talk


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="beautyai", description="A self-hosted voice assistant.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser(
        "serve", help="serve on this machine until Ctrl-C; options go to `python -m embedded serve`"
    )
    asking = commands.add_parser("ask", help="ask one question, typed or from a WAV file")
    question = asking.add_mutually_exclusive_group(required=True)
    question.add_argument("text", nargs="?", help="the question, typed")
    question.add_argument("--wav", type=Path, help="a recording of the question, spoken in real time")
    asking.add_argument("--save", type=Path, metavar="REPLY.WAV", help="write the spoken reply to a WAV file")
    asking.add_argument("--latencies", action="store_true", help="print how long every leg took")
    talking = commands.add_parser("talk", help="talk through the microphone until Ctrl-C")
    for command in (asking, talking):
        url = os.environ.get("BEAUTYAI_URL", DEFAULT_URL)
        command.add_argument("--url", default=url, help="address of the server (%(default)s)")
        command.add_argument("--language", default="auto", help="ISO 639-1 code, or auto (%(default)s)")
        command.add_argument("--voice", default="", help="name of the voice that replies")
    return parser


def _serve(arguments: Sequence[str]) -> int:
    command = [sys.executable, "-m", "embedded", "serve", *arguments]
    os.execv(sys.executable, command)


def _opening(arguments: argparse.Namespace) -> Opening:
    return Opening(language=arguments.language, voice=arguments.voice)


async def _ask(arguments: argparse.Namespace) -> None:
    question = read_audio(arguments.wav, SAMPLE_RATE) if arguments.wav else arguments.text
    async with Conversation(arguments.url, _opening(arguments)) as conversation:
        answer = await ask(conversation, question, on_event=Screen(sys.stdout).show)
    if arguments.latencies:
        print(latency_table(answer.legs))
    if arguments.save and answer.pcm:
        write_wav(arguments.save, answer.pcm, answer.sample_rate)
        print(f"the spoken reply is in {arguments.save}")


async def _talk(arguments: argparse.Namespace) -> None:
    sounddevice = load_sounddevice()
    async with Conversation(arguments.url, _opening(arguments)) as conversation:
        print("speak; Ctrl-C ends")
        await talk(conversation, sounddevice, Screen(sys.stdout).show)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; exit status 0, 1 for a failure that is told in one line, 2 for wrong usage."""
    words = list(sys.argv[1:] if argv is None else argv)
    if words[:1] == ["serve"]:
        return _serve(words[1:])
    arguments = _parser().parse_args(words)
    try:
        anyio.run(partial(_ask if arguments.command == "ask" else _talk, arguments))
    except ClientError as error:
        print(f"beautyai: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
