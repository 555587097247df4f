"""What is given on the command line as `NAME=VALUE` or as a JSON file."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from client.errors import WrongInput

Yes = Annotated[bool, typer.Option("--yes", "-y", help="do not ask")]


def named_values(given: Iterable[str]) -> dict[str, Any]:
    """`["top_k=40", "stop=[\\"a\\"]", "voice=joe"]` -> values by name; what is no JSON is a string.

    Raises:
        typer.BadParameter: one has no `=`.
    """
    values: dict[str, Any] = {}
    for each in given:
        name, equals, value = each.partition("=")
        if not equals or not name:
            raise typer.BadParameter(f"{each!r} is not NAME=VALUE, as in temperature=0.7")
        values[name.strip()] = _value(value)
    return values


def read_json_object(path: Path) -> dict[str, Any]:
    """The object in a JSON file; `-` is standard input.

    Raises:
        WrongInput: it cannot be read, or holds something else.
    """
    try:
        content = json.loads(sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8"))
    except OSError as error:
        raise WrongInput(f"{path} cannot be read ({error.strerror}); name a JSON file") from error
    except ValueError as error:
        raise WrongInput(f"{path} is not JSON ({error}); mend it") from error
    if not isinstance(content, dict):
        raise WrongInput(f"{path} holds no JSON object; mend it")
    return content


def write_json(path: Path, content: Any) -> None:
    """Write a JSON file.

    Raises:
        WrongInput: the place cannot be written.
    """
    try:
        path.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise WrongInput(f"{path} cannot be written ({error.strerror}); choose another place") from error


def confirmed(question: str, yes: bool) -> None:
    """Ask before something is gone; `yes` answers beforehand, and a pipe must have it.

    Raises:
        typer.Exit: the answer is no.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise typer.BadParameter("nobody can be asked here; give --yes")
    typer.confirm(question, abort=True, err=True)


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
