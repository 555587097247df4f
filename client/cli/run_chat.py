"""`beautyai run chat`: a chat by keyboard, or through a pipe: one line in, one answer out."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from client.cli.call import Call, command
from client.cli.exits import exit_code
from client.cli.values import named_values
from client.errors import ClientError, ServerUnreachable

if TYPE_CHECKING:
    from client.cli.chat import Chat

group = typer.Typer()

_HELP = """/think, /no_think    think before answering, or not
/save FILE           write the chat to a file
/load FILE           go on with a chat from a file
/new                 begin a new chat
/help                this list
/exit                leave (or Ctrl-D)"""


@command(group, "chat", "beautyai run chat --preset creative --parameter max_new_tokens=200")
def chat(
    call: Call,
    model: Annotated[str | None, typer.Option(help="which model answers; the default one without")] = None,
    language: Annotated[str | None, typer.Option(help="ISO 639-1 code of the answers")] = None,
    preset: Annotated[str | None, typer.Option(help="conservative, balanced, creative, …")] = None,
    system_prompt: Annotated[str | None, typer.Option(help="who the model is to be")] = None,
    think: Annotated[bool | None, typer.Option("--think/--no-think", help="think before answering")] = None,
    session: Annotated[str, typer.Option(help="go on with this session")] = "",
    parameter: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="any generation parameter; again for more")
    ] = None,
) -> None:
    """Chat with the model by keyboard; the history is kept, and /help lists the commands.

    Through a pipe every line is a question and every answer is printed as it comes; with --json an answer is one line.
    """
    from client.cli.chat import Chat

    named = {"model": model, "language": language, "preset": preset, "system_prompt": system_prompt}
    given = {name: value for name, value in {**named, "enable_thinking": think}.items() if value is not None}
    chat = Chat(call.server, {**given, **named_values(parameter or ())}, session)
    _Keyboard(call, chat).run()


class _Keyboard:
    """Reads lines until there are no more; a fault is told and the chat goes on."""

    def __init__(self, call: Call, chat: Chat) -> None:
        self._call = call
        self._chat = chat
        self._interactive = sys.stdin.isatty() and not call.as_json
        self._failure: ClientError | None = None
        self._commands: dict[str, Callable[[str], None]] = {
            "/think": lambda _: self._think(True),
            "/no_think": lambda _: self._think(False),
            "/save": self._save,
            "/load": self._load,
            "/new": lambda _: self._new(),
            "/help": lambda _: self._tell(_HELP),
        }

    def run(self) -> None:
        """Exit code: that of the last fault, so that a script notices."""
        self._tell(f"chatting with {self._call.url}; /help lists the commands")
        for line in self._lines():
            if line == "/exit":
                break
            try:
                self._obey(line)
            except ServerUnreachable:
                raise
            except ClientError as error:
                self._failure = error
                print(f"beautyai: {error}", file=sys.stderr)
        if self._failure is not None and not self._interactive:
            raise typer.Exit(exit_code(self._failure))

    def _lines(self) -> Iterator[str]:
        if self._interactive:
            import readline  # noqa: F401  # arrow keys and the history of what was typed

        while True:
            try:
                line = input("you      : ") if self._interactive else sys.stdin.readline()
            except (EOFError, KeyboardInterrupt):
                print()
                return
            if not line and not self._interactive:
                return
            if line.strip():
                yield line.strip()

    def _obey(self, line: str) -> None:
        word, _, rest = line.partition(" ")
        if word in self._commands:
            self._commands[word](rest.strip())
        elif line.startswith("/"):
            self._tell(f"{word} is no command; /help lists them")
        else:
            self._answer(line)

    def _answer(self, question: str) -> None:
        from client.cli.output import print_json_line

        printed = _Printed(self._interactive)
        with closing(self._chat.ask(question)) as events:
            try:
                for kind, content in events:
                    if self._call.as_json and kind == "done":
                        print_json_line(content)
                    elif not self._call.as_json:
                        printed.take(kind, content)
            except KeyboardInterrupt:
                printed.end("(stopped)")

    def _think(self, wanted: bool) -> None:
        self._chat.think(wanted)
        self._tell("it thinks before it answers" if wanted else "it answers without thinking")

    def _new(self) -> None:
        self._chat.begin_anew()
        self._tell("a new chat")

    def _save(self, file: str) -> None:
        if not file:
            self._tell("name a file: /save chat.json")
            return
        self._chat.save(Path(file).expanduser())
        self._tell(f"the chat is in {file}")

    def _load(self, file: str) -> None:
        if not file:
            self._tell("name a file: /load chat.json")
            return
        self._tell(f"{self._chat.load(Path(file).expanduser())} messages are loaded")

    def _tell(self, text: str) -> None:
        """For a person; through a pipe standard output holds answers only."""
        print(text, file=sys.stdout if self._interactive else sys.stderr)


class _Printed:
    """An answer on its way to the screen; thoughts are shown to a person only, and dim."""

    def __init__(self, interactive: bool) -> None:
        self._interactive = interactive
        self._part = ""

    def take(self, kind: str, content: dict[str, Any]) -> None:
        if kind == "delta":
            self._write("BeautyAI : ", kind, content["text"])
        elif kind == "thinking" and self._interactive:
            self._write("thinking : ", kind, f"\033[2m{content['text']}\033[0m")
        elif kind == "done":
            self.end("" if self._part == "delta" else content["text"])

    def end(self, note: str) -> None:
        print(note if not self._part else f" {note}".rstrip(), flush=True)

    def _write(self, heading: str, part: str, text: str) -> None:
        if part != self._part and self._interactive:
            print("\n" if self._part else "", heading, sep="", end="")
        self._part = part
        print(text, end="", flush=True)
