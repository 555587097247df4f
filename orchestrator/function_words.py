"""Words that a sentence does not end in, and words that open a question: English and Arabic.

Lower case, without vowel signs. A word that often ends a sentence ("that", "لا") is left out, even where it often
does not.
"""

from __future__ import annotations

from collections.abc import Mapping

Words = Mapping[str, frozenset[str]]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _phrases(text: str) -> frozenset[str]:
    return frozenset(line.strip() for line in text.strip().splitlines())


FILLERS: Words = {
    "en": _words("um umm uh uhm uhh er erm ah hm hmm mm well like so basically"),
    "ar": _words("يعني اه آه أه امم اممم مم إيه ايه طب"),
}

AUXILIARIES: Words = {
    "en": _words("is are was were am be been being will would can could shall should may might must")
}

# Articles and determiners; conjunctions; prepositions; auxiliaries, whole and contracted; pronouns that need a verb.
UNFINISHED_WORDS: Words = {
    "en": AUXILIARIES["en"]
    | _words("""
        a an the my your our their its every each some any another which whose other
        and or but nor because cause if unless although though while whereas whether until since than as
        of to from for with at by into onto between among against during without within toward towards upon about per
        i'm you're we're they're he's she's it's that's there's here's i'll you'll we'll they'll he'll she'll it'll
        i've you've we've they've i'd you'd we'd they'd what's where's who's how's when's let's
        i we they he she who very really quite too more most less not
    """),
    "ar": _words("""
        و ف ثم أو او أم ام لكن ولكن لأن لان لأنه لانه لأنها لانها إن أن ان بأن كي لكي حتى إذا اذا لو عندما لما بينما
        حيث كما مثل الذي التي الذين اللي في من إلى الى على عن مع بعد قبل بين خلال بدون تحت فوق عند منذ حول ضد سوف قد لقد
        كان كانت يكون تكون هل ما ماذا لم لن ليس ليست غير كل أي اي بعض هناك أريد اريد عايز بدي أنا انا نحن هو هي
    """),
}

# The last two or three words.
UNFINISHED_PHRASES: Words = {
    "en": _phrases("""
        i want
        i need
        i think
        i mean
        i have
        you have
        you know
        give me
        get me
        tell me
        show me
        let me
        can i get
        can i have
        may i have
        could i have
        can you
        could you
        would you
        will you
        do you
        did you
        have you
        is it going
        are you going
        turn on
        turn off
        is it
        is there
        there are
        there are no
        how many
        how much
        what kind
        in order
    """),
    "ar": _phrases("""
        هل يمكنك
        هل يمكن
        هل تستطيع
        كم عدد
        على سبيل
    """),
}

QUESTION_OPENERS: Words = {
    "en": _words("""
        what what's who who's whose whom which when when's where where's why why's how how's is isn't are aren't was
        wasn't were weren't am do don't does doesn't did didn't can can't could couldn't will won't would wouldn't shall
        should shouldn't may might must have haven't has hasn't had
    """),
    "ar": _words("هل ما ماذا من متى أين اين كيف لماذا ليش كم أي اي أيها وين شو ايش إيش ليه فين ازاي إزاي"),
}

# What a question may leave at its end: "Where are you from?"
STRANDED: Words = {"en": _words("from for with at about we they he she it there many much not too more")}

# Before an auxiliary they make it whole: "Yes, I am.", "Do you know where it is?"
SUBJECTS: Words = {"en": _words("yes yeah yep no nope sure maybe i you he she it we they that this there")}
SPOKEN_DIGITS = _words("""
    zero oh one two three four five six seven eight nine double triple
    صفر واحد اثنين اثنان ثلاثة أربعة اربعة خمسة ستة سبعة ثمانية تسعة
""")
