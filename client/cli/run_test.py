"""`beautyai run test`: whether a server does what it is there for, one small request of every kind."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import typer

from client.cli.call import Call, command
from client.cli.exits import Exit
from client.errors import ClientError, NoAnswer, Problem, ProtocolError, ServerUnreachable
from client.question import DEFAULT_RECORDING, EXPECTED_WORD

group = typer.Typer()

_SENTENCE = "Plants need light and water."
_FEW_TOKENS = 8


@dataclass(frozen=True)
class Checked:
    """What came of one check; `seconds` is how long it took."""

    check: str
    ok: bool
    seconds: float
    detail: str


@command(group, "test", "beautyai run test --url https://voice.example.com")
def test(call: Call) -> None:
    """Ask a server for one of everything: health, readiness, a chat, a transcription, speech, a voice turn.

    Exit code 1 where anything failed, 3 where no server answers at all.
    """
    checked = list(_all_checked(call))
    failed = [each for each in checked if not each.ok]
    content = {"url": call.url, "ok": not failed, "checks": [asdict(each) for each in checked]}
    call.show(content, _drawn)
    if failed:
        raise typer.Exit(Exit.FAILED)


def _all_checked(call: Call) -> Iterator[Checked]:
    from client.cli.output import progress

    with progress() as bar:
        task = bar.add_task("testing", total=len(CHECKS))
        for name, check in CHECKS.items():
            bar.update(task, description=name)
            yield _checked(call, name, check)
            bar.advance(task)


def _checked(call: Call, name: str, check: Callable[[Call], str]) -> Checked:
    started_s = time.monotonic()
    try:
        ok, detail = True, check(call)
    except ServerUnreachable:
        if name == "health":
            raise
        ok, detail = False, "the server stopped answering"
    except ClientError as error:
        ok, detail = False, str(error)
    return Checked(name, ok, round(time.monotonic() - started_s, 3), detail)


def _health(call: Call) -> str:
    return str(call.server.get("/health")["status"])


def _ready(call: Call) -> str:
    try:
        models = call.server.get("/ready")["models"]
    except Problem as problem:
        models = problem.content.get("models") or {}
        silent = [name for name, state in models.items() if not state.get("ready")]
        raise NoAnswer(f"not ready: {', '.join(silent) or problem}; see the server's log") from problem
    return f"{len(models)} models answer"


def _chat(call: Call) -> str:
    asked = {"message": "Say hello.", "max_new_tokens": _FEW_TOKENS}
    answer = call.server.send("POST", "/inference/chat", asked)
    if not answer["text"].strip():
        raise NoAnswer(f"the answer is empty (its end: {answer['finish_reason']}); see the server's log")
    first_ms = answer.get("time_to_first_token_ms") or 0
    return f"{answer['usage']['completion_tokens']} tokens, the first after {first_ms:.0f} ms"


def _transcription(call: Call) -> str:
    files = {"file": (DEFAULT_RECORDING.name, DEFAULT_RECORDING.read_bytes(), "audio/wav")}
    text = str(call.server.request("POST", "/api/v1/voice/transcribe", files=files).json()["text"])
    return _understood(text)


def _synthesis(call: Call) -> str:
    wav = call.server.request("POST", "/api/v1/voice/synthesize", json={"text": _SENTENCE}).content
    if not wav.startswith(b"RIFF"):
        raise ProtocolError("the speech is no WAV file; client and server versions may differ")
    return f"{len(wav)} bytes of WAV"


def _voice_turn(call: Call) -> str:
    import anyio

    from client.cli.spoken import spoken_turn

    answer = anyio.run(partial(spoken_turn, call.url, call.key, _FEW_TOKENS))
    if not answer.pcm:
        raise NoAnswer(f"the reply has no audio (its end: {answer.reason}); see the server's log")
    _understood(answer.transcript)
    return f"voice to voice {answer.legs['voice_to_voice_ms']:.0f} ms"


def _understood(text: str) -> str:
    if EXPECTED_WORD not in text.lower():
        raise NoAnswer(
            f"{DEFAULT_RECORDING.name} was understood as {text!r}; see the whisper model's settings"
        )
    return text


CHECKS: dict[str, Callable[[Call], str]] = {
    "health": _health,
    "ready": _ready,
    "chat": _chat,
    "transcription": _transcription,
    "synthesis": _synthesis,
    "voice turn": _voice_turn,
}


def _drawn(content: dict[str, Any]) -> Any:
    from client.cli.output import table

    rows = (
        (each["check"], "ok" if each["ok"] else "failed", f"{each['seconds']:.2f}", each["detail"])
        for each in content["checks"]
    )
    return table(("check", "", "seconds", ""), rows, numbers=("seconds",))
