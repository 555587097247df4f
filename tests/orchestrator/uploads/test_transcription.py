"""Recordings written down by scripted models: what is asked, what is left out, whose times are told."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from orchestrator.audio import SAMPLE_RATE, Audio
from orchestrator.errors import ClientError
from orchestrator.inference import PLAIN, Detection, Task, Transcript, Transcription
from orchestrator.scripted import Scripted
from orchestrator.uploads.transcription import Passage, Scribe
from tests.orchestrator.recordings import wav

pytestmark = pytest.mark.anyio


class Models:
    """Loud audio is speech; transcripts come in the given order, and what was asked is kept."""

    def __init__(self, transcripts: Sequence[Transcript]) -> None:
        self._transcripts = iter(transcripts)
        self._detector = Scripted()
        self.asked: list[tuple[float, str | None, str, Task, float]] = []

    async def detect(self, audio: Audio, state: NDArray[np.float32]) -> Detection:
        return await self._detector.detect(audio, state)

    async def transcribe(self, audio: Audio, asked: Transcription = PLAIN) -> Transcript:
        assert asked.word_timestamps
        self.asked.append(
            (len(audio) / SAMPLE_RATE, asked.language, asked.prompt, asked.task, asked.temperature)
        )
        return next(self._transcripts)


def said(text: str, language: str = "en", *, sure: float = 0.9, logprob: float = -0.2) -> Transcript:
    word = {"word": f" {text}", "start": 0.3, "end": 99.0, "probability": 1.0}
    segment = {"start": 0.0, "end": 1.0, "text": text, "temperature": 0.4, "words": [word]}
    return Transcript(text, language, sure, 0.1, logprob, (segment,))


def recording(*parts: tuple[float, float]) -> bytes:
    """Noise of (seconds, loudness) one after the other."""
    noise = np.random.default_rng(1).standard_normal(sum(round(s * SAMPLE_RATE) for s, _ in parts))
    loudness = np.concatenate([np.full(round(s * SAMPLE_RATE), each) for s, each in parts])
    return wav((noise * loudness).astype(np.float32))


TWICE = ((1.0, 0.0), (2.0, 0.1), (4.0, 0.0), (1.0, 0.1))


async def written(
    models: Models, content: bytes, wish: Transcription, counted: list[float] | None = None
) -> list[Passage]:
    scribe = Scribe(models, 0.5, 60)
    counts = counted if counted is not None else []
    async with scribe.opened(io.BytesIO(content)) as audio:
        return [each async for each in scribe.passages(audio, wish, counts.append)]


async def test_times_are_those_of_the_recording_and_end_with_their_window() -> None:
    first, second = await written(
        Models([said("One."), said("Two.")]), recording(*TWICE), Transcription(word_timestamps=True)
    )
    assert (first.text, second.text, first.temperature) == ("One.", "Two.", 0.4)
    assert first.start == pytest.approx(0.7, abs=0.1)
    assert second.start == pytest.approx(6.7, abs=0.1)
    assert second.end == 8.0
    assert second.words[0].start == pytest.approx(second.start + 0.3, abs=0.01)
    assert first.words[0].end == pytest.approx(first.end, abs=0.04)


async def test_everything_wished_reaches_the_model() -> None:
    models = Models([said("Eins.", "de"), said("Zwei.", "de")])
    wish = Transcription("de", prompt="names", temperature=0.5, task="translate", word_timestamps=True)
    await written(models, recording(*TWICE), wish)
    assert [asked[1:] for asked in models.asked] == [("de", "names", "translate", 0.5)] * 2


@pytest.mark.parametrize(("sure", "then"), [(0.9, "de"), (0.5, None)])
async def test_a_language_detected_for_sure_holds_for_the_rest(sure: float, then: str | None) -> None:
    models = Models([said("Eins.", "de", sure=sure), said("Zwei.", "de")])
    await written(models, recording(*TWICE), Transcription(word_timestamps=True))
    assert [asked[1] for asked in models.asked] == [None, then]


async def test_words_that_nobody_can_have_said_are_left_out() -> None:
    models = Models([said("Thank you.", logprob=-1.5), said("Two.")])
    passages = await written(models, recording(*TWICE), Transcription(word_timestamps=True))
    assert [passage.text for passage in passages] == ["Two."]


async def test_silence_asks_no_model() -> None:
    models = Models([])
    assert await written(models, recording((5.0, 0.0)), Transcription()) == []
    assert models.asked == []


async def test_every_second_is_counted_once() -> None:
    counted: list[float] = []
    await written(
        Models([said("One."), said("Two.")]), recording(*TWICE), Transcription(word_timestamps=True), counted
    )
    assert sum(counted) == 8.0


async def test_a_caller_who_may_send_no_more_ends_it() -> None:
    def refuse(_seconds: float) -> None:
        raise ClientError("no more today")

    models = Models([said("One.")])
    scribe = Scribe(models, 0.5, 60)
    async with scribe.opened(io.BytesIO(recording(*TWICE))) as audio:
        with pytest.raises(ClientError, match="no more today"):
            await anext(scribe.passages(audio, Transcription(), refuse))
    assert models.asked == []
