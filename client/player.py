"""A loudspeaker on paper: keeps the reply's audio and knows how much of it would have been heard by now."""

from __future__ import annotations

import time

from client.events import ResponseDone, VoiceResponse
from client.pacing import Clock
from client.recording import BYTES_PER_SAMPLE, resample


class Player:
    """Plays what it is given without gaps from the moment it comes; one position for each turn.

    After an interruption `pcm` holds what was heard, as a person would remember it.
    """

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._at_s = clock()
        self._done_pcm = b""
        self._pcm = bytearray()
        self._played_ms = 0.0
        self._waited_ms = 0.0
        self.turn: int | None = None
        self.sample_rate = 0
        self.late_ms = 0.0
        """How long replies stood still because their next audio had not come yet, all turns together."""

    @property
    def pcm(self) -> bytes:
        """All that was played and is queued: PCM16 mono at `sample_rate` Hz, that of the first chunk."""
        return self._done_pcm + bytes(self._pcm)

    @property
    def played_ms(self) -> float:
        """How much of the turn's reply was heard."""
        now_s = self._clock()
        wanted_ms = self._played_ms + (now_s - self._at_s) * 1000
        self._played_ms = min(self._queued_ms, wanted_ms)
        self._waited_ms += wanted_ms - self._played_ms
        self._at_s = now_s
        return self._played_ms

    @property
    def remaining_ms(self) -> float:
        """How much is still to be heard."""
        return self._queued_ms - self.played_ms

    def add(self, chunk: VoiceResponse) -> None:
        """Queue a chunk behind those of its turn; one of a new turn ends the old one."""
        self._settle()
        if chunk.turn != self.turn:
            self._begin(chunk.turn)
        self.sample_rate = self.sample_rate or chunk.sample_rate
        self.late_ms += self._waited_ms
        self._waited_ms = 0.0
        self._pcm += self._at_own_rate(chunk)

    def finish(self, done: ResponseDone) -> None:
        """Drop what is queued where the reply was interrupted."""
        if done.turn != self.turn or done.reason != "interrupted":
            return
        self._settle()
        heard_samples = int(self._played_ms * self.sample_rate / 1000)
        del self._pcm[heard_samples * BYTES_PER_SAMPLE :]

    @property
    def _queued_ms(self) -> float:
        return 1000 * len(self._pcm) / BYTES_PER_SAMPLE / self.sample_rate if self.sample_rate else 0.0

    def _begin(self, turn: int) -> None:
        self._done_pcm = self.pcm
        self._pcm = bytearray()
        self._played_ms = self._waited_ms = 0.0
        self.turn = turn

    def _settle(self) -> None:
        self._played_ms = self.played_ms

    def _at_own_rate(self, chunk: VoiceResponse) -> bytes:
        if chunk.sample_rate == self.sample_rate:
            return chunk.pcm
        return resample(chunk.pcm, chunk.sample_rate, self.sample_rate)
