"""What is heard over a reply, from the microphone's samples to the verdict, on scripted transcripts."""

from __future__ import annotations

import numpy as np
import pytest

from orchestrator.audio import FRAME_SAMPLES, SAMPLE_RATE, Audio, audio_to_pcm16
from orchestrator.errors import BackendLost
from orchestrator.inference import SpeechChunk
from orchestrator.interjection import Verdict
from orchestrator.overhearing import Overhearing
from orchestrator.recording import Recording
from orchestrator.scripted import Fault, Scripted
from orchestrator.turn_events import JudgeOverlap
from orchestrator.voicing import Voicing

pytestmark = pytest.mark.anyio

SENT_AT = 2 * SAMPLE_RATE
DELAY = 3_000
ASKED = JudgeOverlap(start=3 * SAMPLE_RATE, voiced_start=3 * SAMPLE_RATE, end=4 * SAMPLE_RATE)


def voice(seed: int, seconds: float = 3.0) -> Audio:
    """Noise in syllables, as loud as speech."""
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal(int(seconds * SAMPLE_RATE))
    syllables = 0.1 + np.abs(np.sin(np.arange(len(noise)) / SAMPLE_RATE * 2 * np.pi * 2))
    audio: Audio = (0.1 * noise * syllables).astype(np.float32)
    return audio


class Room:
    """A session's ears in a room where the reply sounds `echo` loud, and `user` is heard from the overlap on."""

    def __init__(self, models: Scripted, *, echo: float = 0.0, user: float = 0.0) -> None:
        reply = voice(1)
        self.microphone = np.zeros(6 * SAMPLE_RATE, dtype=np.float32)
        self.microphone[SENT_AT + DELAY :][: len(reply)] += echo * reply
        self.microphone[ASKED.start : ASKED.end] += user * voice(2, 1.0)
        self.recording = Recording(len(self.microphone))
        self.recording.append(self.microphone)
        voicing = Voicing(len(self.microphone))
        for _ in range(len(self.microphone) // FRAME_SAMPLES):
            voicing.append(0.9)
        self.ears = Overhearing(models, self.recording, voicing)
        self.ears.reply_sent(SENT_AT, SpeechChunk(audio_to_pcm16(reply), SAMPLE_RATE, "joe"))

    async def verdict(self, sent_words: str = "The sky is blue because of the air.") -> Verdict:
        return await self.ears.judge(ASKED, sent_words, "en", 0.6)


async def test_words_over_a_reply_that_is_not_heard_back_interrupt() -> None:
    assert await Room(Scripted(transcripts=["What about Paris?"]), user=1.0).verdict() is Verdict.INTERRUPT


async def test_the_replys_own_echo_goes_on_and_costs_no_decode() -> None:
    models = Scripted(transcripts=["The sky is blue."])
    assert await Room(models, echo=0.5).verdict() is Verdict.GO_ON
    assert models.of("transcribe") == []


async def test_words_over_an_echo_interrupt_and_the_recording_keeps_them_without_it() -> None:
    room = Room(Scripted(transcripts=["What about Paris?"]), echo=0.7, user=1.0)
    assert await room.verdict() is Verdict.INTERRUPT
    user, kept = voice(2, 1.0), room.recording.slice(ASKED.start, ASKED.end)
    before = room.microphone[ASKED.start : ASKED.end]
    assert np.square(kept - user).sum() < np.square(before - user).sum()


async def test_what_sounds_like_words_without_the_echo_and_like_the_reply_with_it_goes_on() -> None:
    models = Scripted(transcripts=["Colors in the sea", "The sky is blue because"])
    assert await Room(models, echo=0.25, user=1.0).verdict() is Verdict.GO_ON
    first, second = models.of("transcribe")
    assert np.square(first.asked["audio"]).sum() < np.square(second.asked["audio"]).sum()


async def test_where_nothing_can_be_transcribed_short_speech_waits() -> None:
    models = Scripted(faults=[Fault("transcribe", 0, BackendLost("whisper is restarting"))])
    assert await Room(models, user=1.0).verdict() is Verdict.UNKNOWN
