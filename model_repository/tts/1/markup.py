"""Text without what is only written: markdown, tables, HTML, emoji. Needs to know no language."""

from __future__ import annotations

import html
import re

_EMOJI = (
    "\U0001f000-\U0001fbef\U0001fbfa-\U0001fbff\u2600-\u2775\u2794-\u27bf\u2b1b\u2b1c\u2b50\u2b55\u231a\u231b"
    "\u23e9-\u23fa\U000e0020-\U000e007f"
)
# Lines that hold no words: fences, rules, the line under a table's head.
_EMPTY_LINE = re.compile(r"\s*(?:(?:```|~~~).*|(?:[-*_=]\s*){3,}|[\s|:-]*-{3}[\s|:-]*)")
_QUOTED = re.compile(r"^\s*(?:>\s?)+")
_TABLE_ROW = re.compile(r"^\s*\|(.*?)\|?\s*$")
_ITEM = re.compile(r"^\s*(?:#{1,6}\s+|[-*+•▪◦‣]\s+(?:\[[ xX]\]\s+)?)")
_NUMBERED = re.compile(r"^\s*\d{1,3}[.)]\s")
_UNFINISHED = re.compile(r"[\w)\]*_`\"'”’»]\Z")
_ENTITY = re.compile(r"&(?:amp|lt|gt|quot|apos|nbsp|#39);")
_INLINE: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"!?\[([^\]]*)\]\([^)]*\)", r"\1"),  # [text](address), ![text](address)
        (r"\[\^[^\]\s]*\]:?", ""),  # footnotes
        (r"(?<=[\w.!?])\[\d{1,3}\]", ""),  # [1] after a word: a source
        (r"<((?:https?://|mailto:)[^\s<>]+)>", r"\1"),
        (r"</?[a-zA-Z][^<>]{0,200}>", " "),  # HTML
        (r"(?<!\w):[a-z][a-z0-9_+-]{1,30}:(?!\w)", ""),  # :smile:
        (r"(?<!\S)[:;=][-']?[)(DPp/](?!\S)", ""),  # :-)
        (r"`+", ""),
        (r"~~", ""),
        (r"(?<!\d)\*{2,}|\*{2,}(?!\d)", ""),  # bold; 2**3 stays
        (
            r"(?<![\w*])\*(?=[^\s*])|(?<=[^\s*])\*(?![\w*])",
            "",
        ),  # italics, also cut in two; 2*3 and 2 * 3 stay
        (r"(?<!\w)_{1,3}(?=\S)|(?<=\S)_{1,3}(?!\w)", ""),  # the same; snake_case stays
        (r"\\(?=[^\w\s])", ""),
        (rf"\s*(?:[{_EMOJI}][\ufe0f\u200d]*)+(?=[.,!?…؟،]|\s*\Z)", ""),
        (rf"(?:[{_EMOJI}][\ufe0f\u200d]*)+", ""),
        (r"[\ufe0f\u20e3]", ""),  # what is left of keycaps
    )
)


def without_markup(text: str) -> str:
    """`text` in one line, white space made single. Items, headings and table rows become sentences of their own."""
    joined, ends_before = "", False
    for line in _whole(text).splitlines():
        words, stands_alone = _line(line)
        if not words:
            ends_before = True
            continue
        ends = (ends_before or stands_alone) and _UNFINISHED.search(joined)
        joined += ("." if ends else "") + " " + words
        ends_before = stands_alone and not _NUMBERED.match(line)
    for pattern, replacement in _INLINE:
        joined = pattern.sub(replacement, joined)
    return " ".join(joined.split())


def _whole(text: str) -> str:
    return _ENTITY.sub(lambda entity: html.unescape(entity[0]), text)


def _line(line: str) -> tuple[str, bool]:
    """The words of a line, and whether they are a sentence apart from the lines around them."""
    line = _QUOTED.sub("", line)
    if _EMPTY_LINE.fullmatch(line):
        return "", True
    if row := _TABLE_ROW.match(line):
        return ", ".join(cell.strip() for cell in row[1].split("|") if cell.strip()), True
    item = _ITEM.match(line)
    return line[item.end() if item else 0 :].strip(), bool(item or _NUMBERED.match(line))
