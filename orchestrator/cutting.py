"""Where a text that is still being written may be cut so that each part can be spoken by itself. Pure.

The same file stands in `orchestrator/` and in `model_repository/reply/1/`, which share no code; a test compares them.
In doubt (an abbreviation, an initial) it does not cut: a longer piece costs a little time, a wrong pause is heard.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import islice

FIRST_CLAUSE_WORDS = 4
FIRST_CLAUSE_IDEOGRAPHS = 8
# A first piece without a mark in so many words may end before a word that begins a new part of the sentence.
FIRST_PHRASE_WORDS = 8

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
_WHOLE_WORD = re.compile(r"\S{1,40}(?=\s)")
# Marks with letters of their own: code fences, addresses of links, tags, :smile:.
_UNSPOKEN = re.compile(
    r"(?m)^\s*(?:```|~~~).*$|\]\([^)\n]*\)|</?[a-zA-Z][^<>\n]{0,200}>|(?<!\w):[a-z][a-z0-9_+-]{1,30}:(?!\w)"
)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# After these a sentence goes on.
_NEVER_LAST = _words(
    """mr mrs ms mx dr prof sr sra st mt rev hon gen col sgt capt lt cmdr gov sen rep pres vs v cf e.g i.e viz
    fig figs eq vol ed pp approx est dept univ assn ca bzw z.b d.h nr str mme mlle ud uds jan feb apr jun jul
    aug sep sept oct nov dec د أ م ود وم وأ"""
)
# After these it may end: when what follows begins as sentences do.
_PERHAPS_LAST = _words("etc inc ltd co corp jr usw no a.m p.m ph.d b.c a.d")
_STARTERS = _words(
    """A An And Another As At Because But By Do Does For From He Her Here His How However I If In Is It Its It's
    I'm I'll Let Let's My No Now On One Or Our She So Some Since That The Their Then There These They This Those To
    Today We What When Where Which While Who Why With Would Yes You Your"""
)
# Before these a speaker may take breath; before the first two only when a good part has been said.
_JOINS_NOUNS_TOO = _words("and or")
_BEGINS_PHRASE = _words(
    """and or but because although though whereas while which when where unless until
    لكن ولكن لأن حيث بينما عندما الذي التي ثم وهو وهي وقد كما لذلك ولذلك وكان وكانت"""
)
_PHRASE_WORDS_BEFORE_NOUNS = 6
# After these it would sound broken.
_NEVER_BEFORE_BREATH = _words(
    """a an the of in on to for with at by from as even what only just all nothing anything and or but is are was
    were be very more than that this my your his her its our their both either neither between not
    في من إلى على عن مع أن أو و"""
)


def find_cut(text: str, *, first: bool, final: bool, max_characters: int) -> int:
    """Return where the first piece of `text` ends, 0 while that is not known. `text` begins with no white space.

    `first`: nothing has been spoken yet, so that a clause is enough; `final`: nothing follows `text`.
    """
    phrase, phrase_end = _find_phrase(text) if first else (0, 0)
    for mark in _MARK.finditer(text):
        if mark.start() >= max_characters or (phrase and mark.start() >= phrase_end):
            break
        ends = _ends_piece(text, mark, first=first, final=final)
        if ends is None:
            return 0
        if ends and is_speakable(text[: mark.end()]):
            return mark.end()
    if phrase:
        return phrase
    return _forced_cut(text, max_characters) if len(text) > max_characters else 0


def is_speakable(text: str) -> bool:
    """Whether anything is left to say: a letter or digit that is not a mark's own, as in a code fence or a tag."""
    return any(character.isalnum() for character in _UNSPOKEN.sub("", text))


def _ends_piece(text: str, mark: re.Match[str], *, first: bool, final: bool) -> bool | None:
    """Whether a piece ends at `mark`; None when that depends on what is still to come."""
    if mark["line"]:
        return True
    if mark["clause"] and not (first and _is_enough(text[: mark.start()])):
        return False
    if mark.end() == len(text):
        return True if final else None
    if mark["clause"]:
        return mark["clause"] in _CLAUSES_WITHOUT_SPACE or text[mark.end()].isspace()
    if not _ENDS_WITHOUT_SPACE.isdisjoint(mark["end"]):
        return True
    return _ends_sentence(text, mark, final=final)


def _ends_sentence(text: str, mark: re.Match[str], *, final: bool) -> bool | None:
    following = _NEXT_WORD.match(text, mark.end())
    if following is None:
        return False  # 3.14, example.com
    space, word = following.groups()
    if not word:
        return True if final or "\n" in space or len(space) == 8 else None
    if mark["end"] == ".":
        word_is_whole = final or following.end() < len(text)
        doubt = _may_end(text[: mark.start()], word, word_is_whole)
        if doubt is not True:
            return doubt
    return not (word[0].islower() and (mark["closers"] or len(mark["end"]) > 2 or "…" in mark["end"]))


def _find_phrase(text: str) -> tuple[int, int]:
    """Where a first piece without marks may end, and where the words looked at end; zeros where it may not."""
    words = list(islice(_WHOLE_WORD.finditer(text), FIRST_PHRASE_WORDS))
    if len(words) < FIRST_PHRASE_WORDS:
        return 0, 0
    for count in range(FIRST_CLAUSE_WORDS, FIRST_PHRASE_WORDS):
        word, before = words[count][0], words[count - 1][0].lower()
        enough = _PHRASE_WORDS_BEFORE_NOUNS if word in _JOINS_NOUNS_TOO else FIRST_CLAUSE_WORDS
        fits = word in _BEGINS_PHRASE and before not in _NEVER_BEFORE_BREATH and count >= enough
        if fits and _is_balanced(text[: words[count].start()]):
            return words[count].start(), words[-1].end()
    return 0, 0


def _is_balanced(text: str) -> bool:
    """Whether no bracket, quotation or emphasis is open at the end."""
    pairs = (("(", ")"), ("[", "]"), ("“", "”"), ("«", "»"))
    are_closed = all(text.count(opening) == text.count(closing) for opening, closing in pairs)
    return are_closed and not any(text.count(mark) % 2 for mark in '"*`')


def _forced_cut(text: str, max_characters: int) -> int:
    window, half = text[:max_characters], max_characters // 2
    clauses = [m.end() for m in _MARK.finditer(window) if half < m.end() < len(window)]
    clauses = [end for end in clauses if window[end].isspace() or window[end - 1] in _CLAUSES_WITHOUT_SPACE]
    if clauses:
        return clauses[-1]
    spaces = [match.start() for match in re.finditer(r"\s", window)]
    if spaces:
        return spaces[-1]
    cut = len(window)
    while cut > half and unicodedata.combining(text[cut]):
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
