from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from piper import PiperVoice

from orchestrator.audio import SAMPLE_RATE, Audio, Resampler, audio_to_pcm16
from orchestrator.echo import KEPT_SAMPLES, LOCATED_CORRELATION, Echo, EchoReference

REPLY = "Plants need sunlight, water, air and good soil to grow. They turn light into sugar, which feeds every leaf."
OTHER = "What about the animals in the forest, and who takes care of them when it is cold?"
SENT_AT = 5 * SAMPLE_RATE
DELAY = 4_321


@pytest.fixture(scope="module")
def voices() -> tuple[Audio, Audio]:
    """The reply and somebody else's words, both loud as speech is, float32 at 16 kHz."""
    voice = PiperVoice.load(next(Path(os.environ["BEAUTYAI_VOICES_DIR"]).glob("*.onnx")))
    reply, other = (_speech(voice, text) for text in (REPLY, OTHER))
    # Half an octave up: not the assistant's voice.
    return reply, np.interp(np.arange(0, len(other) - 1, 1.4), np.arange(len(other)), other).astype(
        np.float32
    )


def _speech(voice: PiperVoice, text: str) -> Audio:
    pcm = np.concatenate([sentence.audio_int16_array for sentence in voice.synthesize(text)])
    audio = Resampler(voice.config.sample_rate, SAMPLE_RATE).push(pcm.astype(np.float32) / np.float32(32_768))
    return np.trim_zeros(audio) * np.float32(0.1 / np.sqrt(np.square(audio).mean()))


def _room(audio: Audio, seconds: float) -> Audio:
    """Reverberation of which the direct sound is as strong as all the rest."""
    rng = np.random.default_rng(1)
    times = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    response = rng.standard_normal(len(times)) * 10 ** (-3 * times / seconds)
    response[:32] = 0
    response /= np.sqrt(np.square(response).sum())
    response[0] = 1
    return np.convolve(audio, response)[: len(audio)].astype(np.float32)


def _telephone(audio: Audio) -> Audio:
    spectrum = np.fft.rfft(audio)
    hertz = np.fft.rfftfreq(len(audio), 1 / SAMPLE_RATE)
    spectrum[(hertz < 300) | (hertz > 3400)] = 0
    return np.fft.irfft(spectrum, len(audio)).astype(np.float32)


def _microphone(parts: Sequence[tuple[int, Audio]], noise: float = 0.0005) -> Audio:
    """`parts`, each from its sample on, over the noise of a quiet room."""
    end = max(start + len(audio) for start, audio in parts) + SAMPLE_RATE
    microphone = np.random.default_rng(2).standard_normal(end).astype(np.float32) * np.float32(noise)
    for start, audio in parts:
        microphone[start : start + len(audio)] += audio
    return microphone


def _play(reference: EchoReference, start: int, audio: Audio) -> None:
    reference.play(start, audio_to_pcm16(audio), SAMPLE_RATE)


def _sent(reply: Audio) -> EchoReference:
    reference = EchoReference()
    for start in range(0, len(reply), 8000):
        _play(reference, SENT_AT + start, reply[start : start + 8000])
    return reference


def _explain(reference: EchoReference, microphone: Audio, start: int, samples: int = 2 * SAMPLE_RATE) -> Echo:
    return reference.explain(start, microphone[start : start + samples])


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(lambda audio: audio, id="dry"),
        pytest.param(lambda audio: _room(audio, 0.3), id="small-room"),
        pytest.param(lambda audio: _room(audio, 0.6), id="large-room"),
        pytest.param(_telephone, id="telephone"),
        pytest.param(lambda audio: -0.2 * audio, id="quiet-and-inverted"),
    ],
)
def test_the_own_voice_is_found_and_taken_away(
    path: Callable[[Audio], Audio], voices: tuple[Audio, Audio]
) -> None:
    reply, _ = voices
    microphone = _microphone([(SENT_AT + DELAY, 0.5 * path(reply))])
    echo = _explain(_sent(reply), microphone, SENT_AT + DELAY + SAMPLE_RATE)
    assert echo.delay_samples == pytest.approx(DELAY, abs=40)
    assert echo.explained > 0.9


@pytest.mark.parametrize("gain_db", [0, -6])
def test_what_somebody_says_over_the_own_voice_stays(gain_db: int, voices: tuple[Audio, Audio]) -> None:
    reply, other = voices
    user = np.float32(10 ** (gain_db / 20)) * other
    begin = SENT_AT + DELAY + 2 * SAMPLE_RATE
    microphone = _microphone([(SENT_AT + DELAY, _room(reply, 0.3)), (begin, user)])
    segment = microphone[begin - SAMPLE_RATE : begin + SAMPLE_RATE]
    echo = _sent(reply).explain(begin - SAMPLE_RATE, segment, SAMPLE_RATE)
    clean = user[:SAMPLE_RATE]
    before = segment[SAMPLE_RATE:] - clean
    assert echo.explained < 0.95
    assert len(echo.rest) == len(clean)
    assert np.square(echo.rest - clean).sum() < 0.25 * np.square(before).sum()
    assert np.corrcoef(echo.rest, clean)[0, 1] > 0.8


def test_a_client_that_ducks_in_between_leaves_no_trace_of_the_voice(voices: tuple[Audio, Audio]) -> None:
    reply = voices[0].copy()
    duck_at = 2 * SAMPLE_RATE
    ducked = np.concatenate([reply[:duck_at], reply[duck_at:] * np.float32(0.25)])
    microphone = _microphone([(SENT_AT + DELAY, _room(ducked, 0.2) * np.float32(0.5))])
    start = SENT_AT + DELAY + duck_at
    segment = microphone[start - SAMPLE_RATE // 4 : start + SAMPLE_RATE]
    echo = _sent(reply).explain(start - SAMPLE_RATE // 4, segment)
    assert echo.explained > 0.9


def test_speech_without_the_own_voice_is_no_echo_and_stays_as_it_is(voices: tuple[Audio, Audio]) -> None:
    reply, other = voices
    microphone = _microphone([(SENT_AT + SAMPLE_RATE, other)])
    echo = _explain(_sent(reply), microphone, SENT_AT + SAMPLE_RATE)
    assert echo.correlation < LOCATED_CORRELATION
    assert echo.delay_samples is None
    assert echo.explained == 0
    assert np.array_equal(echo.rest, microphone[SENT_AT + SAMPLE_RATE :][: 2 * SAMPLE_RATE])


def test_a_delay_that_changes_is_found_again(voices: tuple[Audio, Audio]) -> None:
    reply, _ = voices
    reference = _sent(reply)
    for delay in (DELAY, DELAY + 9_000, 100):
        microphone = _microphone([(SENT_AT + delay, reply)])
        echo = _explain(reference, microphone, SENT_AT + delay + SAMPLE_RATE)
        assert echo.delay_samples == pytest.approx(delay, abs=40)


def test_what_was_stopped_is_not_looked_for(voices: tuple[Audio, Audio]) -> None:
    reply, _ = voices
    reference = _sent(reply)
    reference.stop(SENT_AT + SAMPLE_RATE)
    microphone = _microphone([(SENT_AT + DELAY, reply)])
    assert _explain(reference, microphone, SENT_AT + DELAY + 3 * SAMPLE_RATE).delay_samples is None


def test_a_gap_between_chunks_is_silence(voices: tuple[Audio, Audio]) -> None:
    reply, _ = voices
    first, second = reply[:SAMPLE_RATE], reply[SAMPLE_RATE : 3 * SAMPLE_RATE]
    reference = EchoReference()
    _play(reference, SENT_AT, first)
    _play(reference, SENT_AT + 2 * SAMPLE_RATE, second)
    microphone = _microphone([(SENT_AT + 2 * SAMPLE_RATE + DELAY, second)])
    assert _explain(reference, microphone, SENT_AT + 2 * SAMPLE_RATE + DELAY).explained > 0.95


def test_the_callers_clock_may_be_as_coarse_as_a_frame(voices: tuple[Audio, Audio]) -> None:
    reply, _ = voices
    reference = EchoReference()
    for start in range(0, len(reply), 8000):
        coarse = (SENT_AT + start) // 512 * 512
        _play(reference, coarse, reply[start : start + 8000])
    microphone = _microphone([(SENT_AT + DELAY, reply)])
    assert _explain(reference, microphone, SENT_AT + DELAY + SAMPLE_RATE).explained > 0.9


def test_a_reply_of_another_sample_rate_is_found_too(voices: tuple[Audio, Audio]) -> None:
    reply, _ = voices
    resampler = Resampler(SAMPLE_RATE, 22_050)
    pcm = audio_to_pcm16(np.concatenate([resampler.push(reply), resampler.flush()]))
    reference = EchoReference()
    for start in range(0, len(pcm), 22_050):
        reference.play(SENT_AT + start // 2 * 16_000 // 22_050, pcm[start : start + 22_050], 22_050)
    microphone = _microphone([(SENT_AT + DELAY, reply)])
    assert _explain(reference, microphone, SENT_AT + DELAY + SAMPLE_RATE).explained > 0.9


def test_nothing_sent_explains_nothing() -> None:
    noise: NDArray[np.float32] = np.random.default_rng(3).standard_normal(SAMPLE_RATE).astype(np.float32)
    assert EchoReference().explain(0, noise).explained == 0
    assert EchoReference().explain(0, np.zeros(SAMPLE_RATE, np.float32)).explained == 0


def test_what_can_no_longer_be_heard_is_forgotten(voices: tuple[Audio, Audio]) -> None:
    reply, _ = voices
    reference = _sent(reply)
    microphone = _microphone([(SENT_AT, reply)])
    assert _explain(reference, microphone, SENT_AT).delay_samples == pytest.approx(0, abs=40)
    _play(reference, SENT_AT + len(reply) + KEPT_SAMPLES, reply)
    assert _explain(reference, microphone, SENT_AT).delay_samples is None
