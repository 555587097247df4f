"""Dates, years and times of day as American English says them. Rules for `rewriting.Rules`."""

from __future__ import annotations

import re

from .english_numbers import cardinal, ordinal, plural, two_digits, year
from .english_words import MONTH_OF_NAME, MONTHS
from .rewriting import Rule, Speak, any_of

_MONTH = rf"(?:{any_of(MONTH_OF_NAME)})\b\.?"
_DAY = r"(?:[12][0-9]|3[01]|0?[1-9])"
_TH = "(?:st|nd|rd|th)?"
_AND_YEAR = "(?:,? ([12][0-9]{3}))?"
_HOUR_MARK = r"(?:\s?(?:[AaPp]\.\s?[Mm]\.|[AaPp][Mm]\b))"
_TIME = rf"(?:[01]?[0-9]|2[0-4])(?::[0-5][0-9]){{0,2}}{_HOUR_MARK}?"
_TIME_PARTS = re.compile(rf"([0-9]+)(?::([0-9]+))?(?::([0-9]+))?({_HOUR_MARK})?")
# After 5 p.m. a sentence goes on with these, though they begin with a capital.
_GOES_ON = (
    r"(?:(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|[A-Z]{2,4}\b|Eastern|Pacific|Central|Mountain|and|or)"
)
_SENTENCE_ENDS = re.compile(rf"\s*(?:\Z|[\"'”’)]*\s+(?!{_GOES_ON})[A-Z])")
_YEAR_AFTER = re.compile(
    r"(?:\b(?:in|since|by|from|until|till|before|after|year|circa|around|late|early|mid|of|the|copyright"
    r"|spring|summer|fall|autumn|winter|class of)|©|\()\s?\Z",
    re.IGNORECASE,
)


def rules(*, day_first: bool) -> list[Rule]:
    """`day_first`: how 4/5/2026 is meant where both are possible."""
    return [
        (
            r"(?<![0-9])([12][0-9]{3})-([01][0-9])-([0-3][0-9])(?:T([0-2][0-9]:[0-5][0-9])[0-9:.]*Z?)?(?![0-9-])",
            _iso,
        ),
        (r"(?<![0-9/.])([0-9]{1,2})([/.])([0-9]{1,2})[/.]([0-9]{4})(?![0-9/])", _numeric(day_first)),
        (
            rf"(?<=\b(?:[Oo]n|[Bb]y) )(1[0-2]|0?[1-9])/({_DAY})(?![0-9/])",
            lambda m: _month_and_day(m, day_first),
        ),
        (r"(?<![0-9/])9/11(?![0-9/])", lambda _: "nine eleven"),
        (
            rf"\b({_MONTH}) ({_DAY}){_TH}(?: ?[–-] ?({_DAY}))?{_AND_YEAR}(?![:%,.]?[0-9A-Za-z%])",
            _month_day,
        ),
        (
            rf"(?<![0-9.,:])(the )?({_DAY}){_TH}(?: of)? ({_MONTH}){_AND_YEAR}(?![0-9A-Za-z])",
            _day_month,
        ),
        (rf"\b({_MONTH}),? ([12][0-9]{{3}})(?![0-9A-Za-z])", _month_year),
        (rf"(?<![0-9A-Za-z:.,])({_TIME})(?:\s?[–-]\s?({_TIME}))?(?![:%]?[0-9A-Za-z])", _times),
        (r"(?<![0-9A-Za-z])([12][0-9]{3})\s?[–-]\s?([12][0-9]{3}|[0-9]{2})(?![0-9A-Za-z]|-[0-9])", _years),
        (
            r"(?<![0-9A-Za-z])['’]?((?:1[0-9]|20)[0-9]0|(?<=['’])[2-9]0|(?<=(?:[Tt]he|rly) )[2-9]0)['’]?s\b",
            _decade,
        ),
        (r"(?<![0-9A-Za-z.,])([12][0-9]{3})(?![0-9A-Za-z]|[,.][0-9])", _year),
    ]


def _date(written_year: int, month: int, day: int) -> str | None:
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    return f"{MONTHS[month - 1]} {ordinal(day)}, {year(written_year)}"


def _iso(match: re.Match[str]) -> str | None:
    date = _date(int(match[1]), int(match[2]), int(match[3]))
    return f"{date}, {_clock(match[4])}" if date and match[4] else date


def _numeric(day_first: bool) -> Speak:
    def spoken(match: re.Match[str]) -> str | None:
        first, second, written_year = int(match[1]), int(match[3]), int(match[4])
        is_day_first = second <= 12 and (day_first or first > 12 or match[2] == ".")
        month, day = (second, first) if is_day_first else (first, second)
        return _date(written_year, month, day) if written_year >= 1000 else None

    return spoken


def _month_and_day(match: re.Match[str], day_first: bool) -> str | None:
    first, second = int(match[1]), int(match[2])
    month, day = (second, first) if day_first and second <= 12 else (first, second)
    return f"{MONTHS[month - 1]} {ordinal(day)}"


def _month_day(match: re.Match[str]) -> str:
    days = ordinal(int(match[2])) + (f" to {ordinal(int(match[3]))}" if match[3] else "")
    return f"{_month(match[1])} {days}" + (f", {year(int(match[4]))}" if match[4] else "")


def _day_month(match: re.Match[str]) -> str:
    return f"the {ordinal(int(match[2]))} of {_month(match[3])}" + (
        f", {year(int(match[4]))}" if match[4] else _full_stop(match, match[3])
    )


def _month_year(match: re.Match[str]) -> str:
    return f"{_month(match[1])} {year(int(match[2]))}"


def _month(written: str) -> str:
    return MONTH_OF_NAME[written.rstrip(".")]


def _times(match: re.Match[str]) -> str | None:
    times = [time for time in match.groups() if time]
    if not any(":" in time or time[-1] in ".mM" for time in times):
        return None
    if len(times) == 2 and _is_bare(times[0]) and re.match(r"1[3-9]|2", times[1]):
        times[0] += " AM"
    return " to ".join(_clock(time) for time in times) + _full_stop(match, match[0])


def _is_bare(time: str) -> bool:
    return time[-1].isdigit() and 1 <= int(time.split(":", maxsplit=1)[0]) < 12


def _clock(written: str) -> str:
    parts = _TIME_PARTS.fullmatch(written)
    if parts is None:
        return written
    hour, minute, second = int(parts[1]), int(parts[2] or 0), int(parts[3] or 0)
    half = re.sub(r"[\s.]", "", parts[4] or "").upper()
    if not half and (hour > 12 or hour == 0):
        half = "PM" if 12 < hour < 24 else "AM"
    words = [cardinal(hour % 12 or 12)]
    if minute:
        words.append(two_digits(minute))
    elif not half:
        words.append("o'clock")
    if second:
        words.append(f"and {cardinal(second)} second{'s' * (second > 1)}")
    return " ".join([*words, half] if half else words)


def _full_stop(match: re.Match[str], written: str) -> str:
    """The full stop of `p.m.` or `Nov.` where it ends the sentence as well."""
    ends = written.endswith(".") and _SENTENCE_ENDS.match(match.string, match.end())
    return "." if ends else ""


def _years(match: re.Match[str]) -> str | None:
    first, last = match.groups()
    if len(last) == 2:
        return f"{year(int(first))} to {two_digits(int(last))}" if int(last) > int(first[2:]) else None
    return f"{year(int(first))} to {year(int(last))}" if int(first) < int(last) <= 2100 else None


def _decade(match: re.Match[str]) -> str:
    digits = match[1]
    return plural(year(int(digits)) if len(digits) == 4 else cardinal(int(digits)))


def _year(match: re.Match[str]) -> str | None:
    n = int(match[1])
    is_year = 1900 <= n < 2100 or (
        n < 1900 and _YEAR_AFTER.search(match.string, max(0, match.start() - 20), match.start())
    )
    return year(n) if is_year else None
