"""Numbers as American English says them: how many, which one, what year, digit by digit. Pure arithmetic and words."""

from __future__ import annotations

MAX_DIGITS = 15


def _words(text: str) -> list[str]:
    return text.split()


ONES = _words(
    """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
    seventeen eighteen nineteen"""
)
_TENS = _words("zero ten twenty thirty forty fifty sixty seventy eighty ninety")
_THOUSANDS = ["", " thousand", " million", " billion", " trillion"]
_ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}


def cardinal(n: int) -> str:
    """How many, for 0 ≤ n < 10 ** MAX_DIGITS: `one hundred twenty-three`."""
    groups = []
    for name in _THOUSANDS:
        n, group = divmod(n, 1000)
        if group:
            groups.append(_below_thousand(group) + name)
    return " ".join(reversed(groups)) or ONES[0]


def ordinal(n: int) -> str:
    """Which one: `one hundred twenty-third`."""
    head, separator, last = _split_last_word(cardinal(n))
    if last in _ORDINALS:
        return head + separator + _ORDINALS[last]
    return head + separator + (f"{last[:-1]}ieth" if last.endswith("y") else f"{last}th")


def year(n: int) -> str:
    """`nineteen oh five`, `two thousand seven`, `twenty twenty-six`, for 1000 ≤ n ≤ 9999."""
    century, rest = divmod(n, 100)
    if century % 10 == 0 and rest < 10:
        return cardinal(n)
    if rest == 0:
        return f"{_below_hundred(century)} hundred"
    return f"{_below_hundred(century)} {two_digits(rest)}"


def two_digits(n: int) -> str:
    """As minutes and the ends of years are said, for 1 ≤ n ≤ 99: `oh five`, `thirty`."""
    return f"oh {ONES[n]}" if n < 10 else _below_hundred(n)


def plural(words: str) -> str:
    """`nineties` of `ninety`, `two thousands` of `two thousand`."""
    if words.endswith("y"):
        return f"{words[:-1]}ies"
    return words + ("es" if words.endswith("x") else "s")


def digit_by_digit(digits: str) -> str:
    """`four two zero` of `420`."""
    return " ".join(ONES[int(digit)] for digit in digits)


def number(written: str) -> str:
    """`1,200.50` as `one thousand two hundred point five zero`; digit by digit what no one would count."""
    whole, point, decimals = written.replace(",", "").partition(".")
    is_code = len(whole) > MAX_DIGITS or (len(whole) > 1 and whole[0] == "0")
    spoken = digit_by_digit(whole) if is_code else cardinal(int(whole)) if whole else ""
    return f"{spoken} point {digit_by_digit(decimals)}".strip() if point else spoken


def _below_thousand(n: int) -> str:
    hundreds, rest = divmod(n, 100)
    words = [f"{ONES[hundreds]} hundred"] if hundreds else []
    return " ".join([*words, _below_hundred(rest)] if rest else words)


def _below_hundred(n: int) -> str:
    if n < 20:
        return ONES[n]
    tens, ones = divmod(n, 10)
    return f"{_TENS[tens]}-{ONES[ones]}" if ones else _TENS[tens]


def _split_last_word(words: str) -> tuple[str, str, str]:
    place = max(words.rfind(" "), words.rfind("-"))
    return words[: max(place, 0)], words[place : place + 1] if place >= 0 else "", words[place + 1 :]
