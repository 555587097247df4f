"""Dates, years and times of day as Arabic says them. Rules for `rewriting.Rules`."""

from __future__ import annotations

import re

from .arabic_numbers import cardinal, counted, ordinal
from .arabic_words import MINUTE, MONTHS, OTHER_MONTHS
from .rewriting import Rule, any_of, word_before

_MONTH = any_of([*MONTHS, *OTHER_MONTHS])
_DAY = r"(?:[12][0-9]|3[01]|0?[1-9])"
_HALF = r"(?:\s?(?:ص|م|AM|PM|am|pm)(?!\w))?"
_TIME = rf"([01]?[0-9]|2[0-4]):([0-5][0-9])({_HALF})"
_QUARTERS = {15: "والربع", 20: "والثلث", 30: "والنصف"}
_PERIODS = ("صباح", "مساء", "ظهر", "بعد الظهر", "فجر", "ليلا", "عصر")
_CALENDARS = {"م": "ميلادي", "هـ": "هجري", "ه": "هجري"}


def rules() -> list[Rule]:
    """Numeric dates are read with the day first."""
    year = r"([12][0-9]{3})"
    return [
        (rf"(?<![0-9]){year}-([01]?[0-9])-([0-3]?[0-9])(?:T[0-9:.]+Z?)?(?![0-9-])", _iso),
        (rf"(?<![0-9/.])([0-9]{{1,2}})[/.-]([0-9]{{1,2}})[/.-]{year}(?![0-9/])", _numeric),
        (
            rf"(?<![0-9.,:])({_DAY})\s(?:من\s)?(?:شهر\s)?({_MONTH})(?!\w)(?:[،,]?\s(?:(?:عام|سنة)\s)?{year}(?![0-9]|\s?[م%]\w))?",
            _day_month,
        ),
        (rf"(?<!\w)([وف]?(?:{_MONTH}))\s{year}(?![0-9])", lambda m: f"{m[1]} {_in_year(int(m[2]))}"),
        (
            rf"(?<!\w)([وفبل]{{0,2}}(?:عام|سنة|العام|السنة))\s{year}(?:\s?(م|هـ|ه)(?!\w))?(?![0-9])",
            _named_year,
        ),
        (rf"(?<![0-9.,]){year}\s?(م|هـ|ه)(?!\w)", lambda m: f"{_year(int(m[1]))} {_CALENDARS[m[2]]}"),
        (rf"(?<![0-9:]){_TIME}(?:\s?[–-]\s?{_TIME})?(?![0-9:])", _times),
        (rf"(?<!\w)([وفبل]?الساعة)\s(1[0-2]|[1-9])(?![0-9]|[:.,][0-9])({_HALF})", _full_hour),
        (r"(?<!\w)(?:الـ?|ال)\s?([1-9][0-9]?)(?![0-9]|[.,][0-9])", _definite),
    ]


def _date(year: int, month: int, day: int) -> str | None:
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    return f"{ordinal(day)} من {MONTHS[month - 1]} {_in_year(year)}"


def _iso(match: re.Match[str]) -> str | None:
    return _date(int(match[1]), int(match[2]), int(match[3]))


def _numeric(match: re.Match[str]) -> str | None:
    day, month, year = (int(group) for group in match.groups())
    return _date(year, month, day) or _date(year, day, month)


def _day_month(match: re.Match[str]) -> str:
    year = f" {_in_year(int(match[3]))}" if match[3] else ""
    return f"{ordinal(int(match[1]))} من {match[2]}{year}"


def _year(year: int, *, feminine: bool = False) -> str:
    return cardinal(year, feminine=feminine, oblique=True)


def _named_year(match: re.Match[str]) -> str:
    is_feminine = match[1].endswith("سنة")
    calendar = _CALENDARS.get(match[3], "") + ("ة" if is_feminine and match[3] else "")
    return f"{match[1]} {_year(int(match[2]), feminine=is_feminine)} {calendar}".strip()


def _in_year(year: int) -> str:
    return f"عام {_year(year)}"


def _times(match: re.Match[str]) -> str:
    before = word_before(match).removeprefix("و")
    first, last = match.groups()[:3], match.groups()[3:]
    said = before.endswith(("الساعة", "الساعه"))
    words = _clock(match, *first)
    if last[0]:
        words = f"{'' if before == 'من' else 'من '}الساعة {words} إلى الساعة {_clock(match, *last)}"
        return words.replace("من الساعة ", "من ", 1) if said else words
    return words if said else f"الساعة {words}"


def _clock(match: re.Match[str], written_hour: str, written_minute: str, half: str) -> str:
    hour, minute = int(written_hour), int(written_minute)
    period = _period(hour, half.strip().lower())
    if match.string[match.end() :].lstrip().startswith(_PERIODS):
        period = ""
    is_before = minute == 45
    name = ordinal((hour + is_before - 1) % 12 + 1, feminine=True) if hour + is_before else "الثانية عشرة"
    name = name.replace("الأولى", "الواحدة")
    if is_before:
        said = f"{name} إلا ربعًا"
    elif minute:
        said = f"{name} {_QUARTERS.get(minute) or 'و' + counted(minute, MINUTE, oblique=True)}"
    else:
        said = name
    return f"{said} {period}".strip()


def _period(hour: int, half: str) -> str:
    if half:
        return "صباحًا" if half[0] in "صa" else "مساءً"
    if hour in (0, 24):
        return "ليلًا"
    return "" if hour < 12 else "ظهرًا" if hour == 12 else "مساءً" if hour > 15 else "بعد الظهر"


def _full_hour(match: re.Match[str]) -> str:
    name = ordinal(int(match[2]), feminine=True).replace("الأولى", "الواحدة")
    half = match[3].strip().lower()
    return f"{match[1]} {name} {_period(1, half) if half else ''}".strip()


def _definite(match: re.Match[str]) -> str:
    return ordinal(int(match[1]), feminine=word_before(match).endswith("ة"))
