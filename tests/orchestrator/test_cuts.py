from __future__ import annotations

from orchestrator.cuts import Spoken, best_cut, spoken_words
from orchestrator.inference import Transcript


def said(*times: tuple[str, float, float]) -> list[Spoken]:
    return [Spoken(*each) for each in times]


EVEN = said(("it", 0, 1), ("is", 1, 2), ("so", 2, 3), ("now", 3, 4), ("go", 4, 5))


def test_the_longest_pause_is_the_best_place() -> None:
    spoken = said(("it", 0, 1), ("is", 1.2, 2), ("so", 3, 4), ("now", 4.1, 5))
    cut = best_cut("It is so now", "en", spoken, 0, 5)
    assert cut is not None
    assert (cut.seconds, "It is so now"[: cut.characters]) == (2.5, "It is")


def test_the_end_of_a_sentence_is_better_than_a_place_without_a_pause() -> None:
    cut = best_cut("It is. So now go", "en", EVEN, 0, 5)
    assert cut is not None
    assert (cut.seconds, "It is. So now go"[: cut.characters]) == (2, "It is.")


def test_only_places_within_the_times_asked_for_are_taken() -> None:
    cut = best_cut("It. is. so now go", "en", EVEN, 2.5, 3.5)
    assert cut is not None
    assert cut.seconds == 3
    assert best_cut("It is so now go", "en", EVEN, 4.5, 5) is None


def test_words_that_were_heard_differently_are_no_place_to_cut() -> None:
    cut = best_cut("it was so now go", "en", EVEN, 0, 5)
    assert cut is not None
    assert cut.seconds == 4
    assert best_cut("quite another text", "en", EVEN, 0, 5) is None


def test_the_last_agreed_word_stays_in_the_window() -> None:
    cut = best_cut("it is", "en", EVEN, 0, 5)
    assert cut is not None
    assert cut.seconds == 1


def test_a_token_of_several_characters_is_not_cut() -> None:
    times = {
        "words": [{"word": "今天", "start": 0.0, "end": 1.0}, {"word": "很好", "start": 1.0, "end": 2.0}]
    }
    spoken = spoken_words(Transcript("今天很好", "zh", segments=(times,)))
    assert [word.key for word in spoken] == ["今", "天", "很", "好"]
    cut = best_cut("今天很好", "zh", spoken, 0, 2)
    assert cut is not None
    assert (cut.seconds, cut.characters) == (1, 2)
