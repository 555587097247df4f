from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.partials import Agreement

WORDS = st.lists(st.sampled_from(["one", "two", "three"]), max_size=6).map(" ".join)


def test_a_word_is_stable_once_two_decodes_agree_on_it() -> None:
    agreement = Agreement()
    assert agreement.update("what is") == ("what is", 0)
    assert agreement.update("what is the cap") == ("what is the cap", len("what is"))
    assert agreement.update("what is the capital") == ("what is the capital", len("what is the"))


def test_a_later_decode_that_changes_its_mind_does_not_take_a_stable_word_back() -> None:
    agreement = Agreement()
    agreement.update("what is")
    agreement.update("what is")
    assert agreement.update("watts is the") == ("what is the", len("what is"))


@given(st.lists(WORDS, max_size=8))
def test_what_was_stable_stays(transcripts: list[str]) -> None:
    agreement, before = Agreement(), ""
    for transcript in transcripts:
        text, stable = agreement.update(transcript)
        assert text[:stable].startswith(before)
        before = text[:stable]
