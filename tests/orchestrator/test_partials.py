from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.audio import SAMPLE_RATE
from orchestrator.inference import Transcript
from orchestrator.partials import Partials, Request, Shown

WORDS = st.lists(st.sampled_from(["one", "two", "three"]), max_size=6).map(" ".join)


def seconds(count: float) -> int:
    return round(count * SAMPLE_RATE)


@dataclass
class Listener:
    """Asks `partials` for a decode of everything up to `end` and tells it what was heard after the prefix."""

    partials: Partials = field(default_factory=lambda: Partials("en", 1))
    end: int = 0
    request: Request | None = None

    def hears(self, text: str, *, log_probability: float = -0.2, language: str = "en") -> tuple[str, str]:
        """The whole text as a decode without a prefix would have it → the stable and the unstable text."""
        self.end += seconds(0.5)
        request = self.request = self.partials.next_request(0, self.end)
        assert request is not None
        assert text.startswith(request.prefix)
        answer = Transcript(text[len(request.prefix) :], language, average_log_probability=log_probability)
        return split(self.partials.update(request, answer))


def split(shown: Shown) -> tuple[str, str]:
    return shown.text[: shown.stable_characters], shown.text[shown.stable_characters :]


def test_words_on_which_two_decodes_agree_are_stable() -> None:
    listener = Listener()
    assert listener.hears("What is") == ("", "What is")
    assert listener.hears("What is the cap") == ("What is", " the cap")
    assert listener.hears("What is the capital") == ("What is the", " capital")
    assert listener.hears("What is the capital") == ("What is the capital", "")


def test_a_stable_word_is_not_taken_back_and_the_rest_is_the_latest_decode() -> None:
    partials = Partials("en", 1)
    for end, text in ((1, "what is the"), (2, "what is a"), (3, "watts is of France")):
        shown = partials.update(Request(0, end), Transcript(text, "en"))
    assert split(shown) == ("what is", " of France")


def test_case_and_punctuation_do_not_keep_words_from_being_agreed_and_the_later_form_is_shown() -> None:
    listener = Listener()
    listener.hears("yes please. do")
    assert listener.hears("Yes, please do it") == ("Yes, please do", " it")


def test_the_punctuation_behind_the_last_stable_word_may_still_change() -> None:
    partials = Partials("en", 1)
    for end, text in ((1, "It is."), (2, "It is."), (3, "It is so, then I")):
        shown = partials.update(Request(0, end), Transcript(text, "en"))
        assert split(shown) == (("", "It is."), ("It is", "."), ("It is", " so, then I"))[end - 1]


def test_the_agreed_words_are_given_to_the_decoder_except_the_newest() -> None:
    listener = Listener()
    for _ in range(2):
        listener.hears("one two three")
    request = listener.partials.next_request(0, listener.end + 1)
    assert request is not None
    assert request.prefix == "one two"


def test_a_decode_that_is_doubted_shows_nothing_new_and_the_next_is_told_no_words() -> None:
    listener = Listener()
    for _ in range(2):
        listener.hears("one two three")
    assert listener.hears("one two five", log_probability=-3) == ("one two three", "")
    listener.hears("one two three four")
    assert listener.request is not None
    assert listener.request.prefix == ""
    listener.hears("one two three four")
    assert listener.request.prefix == "one two"


def test_a_decode_that_writes_nothing_keeps_what_was_shown() -> None:
    listener = Listener()
    listener.hears("one two")
    assert listener.hears("...") == ("", "one two")
    assert listener.hears("") == ("", "one two")


def test_no_decode_is_made_before_enough_audio_is_new() -> None:
    partials = Partials("en", 100)
    assert partials.next_request(1000, 1099) is None
    request = partials.next_request(1000, 1100)
    assert request is not None
    assert (request.start, request.end, request.partial) == (1000, 1100, True)
    assert partials.next_request(1000, 1199) is None
    assert partials.next_request(1000, 1200) is not None


def test_a_language_is_kept_once_it_is_sure() -> None:
    partials = Partials(None, 1)
    unsure = Transcript("hola", "es", language_probability=0.3)
    sure = Transcript("ola", "pt", language_probability=0.9)
    partials.update(Request(0, seconds(0.5)), sure)
    assert partials.language is None
    partials.update(Request(0, seconds(3)), unsure)
    assert partials.language is None
    partials.update(Request(0, seconds(3)), sure)
    partials.update(Request(0, seconds(3)), Transcript("hello", "en"))
    assert partials.language == "pt"


def test_words_heard_in_two_languages_do_not_agree() -> None:
    partials = Partials(None, 1)
    partials.update(Request(0, 1), Transcript("no no no", "es"))
    shown = partials.update(Request(0, 2), Transcript("no no no", "en"))
    assert split(shown) == ("", "no no no")


def test_a_language_without_spaces_agrees_character_by_character() -> None:
    partials = Partials("zh", 1)
    partials.update(Request(0, 1), Transcript("今天天气", "zh"))
    shown = partials.update(Request(0, 2), Transcript("今天天，很好", "zh"))
    assert split(shown) == ("今天天", "，很好")


def test_the_final_decode_is_of_the_whole_utterance() -> None:
    listener = Listener()
    for _ in range(2):
        listener.hears("one two three four")
    final = listener.partials.final_request(0, listener.end)
    assert final == Request(0, listener.end, "en", partial=False)
    assert final.text(Transcript("One, two, three, four.", "en")) == "One, two, three, four."


def test_the_final_decode_of_a_long_utterance_is_of_all_of_it_as_well() -> None:
    partials = Partials("en", 1)
    listen(partials, seconds(20))
    assert partials.final_request(0, seconds(20)) == Request(0, seconds(20), "en", partial=False)


def test_an_answer_behind_the_window_is_put_behind_what_was_said_before_it() -> None:
    partials = Partials("en", 1)
    listen(partials, seconds(20))
    request = partials.next_request(0, seconds(20))
    assert request is not None
    assert request.start > 0
    assert request.text(PerfectDecoder().answer(request)).split() == PerfectDecoder.said(50)


@dataclass
class PerfectDecoder:
    """Hears one word every 400 ms, `w0 w1 …`, each with its time; a tenth word ends a sentence with a pause."""

    def answer(self, request: Request) -> Transcript:
        n_told = len(f"{request.before} {request.prefix}".split())
        first = max(n_told, -(-request.start // seconds(0.4)))
        heard = range(first, request.end // seconds(0.4))
        timed = [self._timed(number, request.start) for number in heard]
        return Transcript(
            "".join(word["word"] for word in timed).lstrip("" if request.prefix else " "),
            "en",
            segments=({"words": timed},) if request.word_timestamps else (),
        )

    @staticmethod
    def said(n_words: int) -> list[str]:
        return [f"w{number}" + "." * (number % 10 == 9) for number in range(n_words)]

    def _timed(self, number: int, start: int) -> dict[str, Any]:
        is_last = number % 10 == 9
        begin = number * 0.4 - start / SAMPLE_RATE
        return {
            "word": f" w{number}" + "." * is_last,
            "start": begin,
            "end": begin + (0.2 if is_last else 0.4),
        }


def listen(partials: Partials, until: int) -> list[tuple[Request, Shown]]:
    decoder, steps = PerfectDecoder(), []
    for end in range(seconds(0.3), until, seconds(0.3)):
        request = partials.next_request(0, end)
        assert request is not None
        steps.append((request, partials.update(request, decoder.answer(request))))
    return steps


def test_a_long_utterance_leaves_audio_behind_at_a_sentence_and_loses_no_word() -> None:
    steps = listen(Partials("en", 1), seconds(28))
    assert max(request.end - request.start for request, _ in steps) < seconds(9)
    last, shown = steps[-1]
    assert shown.text.split() == PerfectDecoder.said(69)
    assert last.before.endswith(".")
    assert last.prompt
    assert last.before.endswith(last.prompt)


def test_times_of_words_are_asked_for_only_where_the_window_has_grown_long() -> None:
    steps = listen(Partials("en", 1), seconds(28))
    timed = [request for request, _ in steps if request.word_timestamps]
    assert 3 <= len(timed) <= 6
    assert all(request.end - request.start >= seconds(8) for request in timed)


def test_a_window_without_agreement_is_left_behind_as_well() -> None:
    partials, decoder = Partials("en", 1), PerfectDecoder()
    for number, end in enumerate(range(seconds(0.3), seconds(28), seconds(0.3))):
        request = partials.next_request(0, end)
        assert request is not None
        assert request.end - request.start < seconds(14)
        answer = decoder.answer(request)
        text = answer.text if number % 2 else f"never {answer.text}"
        partials.update(request, Transcript(text, "en", segments=answer.segments))


def test_a_window_in_which_nothing_is_understood_is_left_behind_as_well() -> None:
    partials = Partials("en", 1)
    for end in range(seconds(0.3), seconds(28), seconds(0.3)):
        request = partials.next_request(0, end)
        assert request is not None
        assert request.end - request.start < seconds(13)
        partials.update(request, Transcript("", "en"))


@st.composite
def answers(draw: st.DrawFn, request: Request) -> Transcript:
    """Anything a decoder might say, true or not, with times that fit the audio or do not."""
    said = draw(st.lists(st.sampled_from(["a", "B", "b,", "c.", "…", "好", "“d"]), max_size=30))
    length = (request.end - request.start) / SAMPLE_RATE
    times = sorted(draw(st.lists(st.floats(0, length + 1), min_size=len(said), max_size=len(said))))
    timed = [
        {"word": f" {word}", "start": start, "end": end}
        for word, start, end in zip(said, times, [*times[1:], length], strict=False)
    ]
    return Transcript(
        draw(st.sampled_from(["", " "])) + " ".join(said),
        draw(st.sampled_from(["en", "en", "en", "zh"])),
        language_probability=draw(st.sampled_from([0.2, 0.9])),
        average_log_probability=draw(st.sampled_from([-0.2, -0.2, -0.2, -4])),
        segments=({"words": timed},) if request.word_timestamps else (),
    )


@pytest.mark.parametrize("language", [None, "en", "zh"])
@given(data=st.data())
def test_stable_text_only_grows_whatever_the_decodes_say(language: str | None, data: st.DataObject) -> None:
    partials, end, stable = Partials(language, 1), 0, ""
    for _ in range(data.draw(st.integers(1, 12))):
        end += data.draw(st.integers(1, seconds(4)))
        request = partials.next_request(0, end)
        assert request is not None
        assert 0 <= request.start < request.end == end
        if data.draw(st.booleans()):
            request = partials.final_request(0, end)
        shown = partials.update(request, data.draw(answers(request)))
        assert shown.text.startswith(stable)
        assert shown.stable_characters >= len(stable)
        stable = shown.text[: shown.stable_characters]
        assert stable.startswith(request.before)
