"""Sample arithmetic: conversions, framing, resampling, arrival rate."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from orchestrator.audio import (
    FRAME_SAMPLES,
    SAMPLE_RATE,
    Audio,
    Framer,
    RateMeter,
    Resampler,
    audio_to_mulaw,
    audio_to_pcm16,
    mulaw_to_audio,
    pcm16_to_audio,
    require_finite,
)
from orchestrator.errors import BadAudio


def tone(rate_hz: int, hz: float, seconds: float = 1.0) -> Audio:
    audio: Audio = np.sin(2 * np.pi * hz * np.arange(round(rate_hz * seconds)) / rate_hz).astype(np.float32)
    return audio


def pieces(audio: Audio, cuts: list[int]) -> list[Audio]:
    return np.split(audio, sorted(min(cut, len(audio)) for cut in cuts))


cut_lists = st.lists(st.integers(0, 5000), max_size=12)


def test_every_pcm16_value_survives_the_round_trip() -> None:
    pcm = np.arange(-32_768, 32_768, dtype="<i2").tobytes()
    assert audio_to_pcm16(pcm16_to_audio(pcm)) == pcm


def test_an_odd_byte_count_is_refused() -> None:
    with pytest.raises(BadAudio, match="odd byte count"):
        pcm16_to_audio(b"\0" * 641)


def test_audio_louder_than_full_scale_is_clipped() -> None:
    loud = np.array([-3.0, -1.0, 1.0, 3.0], dtype=np.float32)
    assert_array_equal(np.frombuffer(audio_to_pcm16(loud), "<i2"), [-32_768, -32_768, 32_767, 32_767])


def test_mulaw_has_the_code_points_of_g711() -> None:
    # The decoder output values of ITU-T G.711 table 2a, scaled from 14 to 16 bits.
    values = {0x00: -32_124, 0x7F: 0, 0x80: 32_124, 0xFF: 0, 0xFE: 8, 0x8F: 16_764, 0xF0: 120, 0x0F: -16_764}
    decoded = mulaw_to_audio(bytes(values)) * 32_768
    assert_array_equal(decoded, list(values.values()))


def test_every_mulaw_code_survives_the_round_trip() -> None:
    codes = bytes(code for code in range(256) if code != 0x7F)  # 0x7F is a second zero
    assert audio_to_mulaw(mulaw_to_audio(codes)) == codes


def test_mulaw_keeps_loud_audio_within_its_step() -> None:
    audio = np.linspace(-1.2, 1.2, 9001, dtype=np.float32)
    error = np.abs(mulaw_to_audio(audio_to_mulaw(audio)) - np.clip(audio, -0.99, 0.99))
    assert (error <= np.abs(audio) / 32 + 0.013).all()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_audio_that_is_not_finite_is_refused(bad: float) -> None:
    with pytest.raises(BadAudio, match="NaN or infinite"):
        require_finite(np.array([0, bad], dtype=np.float32))


@given(cut_lists)
def test_frames_are_the_same_however_the_audio_was_cut(cuts: list[int]) -> None:
    audio = tone(SAMPLE_RATE, 440, 0.3)
    framer = Framer()
    frames = [frame for piece in pieces(audio, cuts) for frame in framer.push(piece)]
    assert {len(frame) for frame in frames} == {FRAME_SAMPLES}
    assert_array_equal(np.concatenate([*frames, framer.flush()]), audio)
    assert len(framer.flush()) == 0


@given(cut_lists, st.sampled_from([8_000, 11_025, 22_050, 24_000, 44_100, 48_000]))
@settings(deadline=None)
def test_resampling_in_chunks_equals_resampling_the_whole(cuts: list[int], rate_hz: int) -> None:
    audio = tone(rate_hz, 440, 0.1)
    whole, chunked = Resampler(rate_hz, SAMPLE_RATE), Resampler(rate_hz, SAMPLE_RATE)
    expected = np.concatenate([whole.push(audio), whole.flush()])
    got = [chunked.push(piece) for piece in pieces(audio, cuts)]
    assert_array_equal(np.concatenate([*got, chunked.flush()]), expected)
    assert len(expected) == pytest.approx(SAMPLE_RATE * 0.1, abs=1)


@pytest.mark.parametrize("rate_hz", [8_000, 22_050, 44_100, 48_000])
def test_a_tone_keeps_its_pitch_phase_and_level(rate_hz: int) -> None:
    resampled = Resampler(rate_hz, SAMPLE_RATE).push(tone(rate_hz, 1000))
    inside = slice(200, len(resampled) - 200)
    assert np.abs(resampled - tone(SAMPLE_RATE, 1000)[: len(resampled)])[inside].max() < 1e-4


def test_what_16_khz_cannot_hold_does_not_fold_back() -> None:
    resampled = Resampler(48_000, SAMPLE_RATE).push(tone(48_000, 9_500))
    assert np.sqrt((resampled[200:-200] ** 2).mean()) < 1e-4


def test_the_resampler_holds_back_only_milliseconds() -> None:
    resampled = Resampler(48_000, SAMPLE_RATE).push(tone(48_000, 440, 0.02))
    assert len(resampled) >= SAMPLE_RATE * 0.02 - 40


def test_a_flushed_resampler_starts_anew() -> None:
    resampler = Resampler(48_000, SAMPLE_RATE)
    first, second = (np.concatenate([resampler.push(tone(48_000, 440)), resampler.flush()]) for _ in range(2))
    assert_array_equal(first, second)


def verdicts(meter: RateMeter, rate_hz: int, chunk_seconds: float, seconds: float) -> list[float]:
    chunk_samples = round(rate_hz * chunk_seconds)
    times = np.arange(round(seconds / chunk_seconds)) * chunk_seconds
    return [ratio for now in times if (ratio := meter.push(chunk_samples, float(now))) is not None]


@pytest.mark.parametrize("chunk_seconds", [0.01, 0.02, 0.1, 0.5, 1.0])
def test_audio_at_the_declared_rate_gets_no_verdict(chunk_seconds: float) -> None:
    meter = RateMeter(16_000)
    assert verdicts(meter, 16_000, chunk_seconds, 20) == []
    assert meter.ratio() == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize("real_hz", [8_000, 24_000, 48_000])
@pytest.mark.parametrize("chunk_seconds", [0.02, 0.5])
def test_audio_at_another_rate_is_told_with_its_ratio(real_hz: int, chunk_seconds: float) -> None:
    found = verdicts(RateMeter(16_000), real_hz, chunk_seconds, 7.5)
    assert found == pytest.approx([real_hz / 16_000] * 2, rel=0.05)


def test_no_verdict_before_the_window_is_full() -> None:
    assert verdicts(RateMeter(16_000), 48_000, 0.02, 2.9) == []


def test_a_file_sent_faster_than_real_time_shows_a_large_ratio() -> None:
    meter = RateMeter(16_000)
    assert [meter.push(16_000, tenth / 10) for tenth in range(31)][-1] == pytest.approx(10, rel=0.05)


def test_a_burst_after_a_pause_gets_no_verdict() -> None:
    meter = RateMeter(16_000)
    assert meter.push(160_000, 0.0) is None
    assert [meter.push(320, 10 + 0.02 * i) for i in range(500)] == [None] * 500


def test_a_flood_of_tiny_messages_does_not_grow_the_meter() -> None:
    meter = RateMeter(16_000)
    for i in range(20_000):
        meter.push(1, i / 16_000 * 8)
    assert len(meter._buckets) < 100
