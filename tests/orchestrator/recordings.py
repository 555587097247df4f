"""Recordings for the tests: speech, or a signal like it, in the containers that clients send."""

from __future__ import annotations

import io
import os
import struct
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from orchestrator.audio import SAMPLE_RATE, Audio, Resampler, audio_to_pcm16
from orchestrator.ogg import page_checksum
from orchestrator.wav import decode_wav

SPEECH_FOLDER = Path(os.environ.get("BEAUTYAI_SPEECH", Path(__file__).parents[3] / "shared" / "speech"))
CLIP = SPEECH_FOLDER / "en" / "libri_84-121123-0004.wav"


def speech(seconds: float = 2.0) -> Audio:
    """A real clip where the speech folder is present, else a gliding, syllable-like tone; 16 kHz."""
    if CLIP.exists():
        return decode_wav(CLIP.read_bytes())[: round(seconds * SAMPLE_RATE)]
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    pitch = 120 + 30 * np.sin(2 * np.pi * 0.7 * time)
    voice = sum(np.sin(2 * np.pi * k * np.cumsum(pitch) / SAMPLE_RATE) / k for k in range(1, 12))
    syllables: Audio = (0.15 * voice * (1 + np.sin(2 * np.pi * 4 * time))).astype(np.float32)
    return syllables


def muxed(audio: Audio, container: str, codec: str = "libopus", layout: str = "mono", **muxer: str) -> bytes:
    """`audio` in a WebM or Ogg by FFmpeg, with options of its muxer (`live="1"`, `page_duration="20000"`)."""
    file = io.BytesIO()
    with av.open(file, "w", format=container, options=muxer) as output:
        stream = output.add_stream(codec, rate=48_000, options={"strict": "experimental"})
        assert isinstance(stream, av.AudioStream)
        stream.layout = layout
        stream.codec_context.open()
        frame = av.AudioFrame.from_ndarray(audio[None, :], format="flt", layout="mono")
        frame.sample_rate = SAMPLE_RATE
        context = stream.codec_context
        resampler = av.AudioResampler(context.format.name, layout, 48_000, context.frame_size)
        frames = [*resampler.resample(frame), *resampler.resample(None), None]
        output.mux([packet for frame in frames for packet in stream.encode(frame)])
    return file.getvalue()


def one_segment_pages(ogg: bytes) -> bytes:
    """The same Ogg stream with a page per lacing segment, so that packets go on over many pages."""
    pages, start, continued = [], 0, False
    while start < len(ogg):
        head, count = ogg[start : start + 26], ogg[start + 26]
        segments = ogg[start + 27 : start + 27 + count]
        start += 27 + count
        for lacing in segments:
            flags = head[5] & 6 | continued
            page = bytearray(head[:5] + bytes([flags]) + head[6:22] + bytes(4) + bytes([1, lacing]))
            page += ogg[start : start + lacing]
            page[22:26] = page_checksum(page).to_bytes(4, "little")
            pages.append(bytes(page))
            start, continued = start + lacing, lacing == 255
    return b"".join(pages)


def reference_decode(recording: bytes) -> Audio:
    """The whole recording by FFmpeg's own demuxer, 16 kHz mono."""
    with av.open(io.BytesIO(recording)) as source:
        frames = list(source.decode(audio=0))
    whole = np.concatenate([frame.to_ndarray().mean(axis=0) for frame in frames])
    resampler = Resampler(frames[0].sample_rate, SAMPLE_RATE)
    return np.concatenate([resampler.push(whole), resampler.flush()])


def wav(audio: Audio, rate_hz: int = SAMPLE_RATE) -> bytes:
    """A 16-bit mono WAV."""
    return wav_file(audio_to_pcm16(audio), tag=1, channels=1, rate_hz=rate_hz, bits=16)


def wav_file(
    pcm: bytes,
    *,
    tag: int,
    channels: int,
    rate_hz: int,
    bits: int,
    data_size: int | None = None,
    extra: bytes = b"",
) -> bytes:
    """A WAV with any header; `extra` stands between `fmt ` and `data`."""
    frame_bytes = channels * bits // 8
    byte_rate = rate_hz * frame_bytes
    fmt = struct.pack("<4sIHHIIHH", b"fmt ", 16, tag, channels, rate_hz, byte_rate, frame_bytes, bits)
    size = len(pcm) if data_size is None else data_size
    return struct.pack("<4sI4s", b"RIFF", 0, b"WAVE") + fmt + extra + struct.pack("<4sI", b"data", size) + pcm


def encoded_samples(audio: NDArray[np.floating[Any]], tag: int, bits: int) -> bytes:
    """Samples of any width and kind as a WAV stores them."""
    if tag == 3:
        return audio.astype(f"<f{bits // 8}").tobytes()
    if bits == 8:
        unsigned: NDArray[np.uint8] = (np.rint(audio * 127) + 128).astype(np.uint8)
        return unsigned.tobytes()
    scaled: NDArray[np.int32] = np.rint(audio.astype(np.float64) * ((1 << bits - 1) - 1)).astype(np.int32)
    octets = np.frombuffer(scaled.astype("<i4").tobytes(), dtype=np.uint8).reshape(-1, 4)
    return octets[:, : bits // 8].tobytes()
