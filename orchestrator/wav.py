"""WAV, whole or streaming -> 16 kHz mono audio: any rate and channels, PCM of 8-32 bits, float, mu-law."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from orchestrator.audio import EMPTY, SAMPLE_RATE, Audio, Resampler, mulaw_to_audio, require_finite
from orchestrator.errors import BadAudio

_CHUNK = struct.Struct("<4sI")
_FORMAT = struct.Struct("<HHIIHH")  # tag, channels, rate, bytes a second, bytes a frame, bits
_EXTENSIBLE = 0xFFFE
_OPEN_SIZES = {0, 0xFFFFFFFF, 0x7FFFFFFF, 0x7FFFF000}  # what writers put that cannot seek back
_ENDLESS_BYTES = 1 << 62
_MAX_FORMAT_BYTES = 64  # an extensible format has 40


def _scaled(
    dtype: str, full_scale: float, offset: float = 0.0
) -> Callable[[bytes], NDArray[np.floating[Any]]]:
    return lambda pcm: (np.frombuffer(pcm, dtype=dtype) - np.float64(offset)) / np.float64(full_scale)


def _pcm24(pcm: bytes) -> NDArray[np.floating[Any]]:
    padded = np.zeros((len(pcm) // 3, 4), dtype=np.uint8)
    padded[:, 1:] = np.frombuffer(pcm, dtype=np.uint8).reshape(-1, 3)
    audio: NDArray[np.float64] = padded.view("<i4")[:, 0] / np.float64(1 << 31)
    return audio


_READERS: dict[tuple[int, int], Callable[[bytes], NDArray[np.floating[Any]]]] = {
    (1, 8): _scaled("u1", 1 << 7, offset=1 << 7),
    (1, 16): _scaled("<i2", 1 << 15),
    (1, 24): _pcm24,
    (1, 32): _scaled("<i4", 1 << 31),
    (3, 32): _scaled("<f4", 1),
    (3, 64): _scaled("<f8", 1),
    (7, 8): mulaw_to_audio,
}


@dataclass(frozen=True)
class WavFormat:
    """What a `fmt ` chunk says."""

    tag: int  # 1 = integer, 3 = float, 7 = mu-law
    channels: int
    rate_hz: int
    bits: int

    @property
    def frame_bytes(self) -> int:
        """Bytes of one sample of every channel."""
        return self.channels * self.bits // 8

    def to_mono(self, pcm: bytes) -> Audio:
        """Whole frames of bytes -> float32 [samples] at `rate_hz`, the mean of the channels."""
        samples = _READERS[self.tag, self.bits](pcm).reshape(-1, self.channels)
        return require_finite(samples.mean(axis=1).astype(np.float32))


def parse_format(content: bytes) -> WavFormat:
    """Parse the content of a `fmt ` chunk.

    Raises:
        BadAudio: it is broken, or names an encoding that is not supported.
    """
    if len(content) < _FORMAT.size:
        raise BadAudio("broken WAV: its fmt chunk is too short; write the file anew")
    tag, channels, rate_hz, _, _, bits = _FORMAT.unpack_from(content)
    if tag == _EXTENSIBLE and len(content) >= 26:
        tag = int.from_bytes(content[24:26], "little")
    if (tag, bits) not in _READERS:
        raise BadAudio(f"WAV encoding {tag} with {bits} bits is not supported; convert it to 16-bit PCM")
    if not 1 <= channels <= 32 or not 1_000 <= rate_hz <= 384_000:
        raise BadAudio(f"{channels} channels at {rate_hz} Hz are not supported; convert the WAV")
    return WavFormat(tag, channels, rate_hz, bits)


class WavDecoder:
    """Chunks of a WAV stream, cut anywhere, in; 16 kHz mono audio out.

    A data size that a streaming writer left open means that the data never ends. After data of a known size
    another WAV may follow.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._skip_bytes = 0
        self._data_bytes = 0  # of the data chunk, still to come
        self._begun = False
        self._format: WavFormat | None = None
        self._resampler: Resampler | None = None

    def push(self, chunk: bytes) -> Audio:
        """Return the audio of every sample that is complete now, float32 [samples].

        Raises:
            BadAudio: the header is broken or not supported, or a float sample is not finite.
        """
        self._buffer += chunk
        audio = [EMPTY]
        while self._data_bytes or self._read_chunk_head():
            audio.append(self._read_samples())
            if self._data_bytes:
                break
        return np.concatenate(audio)

    def flush(self) -> Audio:
        """End the stream; return what the change of rate still holds.

        Raises:
            BadAudio: the stream ended inside its header.
        """
        if self._resampler:
            return self._resampler.flush()
        if self._begun or self._buffer:
            raise BadAudio("the WAV ended inside its header; send the whole file")
        return EMPTY

    def _take(self, count: int) -> bytes:
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken

    def _read_chunk_head(self) -> bool:
        """Read up to the next chunk's content; False while its bytes are incomplete."""
        self._skip_bytes -= len(self._take(self._skip_bytes))
        if not self._begun and not b"RIFF".startswith(bytes(self._buffer[:4])):
            raise BadAudio("not a WAV stream: it must begin with a RIFF header; start a new one")
        if self._skip_bytes or len(self._buffer) < _CHUNK.size:
            return False
        name, size = _CHUNK.unpack_from(self._buffer)
        needed = {b"RIFF": 4, b"fmt ": min(size, _MAX_FORMAT_BYTES)}.get(name, 0)
        if len(self._buffer) < _CHUNK.size + needed:
            return False
        self._take(_CHUNK.size)
        self._enter(name, size, self._take(needed))
        return True

    def _enter(self, name: bytes, size: int, content: bytes) -> None:
        if name == b"RIFF":
            if content != b"WAVE":
                raise BadAudio("a RIFF file, but not a WAV; send WAV")
            self._begun, self._format = True, None
        elif name == b"fmt ":
            self._format = parse_format(content)
            self._skip_bytes = size + size % 2 - len(content)
        elif name == b"data":
            self._begin_data(size)
        elif name.isascii() and name.decode().isprintable():
            self._skip_bytes = size + size % 2
        else:
            raise BadAudio("bytes after the WAV's end that are no WAV; start a new one")

    def _begin_data(self, size: int) -> None:
        if self._format is None:
            raise BadAudio("broken WAV: data before the fmt chunk; write the file anew")
        self._data_bytes = _ENDLESS_BYTES if size in _OPEN_SIZES else size
        self._skip_bytes = self._data_bytes % 2
        self._resampler = self._resampler or Resampler(self._format.rate_hz, SAMPLE_RATE)

    def _read_samples(self) -> Audio:
        if self._format is None or self._resampler is None or not self._data_bytes:
            return EMPTY
        ready = min(len(self._buffer), self._data_bytes)
        whole = ready - ready % self._format.frame_bytes
        taken = ready if ready == self._data_bytes else whole  # a cut last frame is dropped
        self._data_bytes -= taken
        return self._resampler.push(self._format.to_mono(self._take(taken)[:whole]))


def decode_wav(wav: bytes) -> Audio:
    """A whole WAV file -> mono float32 [samples] at 16 kHz.

    Raises:
        BadAudio: it is no WAV, is broken or has an encoding that is not supported.
    """
    decoder = WavDecoder()
    audio = decoder.push(wav or b"?")
    return np.concatenate([audio, decoder.flush()])
