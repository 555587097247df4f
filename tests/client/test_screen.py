from __future__ import annotations

import io

from client.events import ErrorReported, Event, FinalTranscript, PartialTranscript, ResponseDone, ResponseText
from client.screen import Screen, latency_table

TURN: list[Event] = [
    PartialTranscript(0, 0, 0, "what", 0),
    PartialTranscript(1, 0, 0, "what is", 4),
    PartialTranscript(1, 0, 0, "what is", 7),
    FinalTranscript(2, 0, 0, "What is it?", "en"),
    ResponseText(3, 0, 0, "A "),
    ResponseText(4, 0, 0, "dog."),
    ResponseDone(5, 0, 0, "A dog.", "completed"),
]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(out: io.StringIO, events: list[Event]) -> str:
    screen = Screen(out)
    for event in events:
        screen.show(event)
    return out.getvalue()


def test_in_a_file_every_partial_has_its_line() -> None:
    assert shown(io.StringIO(), TURN).splitlines() == [
        "hearing  : what",
        "hearing  : what is",
        "you      : What is it?",
        "BeautyAI : A dog.",
    ]


def test_on_a_terminal_a_partial_overwrites_the_one_before() -> None:
    text = shown(Terminal(), TURN)
    partials = "\r\033[Khearing  : what\r\033[Khearing  : what is\r\033[K"
    assert text == f"{partials}you      : What is it?\nBeautyAI : A dog.\n"


def test_a_partial_longer_than_the_terminal_stays_in_one_line() -> None:
    text = shown(Terminal(), [PartialTranscript(0, 0, 0, "word " * 100, 0)])
    assert len(text) < 120


def test_an_interruption_is_said() -> None:
    assert shown(io.StringIO(), [ResponseDone(0, 0, 0, "", "interrupted")]) == "(interrupted)\n"


def test_an_error_begins_its_own_line() -> None:
    events: list[Event] = [ResponseText(0, 0, 0, "A "), ErrorReported(1, 0, "backend_lost", "gone", True)]
    assert shown(io.StringIO(), events).splitlines()[-1] == "error    : backend_lost: gone"


def test_the_table_has_a_line_for_each_leg_that_was_measured() -> None:
    lines = latency_table({"first_audio_ms": 210.4, "end_silence_ms": 500, "tokens": 9}).splitlines()
    assert [line.split()[-2:] for line in lines[:2]] == [["500", "ms"], ["210", "ms"]]
    assert lines[2].split() == ["tokens", "9"]
    assert len({len(line.removesuffix(" ms")) for line in lines}) == 1
