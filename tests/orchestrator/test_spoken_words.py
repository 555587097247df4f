from __future__ import annotations

import os
import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from pathlib import Path

import numpy as np
import pytest
from faster_whisper import WhisperModel
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from piper import PiperVoice, SynthesisConfig

from orchestrator.audio import Resampler
from orchestrator.sentences import Sentences
from orchestrator.spoken_words import SpokenWords, spoken_letters

RATE = 22_050


def _tone(ms: int, level: int) -> bytes:
    return np.full(RATE * ms // 1000, level, dtype="<i2").tobytes()


def test_a_long_word_takes_longer_than_a_short_one() -> None:
    words = SpokenWords()
    words.add("a transformation", 1000)
    words.end_piece()
    assert words.until(400) == "a"
    assert words.until(600) == "a transformation"


def test_silence_before_and_within_the_voice_is_no_word() -> None:
    words = SpokenWords()
    words.add("one, two", 600, _tone(600, 0))
    words.add("", 400, _tone(400, 9000))
    words.add("", 600, _tone(600, 0))
    words.add("", 400, _tone(400, 9000))
    words.end_piece()
    assert words.until(650) == ""
    assert words.until(1000) == "one,"
    assert words.until(1600) == "one,"
    assert words.until(1990) == "one, two"


def test_a_piece_that_is_still_being_made_is_not_taken_for_whole() -> None:
    words = SpokenWords()
    words.add("one two three four five six seven eight nine ten", 500)
    assert len(words.until(500).split()) < 5
    words.end_piece()
    assert len(words.until(500).split()) == 10


def test_the_pace_of_the_pieces_before_tells_how_long_the_next_will_be() -> None:
    slow = SpokenWords()
    slow.add("one two three four", 4000)
    slow.add("five six seven eight", 1000)
    assert slow.until(5000) == "one two three four five"


def test_words_between_two_positions_are_those_whose_middle_sounds_there() -> None:
    words = SpokenWords()
    words.add("aaaa bbbb", 1000)
    words.add("cccc dddd", 1000)
    words.end_piece()
    assert words.between(500, 1500) == "bbbb cccc"
    assert words.between(1500, 9000) == "dddd"
    assert words.between(2500, 9000) == ""


@pytest.mark.parametrize(
    ("number", "spoken"),
    [
        ("110", "hundred and ten"),
        ("1,000,000", "one million"),
        ("7", "seven"),
        ("0", "zero"),
        ("$25.50", "twenty five dollars fifty"),
        ("70%", "seventy percent"),
    ],
)
def test_a_number_is_as_long_as_its_words(number: str, spoken: str) -> None:
    assert spoken_letters(number) == pytest.approx(len(spoken.replace(" ", "")) + 1, abs=8)


@pytest.mark.parametrize(
    ("text", "played_ms", "heard"),
    [
        ("النباتات تحتاج الماء", 450, "النباتات"),
        ("北京是中国的首都。", 510, "北京是中"),
        ("กรุงเทพ", 500, "กรุง"),
        ("नमस्ते दुनिया", 600, "नमस्ते"),
    ],
)
def test_words_are_parted_as_the_script_parts_them(text: str, played_ms: int, heard: str) -> None:
    words = SpokenWords()
    words.add(text, 1000)
    words.end_piece()
    assert words.until(played_ms) == heard


@given(
    st.lists(st.tuples(st.text(max_size=40), st.integers(1, 3000)), max_size=6),
    st.lists(st.floats(0, 20_000), min_size=2, max_size=2),
)
def test_what_was_heard_only_grows_with_the_time(pieces: list[tuple[str, int]], times: list[float]) -> None:
    words = SpokenWords()
    for text, duration_ms in pieces:
        words.add(text, duration_ms)
    words.end_piece()
    early, late = sorted(times)
    assert words.until(late).startswith(words.until(early))


REPLIES = (
    "Plants need sunlight, water, air and good soil to grow. They turn light into sugar, which feeds every leaf.",
    "First, boil the pasta in plenty of salted water. Then fry some garlic in olive oil, and add tomatoes.",
    "Yes, of course. The restaurant opens at noon and closes at midnight. Would you like me to book a table?",
)


def _spoken(voice: PiperVoice, piece: str) -> NDArray[np.int16]:
    """Always the same audio: a voice's own noise would make every run another test."""
    steady = SynthesisConfig(noise_scale=0.0, noise_w_scale=0.0)
    return np.concatenate([sentence.audio_int16_array for sentence in voice.synthesize(piece, steady)])


@pytest.mark.parametrize("reply", REPLIES)
def test_the_words_heard_are_those_that_whisper_hears_in_the_played_part(reply: str) -> None:
    voice = PiperVoice.load(next(Path(os.environ["BEAUTYAI_VOICES_DIR"]).glob("*.onnx")))
    sentences, words, audio = Sentences(), SpokenWords(), []
    for piece in [*sentences.push(reply), *sentences.flush()]:
        audio.append(_spoken(voice, piece))
        words.add(piece, 1000 * len(audio[-1]) / voice.config.sample_rate, audio[-1].tobytes())
        words.end_piece()
    whole = Resampler(voice.config.sample_rate, 16_000).push(
        np.concatenate(audio).astype(np.float32) / np.float32(32_768)
    )
    whisper = WhisperModel(os.environ["BEAUTYAI_WHISPER_DIR"], device="cpu", compute_type="int8")
    segments, _ = whisper.transcribe(whole, language="en", beam_size=1, word_timestamps=True)
    transcribed = [word for segment in segments for word in segment.words or ()]
    off = [
        len(words.until(1000 * transcribed[index].end).split()) - place
        for place, index in _recognised(reply, [word.word for word in transcribed])
    ]
    assert len(off) >= 0.8 * len(reply.split()), transcribed
    assert sum(abs(difference) <= 1 for difference in off) >= 0.9 * len(off), off


def _recognised(reply: str, transcribed: list[str]) -> Iterator[tuple[int, int]]:
    """How many words of the reply are over after each transcribed word that is one of them.

    Whisper may write one word as two ("sun light"); those that follow keep their places.
    """
    spoken, heard = (
        [re.sub(r"\W", "", word.lower()) for word in text] for text in (reply.split(), transcribed)
    )
    for block in SequenceMatcher(a=spoken, b=heard, autojunk=False).get_matching_blocks():
        for offset in range(block.size):
            yield block.a + offset + 1, block.b + offset
