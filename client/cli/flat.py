"""Objects within objects, by names with dots."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def flat(content: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """`{"a": {"b": 1}}` -> `("a.b", 1)`."""
    for name, value in content.items():
        if isinstance(value, Mapping) and value:
            yield from flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value


def nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """`{"a.b": 1}` -> `{"a": {"b": 1}}`."""
    content: dict[str, Any] = {}
    for name, value in values.items():
        *parents, own = name.split(".")
        place = content
        for parent in parents:
            place = place.setdefault(parent, {})
        place[own] = value
    return content
