"""What a client may send as audio, and the decoder of each kind. Every decoder gives 16 kHz mono audio."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol

from orchestrator.audio import SAMPLE_RATE, Audio, Resampler, mulaw_to_audio, pcm16_to_audio
from orchestrator.errors import BadAudio, BadSetting
from orchestrator.ogg import OggDecoder
from orchestrator.wav import WavDecoder
from orchestrator.webm import WebmDecoder

Kind = Literal["pcm16", "webm", "ogg", "wav", "mulaw"]

RATES_HZ = range(8_000, 192_001)
HEADER_LIMIT_BYTES = 1 << 20


class Decoder(Protocol):
    """Chunks in, audio out. After an error or a flush it is ready for a new recording."""

    def push(self, chunk: bytes) -> Audio:
        """Decode all that is complete: float32 [samples] at 16 kHz.

        Raises:
            BadAudio: the bytes are not what was declared; nothing of this chunk is used.
        """
        ...

    def flush(self) -> Audio:
        """End the recording and return the last samples.

        Raises:
            BadAudio: it ended before its header was complete.
        """
        ...


class _SampleDecoder:
    """Headerless samples, every chunk whole in itself."""

    def __init__(self, to_audio: Callable[[bytes], Audio], rate_hz: int) -> None:
        self._to_audio = to_audio
        self._resampler = Resampler(rate_hz, SAMPLE_RATE)

    def push(self, chunk: bytes) -> Audio:
        return self._resampler.push(self._to_audio(chunk))

    def flush(self) -> Audio:
        return self._resampler.flush()


class _ContainerDecoder:
    """A container's decoder, a fresh one for every recording; the header is bounded."""

    def __init__(self, fresh: Callable[[], Decoder]) -> None:
        self._fresh = fresh
        self._decoder = fresh()
        self._silent_bytes = 0
        self._heard = False

    def push(self, chunk: bytes) -> Audio:
        try:
            audio = self._decoder.push(chunk)
            self._silent_bytes = 0 if len(audio) or self._heard else self._silent_bytes + len(chunk)
            self._heard = self._heard or len(audio) > 0
            if self._silent_bytes > HEADER_LIMIT_BYTES:
                raise BadAudio(f"no audio in the first {self._silent_bytes} bytes; start a new recording")
        except BadAudio:
            self._restart()
            raise
        return audio

    def flush(self) -> Audio:
        try:
            return self._decoder.flush()
        finally:
            self._restart()

    def _restart(self) -> None:
        self._decoder = self._fresh()
        self._silent_bytes = 0
        self._heard = False


_CONTAINERS: dict[str, Callable[[], Decoder]] = {"webm": WebmDecoder, "ogg": OggDecoder, "wav": WavDecoder}
_SAMPLES: dict[str, Callable[[bytes], Audio]] = {"pcm16": pcm16_to_audio, "mulaw": mulaw_to_audio}


def decoder_for(kind: Kind, rate_hz: int) -> Decoder:
    """Return a new decoder; `rate_hz` is that of `pcm16` and `mulaw`, the containers name their own.

    Raises:
        BadSetting: the kind or the rate is not supported.
    """
    if kind in _CONTAINERS:
        return _ContainerDecoder(_CONTAINERS[kind])
    if kind not in _SAMPLES:
        raise BadSetting(f"input {kind!r} is not known; use one of {', '.join([*_SAMPLES, *_CONTAINERS])}")
    if rate_hz not in RATES_HZ:
        raise BadSetting(f"input_rate {rate_hz} is not in {RATES_HZ.start}..{RATES_HZ.stop - 1} Hz")
    return _SampleDecoder(_SAMPLES[kind], rate_hz)
