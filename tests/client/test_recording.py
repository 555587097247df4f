from __future__ import annotations

import wave
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from client.errors import AudioFileError
from client.recording import read_audio, resample, write_wav

TONE_HZ = 440
SECONDS = 1.0


def tone(sample_rate: int) -> NDArray[np.float64]:
    """A sine at half of full scale, float64 in (-1, 1)."""
    seconds = np.arange(int(SECONDS * sample_rate)) / sample_rate
    return np.asarray(0.5 * np.sin(2 * np.pi * TONE_HZ * seconds), dtype=np.float64)


def write_integer_wav(path: Path, rate: int, channels: int, width: int) -> None:
    scale = 2 ** (8 * width - 1) - 1
    samples = np.repeat((tone(rate) * scale).astype(np.int64)[:, None], channels, axis=1)
    if width == 1:
        pcm = (samples + 128).astype(np.uint8).tobytes()
    else:
        pcm = samples.astype("<i8").view(np.uint8).reshape(-1, 8)[:, :width].tobytes()
    with wave.open(str(path), "wb") as wav:
        wav.setnchannels(channels)
        wav.setsampwidth(width)
        wav.setframerate(rate)
        wav.writeframes(pcm)


def assert_is_the_tone(pcm: bytes, sample_rate: int) -> None:
    samples = np.frombuffer(pcm, dtype="<i2") / 32768
    assert abs(len(samples) / sample_rate - SECONDS) < 0.01
    spectrum = np.abs(np.fft.rfft(samples))
    assert abs(int(np.argmax(spectrum)) * sample_rate / len(samples) - TONE_HZ) < 2
    assert np.sqrt(np.mean(samples**2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.03)


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 22_050, 44_100, 48_000])
def test_any_rate_becomes_16_khz(rate: int, tmp_path: Path) -> None:
    write_integer_wav(tmp_path / "a.wav", rate, 1, 2)
    assert_is_the_tone(read_audio(tmp_path / "a.wav", 16_000), 16_000)


@pytest.mark.parametrize("channels", [1, 2, 6])
@pytest.mark.parametrize("width", [1, 2, 3, 4])
def test_any_width_and_channels_become_16_bit_mono(width: int, channels: int, tmp_path: Path) -> None:
    write_integer_wav(tmp_path / "a.wav", 16_000, channels, width)
    pcm = read_audio(tmp_path / "a.wav", 16_000)
    assert len(pcm) == 2 * 16_000
    if channels < 6:  # the usual downmix of 5.1 weighs its channels
        assert_is_the_tone(pcm, 16_000)


@pytest.mark.parametrize(("codec", "sample_format"), [("pcm_f32le", "flt"), ("pcm_mulaw", "s16")])
def test_float_and_mulaw_wavs_are_read(codec: str, sample_format: str, tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    samples = tone(16_000)
    array = samples.astype(np.float32) if sample_format == "flt" else (samples * 32767).astype(np.int16)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=16_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(array[None, :], format=sample_format, layout="mono")
        frame.sample_rate = 16_000
        container.mux([*stream.encode(frame), *stream.encode(None)])
    assert_is_the_tone(read_audio(path, 16_000), 16_000)


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    pcm = (tone(22_050) * 32767).astype("<i2").tobytes()
    write_wav(tmp_path / "reply.wav", pcm, 22_050)
    assert read_audio(tmp_path / "reply.wav", 22_050) == pcm


def test_resampling_keeps_the_sound() -> None:
    assert_is_the_tone(resample((tone(22_050) * 32767).astype("<i2").tobytes(), 22_050, 16_000), 16_000)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(AudioFileError, match=r"none\.wav cannot be read as audio \(No such file"):
        read_audio(tmp_path / "none.wav", 16_000)


def test_a_file_that_is_no_audio_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_text("not audio")
    with pytest.raises(AudioFileError, match=r"a\.wav cannot be read as audio"):
        read_audio(tmp_path / "a.wav", 16_000)


def test_a_wav_without_samples_is_refused(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", b"", 16_000)
    with pytest.raises(AudioFileError, match=r"a\.wav"):
        read_audio(tmp_path / "a.wav", 16_000)


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(AudioFileError, match="cannot be written"):
        write_wav(tmp_path / "no" / "reply.wav", b"\0\0", 16_000)
