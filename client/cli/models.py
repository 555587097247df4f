"""`beautyai model`: the registry of language models, and what of it is loaded."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from client.cli.backups import backups_drawn
from client.cli.call import Call, command
from client.cli.values import Yes, confirmed, named_values, read_json_object

group = typer.Typer(help="List, add, change, load and unload models.")

Name = Annotated[str, typer.Argument(metavar="MODEL", help="the model's id, as in `model list`")]
TritonModel = Annotated[str | None, typer.Option(help="the model of Triton that serves it, as tensorrt_llm")]
Engine = Annotated[str | None, typer.Option(help="what runs it: llama.cpp, tensorrt_llm, piper, …")]
Quantization = Annotated[str | None, typer.Option(help="for example Q8_0")]
Description = Annotated[str | None, typer.Option(help="a line for people")]
Weights = Annotated[str | None, typer.Option(help="the file or folder of the weights, on the server")]
Tokenizer = Annotated[str | None, typer.Option(help="the folder of tokenizer.json, on the server")]
Parameters = Annotated[
    list[str] | None,
    typer.Option("--parameter", metavar="NAME=VALUE", help="a default of generation; again for more"),
]
TritonParameters = Annotated[
    list[str] | None,
    typer.Option("--triton-parameter", metavar="NAME=VALUE", help="over config.pbtxt's; again for more"),
]
Document = Annotated[
    Path | None, typer.Option("--file", metavar="FILE", help="the entry as JSON; - is standard input")
]

_ENTRY = ("triton_model", "engine", "quantization", "description", "weights", "tokenizer")
_TABLES = ("default_parameters", "triton_parameters")


@command(group, "list", "beautyai model list --json")
def list_(call: Call) -> None:
    """List the models of the registry."""
    _list(call, call.server.get("/models"))


@command(group, "show", "beautyai model show smollm2-135m")
def show(call: Call, model: Name) -> None:
    """Print everything about a model: its defaults, its state, what its engine can do."""
    _show(call, call.server.get(_path(model)))


@command(
    group,
    "add",
    "beautyai model add small --triton-model tensorrt_llm --engine llama.cpp --weights /models/small.gguf",
)
def add(
    call: Call,
    model: Name,
    triton_model: TritonModel = None,
    engine: Engine = None,
    quantization: Quantization = None,
    description: Description = None,
    weights: Weights = None,
    tokenizer: Tokenizer = None,
    parameter: Parameters = None,
    triton_parameter: TritonParameters = None,
    file: Document = None,
) -> None:
    """Add a model to the registry; it is not loaded by that."""
    named = (triton_model, engine, quantization, description, weights, tokenizer)
    given = _given(named, (parameter, triton_parameter), file)
    _show(call, call.server.send("POST", "/models", {**given, "id": model}))


@command(group, "update", 'beautyai model update small --description "for tests"')
def update(
    call: Call,
    model: Name,
    triton_model: TritonModel = None,
    engine: Engine = None,
    quantization: Quantization = None,
    description: Description = None,
    weights: Weights = None,
    tokenizer: Tokenizer = None,
    parameter: Parameters = None,
    triton_parameter: TritonParameters = None,
    file: Document = None,
) -> None:
    """Change what is given and leave the rest of the model's entry as it is."""
    named = (triton_model, engine, quantization, description, weights, tokenizer)
    given = _given(named, (parameter, triton_parameter), file)
    if not given:
        raise typer.BadParameter("give what to change, for example --description")
    _show(call, call.server.send("PUT", _path(model), _changed(call.server.get(_path(model)), given)))


@command(group, "remove", "beautyai model remove small --yes")
def remove(call: Call, model: Name, yes: Yes = False) -> None:
    """Take a model out of the registry; its weights stay."""
    confirmed(f"Remove model {model}?", yes)
    call.server.send("DELETE", _path(model))
    call.show({"removed": model}, lambda _: f"model {model} is removed")


@command(group, "set-default", "beautyai model set-default small")
def set_default(call: Call, model: Name) -> None:
    """Make a model the one that answers where none is named."""
    _show(call, call.server.send("POST", f"{_path(model)}/set-default"))


@command(group, "load", "beautyai model load small")
def load(call: Call, model: Name) -> None:
    """Load a model, and wait until it answers."""
    _show(call, _slowly(call, f"loading {model}", "POST", f"{_path(model)}/load"))


@command(group, "unload", "beautyai model unload small")
def unload(call: Call, model: Name) -> None:
    """Unload a model; what it is answering is answered to the end."""
    _show(call, _slowly(call, f"unloading {model}", "DELETE", f"{_path(model)}/unload"))


@command(group, "backups", "beautyai model backups")
def backups(call: Call) -> None:
    """List what the registry was before each of its last changes."""
    call.show(call.server.get("/models/backups"), backups_drawn)


@command(group, "restore", "beautyai model restore model_registry.2026-11-30T23-12-30.412636Z.json --yes")
def restore(
    call: Call, backup: Annotated[str, typer.Argument(help="a name of `model backups`")], yes: Yes = False
) -> None:
    """Know again what the registry knew then; what is loaded stays loaded."""
    confirmed(f"Restore the registry from {backup}?", yes)
    _list(call, call.server.send("POST", "/models/restore", {"backup": backup}))


def _path(model: str) -> str:
    return f"/models/{quote(model, safe='')}"


def _given(
    named: Sequence[str | None], tables: Sequence[list[str] | None], file: Path | None
) -> dict[str, Any]:
    """The entry as far as it was given; an option is stronger than the file."""
    given = read_json_object(file) if file else {}
    given |= {name: value for name, value in zip(_ENTRY, named, strict=True) if value is not None}
    for name, values in zip(_TABLES, tables, strict=True):
        if values:
            given[name] = {**given.get(name, {}), **named_values(values)}
    return given


def _changed(model: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """The whole entry as `PUT` takes it."""
    kept: dict[str, Any] = {name: model[name] for name in (*_ENTRY, *_TABLES) if name in model}
    tables = {name: {**kept[name], **given[name]} for name in _TABLES if name in kept and name in given}
    return {**kept, **given, **tables}


def _slowly(call: Call, what: str, method: str, path: str) -> Any:
    """A request of seconds or minutes, with a clock on a terminal."""
    from client.cli.output import waiting

    with waiting(what):
        return call.server.send(method, path)


def _show(call: Call, model: dict[str, Any]) -> None:
    from client.cli.models_drawn import model_drawn

    call.show(model, model_drawn)


def _list(call: Call, content: dict[str, Any]) -> None:
    from client.cli.models_drawn import models_drawn

    call.show(content, models_drawn)
