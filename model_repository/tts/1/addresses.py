"""Web and e-mail addresses, shortened to what a listener can use and, where the language is known, read out."""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_SEGMENTS = 3
MAX_SEGMENT_CHARACTERS = 24

_ENDINGS = (
    "com|org|net|edu|gov|int|io|ai|dev|app|co|info|me|tv|us|uk|de|fr|es|it|nl|ca|au|in|jp|cn|eu|sa|ae|eg|qa"
)
_ADDRESS = re.compile(
    rf"""(?P<mail>(?:mailto:)?[\w.+%-]+@(?:[\w-]+\.)+[a-zA-Z]{{2,12}}\b)
    |(?:(?P<scheme>[a-zA-Z][a-zA-Z+.-]{{1,12}})://|(?<![\w@.])www\.)(?P<rest>[^\s<>"“”«»،؛]+)
    |(?<![\w@./-])(?P<bare>(?:[a-zA-Z0-9-]{{1,63}}\.){{1,4}}(?:{_ENDINGS})\b(?:/[^\s<>"“”«»،؛]*)?)(?![\w@])
    |(?<![\w./])(?P<file>[\w-]+\.(?:py|js|ts|md|txt|pdf|csv|json|html|exe|jpg|png|zip|docx|xlsx|yaml|yml|toml|sh))\b""",
    re.VERBOSE,
)
_AFTER_SENTENCE = re.compile(r"[.,;:!?؟'”’)\]}*_]+\Z")
# Letters of both sizes and digits in one: a key, not a word.
_KEY = re.compile(r"(?=.*[a-z])(?=.*[A-Z])(?=.*[0-9])[\w-]{6,}\Z")
_USER_INFO = re.compile(r"\A[^/@]*@")


@dataclass(frozen=True)
class Signs:
    """What the marks of an address are called."""

    dot: str
    slash: str
    at: str
    dash: str
    underscore: str
    plus: str
    colon: str


SIGNS = {
    "en": Signs("dot", "slash", "at", "dash", "underscore", "plus", "colon"),
    "ar": Signs("نقطة", "شرطة مائلة", "آت", "شرطة", "شرطة سفلية", "زائد", "نقطتان"),
}


def with_spoken_addresses(text: str, language: str) -> str:
    """`see https://www.example.com/docs?a=1` as `see example dot com slash docs`.

    Without signs for `language` (its first part: `en`, `ar`) the shortened address stays an address.
    """
    if "." not in text and "@" not in text and "://" not in text:
        return text
    signs = SIGNS.get(language)
    return _ADDRESS.sub(lambda match: _spoken(match, signs), text)


def _spoken(match: re.Match[str], signs: Signs | None) -> str:
    if match["mail"] or match["file"]:
        short, rest = match[0].removeprefix("mailto:"), ""
    else:
        written = match["rest"] or match["bare"]
        end = _AFTER_SENTENCE.search(written)
        rest = end[0] if end else ""
        short = _short(written[: len(written) - len(rest)])
    return (_read(short, signs) if signs else short) + rest


def _short(address: str) -> str:
    """Host and the first path segments that are words; no user, query or fragment."""
    path = re.split(r"[?#]", _USER_INFO.sub("", address), maxsplit=1)[0].rstrip("/")
    host, *segments = path.split("/")
    kept = [host.removeprefix("www.")]
    for segment in segments[:MAX_SEGMENTS]:
        if not segment or "%" in segment or len(segment) > MAX_SEGMENT_CHARACTERS or _KEY.match(segment):
            break
        kept.append(segment)
    return "/".join(kept)


def _read(address: str, signs: Signs) -> str:
    names = {
        ".": signs.dot,
        "/": signs.slash,
        "@": signs.at,
        "-": signs.dash,
        "_": signs.underscore,
        "+": signs.plus,
        ":": signs.colon,
    }
    return " ".join("".join(f" {names[c]} " if c in names else c for c in address).split())
