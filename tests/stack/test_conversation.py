"""The product from outside: a person talks to the whole stack on the real Triton and hears the answer."""

from __future__ import annotations

import urllib.request
from pathlib import Path

import anyio
import numpy as np
import pytest

from client.events import (
    ErrorReported,
    FinalTranscript,
    PartialTranscript,
    ResponseDone,
    ResponseText,
    SpeechStarted,
    SpeechStopped,
    VoiceResponse,
)
from client.question import DEFAULT_QUESTION
from orchestrator.audio import Resampler, pcm16_to_audio
from orchestrator.inference import Transcription
from orchestrator.triton import TritonInference
from tests.conftest import RunningServer
from tests.model_repository.word_errors import word_errors, words
from tests.stack.talker import eventually, recorded_question, spoken, talking

pytestmark = [pytest.mark.anyio, pytest.mark.triton]

MORNING = "Good morning. How are you today?"


def metric(url: str, name: str) -> float:
    """A gauge or counter without labels, or the sum over its labels."""
    with urllib.request.urlopen(url, timeout=5) as answer:
        lines = answer.read().decode().splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith((f"{name} ", f"{name}{{")))


async def test_a_spoken_question_is_answered_aloud(server: RunningServer) -> None:
    question = recorded_question()
    async with talking(server.ws_url) as person:
        person.say(question)
        done = await person.until(ResponseDone)
    assert [final.text for final in person.all(FinalTranscript)] == [DEFAULT_QUESTION]
    assert done.reason == "completed"
    assert done.text == "".join(text.delta for text in person.all(ResponseText)).strip()
    spoken_back, rate = person.reply_audio(1)
    audio = Resampler(rate, 16_000).push(pcm16_to_audio(spoken_back))
    async with TritonInference(server.grpc_url) as models:
        transcript = await models.transcribe(audio, Transcription("en"))
    assert word_errors(done.text, transcript.text) <= 0.15 * len(words(done.text))


async def test_partials_appear_while_the_person_is_still_speaking(server: RunningServer) -> None:
    question = await spoken(
        server.grpc_url, "I would like to know what the weather will be like tomorrow morning."
    )
    async with talking(server.ws_url) as person:
        person.say(question)
        await person.until(SpeechStopped)
    partials = person.all(PartialTranscript)
    assert partials
    assert partials[0].turn == 1
    assert person.heard.index(partials[0]) < person.heard.index(person.all(SpeechStopped)[0])


async def test_two_questions_in_a_row_do_not_bleed_into_each_other(server: RunningServer) -> None:
    first, second = recorded_question(), await spoken(server.grpc_url, MORNING)
    async with talking(server.ws_url) as person:
        person.say(first)
        await person.until(ResponseDone)
        person.say(second)
        await person.until(ResponseDone, 2)
    assert [words(final.text) for final in person.all(FinalTranscript)] == [
        words(DEFAULT_QUESTION),
        words(MORNING),
    ]


async def test_two_sessions_at_once_do_not_mix(server: RunningServer) -> None:
    first, second = recorded_question(), await spoken(server.grpc_url, MORNING)
    async with talking(server.ws_url) as one, talking(server.ws_url) as two:
        one.say(first)
        two.say(second)
        await one.until(ResponseDone)
        await two.until(ResponseDone)
    assert [final.text for final in one.all(FinalTranscript)] == [DEFAULT_QUESTION]
    assert [words(final.text) for final in two.all(FinalTranscript)] == [words(MORNING)]


async def test_speech_over_the_reply_stops_it_and_frees_the_engines_slot(server: RunningServer) -> None:
    stop = await spoken(server.grpc_url, "Stop it, please. That is enough for now.")
    async with talking(server.ws_url, generation={"max_tokens": 1500, "min_tokens": 1500}) as person:
        await person.conversation.send_text("Tell me a very long story about the sea.")
        await person.until(VoiceResponse)
        assert metric(server.metrics_url, "beautyai_llm_active_requests") == 1
        person.say(stop)
        done = await person.until(ResponseDone)
        assert done.reason == "interrupted"
        await eventually(lambda: metric(server.metrics_url, "beautyai_llm_active_requests") == 0, 2)
        assert metric(server.metrics_url, "beautyai_llm_active_requests") == 0
    written = "".join(text.delta for text in person.all(ResponseText) if text.turn == done.turn)
    assert len(done.text) < len(written)


async def test_a_real_recording_is_understood(server: RunningServer, speech: Path) -> None:
    clip = (speech / "en" / "jfk.wav").read_bytes()[44:]
    async with talking(server.ws_url) as person:
        person.say(clip)
        await person.until_answered(len(clip) / 32_000)
    said = " ".join(final.text for final in person.all(FinalTranscript))
    expected = """
        And so my fellow Americans ask not what your country can do for you, ask what you can do for your country.
    """
    assert word_errors(expected, said) <= 0.1 * len(words(expected))


async def test_noise_is_not_a_turn_with_words(server: RunningServer) -> None:
    noise = (300 * np.random.default_rng(0).standard_normal(3 * 16_000)).astype("<i2").tobytes()
    async with talking(server.ws_url) as person:
        person.say(noise)
        await anyio.sleep(4.5)
    assert person.all(FinalTranscript) == []
    assert person.all(ErrorReported) == []
    assert all(done.reason == "empty" for done in person.all(ResponseDone))
    assert len(person.all(SpeechStarted)) == len(person.all(ResponseDone))
