"""A text read once from left to right; at each place the first rule that fits says what is spoken there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

# What is spoken instead of a match; None leaves the place to the rules after this one.
Speak = Callable[["re.Match[str]"], "str | None"]
Rule = tuple[str, Speak]

_LOOK_BACK = 8


class Rules:
    """Ordered rules. A pattern has no backreferences by number: it is tried as a part of a larger one."""

    def __init__(self, *rules: Rule, prefixes: str = "") -> None:
        """`prefixes`: letters that stay joined to what they stand before (`و` in `و5`), one or two of them."""
        self._rules = [(re.compile(pattern), speak) for pattern, speak in rules]
        self._any = re.compile("|".join(f"(?P<rule{i}>{pattern})" for i, (pattern, _) in enumerate(rules)))
        self._stays_joined = re.compile(rf"(?<!\w)[{prefixes}]{{1,2}}ـ?\Z") if prefixes else None

    def read(self, text: str) -> str:
        """`text` as it is spoken. What a rule has said is not read again."""
        parts: list[str] = []
        done, before = 0, ""
        while found := self._any.search(text, done):
            match, words = self._spoken(found)
            between = text[done : match.start()]
            before = (before + between)[-_LOOK_BACK:]
            if self._must_be_apart(before, words):
                words = f" {words}"
            done = match.end()
            if words[-1:].isalnum() and text[done : done + 1].isalnum():
                words += " "
            parts += [between, words]
            before += words
        return "".join([*parts, text[done:]])

    def _spoken(self, found: re.Match[str]) -> tuple[re.Match[str], str]:
        first = int((found.lastgroup or "rule0")[len("rule") :])
        for pattern, speak in self._rules[first:]:
            match = pattern.match(found.string, found.start())
            if match and (words := speak(match)) is not None:
                return match, words
        return found, found[0]

    def _must_be_apart(self, before: str, words: str) -> bool:
        touches = before[-1:].isalnum() and words[:1].isalnum()
        return touches and not (self._stays_joined and self._stays_joined.search(before))


def word_of(table: dict[str, str]) -> Speak:
    """A rule's answer from a table, by the matched text."""
    return lambda match: table[match[0]]


def any_of(words: Iterable[str]) -> str:
    """A pattern that matches any of `words`, the longest first."""
    return "|".join(re.escape(word) for word in sorted(words, key=lambda word: (-len(word), word)))


def word_before(match: re.Match[str]) -> str:
    """The word before the match in the same clause, with the quotes around it taken off; empty where there is none."""
    before = re.search(r"(\S+)\s*\Z", match.string[max(0, match.start() - 40) : match.start()])
    return before[1].strip("\"'“”«»(*") if before else ""
