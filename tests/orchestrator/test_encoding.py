"""What is encoded piece by piece decodes to the same speech."""

from __future__ import annotations

import io

import av
import numpy as np
import pytest

from orchestrator.audio import SAMPLE_RATE, audio_to_pcm16, pcm16_to_audio
from orchestrator.encoding import MEDIA_TYPES, PCM_RATE_HZ, AudioFormat, encoder_for, wav_file
from orchestrator.uploads.audio_file import AudioFile
from orchestrator.wav import decode_wav
from tests.orchestrator.recordings import speech

SECONDS = 2.0


def stream(audio_format: AudioFormat, rate_hz: int = SAMPLE_RATE) -> list[bytes]:
    """Each piece that leaves for 100 ms of speech, and the end."""
    pcm = audio_to_pcm16(speech(SECONDS))
    step = rate_hz // 10 * 2
    encoder = encoder_for(audio_format, rate_hz)
    return [encoder.push(pcm[at : at + step]) for at in range(0, len(pcm), step)] + [encoder.flush()]


@pytest.mark.parametrize("audio_format", [each for each in MEDIA_TYPES if each != "pcm"])
def test_a_stream_decodes_to_what_was_said(audio_format: AudioFormat) -> None:
    heard = AudioFile(io.BytesIO(b"".join(stream(audio_format))), 60).read(60 * SAMPLE_RATE)
    said = speech(SECONDS)
    assert abs(len(heard) - len(said)) < 0.15 * SAMPLE_RATE
    assert np.sqrt(np.mean(np.square(heard))) == pytest.approx(np.sqrt(np.mean(np.square(said))), rel=0.15)


@pytest.mark.parametrize("audio_format", list(MEDIA_TYPES))
def test_a_stream_leaves_before_its_end_is_known(audio_format: AudioFormat) -> None:
    pieces = stream(audio_format)
    assert sum(map(len, pieces[: len(pieces) // 2])) > 0.25 * sum(map(len, pieces))


def test_pcm_has_the_rate_that_clients_expect() -> None:
    heard = pcm16_to_audio(b"".join(stream("pcm", 22_050)))
    assert len(heard) / PCM_RATE_HZ == pytest.approx(len(speech(SECONDS)) / 22_050, abs=0.01)


@pytest.mark.parametrize("audio_format", ["mp3", "opus"])
def test_voices_of_any_rate_can_be_encoded(audio_format: AudioFormat) -> None:
    with av.open(io.BytesIO(b"".join(stream(audio_format, 22_050)))) as decoded:
        assert sum(frame.samples for frame in decoded.decode(audio=0)) > 0


def test_a_whole_wav_has_its_length() -> None:
    pcm = audio_to_pcm16(speech(SECONDS))
    assert np.array_equal(decode_wav(wav_file(pcm)), pcm16_to_audio(pcm))
