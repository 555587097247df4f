"""Audio files: any that FFmpeg reads become 16-bit mono PCM of one rate; replies become WAV files."""

from __future__ import annotations

import wave
from collections.abc import Iterable
from pathlib import Path

import av
import numpy as np

from client.errors import AudioFileError

BYTES_PER_SAMPLE = 2


def _to_pcm(frames: Iterable[av.AudioFrame], sample_rate: int) -> bytes:
    resampler = av.AudioResampler(format="s16", layout="mono", rate=sample_rate)
    converted = [out for frame in [*frames, None] for out in resampler.resample(frame)]
    return b"".join(frame.to_ndarray().astype("<i2").tobytes() for frame in converted)


def read_audio(path: Path, sample_rate: int) -> bytes:
    """A WAV (or other) file of any rate, channels and width -> PCM16 little-endian mono at `sample_rate` Hz.

    Raises:
        AudioFileError: missing, unreadable, not audio, or without a sample.
    """
    try:
        with av.open(str(path)) as container:
            if not container.streams.audio:
                raise AudioFileError(f"{path} holds no audio; give a WAV file")
            pcm = _to_pcm(container.decode(audio=0), sample_rate)
    except (OSError, av.error.FFmpegError) as error:
        reason = error.strerror or "cannot be decoded"
        raise AudioFileError(f"{path} cannot be read as audio ({reason}); give a WAV file") from error
    if not pcm:
        raise AudioFileError(f"{path} holds no samples; record it again")
    return pcm


def resample(pcm: bytes, from_rate: int, to_rate: int) -> bytes:
    """PCM16 mono at `from_rate` Hz -> the same sound at `to_rate` Hz."""
    samples = np.frombuffer(pcm, dtype="<i2")[None, :]  # (1, n_samples)
    frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
    frame.sample_rate = from_rate
    return _to_pcm([frame], to_rate)


def write_wav(path: Path, pcm: bytes, sample_rate: int) -> None:
    """Write PCM16 mono as a WAV file.

    Raises:
        AudioFileError: the place cannot be written.
    """
    try:
        with path.open("wb") as file, wave.open(file, "wb") as wav:
            wav.setnchannels(1)
            wav.setsampwidth(BYTES_PER_SAMPLE)
            wav.setframerate(sample_rate)
            wav.writeframes(pcm)
    except OSError as error:
        raise AudioFileError(f"{path} cannot be written ({error.strerror}); choose another place") from error
