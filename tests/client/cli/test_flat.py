from __future__ import annotations

from typing import Any

from client.cli.flat import flat, nested


def test_names_with_dots_and_objects_within_objects_are_the_same() -> None:
    content = {"a": {"b": 1, "c": {"d": None}}, "e": [1], "f": {}}
    names: dict[str, Any] = {"a.b": 1, "a.c.d": None, "e": [1], "f": {}}
    assert dict(flat(content)) == names
    assert nested(names) == content
