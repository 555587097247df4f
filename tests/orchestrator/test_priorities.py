"""Who goes first, with scripted models that are held until the test lets them go."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager

import anyio
import anyio.lowlevel
import numpy as np
import pytest

from orchestrator.errors import InferenceOverloaded
from orchestrator.inference import Generation, Sampling, Transcription, fresh_state
from orchestrator.priorities import FIRST_PIECE_TOKENS, SYNTHESIS_SECONDS, Priorities, Prioritised
from orchestrator.scripted import Delays, Fault, Scripted

pytestmark = pytest.mark.anyio

AUDIO = np.zeros(512, dtype=np.float32)
LONG = 60.0


class Held:
    """A sleep that ends when the test opens it; each of the models' steps with a delay waits here."""

    def __init__(self) -> None:
        self._steps: list[anyio.Event] = []

    async def sleep(self, seconds: float) -> None:
        if seconds:
            step = anyio.Event()
            self._steps.append(step)
            await step.wait()

    async def open(self, index: int = 0) -> None:
        self._steps.pop(index).set()
        await settled()


async def settled() -> None:
    for _ in range(30):
        await anyio.lowlevel.checkpoint()


class World:
    """The models behind the priorities; `began` are the calls that reached them, in order."""

    def __init__(
        self,
        partials_at_once: int = 1,
        partial_patience_seconds: float = LONG,
        reply: str = "Hello.",
        between_tokens: float = 0,
    ) -> None:
        self.held = Held()
        self.models = Scripted(
            replies=[reply],
            delays=Delays(
                end_of_turn=1, transcribe=1, first_token=1, between_tokens=between_tokens, first_audio=1
            ),
            sleep=self.held.sleep,
            chunk_seconds=0.02,
        )
        self.inference = Prioritised(
            self.models,
            self.models,
            Priorities(partials_at_once),
            partial_patience_seconds=partial_patience_seconds,
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[World]:
        async with anyio.create_task_group() as self.tasks:
            yield self
            self.tasks.cancel_scope.cancel()

    @property
    def began(self) -> list[str]:
        return [_name(call.method, call.asked) for call in self.models.calls]

    async def start(self, call: Callable[[], Awaitable[object]]) -> anyio.CancelScope:
        scope = anyio.CancelScope()

        async def run() -> None:
            with scope:
                await call()

        self.tasks.start_soon(run)
        await settled()
        return scope

    async def final(self) -> anyio.CancelScope:
        return await self.start(lambda: self.inference.transcribe(AUDIO))

    async def partial(self, language: str = "en") -> anyio.CancelScope:
        return await self.start(
            lambda: self.inference.transcribe(AUDIO, Transcription(language, partial=True))
        )

    async def piece(self, text: str, ahead_seconds: float = 0.0) -> anyio.CancelScope:
        async def speak() -> None:
            async with aclosing(self.inference.synthesize(text, ahead_seconds=ahead_seconds)) as chunks:
                async for _ in chunks:
                    pass

        return await self.start(speak)

    async def reply(self) -> anyio.CancelScope:
        return await self._write(ahead=False)

    async def ahead(self) -> anyio.CancelScope:
        return await self._write(ahead=True)

    async def _write(self, *, ahead: bool) -> anyio.CancelScope:
        async def write() -> None:
            sampling = Sampling(max_tokens=99)
            generation = Generation("g", [1], end_id=0, pad_id=0, sampling=sampling, ahead=ahead)
            async with aclosing(self.inference.generate(generation)) as stream:
                async for _ in stream:
                    pass

        return await self.start(write)


def _name(method: str, asked: dict[str, object]) -> str:
    if method == "transcribe":
        return f"partial {asked['language']}" if asked["partial"] else "final"
    return str(asked.get("text", method))


async def test_finals_and_first_pieces_go_at_once_beside_each_other() -> None:
    async with World().running() as world:
        await world.final()
        await world.final()
        await world.piece("first")
        await world.reply()
        assert world.began == ["final", "final", "first", "generate"]


async def test_detection_waits_for_nothing() -> None:
    async with World().running() as world:
        await world.final()
        assert (await world.inference.detect(AUDIO, fresh_state())).probabilities.tolist() == [0.0]


async def test_partials_wait_while_it_is_asked_whether_a_turn_has_ended() -> None:
    async with World().running() as world:
        await world.start(lambda: world.inference.end_of_turn(AUDIO))
        await world.partial()
        assert world.began == ["end_of_turn"]
        await world.held.open()
        assert world.began == ["end_of_turn", "partial en"]


async def test_partials_take_turns_in_the_order_they_came() -> None:
    async with World(partials_at_once=2).running() as world:
        for language in ("en", "de", "fr", "ar"):
            await world.partial(language)
        assert world.began == ["partial en", "partial de"]
        await world.held.open()
        assert world.began == ["partial en", "partial de", "partial fr"]
        await world.held.open(1)
        assert world.began == ["partial en", "partial de", "partial fr", "partial ar"]


@pytest.mark.parametrize("urgent", ["final", "first piece", "reply"])
async def test_a_partial_waits_while_something_urgent_runs(urgent: str) -> None:
    async with World().running() as world:
        await {"final": world.final, "first piece": lambda: world.piece("first"), "reply": world.reply}[
            urgent
        ]()
        await world.partial()
        assert "partial en" not in world.began
        await world.held.open()
        assert world.began[-1] == "partial en"


async def test_a_partial_waits_until_the_first_piece_of_a_reply_is_written() -> None:
    world = World(reply="x" * 2 * FIRST_PIECE_TOKENS, between_tokens=1)
    async with world.running():
        await world.reply()
        await world.partial()
        for _ in range(FIRST_PIECE_TOKENS - 1):
            await world.held.open()
        assert world.began == ["generate"]
        await world.held.open()
        assert world.began == ["generate", "partial en"]


async def test_what_is_computed_ahead_waits_for_urgent_work_and_holds_up_nothing() -> None:
    async with World().running() as world:
        await world.final()
        await world.ahead()
        assert world.began == ["final"]
        await world.held.open()
        assert world.began == ["final", "generate"]
        await world.partial()
        assert world.began == ["final", "generate", "partial en"]


async def test_a_partial_waits_for_the_last_of_several_finals() -> None:
    async with World().running() as world:
        await world.final()
        await world.final()
        await world.partial()
        await world.held.open()
        assert world.began == ["final", "final"]
        await world.held.open()
        assert world.began == ["final", "final", "partial en"]


async def test_a_partial_whose_turn_does_not_come_is_overloaded_and_lets_the_next_one_pass() -> None:
    world = World(partial_patience_seconds=0.02)
    async with world.running():
        await world.final()
        with pytest.raises(InferenceOverloaded):
            await world.inference.transcribe(AUDIO, Transcription(partial=True))
        await world.held.open()
        await world.partial()
        assert world.began == ["final", "partial en"]


@pytest.mark.parametrize("running", [True, False])
async def test_a_cancelled_partial_gives_its_turn_to_the_next(running: bool) -> None:
    async with World().running() as world:
        first, second = await world.partial("en"), await world.partial("de")
        await world.partial("fr")
        (first if running else second).cancel()
        await settled()
        if not running:
            await world.held.open()
        assert world.began == ["partial en", "partial de" if running else "partial fr"]


async def test_a_final_that_fails_or_is_cancelled_holds_nobody_up() -> None:
    async with World().running() as world:
        world.models._faults[("transcribe", 0)] = Fault("transcribe", 0, InferenceOverloaded("full"))

        async def fail() -> None:
            with pytest.raises(InferenceOverloaded):
                await world.inference.transcribe(AUDIO)

        await world.start(fail)
        cancelled = await world.final()
        await world.partial()
        await world.held.open()
        assert world.began == ["final", "final"]
        cancelled.cancel()
        await settled()
        assert world.began == ["final", "final", "partial en"]


async def test_a_later_piece_waits_for_what_is_urgent_and_then_goes() -> None:
    async with World().running() as world:
        await world.final()
        await world.piece("later", ahead_seconds=LONG)
        assert world.began == ["final"]
        await world.held.open()
        assert world.began == ["final", "later"]
        await world.piece("another later", ahead_seconds=LONG)
        assert world.began == ["final", "later", "another later"]  # pieces do not wait for pieces


async def test_a_later_piece_goes_before_its_listener_runs_dry() -> None:
    async with World().running() as world:
        await world.final()
        await world.piece("dry", ahead_seconds=SYNTHESIS_SECONDS)
        await world.piece("soon dry", ahead_seconds=SYNTHESIS_SECONDS + 0.02)
        assert world.began == ["final", "dry"]
        with anyio.fail_after(2):
            while len(world.began) < 3:
                await anyio.sleep(0.01)
    assert world.began == ["final", "dry", "soon dry"]


async def test_a_first_piece_is_urgent_only_until_it_sounds() -> None:
    async with (
        World().running() as world,
        aclosing(world.inference.synthesize("a long first piece")) as chunks,
    ):
        first = await world.start(lambda: anext(chunks))
        await world.partial()
        assert "partial en" not in world.began
        await world.held.open()
        assert not first.cancel_called
        assert world.began[-1] == "partial en"


async def test_closing_a_stream_closes_the_models_own() -> None:
    async with World().running() as world:
        scopes = [await world.reply(), await world.piece("first"), await world.piece("later", LONG)]
        for scope in scopes:
            scope.cancel()
        await settled()
        assert world.models.running() == []
        await world.partial()
        assert world.began[-1] == "partial en"
