"""Money, measures, telephone numbers, versions and every other number as American English says them. Rules."""

from __future__ import annotations

import re

from .english_numbers import ONES, cardinal, digit_by_digit, number, ordinal
from .english_words import (
    CURRENCY_CODES,
    CURRENCY_SIGNS,
    FRACTION_SIGNS,
    MAGNITUDES,
    UNITS,
    WITHOUT_HUNDREDTHS,
)
from .rewriting import Rule, any_of, word_before

NUMBER = r"(?:[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]+)(?:\.[0-9]+)?"
_ALONE = r"(?<![0-9A-Za-z])(?<![0-9][.,])"
_MINUS = r"(?:(?<![\w)\]])[-−])?"
_TO = r"\s?[–-]\s?"
_SIGNS = any_of(CURRENCY_SIGNS)
_CODES = any_of(CURRENCY_CODES)
_MAGNITUDE = r"(?:(?:[kKMBTmb]|mn|bn|tn)\b|\s(?:thousand|million|billion|trillion)\b)"
_OF_UNIT = rf"(?:\s?({any_of(UNITS)})(?![0-9A-Za-z²³]))?"
_DENOMINATORS = {2: "half", 4: "quarter"}
_IS_CODE = re.compile(
    r"\b(?:code|pin|zip|otp|passcode|password|extension|ext|account|serial|tracking|order|reference|id)\b[\w\s.:#]{0,12}\Z",
    re.IGNORECASE,
)
_COUNTED_TO_THE_END = 6


def rules() -> list[Rule]:
    """The most particular first, the plain number last."""
    return [
        (
            rf"({_MINUS})({_SIGNS})\s?({NUMBER})(?:{_TO}(?:{_SIGNS})?({NUMBER}))?({_MAGNITUDE})?",
            _money_after_sign,
        ),
        (rf"\b({_CODES})\s?({NUMBER})({_MAGNITUDE})?(?![0-9A-Za-z])", _money_after_code),
        (
            rf"{_ALONE}({_MINUS})({NUMBER})(?:{_TO}({NUMBER}))?({_MAGNITUDE})?\s?({_SIGNS}|(?:{_CODES})\b)(?![0-9])",
            _money_before,
        ),
        (r"(?<![\w+])\+[0-9]{1,3}(?:[ .-]?\(?[0-9]{1,4}\)?){2,6}(?![0-9])", _groups),
        (r"(?<![\w])\([0-9]{3}\) ?[0-9]{3}[ .-][0-9]{4}(?![0-9])", _groups),
        (r"(?<![\w.-])(?:1[ .-])?[0-9]{3}([ .-])[0-9]{3}[ .-][0-9]{4}(?![0-9])", _groups),
        (r"(?<![\w.-])[0-9]{3}-[0-9]{4}(?<!00)(?![0-9-])", _groups),
        (r"(?<![\w.-])0[0-9]{1,4}[ -][0-9]{3,4}(?:[ -]?[0-9]{3,4})?(?![0-9])", _groups),
        (r"(?<![\w.-])[0-9]{4}(?:[ -][0-9]{4}){2,3}(?![0-9])", _groups),
        (r"(?<![\w.-])[0-9]{2,}(?:-[0-9]{2,}){2,}(?![0-9])", _groups),
        (r"(?<![\w.])[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?![\w.]*[0-9])", _address),
        (r"\b(?:[vV]\.?|[Vv]ersion v?)\s?([0-9]+(?:\.[0-9]+)*)(?!\.?[0-9])", _version),
        (rf"{_ALONE}[0-9]+(?:\.[0-9]+){{2,}}(?![0-9])", lambda match: _parts(match[0])),
        (rf"{_ALONE}([0-9]+ )?([0-9]{{1,3}})[/⁄]([0-9]{{1,3}})(?![0-9/]){_OF_UNIT}", _fraction),
        (rf"([0-9]+)?\s?([{''.join(FRACTION_SIGNS)}]){_OF_UNIT}", _fraction_sign),
        (r"(?<![\w.])([0-9])['′] ?([0-9]{1,2})(?:[\"″]|'')", _height),
        (rf"{_ALONE}({NUMBER})\s?x\s?({NUMBER})(?![0-9])", lambda m: f"{number(m[1])} by {number(m[2])}"),
        (rf"{_ALONE}({NUMBER})x(?![0-9A-Za-z])", lambda m: f"{number(m[1])} times"),
        (rf"{_ALONE}([0-9][0-9,]*)(?:st|nd|rd|th|ST|ND|RD|TH)\b", _ordinal),
        (
            rf"{_ALONE}({_MINUS})({NUMBER})(?:{_TO}({NUMBER}))?(\s?|-)({any_of(UNITS)})(?![0-9A-Za-z²³])",
            _measure,
        ),
        (rf"{_ALONE}({NUMBER})(k|K|M|B|bn)(?![0-9A-Za-z]| [A-Z])", _magnitude),
        (
            rf"{_ALONE}({NUMBER})(?:-|\s?–\s?)({NUMBER})(?![0-9A-Za-z])",
            lambda m: f"{number(m[1])}{_to(m)}{number(m[2])}",
        ),
        (rf"{_ALONE}([0-9]+):([0-9]+)(?![0-9:])", lambda m: f"{number(m[1])} to {number(m[2])}"),
        (rf"(?<![\w)\]])[-−]({NUMBER})", lambda m: f"minus {number(m[1])}"),
        (r"(?<![\w.])\.([0-9]+)", lambda m: f"point {digit_by_digit(m[1])}"),
        (r"(?<=[A-Za-z])-?([0-9]+)", _after_letters),
        (NUMBER, _plain),
    ]


def _money_after_sign(match: re.Match[str]) -> str:
    minus, sign, amount, end, magnitude = match.groups()
    return _money(match, minus, amount, end, magnitude, sign)


def _money_after_code(match: re.Match[str]) -> str:
    code, amount, magnitude = match.groups()
    return _money(match, "", amount, None, magnitude, code)


def _money_before(match: re.Match[str]) -> str:
    minus, amount, end, magnitude, currency = match.groups()
    return _money(match, minus, amount, end, magnitude, currency)


def _money(
    match: re.Match[str], minus: str, amount: str, end: str | None, magnitude: str | None, currency: str
) -> str:
    one, many, cent, cents = CURRENCY_SIGNS.get(currency) or CURRENCY_CODES[currency]
    whole, _, decimals = amount.replace(",", "").partition(".")
    sign = "minus " if minus else ""
    if not (end or magnitude) and len(decimals) == 2 and currency not in WITHOUT_HUNDREDTHS:
        parts = [_counted(whole, one, many)] if int(whole) or not int(decimals) else []
        parts += [_counted(str(int(decimals)), cent, cents)] if int(decimals) else []
        return sign + " and ".join(parts)
    words = number(amount) + (f"{_to(match)}{number(end)}" if end else "")
    if magnitude:
        return f"{sign}{words} {MAGNITUDES[magnitude.strip()]} {many}"
    is_adjective = word_before(match) in ("a", "A") and re.match(r"[ -][a-z]", match.string[match.end() :])
    return f"{sign}{words} {one if (amount == '1' and not end) or is_adjective else many}"


def _to(match: re.Match[str]) -> str:
    return " and " if word_before(match).lower() == "between" else " to "


def _counted(whole: str, one: str, many: str) -> str:
    return f"{number(whole)} {one if whole == '1' else many}"


def _groups(match: re.Match[str]) -> str:
    plus = "plus " if match[0].startswith("+") else ""
    return plus + ", ".join(digit_by_digit(group) for group in re.findall(r"[0-9]+", match[0]))


def _address(match: re.Match[str]) -> str:
    return " dot ".join(digit_by_digit(part) for part in match[0].split("."))


def _version(match: re.Match[str]) -> str:
    word = "Version" if match[0].startswith("Version") else "version"
    return f"{word} {_parts(match[1])}"


def _parts(dotted: str) -> str:
    return " point ".join(number(part) for part in dotted.split("."))


def _fraction(match: re.Match[str]) -> str | None:
    whole, above, below = match[1], int(match[2]), int(match[3])
    if (above, below) == (24, 7):
        return "twenty-four seven"
    if not (0 < above < below <= 10 or (above, below) in ((1, 100), (1, 16), (1, 12))):
        return None if whole or match[4] else f"{cardinal(above)} out of {cardinal(below)}"
    return _mixed(whole, above, below, match[4])


def _fraction_sign(match: re.Match[str]) -> str:
    return _mixed(match[1], *FRACTION_SIGNS[match[2]], match[3])


def _mixed(whole: str | None, above: int, below: int, unit: str | None) -> str:
    name = _DENOMINATORS.get(below) or ordinal(below)
    part = f"{cardinal(above)} {name}" + ("s" if above > 1 else "")
    if not whole:
        return f"{part} {UNITS[unit][0]}" if unit else part
    words = f"{number(whole.strip())} and {part.replace('one', 'a', 1) if above == 1 else part}"
    return f"{words} {UNITS[unit][1]}" if unit else words


def _height(match: re.Match[str]) -> str:
    feet, inches = match[1], match[2]
    return f"{_counted(feet, 'foot', 'feet')} {_counted(inches, 'inch', 'inches')}"


def _ordinal(match: re.Match[str]) -> str | None:
    digits = match[1].replace(",", "")
    return ordinal(int(digits)) if len(digits) <= 9 else None


def _measure(match: re.Match[str]) -> str | None:
    minus, amount, end, gap, unit = match.groups()
    one, many = UNITS[unit]
    words = number(amount) + (f"{_to(match)}{number(end)}" if end else "")
    is_one = (amount == "1" and not end) or gap == "-"
    return f"{'minus ' if minus else ''}{words} {one if is_one else many}"


def _magnitude(match: re.Match[str]) -> str | None:
    return None if match[2] == "K" else f"{number(match[1])} {MAGNITUDES[match[2]]}"


def _after_letters(match: re.Match[str]) -> str:
    """`COVID-19`, `MP3`, `A320`: long numbers in a name are read as digits."""
    digits = match[1]
    is_short = len(digits) <= 2 and digits[0] != "0"
    return f" {cardinal(int(digits)) if is_short else digit_by_digit(digits)}"


def _plain(match: re.Match[str]) -> str:
    digits = match[0]
    if not digits.isdigit() or len(digits) < 3:
        return number(digits)
    is_long = len(digits) > _COUNTED_TO_THE_END and not digits.endswith("000")
    if is_long or _IS_CODE.search(match.string, max(0, match.start() - 40), match.start()):
        return " ".join(ONES[int(digit)] for digit in digits)
    return number(digits)
