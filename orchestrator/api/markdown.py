"""`python -m orchestrator.api.markdown > docs/api.md`: the OpenAPI document as a page to read."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

Schema = Mapping[str, Any]

_INTRODUCTION = """# HTTP API

Made from the OpenAPI document by `python -m orchestrator.api.markdown > docs/api.md`; `/docs` shows the same to
click on, and `/openapi.json` is the document itself.

Errors are `application/problem+json` (`Problem` below), under `/v1` in OpenAI's shape (`OpenAIProblem`); both name a
stable `code`. The answer to every request has `X-Request-ID`, the caller's own where it sent one. The voice itself is
a WebSocket: [protocol.md](protocol.md).
"""
_LIMITS = {
    "minimum": "≥ {}",
    "exclusiveMinimum": "> {}",
    "maximum": "≤ {}",
    "exclusiveMaximum": "< {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
    "pattern": "`{}`",
}


def markdown(document: Schema) -> str:
    """The page: operations by tag, then every schema that they name."""
    return "\n".join([_INTRODUCTION, *_operations(document), "## Schemas", "", *_schemas(document)]) + "\n"


def _operations(document: Schema) -> Iterator[str]:
    by_tag: dict[str, list[str]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            tag = operation.get("tags", ["other"])[0]
            by_tag.setdefault(tag, []).extend(_operation(method, path, operation))
    for tag in sorted(by_tag):
        yield from (f"## {tag}", "", *by_tag[tag])


def _operation(method: str, path: str, operation: Schema) -> Iterator[str]:
    yield from (f"### `{method.upper()} {path}`", "", operation.get("description", ""), "")
    if scopes := sorted(
        {scope for one in operation.get("security", []) for each in one.values() for scope in each}
    ):
        yield from (f"Scope: {', '.join(f'`{scope}`' for scope in scopes)}", "")
    if parameters := operation.get("parameters"):
        yield from ("| parameter | in | type | meaning |", "|---|---|---|---|")
        yield from (_parameter(one) for one in parameters)
        yield ""
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        yield from (f"Body: `{kind}` {_type(content.get('schema', {}))}", "")
    yield from _answers(operation["responses"])


def _parameter(parameter: Schema) -> str:
    needed = "" if not parameter.get("required") else " (required)"
    schema = parameter["schema"]
    meaning = _meaning({**schema, "description": parameter.get("description", schema.get("description", ""))})
    return f"| `{parameter['name']}`{needed} | {parameter['in']} | {_type(schema)} | {meaning} |"


def _answers(responses: Schema) -> Iterator[str]:
    refusals = []
    for status, answer in sorted(responses.items(), key=lambda item: int(item[0])):
        contents = answer.get("content", {})
        if int(status) >= 400 and "Problem" in str(contents):
            refusals.append(status)
            continue
        kinds = " or ".join(
            f"`{kind}` {_type(one.get('schema', {}))}".strip() for kind, one in contents.items()
        )
        yield f"- {status}: {answer.get('description', '').strip()} {kinds}".rstrip()
    if refusals:
        yield f"- {', '.join(refusals)}: a problem"
    yield ""


def _schemas(document: Schema) -> Iterator[str]:
    for name, schema in sorted(document["components"]["schemas"].items()):
        yield from (f"### {name}", "")
        if about := schema.get("description"):
            yield from (about, "")
        if properties := schema.get("properties"):
            required = schema.get("required", [])
            yield from ("| field | type | meaning |", "|---|---|---|")
            yield from (_field(field, one, field in required) for field, one in properties.items())
        else:
            yield _type(schema)
        yield ""


def _field(name: str, schema: Schema, required: bool) -> str:
    needed = " (required)" if required else ""
    return f"| `{name}`{needed} | {_type(schema)} | {_meaning(schema)} |"


def _type(schema: Schema) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if options := schema.get("anyOf") or schema.get("oneOf"):
        return " or ".join(_type(one) for one in options if one.get("type") != "null")
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    return str(schema.get("format") or schema.get("type") or "anything")


def _meaning(schema: Schema) -> str:
    options = [one for one in schema.get("anyOf", []) if one.get("type") != "null"]
    bounds = {**schema, **(options[0] if len(options) == 1 else {})}
    limits = [text.format(bounds[key]) for key, text in _LIMITS.items() if key in bounds]
    default = schema.get("default")
    if default is not None:
        limits.append(f"default `{default}`")
    parts = [str(schema.get("description", "")).strip(), "; ".join(limits)]
    return " ".join(filter(None, parts)).replace("\n", " ").replace("|", "\\|")


def app_document() -> dict[str, Any]:
    """The OpenAPI document of the whole service, with defaults for everything; nothing is opened or left behind."""
    from orchestrator.app import create_app
    from orchestrator.config import Settings

    tokenizer = Path(os.environ["BEAUTYAI_TOKENIZER_DIR"])
    with tempfile.TemporaryDirectory() as folder:
        return create_app(Settings(tokenizer_dir=tokenizer, data_dir=Path(folder))).openapi()


if __name__ == "__main__":
    sys.stdout.write(markdown(app_document()))
