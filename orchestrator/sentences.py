"""Text deltas -> pieces that can be spoken, each as soon as nothing that follows can change it.

The first piece may be a clause, so that speaking starts early; the others are whole sentences. In doubt (an
abbreviation, an initial) it does not cut: a longer piece costs a little time, a wrong pause is heard.
"""

from __future__ import annotations

import re
import unicodedata

MAX_PIECE_CHARACTERS = 200
FIRST_CLAUSE_WORDS = 4
FIRST_CLAUSE_IDEOGRAPHS = 8

_CLOSERS = r"""["'”’»›)\]}」』）】》〉*_~`]{0,8}"""
_MARK = re.compile(
    rf"(?P<line>\n)"
    rf"|(?P<end>[.!?…。！？｡؟۔।]{{1,16}})(?P<closers>{_CLOSERS})"
    rf"|(?P<clause>[,;:،؛–—、，；：]|(?<=\s)-(?=\s)){_CLOSERS}"
)
_ENDS_WITHOUT_SPACE = frozenset("。！？｡؟۔।")
_CLAUSES_WITHOUT_SPACE = frozenset("—、，；：")
_NEXT_WORD = re.compile(r"(\s{1,8})(\S{0,16})")
_LAST_WORD = re.compile(r"""[^\s("'“‘«\[{*_]*$""")
_LIST_NUMBER = re.compile(r"(?:^|\n)\s*(?:\d{1,3}|[a-zA-Z])$")
_DOTTED = re.compile(r"(?:[^\W\d_]\.)+[^\W\d_]")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# After these a sentence goes on.
_NEVER_LAST = _words(
    """mr mrs ms mx dr prof sr sra st mt rev hon gen col sgt capt lt cmdr gov sen rep pres vs v cf e.g i.e viz
    fig figs eq vol ed pp approx est dept univ assn ca bzw z.b d.h nr str mme mlle ud uds jan feb apr jun jul
    aug sep sept oct nov dec"""
)
# After these it may end: when what follows begins as sentences do.
_PERHAPS_LAST = _words("etc inc ltd co corp jr usw no a.m p.m ph.d b.c a.d")
_STARTERS = _words(
    """A An And Another As At Because But By Do Does For From He Her Here His How However I If In Is It Its It's
    I'm I'll Let Let's My No Now On One Or Our She So Some Since That The Their Then There These They This Those To
    Today We What When Where Which While Who Why With Would Yes You Your"""
)


class Sentences:
    """Cuts a text that is still being written; however it is chunked, the pieces are the same."""

    def __init__(self, max_characters: int = MAX_PIECE_CHARACTERS) -> None:
        self._max_characters = max_characters
        self._text = ""
        self._first = True

    def push(self, delta: str) -> list[str]:
        """Add text; return the pieces that are complete now, stripped of surrounding white space."""
        self._text = (self._text + delta).lstrip()
        return self._cut_all(final=False)

    def flush(self) -> list[str]:
        """Return what is left as pieces, and start anew. What cannot be spoken (a lone mark) is dropped."""
        pieces = self._cut_all(final=True)
        if is_speakable(self._text):
            pieces.append(self._text.strip())
        self._text, self._first = "", True
        return pieces

    def _cut_all(self, *, final: bool) -> list[str]:
        pieces = []
        while cut := self._find_cut(final=final):
            piece, self._text = self._text[:cut].strip(), self._text[cut:].lstrip()
            if is_speakable(piece):
                pieces.append(piece)
                self._first = False
        return pieces

    def _find_cut(self, *, final: bool) -> int:
        """Return where the first piece ends, 0 while that is not known."""
        for mark in _MARK.finditer(self._text):
            if mark.start() >= self._max_characters:
                break
            ends = self._ends_piece(mark, final=final)
            if ends is None:
                return 0
            if ends and is_speakable(self._text[: mark.end()]):
                return mark.end()
        return self._forced_cut() if len(self._text) > self._max_characters else 0

    def _ends_piece(self, mark: re.Match[str], *, final: bool) -> bool | None:
        """Whether a piece ends at `mark`; None when that depends on what is still to come."""
        if mark["line"]:
            return True
        if mark["clause"] and not (self._first and _is_enough(self._text[: mark.start()])):
            return False
        if mark.end() == len(self._text):
            return True if final else None
        if mark["clause"]:
            return mark["clause"] in _CLAUSES_WITHOUT_SPACE or self._text[mark.end()].isspace()
        if not _ENDS_WITHOUT_SPACE.isdisjoint(mark["end"]):
            return True
        return self._ends_sentence(mark, final=final)

    def _ends_sentence(self, mark: re.Match[str], *, final: bool) -> bool | None:
        following = _NEXT_WORD.match(self._text, mark.end())
        if following is None:
            return False  # 3.14, example.com
        space, word = following.groups()
        if not word:
            return True if final or "\n" in space or len(space) == 8 else None
        if mark["end"] == ".":
            word_is_whole = final or following.end() < len(self._text)
            doubt = _may_end(self._text[: mark.start()], word, word_is_whole)
            if doubt is not True:
                return doubt
        return not (word[0].islower() and (mark["closers"] or len(mark["end"]) > 2 or "…" in mark["end"]))

    def _forced_cut(self) -> int:
        window, half = self._text[: self._max_characters], self._max_characters // 2
        clauses = [m.end() for m in _MARK.finditer(window) if half < m.end() < len(window)]
        clauses = [
            end for end in clauses if window[end].isspace() or window[end - 1] in _CLAUSES_WITHOUT_SPACE
        ]
        if clauses:
            return clauses[-1]
        spaces = [match.start() for match in re.finditer(r"\s", window)]
        if spaces:
            return spaces[-1]
        cut = len(window)
        while cut > half and unicodedata.combining(self._text[cut]):
            cut -= 1
        return cut


def _is_enough(clause: str) -> bool:
    ideographs = sum("\u2e80" <= character <= "\u9fff" for character in clause)
    return len(clause.split()) >= FIRST_CLAUSE_WORDS or ideographs >= FIRST_CLAUSE_IDEOGRAPHS


def _may_end(before: str, next_word: str, next_word_is_whole: bool) -> bool | None:
    """Whether the full stop after `before` may be a sentence's end; None when the next word must be whole."""
    found = _LAST_WORD.search(before)
    word = found[0] if found else ""
    if word.lower() in _NEVER_LAST or _LIST_NUMBER.search(before):
        return False
    if len(word) == 1 and word.isupper() and word != "I":
        return False
    if word.lower() in _PERHAPS_LAST or _DOTTED.fullmatch(word):
        return next_word.rstrip(".,!?;:…") in _STARTERS if next_word_is_whole else None
    return True


_EMOJI = (
    "\U0001f000-\U0001fbff\u2600-\u27bf\u2b1b\u2b1c\u2b50\u2b55\u231a\u231b\u23e9-\u23fa\U000e0020-\U000e007f"
)
_MARKDOWN: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.MULTILINE), replacement)
    for pattern, replacement in (
        (r"!?\[([^\]]*)\]\([^)]*\)", r"\1"),  # [text](address), ![text](address)
        (r"^\s*(?:```|~~~).*$", ""),  # code fences
        (r"^\s*(?:[-*_]\s*){3,}$", ""),  # rules
        (r"^[\s|:-]*-{3}[\s|:-]*$", ""),  # the line under a table's head
        (r"^\s*\|\s*|\s*\|\s*$", ""),  # a table row's ends
        (r"^\s*(?:>\s?)+", ""),  # quotations
        (r"^\s*#{1,6}\s+", ""),  # headings
        (r"^\s*[-*+•]\s+", ""),  # bullets
        (r"`+", ""),
        (r"~~", ""),
        (r"(?<!\d)\*{2,}|\*{2,}(?!\d)", ""),  # bold; 2**3 stays
        (
            r"(?<![\w*])\*(?=[^\s*])|(?<=[^\s*])\*(?![\w*])",
            "",
        ),  # italics, also cut in two; 2*3 and 2 * 3 stay
        (r"(?<!\w)_{1,3}(?=\S)|(?<=\S)_{1,3}(?!\w)", ""),  # the same; snake_case stays
        (rf"(?:[{_EMOJI}][\ufe0f\u200d]*)+", ""),
        (r"[\ufe0f\u20e3]", ""),  # what is left of keycaps
    )
)


def speakable(text: str) -> str:
    """Return `text` without markdown's marks and without emoji, white space made single."""
    for pattern, replacement in _MARKDOWN:
        text = pattern.sub(replacement, text)
    return " ".join(text.split())


def is_speakable(text: str) -> bool:
    """Whether anything is left to say: a letter or a digit."""
    return any(character.isalnum() for character in speakable(text))
