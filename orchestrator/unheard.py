"""Audio that has arrived and was not listened to yet: whatever came while the detector was busy is heard in one go."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import anyio
import numpy as np

from orchestrator.audio import SAMPLE_RATE, Audio

MAX_SAMPLES = 5 * SAMPLE_RATE
"""Beyond it the sender waits; a microphone never gets there, a file sent at once does."""


class Unheard:
    """Between one sender and `hear`; `run` listens until it is cancelled."""

    def __init__(self, hear: Callable[[Audio], Awaitable[None]], max_samples: int = MAX_SAMPLES) -> None:
        self._hear = hear
        self._max_samples = max_samples
        self._waiting: list[Audio] = []
        self._n_samples = 0
        self._arrived = anyio.Event()
        self._caught_up = anyio.Event()
        self._caught_up.set()

    async def put(self, audio: Audio) -> None:
        """Add what has arrived; returns at once unless too much waits already."""
        if not len(audio):
            return
        if self._n_samples > self._max_samples:
            await self.settled()
        self._waiting.append(audio)
        self._n_samples += len(audio)
        if self._caught_up.is_set():
            self._caught_up = anyio.Event()
        self._arrived.set()

    async def settled(self) -> None:
        """Return when everything that was put has been heard."""
        if not self._caught_up.is_set():
            await self._caught_up.wait()

    async def run(self) -> None:
        while True:
            await self._arrived.wait()
            audio, self._waiting, self._n_samples = np.concatenate(self._waiting), [], 0
            self._arrived = anyio.Event()
            await self._hear(audio)
            if not self._waiting:
                self._caught_up.set()
