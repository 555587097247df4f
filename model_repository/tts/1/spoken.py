"""Written text as it is said: what every voice needs, and for English and Arabic what a plain voice needs too.

Knows no engine. Any other language keeps its digits and abbreviations: a voice reads them by its own rules, and words
of the wrong language would be worse.
"""

from __future__ import annotations

import re

from .addresses import with_spoken_addresses
from .markup import without_markup
from .speech import is_speakable
from .spoken_arabic import spoken_arabic
from .spoken_english import spoken_english

_LATIN = re.compile(r"[A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f]")
_ARABIC = re.compile(r"[\u0621-\u064a]")
# Persian and Urdu write these, Arabic does not.
_OTHER_ARABIC_SCRIPT = re.compile(r"[پچژگکیےہھٹڈڑں]")
_MARKS = re.compile(r"[^\w\s]+")


def spoken(text: str, language: str) -> str:
    """`text` in words, for a voice that reads letters only. `language` such as `en`, `en-gb`, `ar` or empty.

    A text with a letter or digit never becomes one without; plain words stay as they are.
    """
    read_as = _read_as(text, language)
    words = with_spoken_addresses(without_markup(text), read_as)
    if read_as == "en":
        words = spoken_english(words, language)
    elif read_as == "ar":
        words = spoken_arabic(words)
    return _never_silent(" ".join(words.split()), text)


def readable(text: str) -> str:
    """`text` for a voice that reads numbers and abbreviations by itself: without markup, addresses shortened."""
    return _never_silent(with_spoken_addresses(without_markup(text), ""), text)


def _read_as(text: str, language: str) -> str:
    """`en`, `ar` or nothing: the language asked for, unless the text is in the other's script."""
    wanted = language.split("-", maxsplit=1)[0]
    if wanted not in ("en", "ar"):
        return ""
    has_latin, has_arabic = _LATIN.search(text), _ARABIC.search(text)
    if wanted == "ar":
        return "en" if has_latin and not has_arabic else "ar"
    if has_arabic and not has_latin:
        return "" if _OTHER_ARABIC_SCRIPT.search(text) else "ar"
    return "en" if has_latin or not any(letter.isalpha() for letter in text) else ""


def _never_silent(words: str, text: str) -> str:
    if is_speakable(words) or not is_speakable(text):
        return words
    return " ".join(_MARKS.sub(" ", text).split())
