"""`beautyai ask` and `beautyai talk`: a voice conversation over the WebSocket."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from client.cli.call import Call, command

if TYPE_CHECKING:
    from client.ask import Answer
    from client.conversation import Conversation
    from client.events import Event

group = typer.Typer()

Language = Annotated[str, typer.Option(help="ISO 639-1 code, or auto")]
Voice = Annotated[str, typer.Option(help="name of the voice that replies")]
SessionId = Annotated[str, typer.Option("--session", help="go on with this session")]


@command(group, "ask", 'beautyai ask "What do plants need to grow?" --save reply.wav')
def ask(
    call: Call,
    text: Annotated[str | None, typer.Argument(help="the question, typed")] = None,
    wav: Annotated[Path | None, typer.Option(help="a recording of the question, spoken in real time")] = None,
    save: Annotated[Path | None, typer.Option(help="write the spoken reply to this WAV file")] = None,
    latencies: Annotated[bool, typer.Option("--latencies", help="print how long every leg took")] = False,
    language: Language = "auto",
    voice: Voice = "",
    session: SessionId = "",
) -> None:
    """Ask one question, typed or from a recording, and print what is heard and answered."""
    import anyio

    if (text is None) == (wav is None):
        raise typer.BadParameter("give the question as text or with --wav, one of the two")
    answer = anyio.run(partial(_asked, call, _conversation(call, language, voice, session), text, wav))
    if save and answer.pcm:
        from client.recording import write_wav

        write_wav(save, answer.pcm, answer.sample_rate)
    _report(call, answer, save if answer.pcm else None, latencies)


@command(group, "talk", "beautyai talk --language en")
def talk(call: Call, language: Language = "auto", voice: Voice = "", session: SessionId = "") -> None:
    """Talk through microphone and loudspeaker until Ctrl-C; with --json every event is a line."""
    import anyio

    from client.sound import load_sounddevice

    sounddevice = load_sounddevice()
    conversation = _conversation(call, language, voice, session)
    with suppress(KeyboardInterrupt):
        anyio.run(partial(_talk, call, conversation, sounddevice))
    call.say("")


def _conversation(call: Call, language: str, voice: str, session: str) -> Conversation:
    from client.conversation import Conversation, Opening

    opening = Opening(language=language, voice=voice, session_id=session)
    return Conversation(call.url, opening, key=call.key)


async def _asked(call: Call, conversation: Conversation, text: str | None, wav: Path | None) -> Answer:
    from client.ask import ask, ignore
    from client.conversation import SAMPLE_RATE
    from client.recording import read_audio
    from client.screen import Screen

    question = read_audio(wav, SAMPLE_RATE) if wav else text or ""
    async with conversation:
        return await ask(conversation, question, on_event=ignore if call.as_json else Screen(sys.stdout).show)


async def _talk(call: Call, conversation: Conversation, sounddevice: Any) -> None:
    from client.screen import Screen
    from client.talk import talk

    show: Callable[[Event], None] = _print_event if call.as_json else Screen(sys.stdout).show
    async with conversation:
        call.say("speak; Ctrl-C ends")
        await talk(conversation, sounddevice, show)


def _print_event(event: Event) -> None:
    from client.cli.output import print_json_line

    content = {name: value for name, value in vars(event).items() if name != "pcm"}
    print_json_line({"event": type(event).__name__, **content})


def _report(call: Call, answer: Answer, saved: Path | None, latencies: bool) -> None:
    from client.cli.output import print_json
    from client.screen import latency_table

    if call.as_json:
        content = {name: value for name, value in vars(answer).items() if name != "pcm"}
        print_json({**content, "saved": str(saved) if saved else None})
        return
    if latencies:
        print(latency_table(answer.legs))
    if saved:
        print(f"the spoken reply is in {saved}")
