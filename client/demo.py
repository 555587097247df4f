"""`python -m client.demo`: a question spoken into a running server in real time, and what came back.

The question is a recording (`WAV`, or the one beside this file), or a text (`QUESTION`) that the server's `tts` model
speaks: for that, and only here, Triton is asked directly.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import AsyncIterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import grpc  # type: ignore[import-untyped]
import numpy as np
from tritonclient.grpc import InferInput
from tritonclient.grpc.aio import InferenceServerClient
from tritonclient.utils import InferenceServerException

from client.address import DEFAULT_URL
from client.ask import Answer, ask
from client.conversation import SAMPLE_RATE, Conversation
from client.errors import ClientError, NoAnswer, ServerUnreachable
from client.question import DEFAULT_QUESTION, DEFAULT_RECORDING
from client.recording import BYTES_PER_SAMPLE, read_audio, resample, write_wav
from client.screen import Screen, latency_table

_SYNTHESIS_TIMEOUT_S = 60.0


async def _requests(text: str) -> AsyncIterator[dict[str, Any]]:
    tensor = InferInput("TEXT", [1, 1], "BYTES")
    tensor.set_data_from_numpy(np.array([[text.encode()]], dtype=np.object_))
    yield {"model_name": "tts", "inputs": [tensor]}


async def speech_of(text: str, triton_url: str) -> bytes:
    """`text` spoken by the `tts` model -> PCM16 mono at 16 kHz.

    Raises:
        ServerUnreachable: Triton does not answer, or refuses.
        NoAnswer: there is nothing to speak in the text.
    """
    chunks: list[bytes] = []
    rate = SAMPLE_RATE
    try:
        async with InferenceServerClient(triton_url) as triton:
            stream = triton.stream_infer(_requests(text), stream_timeout=_SYNTHESIS_TIMEOUT_S)
            async for result, error in stream:
                if error is not None:
                    raise error
                rate = int(result.as_numpy("SAMPLE_RATE").flat[0])
                chunks.append(result.as_numpy("AUDIO").tobytes())
    except InferenceServerException as error:
        raise ServerUnreachable(f"the `tts` model at {triton_url} refused: {error.message()}") from error
    except grpc.aio.AioRpcError as error:
        raise ServerUnreachable(f"no Triton at {triton_url} ({error.details()}); see `make run`") from error
    if not any(chunks):
        raise NoAnswer(f"the `tts` model found nothing to say in {text!r}; ask something else")
    return resample(b"".join(chunks), rate, SAMPLE_RATE)


def _parser() -> argparse.ArgumentParser:
    environment = os.environ.get
    parser = argparse.ArgumentParser(prog="python -m client.demo", description="Ask a running server aloud.")
    parser.add_argument("--question", default=environment("QUESTION"), help="what to ask")
    parser.add_argument("--wav", default=environment("WAV"), help="a recording to ask with instead")
    parser.add_argument("--url", default=environment("BEAUTYAI_URL", DEFAULT_URL), help="server")
    parser.add_argument("--triton-url", default=environment("BEAUTYAI_TRITON_URL", "127.0.0.1:8001"))
    parser.add_argument("--reply", type=Path, default=Path("reply.wav"), help="where the spoken reply goes")
    parser.add_argument("--patience", type=float, default=30.0, help="seconds of silence before giving up")
    return parser


async def _question_pcm(arguments: argparse.Namespace) -> bytes:
    if arguments.wav:
        print(f"question : {arguments.wav}")
        return read_audio(Path(arguments.wav), SAMPLE_RATE)
    if arguments.question:
        print(f"question : {arguments.question} (spoken by the tts model)")
        return await speech_of(arguments.question, arguments.triton_url)
    print(f"question : {DEFAULT_QUESTION} (a recording)")
    return read_audio(DEFAULT_RECORDING, SAMPLE_RATE)


def _report(answer: Answer, reply: Path) -> None:
    if not answer.transcript:
        raise NoAnswer("the server heard a voice, but no words in it; is there speech in the question?")
    if not answer.pcm:
        raise NoAnswer(f"the reply has no audio (its end: {answer.reason}); see the server's log")
    write_wav(reply, answer.pcm, answer.sample_rate)
    seconds = len(answer.pcm) / BYTES_PER_SAMPLE / answer.sample_rate
    print(f"\ntranscript ({answer.language}): {answer.transcript}\nreply: {answer.reply}\n")
    print(f"latencies:\n{latency_table(answer.legs)}")
    if answer.voice_to_voice_ms is not None:
        print(f"  from here: last sample sent to first audio received {answer.voice_to_voice_ms:.0f} ms")
    print(f"\n{reply}: {seconds:.1f} s of speech at {answer.sample_rate} Hz")


async def _demo(arguments: argparse.Namespace) -> None:
    pcm = await _question_pcm(arguments)
    print(f"speaking : {len(pcm) / BYTES_PER_SAMPLE / SAMPLE_RATE:.1f} s in real time", flush=True)
    async with Conversation(arguments.url, key=os.environ.get("BEAUTYAI_API_KEY", "")) as conversation:
        show = Screen(sys.stdout).show
        answer = await ask(conversation, pcm, on_event=show, patience_s=arguments.patience)
    _report(answer, arguments.reply)


def main(argv: Sequence[str] | None = None) -> int:
    """Exit status 0, or 1 with one line that says what failed."""
    arguments = _parser().parse_args(argv)
    try:
        anyio.run(partial(_demo, arguments))
    except ClientError as error:
        print(f"demo failed: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
