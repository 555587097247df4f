"""Numbers as written Arabic says them: gender, case, and the form of what is counted. Pure arithmetic and words.

A number from 3 to 10 has the opposite gender of what it counts, which follows in the plural; from 11 to 99 it follows
in the accusative singular, after hundreds and thousands in the genitive singular. `oblique` stands for the genitive
and accusative, which only tens and duals show. Hundreds are spelled مئة: the alif of مائة would be heard.
"""

from __future__ import annotations

from dataclasses import dataclass

MAX_DIGITS = 15


def _words(text: str) -> list[str]:
    return text.split()


_FOR_MASCULINE = _words("صفر واحد اثنان ثلاثة أربعة خمسة ستة سبعة ثمانية تسعة عشرة")
_FOR_FEMININE = _words("صفر واحدة اثنتان ثلاث أربع خمس ست سبع ثماني تسع عشر")
_TENS = _words("_ _ عشر ثلاث أربع خمس ست سبع ثمان تسع")
_HUNDREDS = _words("_ مئة مئت ثلاثمئة أربعمئة خمسمئة ستمئة سبعمئة ثمانمئة تسعمئة")
_ORDINALS = _words("_ الأول الثاني الثالث الرابع الخامس السادس السابع الثامن التاسع العاشر")
_FEMININE_ORDINALS = _words(
    """_ الأولى الثانية الثالثة الرابعة الخامسة السادسة السابعة الثامنة التاسعة العاشرة"""
)


@dataclass(frozen=True)
class Noun:
    """What is counted: `one`, the plural `many`, an adjective in the masculine singular, words that never change."""

    one: str
    many: str
    feminine: bool = False
    adjective: str = ""
    tail: str = ""
    # Foreign words without a dual or plural of their own: يورو.
    fixed: bool = False

    def singular(self) -> str:
        """After hundreds and thousands."""
        return self._with(self.one, self._adjective())

    def single(self) -> str:
        """`ريال سعودي واحد`."""
        return self._with(self.one, self._adjective(), "واحدة" if self.feminine else "واحد")

    def dual(self, *, oblique: bool) -> str:
        """`ريالان سعوديان`."""
        if self.fixed:
            return f"{'اثنين' if oblique else 'اثنان'} {self.singular()}"
        ending = "ين" if oblique else "ان"
        adjective = self._adjective() and _stem(self._adjective()) + ending
        return self._with(_stem(self.one) + ending, adjective)

    def plural(self) -> str:
        """After 3 to 10. The plural of things takes a feminine adjective."""
        if self.fixed:
            return self.singular()
        return self._with(self.many, f"{self.adjective}ة" if self.adjective else "")

    def accusative(self) -> str:
        """After 11 to 99."""
        if self.fixed:
            return self.singular()
        return self._with(_with_tanwin(self.one), _with_tanwin(self._adjective()))

    def _adjective(self) -> str:
        return f"{self.adjective}ة" if self.feminine and self.adjective else self.adjective

    def _with(self, *words: str) -> str:
        return " ".join(word for word in (*words, self.tail) if word)


_SCALES = [
    (10**12, Noun("تريليون", "تريليونات")),
    (10**9, Noun("مليار", "مليارات")),
    (10**6, Noun("مليون", "ملايين")),
    (10**3, Noun("ألف", "آلاف")),
]


def cardinal(n: int, *, feminine: bool = False, oblique: bool = False, before_noun: bool = False) -> str:
    """How many, for 0 ≤ n < 10 ** MAX_DIGITS. `feminine`: things that are; `before_noun`: 200 is مئتا, not مئتان."""
    parts = []
    for scale, noun in _SCALES:
        count, n = divmod(n, scale)
        if count:
            parts.append(_scaled(count, noun, oblique=oblique, before_noun=before_noun and n == 0))
    if n or not parts:
        parts.append(_below_thousand(n, feminine=feminine, oblique=oblique, before_noun=before_noun))
    return " و".join(parts)


def counted(n: int, noun: Noun, *, oblique: bool = False) -> str:
    """`ريالان`, `ثلاثة ريالات`, `أحد عشر ريالًا`, `مئة ريال`."""
    if n == 1:
        return noun.single()
    if n == 2:
        return noun.dual(oblique=oblique)
    rest = n % 100
    if rest in (1, 2) and n > 100:
        return f"{counted(n - rest, noun, oblique=oblique)} و{counted(rest, noun, oblique=oblique)}"
    number = cardinal(n, feminine=noun.feminine, oblique=oblique, before_noun=rest == 0 or rest <= 10)
    if 3 <= rest <= 10:
        return f"{number} {noun.plural()}"
    return f"{number} {noun.accusative() if rest > 10 else noun.singular()}"


def ordinal(n: int, *, feminine: bool = False) -> str:
    """Which one, with the article, for 1 ≤ n ≤ 99: `الخامس والعشرين` (oblique), `الحادية عشرة`."""
    names = _FEMININE_ORDINALS if feminine else _ORDINALS
    tens, ones = divmod(n, 10)
    if n <= 10:
        return names[n]
    first = ("الحادية" if feminine else "الحادي") if ones == 1 else names[ones]
    if tens == 1:
        return f"{first} {'عشرة' if feminine else 'عشر'}"
    return f"{first} وال{_TENS[tens]}ين" if ones else f"ال{_TENS[tens]}ين"


def digit_by_digit(digits: str) -> str:
    """`صفر خمسة` of `05`."""
    return " ".join(_FOR_MASCULINE[int(digit)] for digit in digits)


def decimals(digits: str) -> str:
    """What follows the decimal sign: two digits as a number, more of them, or a leading zero, one by one."""
    return digit_by_digit(digits) if len(digits) > 2 or digits[0] == "0" else cardinal(int(digits))


def _scaled(count: int, noun: Noun, *, oblique: bool, before_noun: bool) -> str:
    if count == 1:
        return noun.one
    if count == 2:
        dual = noun.dual(oblique=oblique)
        return dual[:-1] if before_noun else dual
    if before_noun and count % 100 > 10:
        return f"{cardinal(count, oblique=oblique)} {noun.one}"
    return counted(count, noun, oblique=oblique).replace(f"{noun.one} واحد", noun.one)


def _below_thousand(n: int, *, feminine: bool, oblique: bool, before_noun: bool) -> str:
    hundreds, rest = divmod(n, 100)
    parts = []
    if hundreds:
        ending = "" if hundreds != 2 else "ي" if oblique else "ا"
        whole = "ن" if hundreds == 2 and not (before_noun and rest == 0) else ""
        parts.append(_HUNDREDS[hundreds] + ending + whole)
    if rest or not hundreds:
        parts.append(_below_hundred(rest, feminine=feminine, oblique=oblique, before_noun=before_noun))
    return " و".join(parts)


def _below_hundred(n: int, *, feminine: bool, oblique: bool, before_noun: bool) -> str:
    ones = _FOR_FEMININE if feminine else _FOR_MASCULINE
    if n <= 10:
        return _eight(_two(ones[n], oblique=oblique), before_noun=before_noun)
    tens, rest = divmod(n, 10)
    if tens == 1:
        return _teen(rest, feminine=feminine, oblique=oblique)
    ten = _TENS[tens] + ("ين" if oblique else "ون")
    if rest == 0:
        return ten
    first = "إحدى" if feminine and rest == 1 else _eight(_two(ones[rest], oblique=oblique), before_noun=False)
    return f"{first} و{ten}"


def _teen(rest: int, *, feminine: bool, oblique: bool) -> str:
    if rest == 1:
        return "إحدى عشرة" if feminine else "أحد عشر"
    if rest == 2:
        first = _two("اثنتان" if feminine else "اثنان", oblique=oblique)[:-1]
    else:
        first = (_FOR_FEMININE if feminine else _FOR_MASCULINE)[rest]
    return f"{first} {'عشرة' if feminine else 'عشر'}"


def _two(word: str, *, oblique: bool) -> str:
    return {"اثنان": "اثنين", "اثنتان": "اثنتين"}.get(word, word) if oblique else word


def _eight(word: str, *, before_noun: bool) -> str:
    return "ثمانٍ" if word == "ثماني" and not before_noun else word


def _stem(word: str) -> str:
    return f"{word[:-1]}ت" if word.endswith("ة") else word


def _with_tanwin(word: str) -> str:
    return word if not word or word.endswith("ة") else f"{word}ًا"
