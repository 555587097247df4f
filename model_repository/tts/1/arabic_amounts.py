"""Money, measures, percentages, telephone numbers and every other number as Arabic says them. Rules."""

from __future__ import annotations

import re

from .arabic_numbers import MAX_DIGITS, Noun, cardinal, counted, decimals, digit_by_digit
from .arabic_words import CURRENCIES, FEMININES, GOVERNORS, MASCULINES, NOT_COUNTED, NOUNS, SCALES, UNITS
from .rewriting import Rule, any_of, word_before

NUMBER = r"(?:[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]+)(?:\.[0-9]+)?"
_ALONE = r"(?<![0-9A-Za-z])(?<![0-9][.,])"
_MINUS = r"(?:(?<![0-9A-Za-z)\]])[-−]\s?)?"
_TO = r"\s?[–-]\s?"
_SCALE = rf"(?:\s?({any_of(SCALES)})(?!\w))?"
_CURRENCY = any_of(CURRENCIES)
_PARTS_OF_ONE = {"5": "ونصف", "50": "ونصف", "25": "وربع", "75": "وثلاثة أرباع"}
_FRACTIONS = {
    (1, 2): "نصف",
    (1, 3): "ثلث",
    (2, 3): "ثلثين",
    (1, 4): "ربع",
    (3, 4): "ثلاثة أرباع",
    (1, 5): "خُمس",
    (1, 6): "سُدس",
    (1, 8): "ثُمن",
    (1, 10): "عُشر",
}
_FRACTION_SIGNS = {"½": (1, 2), "⅓": (1, 3), "⅔": (2, 3), "¼": (1, 4), "¾": (3, 4)}
_IS_CODE = re.compile(
    r"(?:رمز|كود|الرقم السري|كلمة المرور|رقم (?:الهاتف|الجوال|الطلب|الحساب|الهوية))[\w\s:]{0,12}\Z"
)
_NEXT_WORD = re.compile(r"\s([\u0621-\u064a]+)")
_COUNTED_TO_THE_END = 6


def rules() -> list[Rule]:
    """The most particular first, the plain number last."""
    return [
        (r"(?<![\w+])\+[0-9]{1,3}(?:[ .-]?\(?[0-9]{1,4}\)?){2,6}(?![0-9])", _groups),
        (r"(?<![\w.-])[0-9]{3}([ .-])[0-9]{3}[ .-][0-9]{4}(?![0-9])", _groups),
        (r"(?<![\w.-])0[0-9]{1,4}[ -][0-9]{3,4}(?:[ -]?[0-9]{3,4})?(?![0-9])", _groups),
        (r"(?<![\w.-])[0-9]{2,}(?:-[0-9]{2,}){2,}(?![0-9])", _groups),
        (rf"{_ALONE}v?[0-9]+(?:\.[0-9]+){{2,}}(?![0-9])", _version),
        (r"(?<!\w)v([0-9]+)(?:\.([0-9]+))?(?![0-9])", _version),
        (rf"({_CURRENCY})\s?({NUMBER}){_SCALE}(?![0-9])", lambda m: _money(m, m[2], m[3], m[1])),
        (rf"{_ALONE}({NUMBER}){_SCALE}\s?({_CURRENCY})(?!\w)", lambda m: _money(m, m[1], m[2], m[3])),
        (
            rf"{_ALONE}({NUMBER})\s?({any_of(SCALES)})(?!\w)",
            lambda m: _scaled(m, m[1], m[2], before_noun=bool(_counted_word(m))),
        ),
        (rf"{_ALONE}([0-9]{{1,3}}(?:,[0-9]{{3}})*|[0-9]+)\s({any_of(NOUNS)})(?!\w|\s\w+ية?\b)", _noun),
        (rf"{_ALONE}({_MINUS})({NUMBER})(?:{_TO}({NUMBER}))?\s?(?:%|بالمئة|بالمائة)", _percent),
        (rf"{_ALONE}({_MINUS})({NUMBER})(?:{_TO}({NUMBER}))?\s?({any_of(UNITS)})(?!\w|\.\w)", _measure),
        (rf"{_ALONE}([0-9]{{1,3}})/([0-9]{{1,3}})(?![0-9/])", _fraction),
        (rf"([0-9]+)?\s?([{''.join(_FRACTION_SIGNS)}])", _fraction_sign),
        (rf"{_ALONE}({NUMBER})(-|\s?–\s?|\s-\s)({NUMBER})(?![0-9A-Za-z])", _range),
        (rf"{_ALONE}([0-9]+):([0-9]+)(?![0-9:])", lambda m: f"{number(m[1])} إلى {number(m[2])}"),
        (rf"(?<![0-9A-Za-z)\]])[-−]({NUMBER})", lambda m: f"سالب {number(m[1])}"),
        (r"(?<=[A-Za-z])-?([0-9]+)", lambda m: f" {number(m[1])}"),
        (NUMBER, _plain),
    ]


def number(written: str, *, feminine: bool = False, oblique: bool = False, before_noun: bool = False) -> str:
    """`1,200.5` in words; digit by digit what begins with a zero or no one would count."""
    whole, point, after = written.replace(",", "").partition(".")
    is_code = len(whole) > MAX_DIGITS or (len(whole) > 1 and whole[0] == "0")
    form = (
        cardinal(int(whole), feminine=feminine, oblique=oblique, before_noun=before_noun)
        if not is_code
        else ""
    )
    return (form or digit_by_digit(whole)) + (f" فاصلة {decimals(after)}" if point else "")


def amount(written: str, noun: Noun, *, oblique: bool) -> str:
    """`written` of `noun`, in the forms that both need."""
    whole, _, after = written.replace(",", "").partition(".")
    if len(whole) > MAX_DIGITS:
        return f"{digit_by_digit(whole)} {noun.singular()}"
    if part := _PARTS_OF_ONE.get(after):
        return (
            f"{part[1:]} {noun.singular()}"
            if int(whole) == 0
            else f"{counted(int(whole), noun, oblique=oblique)} {part}"
        )
    if after.strip("0"):
        return f"{number(written, oblique=oblique)} {noun.singular()}"
    return counted(int(whole), noun, oblique=oblique)


def _is_oblique(match: re.Match[str]) -> bool:
    touching = match.string[match.start() - 1 : match.start()] if match.start() else ""
    return touching in ("ب", "ل", "ك", "ـ") or word_before(match).lstrip("و") in GOVERNORS


def _money(match: re.Match[str], written: str, scale: str | None, currency: str) -> str:
    coin, hundredth = CURRENCIES[currency]
    oblique = _is_oblique(match)
    whole, _, after = written.replace(",", "").partition(".")
    if scale:
        return f"{_scaled(match, written, scale, before_noun=True)} {coin.singular()}"
    if not (hundredth and len(after) == 2 and int(after)):
        return amount(written, coin, oblique=oblique)
    parts = [counted(int(whole), coin, oblique=oblique)] if int(whole) and len(whole) <= MAX_DIGITS else []
    return " و".join([*parts, counted(int(after), hundredth, oblique=oblique)])


def _scaled(match: re.Match[str], written: str, scale: str, *, before_noun: bool) -> str:
    """`3 مليون` as the one number it is."""
    factor, name = SCALES[scale]
    whole, _, after = written.replace(",", "").partition(".")
    oblique = _is_oblique(match)
    if after or len(whole) > 3:
        return f"{number(written, oblique=oblique)} {name}"
    return cardinal(int(whole) * factor, oblique=oblique, before_noun=before_noun)


def _noun(match: re.Match[str]) -> str:
    return amount(match[1], NOUNS[match[2]], oblique=_is_oblique(match))


def _groups(match: re.Match[str]) -> str:
    plus = "زائد " if match[0].startswith("+") else ""
    return plus + "، ".join(digit_by_digit(group) for group in re.findall(r"[0-9]+", match[0]))


def _version(match: re.Match[str]) -> str:
    is_named = word_before(match).removeprefix("ال") in ("نسخة", "إصدار")
    name = "الإصدار " if match[0].startswith("v") and not is_named else ""
    return name + " نقطة ".join(number(part) for part in match[0].lstrip("v").split("."))


def _percent(match: re.Match[str]) -> str:
    minus, written, end = match.groups()
    if end:
        return f"{_from_to(match, written, end)} بالمئة"
    whole, _, after = written.partition(".")
    sign, oblique = "سالب " if minus else "", _is_oblique(match)
    if after == "5" and whole != "0":
        return f"{sign}{number(whole, oblique=oblique)} ونصف بالمئة"
    return f"{sign}{number(written, oblique=oblique)} بالمئة"


def _measure(match: re.Match[str]) -> str:
    minus, written, end, unit = match.groups()
    noun = UNITS[unit]
    if end:
        return f"{_from_to(match, written, '')}{amount(end, noun, oblique=True)}"
    words = amount(written, noun, oblique=_is_oblique(match))
    if not minus:
        return words
    return f"{words} تحت الصفر" if "°" in unit or unit == "℃" else f"سالب {words}"


def _range(match: re.Match[str]) -> str | None:
    if match[2] == " - " and word_before(match).removeprefix("و") not in ("من", "بين"):
        return None
    return _from_to(match, match[1], match[3])


def _from_to(match: re.Match[str], first: str, last: str) -> str:
    before = word_before(match).removeprefix("و")
    start, between = ("", "و") if before == "بين" else ("" if before == "من" else "من ", "إلى ")
    return f"{start}{number(first, oblique=True)} {between}{number(last, oblique=True) if last else ''}"


def _fraction(match: re.Match[str]) -> str:
    fraction = (int(match[1]), int(match[2]))
    if name := _FRACTIONS.get(fraction):
        return name
    return f"{cardinal(fraction[0])} على {cardinal(fraction[1])}"


def _fraction_sign(match: re.Match[str]) -> str:
    name = _FRACTIONS[_FRACTION_SIGNS[match[2]]]
    return f"{number(match[1], oblique=_is_oblique(match))} و{name}" if match[1] else name


def _plain(match: re.Match[str]) -> str:
    digits = match[0]
    if digits.isdigit() and len(digits) >= 3:
        is_long = len(digits) > _COUNTED_TO_THE_END and not digits.endswith("000")
        if is_long or _IS_CODE.search(match.string, max(0, match.start() - 40), match.start()):
            return digit_by_digit(digits)
    word = _counted_word(match)
    return number(digits, feminine=_is_feminine(word), oblique=_is_oblique(match), before_noun=bool(word))


def _counted_word(match: re.Match[str]) -> str:
    """The word after the number where it can be what is counted; else empty."""
    following = _NEXT_WORD.match(match.string, match.end())
    word = following[1] if following else ""
    return "" if word in NOT_COUNTED or word.startswith(("ال", "وال")) else word


def _is_feminine(word: str) -> bool:
    return word in FEMININES or (word.endswith(("ة", "ات")) and word not in MASCULINES)
