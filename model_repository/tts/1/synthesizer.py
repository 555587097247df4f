"""Which voice speaks an utterance, and which one when that fails. Knows neither engines nor Triton."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Protocol

from .speech import Chunk, Listed, Utterance, Voice, VoiceError, cut
from .spoken import readable, spoken

logger = logging.getLogger(__name__)


class LocalChoice(Protocol):
    """Voices on this machine: always some voice, or InvalidInputError."""

    def __contains__(self, name: str) -> bool: ...

    def choose(self, name: str, language: str) -> Voice: ...

    def listed(self) -> list[Listed]: ...


class NetworkChoice(Protocol):
    """Voices elsewhere: None when they have none for this."""

    def choose(self, name: str, language: str) -> Voice | None: ...

    def listed(self) -> list[Listed]: ...


@dataclass(frozen=True)
class Cast:
    """Who speaks: `first`, and `fallback` when `first` fails before its first sample."""

    first: Voice
    fallback: Voice | None

    @property
    def is_networked(self) -> bool:
        """Whether speaking may wait for a network."""
        return self.fallback is not None


class Synthesizer:
    """Casts voices and lets them speak. `network` is None when only local voices are wanted."""

    def __init__(self, local: LocalChoice, network: NetworkChoice | None, chunk_ms: int) -> None:
        self._local = local
        self._network = network
        self._chunk_ms = chunk_ms

    def voices(self) -> list[Listed]:
        """Every voice that can be asked for by name; one of them is the default."""
        local = self._local.listed()
        if self._network is None:
            return local
        return [*self._network.listed(), *(replace(voice, default=False) for voice in local)]

    def cast(self, utterance: Utterance) -> Cast:
        """The network's voice where there is one, with a local one in reserve. Raises InvalidInputError."""
        name, language = utterance.voice, utterance.language
        if self._network is None or name in self._local:
            return Cast(self._local.choose(name, language), None)
        first = self._network.choose(name, language)
        if first is None:
            return Cast(self._local.choose(name, language), None)
        # The name says the language too: ar-SA-ZariyahNeural is replaced by a voice that speaks Arabic.
        reserve = self._local.choose("", language or first.name.split("-")[0])
        return Cast(first, reserve)

    def speak(self, utterance: Utterance, cast: Cast) -> Iterator[Chunk]:
        """Yield chunks of at most `chunk_ms` as they are made.

        Raises VoiceError: at once when nobody could speak, or after some chunks when the voice broke off;
        then no other voice takes over, because the caller has already heard a part.
        """
        begun = False
        try:
            for chunk in self._spoken(cast.first, utterance):
                begun = True
                yield chunk
        except VoiceError as error:
            if begun or cast.fallback is None:
                raise
            logger.warning("%s; %s speaks instead", error, cast.fallback.name)
        else:
            return
        yield from self._spoken(cast.fallback, utterance)

    def _spoken(self, voice: Voice, utterance: Utterance) -> Iterator[Chunk]:
        max_samples = max(1, voice.sample_rate * self._chunk_ms // 1000)
        for audio in voice.speak(_words(utterance, voice), utterance.speed):
            for piece in cut(audio, max_samples):
                yield Chunk(piece, voice.sample_rate, voice.name)


def _words(utterance: Utterance, voice: Voice) -> str:
    """The text as this voice needs it; the caller's language before the voice's own."""
    if voice.reads_numbers:
        return readable(utterance.text)
    return spoken(utterance.text, utterance.language or voice.language)
