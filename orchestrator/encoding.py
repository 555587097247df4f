"""Synthesised speech in the formats that are asked for over HTTP, encoded as it is made. One encoder for one stream."""

from __future__ import annotations

import io
import wave
from fractions import Fraction
from typing import Literal, Protocol

import av
import numpy as np
from av.audio.stream import AudioStream

from orchestrator.audio import SAMPLE_RATE

AudioFormat = Literal["mp3", "opus", "aac", "flac", "wav", "pcm"]

MEDIA_TYPES: dict[AudioFormat, str] = {
    "mp3": "audio/mpeg",
    "opus": "audio/ogg",
    "aac": "audio/aac",
    "flac": "audio/flac",
    "wav": "audio/wav",
    "pcm": "audio/pcm",
}
PCM_RATE_HZ = 24_000
"""Of `pcm`, which has no header that could say it: what OpenAI's clients expect."""

# Container, codec, rate (None: the voice's own), options of the container. Nothing is written back into what was sent.
_MUXED: dict[str, tuple[str, str, int | None, dict[str, str]]] = {
    "mp3": ("mp3", "libmp3lame", None, {"write_xing": "0", "id3v2_version": "0"}),
    "opus": ("ogg", "libopus", 48_000, {"page_duration": "100000"}),
    "aac": ("adts", "aac", None, {}),
    "flac": ("flac", "flac", None, {}),
}
_OPEN_BYTES = 0xFFFFFFFF
_WAV_HEADER_BYTES = 44


class Encoder(Protocol):
    """16-bit mono PCM in, bytes of the format out."""

    def push(self, pcm: bytes) -> bytes: ...

    def flush(self) -> bytes:
        """The end of the stream."""
        ...


def encoder_for(audio_format: AudioFormat, rate_hz: int) -> Encoder:
    """A new encoder for speech at `rate_hz`."""
    if audio_format == "wav":
        return _OpenWav(rate_hz)
    if audio_format == "pcm":
        return _Pcm(rate_hz)
    return _Muxed(audio_format, rate_hz)


def wav_file(pcm: bytes, rate_hz: int = SAMPLE_RATE) -> bytes:
    """A whole 16-bit mono WAV."""
    file = io.BytesIO()
    with wave.open(file, "wb") as output:
        output.setnchannels(1)
        output.setsampwidth(2)
        output.setframerate(rate_hz)
        output.writeframes(pcm)
    return file.getvalue()


class _OpenWav:
    """A WAV whose length is not known yet: its sizes say that it goes on to the end."""

    def __init__(self, rate_hz: int) -> None:
        header = bytearray(wav_file(b"", rate_hz)[:_WAV_HEADER_BYTES])
        header[4:8] = header[40:44] = _OPEN_BYTES.to_bytes(4, "little")
        self._header = bytes(header)

    def push(self, pcm: bytes) -> bytes:
        header, self._header = self._header, b""
        return header + pcm

    def flush(self) -> bytes:
        return self.push(b"")


class _Pcm:
    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._resampler = av.AudioResampler(format="s16", layout="mono", rate=PCM_RATE_HZ)

    def push(self, pcm: bytes) -> bytes:
        return self._resampled(_frame(pcm, self._rate_hz)) if pcm else b""

    def flush(self) -> bytes:
        return self._resampled(None)

    def _resampled(self, frame: av.AudioFrame | None) -> bytes:
        return b"".join(out.to_ndarray().tobytes() for out in self._resampler.resample(frame))


class _Sink:
    """A file that only takes; FFmpeg cannot seek in it."""

    def __init__(self) -> None:
        self._written = bytearray()

    def write(self, content: bytes) -> int:
        self._written += content
        return len(content)

    def taken(self) -> bytes:
        content, self._written = bytes(self._written), bytearray()
        return content


class _Muxed:
    """A codec in its container, by FFmpeg."""

    def __init__(self, audio_format: str, rate_hz: int) -> None:
        container, codec, codec_rate_hz, options = _MUXED[audio_format]
        self._rate_hz = rate_hz
        self._sink = _Sink()
        self._container = av.open(
            self._sink, "w", format=container, options={**options, "flush_packets": "1"}
        )
        stream = self._container.add_stream(codec, rate=codec_rate_hz or rate_hz)
        assert isinstance(stream, AudioStream)
        stream.layout = "mono"
        stream.time_base = Fraction(1, codec_rate_hz or rate_hz)
        stream.codec_context.open()
        self._stream = stream
        context = stream.codec_context
        self._resampler = av.AudioResampler(
            context.format.name, "mono", context.sample_rate, context.frame_size or None
        )

    def push(self, pcm: bytes) -> bytes:
        if pcm:
            self._encode(self._resampler.resample(_frame(pcm, self._rate_hz)))
        return self._sink.taken()

    def flush(self) -> bytes:
        self._encode([*self._resampler.resample(None), None])
        self._container.close()
        return self._sink.taken()

    def _encode(self, frames: list[av.AudioFrame] | list[av.AudioFrame | None]) -> None:
        for frame in frames:
            self._container.mux(self._stream.encode(frame))


def _frame(pcm: bytes, rate_hz: int) -> av.AudioFrame:
    samples = np.frombuffer(pcm, dtype="<i2")[None, :]
    frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
    frame.sample_rate = rate_hz
    return frame
