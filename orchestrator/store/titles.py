"""A name for a conversation that was given none: the first words said in it."""

from __future__ import annotations

MAX_CHARACTERS = 60


def title_of(words: str) -> str:
    """The first words of `words` on one line, whole ones where there are several; "…" where it goes on."""
    line = " ".join(words.split())
    if len(line) <= MAX_CHARACTERS:
        return line
    cut = line[: MAX_CHARACTERS - 1]
    return (cut.rsplit(" ", 1)[0] if line[MAX_CHARACTERS - 1] != " " else cut).rstrip() + "…"
