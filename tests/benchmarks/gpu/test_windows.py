from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import anyio
import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.clips import Clip
from benchmarks.gpu.windows import transcribe
from orchestrator.errors import InferenceError

pytestmark = pytest.mark.anyio

CLIPS = [Clip("a", np.full(16_000, 8_192, "<i2").tobytes()), Clip("b", bytes(2 * 32_000))]


class Whisper:
    """Takes requests, one at a time or many, and refuses those of two seconds where it is told to."""

    def __init__(self, refuse_long: bool = False) -> None:
        self.asked: list[Mapping[str, NDArray[Any]]] = []
        self.at_once = self.most_at_once = 0
        self._refuse_long = refuse_long

    async def infer(
        self, model: str, tensors: Mapping[str, NDArray[Any]], deadline_seconds: float
    ) -> dict[str, NDArray[Any]]:
        assert (model, deadline_seconds > 0) == ("whisper", True)
        self.asked.append(tensors)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await anyio.sleep(0.001)
        self.at_once -= 1
        if self._refuse_long and tensors["AUDIO"].shape[1] > 16_000:
            raise InferenceError("too long")
        return {}


async def test_as_many_as_are_asked_for_at_once_and_in_all() -> None:
    whisper = Whisper()
    load = await transcribe(whisper, CLIPS, 3, 8, padded=False)
    assert (len(load.latencies_seconds), whisper.most_at_once, load.audio_seconds) == (8, 3, 12.0)
    assert load.windows_per_second == pytest.approx(8 / load.seconds)
    assert load.realtime_factor == pytest.approx(12 / load.seconds)


async def test_a_padded_window_is_asked_for_and_the_audio_is_as_it_is() -> None:
    whisper = Whisper()
    await transcribe(whisper, CLIPS, 1, 1, padded=True)
    await transcribe(whisper, CLIPS, 1, 1, padded=False)
    assert whisper.asked[0]["WINDOW_SECONDS"].tolist() == [[30.0]]
    assert "WINDOW_SECONDS" not in whisper.asked[1]
    assert whisper.asked[0]["AUDIO"].shape == (1, 16_000)
    assert np.all(whisper.asked[0]["AUDIO"] == 0.25)


async def test_failures_are_counted_and_are_no_windows() -> None:
    load = await transcribe(Whisper(refuse_long=True), CLIPS, 1, 4, padded=False)
    assert (len(load.latencies_seconds), load.failures, load.audio_seconds) == (2, ["too long"] * 2, 2.0)
