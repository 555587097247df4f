"""The shared detector on a fake clock, and on the real Triton against one call a frame."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import anyio.lowlevel
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from client.question import DEFAULT_RECORDING
from client.recording import read_audio
from orchestrator.audio import pcm16_to_audio
from orchestrator.detecting import MAX_FRAMES, MAX_ROWS, SharedDetector
from orchestrator.errors import BackendLost, InferenceError, InferenceOverloaded, InferenceRefused
from orchestrator.inference import STATE_FLOATS, Detection, fresh_state
from orchestrator.triton import TritonInference
from tests.conftest import RunningTriton

pytestmark = pytest.mark.anyio

F32 = NDArray[np.float32]
TICK = 0.02
BAD = -1.0


class Clock:
    """Time that passes only when it is told to; `sleep` returns when it has passed."""

    def __init__(self) -> None:
        self.now = 100.0
        self._passed = anyio.Event()

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        until = self.now + seconds
        while self.now < until - 1e-9:
            await self._passed.wait()

    async def forward(self, seconds: float) -> None:
        self.now += seconds
        passed, self._passed = self._passed, anyio.Event()
        passed.set()
        await settled()


class Recurrent:
    """A detector whose answers depend on every sample since the fresh state; `BAD` audio refuses the whole batch."""

    def __init__(self, clock: Clock) -> None:
        self.requests: list[tuple[float, int, int]] = []  # (when, rows, frames)
        self.open = anyio.Event()
        self.open.set()
        self.error: Exception | None = None
        self._clock = clock

    async def detect_batch(self, audio: F32, states: F32) -> tuple[F32, F32]:
        self.requests.append((self._clock(), len(audio), audio.shape[1] // 512))
        await self.open.wait()
        if self.error is not None:
            raise self.error
        if (audio == BAD).any():
            raise InferenceRefused("AUDIO: bad")
        totals = states[:, :1] + np.cumsum(audio[:, ::512], axis=1, dtype=np.float32)
        return totals, np.repeat(totals[:, -1:], STATE_FLOATS, axis=1)


class Caller:
    """One session's call and how it ended."""

    def __init__(self, detector: SharedDetector, level: float, frames: int = 1) -> None:
        self._detector = detector
        self._audio = np.full(512 * frames, level, dtype=np.float32)
        self.scope = anyio.CancelScope()
        self.answer: Detection | InferenceError | None = None

    async def run(self) -> None:
        with self.scope:
            try:
                self.answer = await self._detector.detect(self._audio, fresh_state())
            except InferenceError as error:
                self.answer = error

    @property
    def probabilities(self) -> list[float]:
        assert isinstance(self.answer, Detection)
        return [float(probability) for probability in self.answer.probabilities]


async def settled() -> None:
    """Let every task do what it can do now."""
    for _ in range(30):
        await anyio.lowlevel.checkpoint()


class World:
    """A shared detector, its clock and its model."""

    def __init__(self, **options: int) -> None:
        self.clock = Clock()
        self.model = Recurrent(self.clock)
        self.shared = SharedDetector(
            self.model, tick_seconds=TICK, clock=self.clock, sleep=self.clock.sleep, **options
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[World]:
        async with anyio.create_task_group() as self.tasks, self.shared:
            yield self

    async def ask(self, level: float, frames: int = 1) -> Caller:
        caller = Caller(self.shared, level, frames)
        self.tasks.start_soon(caller.run)
        await settled()
        return caller


async def test_a_lone_session_never_waits() -> None:
    async with World().running() as world:
        for _ in range(3):
            assert (await world.ask(0.5)).probabilities == [0.5]
            await world.clock.forward(0.032)
    assert [when for when, _, _ in world.model.requests] == pytest.approx([100.0, 100.032, 100.064])


async def test_what_comes_within_a_tick_rides_in_one_request() -> None:
    async with World().running() as world:
        await world.ask(0.1)
        later = [await world.ask(level) for level in (0.2, 0.3, 0.4)]
        assert [caller.answer for caller in later] == [None] * 3
        await world.clock.forward(TICK)
    assert [caller.probabilities for caller in later] == [
        [pytest.approx(0.2)],
        [pytest.approx(0.3)],
        [pytest.approx(0.4)],
    ]
    assert [(rows, frames) for _, rows, frames in world.model.requests] == [(1, 1), (3, 1)]


async def test_while_a_request_is_in_flight_the_others_gather() -> None:
    async with World().running() as world:
        world.model.open = anyio.Event()
        await world.ask(0.1)
        for _ in range(4):
            await world.ask(0.2)
            await world.clock.forward(TICK)
        assert [rows for _, rows, _ in world.model.requests] == [1]
        world.model.open.set()
        await settled()
    assert [rows for _, rows, _ in world.model.requests] == [1, 4]


async def test_lengths_are_not_mixed_and_rows_are_at_most_what_the_model_takes() -> None:
    async with World().running() as world:
        await world.ask(0.1)
        callers = [await world.ask(0.2, frames=1 + number % 2) for number in range(2 * MAX_ROWS + 2)]
        await world.clock.forward(TICK)
    assert all(len(caller.probabilities) == 1 + number % 2 for number, caller in enumerate(callers))
    assert sorted((frames, rows) for _, rows, frames in world.model.requests[1:]) == [
        (1, 1),
        (1, MAX_ROWS),
        (2, 1),
        (2, MAX_ROWS),
    ]


async def test_a_recording_sent_at_once_goes_in_pieces_and_keeps_its_state() -> None:
    async with World().running() as world:
        caller = await world.ask(0.25, frames=2 * MAX_FRAMES + 1)
        for _ in range(3):
            await world.clock.forward(TICK)
    assert caller.probabilities == [0.25 * (frame + 1) for frame in range(2 * MAX_FRAMES + 1)]
    assert [frames for _, _, frames in world.model.requests] == [MAX_FRAMES, MAX_FRAMES, 1]


async def test_a_cancelled_caller_disturbs_nobody() -> None:
    async with World().running() as world:
        await world.ask(0.1)
        waiting, neighbour = await world.ask(0.2), await world.ask(0.3)
        waiting.scope.cancel()
        await settled()
        world.model.open = anyio.Event()
        await world.clock.forward(TICK)
        assert [rows for _, rows, _ in world.model.requests] == [1, 1]
        in_flight = await world.ask(0.4)
        world.model.open.set()
        await settled()
        world.model.open = anyio.Event()
        await world.clock.forward(TICK)
        in_flight.scope.cancel()
        world.model.open.set()
        await settled()
    assert neighbour.probabilities == [pytest.approx(0.3)]
    assert (waiting.answer, in_flight.answer) == (None, None)


async def test_a_refusal_is_told_only_to_the_one_at_fault() -> None:
    async with World().running() as world:
        await world.ask(0.1)
        callers = [await world.ask(level) for level in (0.2, BAD, 0.4)]
        await world.clock.forward(TICK)
    assert isinstance(callers[1].answer, InferenceRefused)
    assert [callers[0].probabilities, callers[2].probabilities] == [
        [pytest.approx(0.2)],
        [pytest.approx(0.4)],
    ]


@pytest.mark.parametrize(
    ("error", "told"), [(BackendLost("vad is away"), BackendLost), (KeyError("STATE"), InferenceError)]
)
async def test_any_other_error_goes_to_the_whole_batch_and_the_next_one_is_served(
    error: Exception, told: type[InferenceError]
) -> None:
    async with World().running() as world:
        await world.ask(0.1)
        callers = [await world.ask(0.2) for _ in range(3)]
        world.model.error = error
        await world.clock.forward(TICK)
        assert [type(caller.answer) for caller in callers] == [told] * 3
        assert len({id(caller.answer) for caller in callers}) == 3  # a traceback belongs to one caller
        world.model.error = None
        await world.clock.forward(TICK)
        assert (await world.ask(0.5)).probabilities == [0.5]


async def test_more_than_may_wait_are_overloaded() -> None:
    async with World(max_waiting=2).running() as world:
        await world.ask(0.1)
        callers = [await world.ask(0.2) for _ in range(3)]
        await world.clock.forward(TICK)
    assert [type(caller.answer) for caller in callers] == [Detection, Detection, InferenceOverloaded]


async def test_nobody_waits_for_a_detector_that_has_closed() -> None:
    world = World()
    async with anyio.create_task_group() as world.tasks:
        async with world.shared:
            world.model.open = anyio.Event()
            in_flight, waiting = await world.ask(0.1), await world.ask(0.2)
        await settled()
    assert [type(caller.answer) for caller in (in_flight, waiting)] == [BackendLost, BackendLost]


@given(st.lists(st.lists(st.integers(1, 3), min_size=1, max_size=4), min_size=1, max_size=6))
def test_together_gives_what_one_by_one_gives(sessions: list[list[int]]) -> None:
    def level(session: int, message: int) -> float:
        return (1 + session + 7 * message) / 64

    async def talk(world: World, session: int, messages: list[int], said: dict[int, list[float]]) -> None:
        state = fresh_state()
        for message, frames in enumerate(messages):
            audio = np.full(512 * frames, level(session, message), dtype=np.float32)
            detection = await world.shared.detect(audio, state)
            state = detection.state
            said.setdefault(session, []).extend(map(float, detection.probabilities))

    async def together() -> dict[int, list[float]]:
        said: dict[int, list[float]] = {}
        async with World().running() as world:
            for session, messages in enumerate(sessions):
                world.tasks.start_soon(talk, world, session, messages, said)
            while len(said) < len(sessions) or any(
                len(said[session]) < sum(messages) for session, messages in enumerate(sessions)
            ):
                await settled()
                await world.clock.forward(TICK)
        return said

    expected = {
        session: list(
            np.cumsum([level(session, message) for message, n in enumerate(messages) for _ in range(n)])
        )
        for session, messages in enumerate(sessions)
    }
    assert anyio.run(together) == expected


@pytest.mark.triton
async def test_on_triton_a_batch_answers_as_its_rows_alone(triton: RunningTriton) -> None:
    audio = pcm16_to_audio(read_audio(DEFAULT_RECORDING, 16_000))[: 512 * 40].reshape(8, 5 * 512)
    async with TritonInference(triton.grpc_url) as inference:
        alone = [await inference.detect(row, fresh_state()) for row in audio]
        probabilities, states = await inference.detect_batch(audio, np.stack([fresh_state()] * 8))
    assert max(detection.probabilities.max() for detection in alone) > 0.5
    np.testing.assert_allclose(probabilities, [detection.probabilities for detection in alone], atol=1e-5)
    np.testing.assert_allclose(states, [detection.state for detection in alone], atol=1e-4)
