"""Voices of the Edge service as `Voice`s. Knows neither the wire nor what happens after a failure."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from .circuit_breaker import CircuitBreaker
from .edge_genders import GENDERS
from .edge_languages import VOICE_OF_LANGUAGE, voice_of
from .edge_stream import Deadlines, EdgeError, EdgeStream
from .mp3 import Mp3Decoder, Mp3Error
from .speech import Listed, VoiceError

SAMPLE_RATE = 24_000
_VOICE_NAME = re.compile(r"[a-z]{2,3}-[A-Z][A-Za-z]+(-[A-Za-z]+)?-[A-Za-z]+Neural")


class EdgeVoice:
    """One voice of the service, at SAMPLE_RATE Hz."""

    sample_rate = SAMPLE_RATE
    reads_numbers = True

    def __init__(self, name: str, breaker: CircuitBreaker, deadlines: Deadlines) -> None:
        self.name = name
        self.language = "-".join(name.lower().split("-")[:2])
        self._breaker = breaker
        self._deadlines = deadlines

    def speak(self, text: str, speed: float) -> Iterator[NDArray[np.int16]]:
        """Yield int16 pieces (n_samples,) as the MP3 arrives. Raises VoiceError."""
        if not self._breaker.allow():
            raise VoiceError(f"the Edge service failed lately and is left alone for a while ({self.name})")
        try:
            yield from self._decoded(text, speed)
        except GeneratorExit:
            self._breaker.abandoned()
            raise
        except Exception as error:
            self._count_failure()
            if isinstance(error, (EdgeError, Mp3Error)):
                raise VoiceError(f"the Edge voice {self.name} failed: {error}") from error
            raise
        self._breaker.succeeded()

    def _decoded(self, text: str, speed: float) -> Iterator[NDArray[np.int16]]:
        decoder = Mp3Decoder(SAMPLE_RATE)
        stream = EdgeStream(text, self.name, f"{round((speed - 1) * 100):+d}%", self._deadlines)
        try:
            spoken = False
            while (mp3 := stream.next()) is not None:
                # A frame is 24 ms; sent one by one they would cost more than they carry.
                if frames := list(decoder.feed(mp3)):
                    spoken = True
                    yield np.concatenate(frames)
            if not spoken:
                raise Mp3Error("no MP3 frame in what the service sent")
            yield from decoder.flush()
        finally:
            stream.close()

    def _count_failure(self) -> None:
        # A name that a caller made up fails too, and must not close the service to all others.
        if self.name in VOICE_OF_LANGUAGE.values():
            self._breaker.failed()
        else:
            self._breaker.abandoned()


class EdgeVoices:
    """The service's voices behind one circuit breaker."""

    def __init__(self, breaker: CircuitBreaker, deadlines: Deadlines) -> None:
        self._breaker = breaker
        self._deadlines = deadlines

    def listed(self) -> list[Listed]:
        """The reviewed ones; the service has more, which can be asked for by name as well."""
        default = voice_of("")
        return [
            Listed(name, "-".join(name.lower().split("-")[:2]), gender, "edge", name == default)
            for name, gender in GENDERS.items()
        ]

    def choose(self, name: str, language: str) -> EdgeVoice | None:
        """The voice called `name`, or without a name the one of `language`; None where there is none."""
        chosen = name if _VOICE_NAME.fullmatch(name) else "" if name else voice_of(language)
        return EdgeVoice(chosen, self._breaker, self._deadlines) if chosen else None
