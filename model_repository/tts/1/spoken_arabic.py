"""Arabic text with everything written out that a voice would stumble over: numbers, dates, money, units, symbols."""

from __future__ import annotations

import re
from functools import cache

from . import arabic_amounts, arabic_times
from .arabic_amounts import number
from .arabic_words import ABBREVIATIONS, TITLES
from .rewriting import Rule, Rules, any_of, word_of

_TO_WESTERN = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹٫٬٪", "01234567890123456789.,%")
_TATWEEL = re.compile("(?<!ه)ـ+|ـ{2,}")


def spoken_arabic(text: str) -> str:
    """`text` in words, without a digit, Arabic or Western."""
    return _TATWEEL.sub("", _rules().read(text.translate(_TO_WESTERN)))


@cache
def _rules() -> Rules:
    return Rules(*_words(), *arabic_times.rules(), *arabic_amounts.rules(), *_symbols(), prefixes="وفبلك")


def _words() -> list[Rule]:
    return [
        (
            r"(?:^|(?<=[.!؟:] ))[0-9]{1,2}[.)-](?=\s+\D)",
            lambda m: f"{number(re.sub(r'[^0-9]', '', m[0]))}،",
        ),
        (
            rf"(?<!\w)(و?)({any_of(TITLES)})\.\s?(?=[\u0621-\u064a]{{2}})",
            lambda match: f"{match[1]}{TITLES[match[2]]} ",
        ),
        (r"(?<!\w)ص\s?(?=[0-9])", lambda _: "صفحة "),
        (r"(?<=[بلك]ـ)\s(?=[0-9])", lambda _: ""),
        (r"#\s?(?=[0-9])", lambda _: "رقم "),
        (r"#(?=\w)", lambda _: "هاشتاغ "),
    ]


def _symbols() -> list[Rule]:
    letters = {key for key in ABBREVIATIONS if key[0].isalpha() and key != "ﷺ"}
    return [
        (rf"(?<!\w)(?:{any_of(letters)})(?!\w)", word_of(ABBREVIATIONS)),
        (r"(?<=[0-9)])\s?\*\s?(?=[0-9(])", lambda _: " ضرب "),
        (r"(?<=[0-9)])\s[-−]\s(?=[0-9(])", lambda _: " ناقص "),
        (r"(?<=\w)_(?=\w)", lambda _: " "),
        (r"\s?&\s?", lambda _: " و"),
        (any_of(set(ABBREVIATIONS) - letters - {"&"}), word_of(ABBREVIATIONS)),
    ]
