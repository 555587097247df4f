"""English text with everything written out that a voice would stumble over: numbers, abbreviations, symbols."""

from __future__ import annotations

import re
from functools import cache

from . import english_amounts, english_times
from .english_numbers import number
from .english_words import ABBREVIATIONS, AFTER_NAMES, BEFORE_NUMBERS, SYMBOLS, TITLES
from .rewriting import Rule, Rules, any_of, word_of

_ENDS = re.compile(r"[\"'”’)]*\s*\Z|[\"'”’)]*\s+[A-Z]")
# After a name's initials only what can hardly be a name begins a sentence.
_BEGINS = re.compile(
    r"[\"'”’)]*(?:\s*\Z|\s+(?:The|It|He|She|We|They|I|You|This|That|There|In|On|At|But|And|So|If|Then|What|When)\b)"
)
# The other English-speaking countries write the day first.
_MONTH_FIRST = ("en", "en-us", "en-ph")


def spoken_english(text: str, language: str = "en") -> str:
    """`text` in words, without a digit. `language` such as `en-gb` decides what 4/5/2026 means."""
    return _rules(language not in _MONTH_FIRST).read(text)


@cache
def _rules(day_first: bool) -> Rules:
    return Rules(*_words(), *english_times.rules(day_first=day_first), *english_amounts.rules(), *_symbols())


def _words() -> list[Rule]:
    return [
        (
            r"(?:^|(?<=[.!?:] ))[0-9]{1,2}[.)](?= +[^\W\d])",
            lambda match: f"{number(match[0][:-1])},",
        ),
        (
            rf"\b(?:{any_of(TITLES)})\.?(?=\s[A-Z])(?<!\bGen)(?<!\bCol)(?<!\bHon)(?<!\bSen)(?<!\bRep)(?<!\bPres)",
            _title,
        ),
        (
            rf"(?<=[a-z] )(?:{any_of(AFTER_NAMES)})\.",
            lambda match: AFTER_NAMES[match[0][:-1]] + _full_stop(match),
        ),
        (r"\b[Ee]tc\b\.?", lambda match: "et cetera" + _full_stop(match)),
        (
            rf"(?<!\w)(?:{any_of(BEFORE_NUMBERS)})\s?(?=[0-9])",
            lambda match: f"{BEFORE_NUMBERS[match[0].strip()]} ",
        ),
        (rf"(?<!\w)(?:{any_of(ABBREVIATIONS)})(?!\w)", word_of(ABBREVIATIONS)),
        (
            r"\b(?:[A-Z]\.){2,}",
            lambda m: m[0].replace(".", "") + ("." if _BEGINS.match(m.string, m.end()) else ""),
        ),
        (r"(?<![\w.])(?!I\.)[A-Z]\.(?=\s[A-Z])", lambda match: match[0][0]),
        (r"/(month|mo|year|yr|day|week|hour|hr|minute|min|second|sec|person|kg|night|user)\b", _per),
    ]


def _symbols() -> list[Rule]:
    return [
        (r"\b([CFJ])#(?!\w)", lambda match: f"{match[1]} sharp"),
        (r"\bC\+\+", lambda _: "C plus plus"),
        (r"#(?=\w)", lambda _: "hashtag "),
        (r"@(?=\w)", lambda _: "at "),
        (r"[=-]>|→|⇒", lambda _: "to"),
        (r"<[=-]|≤", lambda _: "is at most"),
        (r">=", lambda _: "is at least"),
        (r"!=", lambda _: "is not equal to"),
        (r"==", lambda _: "equals"),
        (r"[~≈](?=\s?[0-9$€£])", lambda _: "about "),
        (r"(?<=[0-9a-z)])\s?(?:\^|\*\*)\s?(?=[0-9])", lambda _: " to the power of "),
        (r"(?<=[0-9)])\s?\*\s?(?=[0-9(])", lambda _: " times "),
        (r"(?<=[0-9)])\s/\s(?=[0-9(])", lambda _: " divided by "),
        (r"(?<=[0-9)])\s-\s(?=[0-9(])", lambda _: " minus "),
        (r"(?<=[0-9A-Za-z)])²", lambda _: " squared"),
        (r"(?<=[0-9A-Za-z)])³", lambda _: " cubed"),
        (r"(?<=\w)_(?=\w)", lambda _: " "),
        (rf"(?:{any_of(SYMBOLS)})", word_of(SYMBOLS)),
        # espeak joins the words on its two sides.
        (r"…", lambda _: "..."),
        (r"[™®]", lambda _: ""),
        (r"©", lambda _: "copyright"),
    ]


def _title(match: re.Match[str]) -> str:
    return TITLES[match[0].rstrip(".")]


def _per(match: re.Match[str]) -> str:
    whole = {"mo": "month", "yr": "year", "hr": "hour", "min": "minute", "sec": "second", "kg": "kilogram"}
    return f" per {whole.get(match[1], match[1])}"


def _full_stop(match: re.Match[str]) -> str:
    """The full stop of an abbreviation where it ends the sentence as well."""
    return "." if match[0].endswith(".") and _ENDS.match(match.string, match.end()) else ""
