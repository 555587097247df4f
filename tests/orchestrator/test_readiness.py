from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping

import anyio
import pytest

from orchestrator.canaries import Canary
from orchestrator.doors import Doors
from orchestrator.errors import (
    BackendLost,
    InferenceError,
    InferenceOverloaded,
    InferenceRefused,
    InferenceTimeout,
)
from orchestrator.metrics import Metrics
from orchestrator.readiness import ModelHealth, Periods, Readiness

pytestmark = pytest.mark.anyio


class FakeTriton:
    """One model, `vad`, that fails with `error` until it is loaded anew (`heals`)."""

    def __init__(self) -> None:
        self.observers: list[Callable[[str, float, InferenceError | None], None]] = []
        self.last_answers: dict[str, float] = {}
        self.now = 100.0
        self.live = True
        self.heals = True
        self.error: InferenceError | None = None
        self.done: list[str] = []
        self.doors = Doors()
        self.unloaded = False

    async def unloaded_on_purpose(self, model: str) -> bool:
        assert model == "vad"
        return self.unloaded

    async def server_live(self) -> bool:
        return self.live

    async def load(self, model: str) -> None:
        self.done.append(f"load {model}")
        if self.heals:
            self.error = None

    async def unload(self, model: str) -> None:
        self.done.append(f"unload {model}")

    def canaries(self, deadline_seconds: float) -> Mapping[str, Canary]:
        assert deadline_seconds > 0
        return {"vad": self._canary}

    async def _canary(self) -> None:
        self.done.append("canary")
        if self.error is not None:
            raise self.error

    def repairs(self) -> int:
        return self.done.count("load vad")


@pytest.fixture
def fake() -> FakeTriton:
    return FakeTriton()


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def readiness(fake: FakeTriton, metrics: Metrics) -> Readiness:
    return Readiness(fake, metrics, clock=lambda: fake.now)


async def look(readiness: Readiness, fake: FakeTriton, seconds: float = 0.0) -> None:
    """Let `seconds` pass as `run` would: a tick of 0.1 s at a time."""
    await readiness.look_at_server()
    await readiness.look_at("vad")
    for _ in range(round(seconds * 10)):
        fake.now += 0.1
        await readiness.look_at("vad")


async def test_it_is_ready_once_every_model_has_answered(readiness: Readiness, fake: FakeTriton) -> None:
    assert not readiness.ready
    await look(readiness, fake)
    assert readiness.ready
    assert readiness.snapshot()["vad"] == {"ready": True, "last_success_seconds_ago": 0.0, "error": None}


async def test_an_idle_model_is_asked_every_three_seconds(readiness: Readiness, fake: FakeTriton) -> None:
    await look(readiness, fake, seconds=9.9)
    assert fake.done.count("canary") == 4


async def test_no_canary_while_traffic_proves_the_model_alive(readiness: Readiness, fake: FakeTriton) -> None:
    await look(readiness, fake)
    for _ in range(10):
        fake.last_answers["vad"] = fake.now
        await look(readiness, fake, seconds=2)
    assert fake.done.count("canary") == 1


async def test_a_lost_model_is_unloaded_and_loaded_and_ready_again(
    readiness: Readiness, fake: FakeTriton, metrics: Metrics
) -> None:
    await look(readiness, fake)
    fake.error = BackendLost("not healthy")
    await look(readiness, fake, seconds=3.2)
    assert fake.done == ["canary", "canary", "unload vad", "load vad", "canary"]
    assert readiness.ready
    text = metrics.render()[0].decode()
    assert 'beautyai_model_repairs_total{model="vad"} 1.0' in text
    assert 'beautyai_canary_failures_total{model="vad"} 1.0' in text


async def test_a_failure_of_traffic_brings_the_canary_forward(readiness: Readiness, fake: FakeTriton) -> None:
    await look(readiness, fake)
    fake.observers[0]("vad", 1.0, InferenceTimeout("no token"))
    await look(readiness, fake)
    assert fake.done == ["canary", "canary"]
    assert readiness.ready  # the canary came back: that was not the model's end


async def test_a_refusal_of_traffic_says_nothing_about_the_model(
    readiness: Readiness, fake: FakeTriton
) -> None:
    await look(readiness, fake)
    fake.observers[0]("vad", 0.1, InferenceRefused("AUDIO: empty"))
    await look(readiness, fake)
    assert fake.done == ["canary"]


async def test_one_timeout_is_no_reason_to_load_anew_but_three_are(
    readiness: Readiness, fake: FakeTriton
) -> None:
    await look(readiness, fake)
    fake.error = InferenceTimeout("no answer")
    fake.now += 3
    await look(readiness, fake, seconds=0.7)
    assert fake.repairs() == 0
    assert not readiness.ready
    await look(readiness, fake, seconds=0.7)
    assert fake.repairs() == 1


async def test_a_canary_that_waits_behind_answered_traffic_is_not_a_failure(metrics: Metrics) -> None:
    class Busy(FakeTriton):
        async def _canary(self) -> None:
            self.now += 2
            self.last_answers["vad"] = self.now
            raise InferenceTimeout("no answer")

    busy = Busy()
    readiness = Readiness(busy, metrics, clock=lambda: busy.now)
    await look(readiness, busy, seconds=20)
    assert readiness.ready
    assert busy.repairs() == 0


async def test_a_full_queue_makes_it_unready_but_is_not_repaired(
    readiness: Readiness, fake: FakeTriton
) -> None:
    await look(readiness, fake)
    fake.error = InferenceOverloaded("full")
    await look(readiness, fake, seconds=10)
    assert not readiness.ready
    assert fake.repairs() == 0


async def test_nothing_is_repaired_while_triton_is_away(readiness: Readiness, fake: FakeTriton) -> None:
    await look(readiness, fake)
    fake.live = False
    fake.error = BackendLost("connection refused")
    await look(readiness, fake, seconds=5)
    assert not readiness.ready
    assert readiness.snapshot()["vad"]["error"] == "Triton is away"
    assert fake.repairs() == 0


async def test_what_an_administrator_unloaded_is_not_ready_and_left_alone(
    readiness: Readiness, fake: FakeTriton
) -> None:
    await look(readiness, fake)
    fake.doors.close("vad", "vad is unloaded")
    fake.error = BackendLost("not ready")
    await look(readiness, fake, seconds=10)
    assert fake.done == ["canary"]
    assert readiness.snapshot()["vad"]["error"] == "vad is unloaded"
    fake.doors.open("vad")
    fake.error = None
    await look(readiness, fake, seconds=1)
    assert readiness.ready


async def test_what_somebody_else_unloaded_is_asked_but_not_repaired(
    readiness: Readiness, fake: FakeTriton
) -> None:
    await look(readiness, fake)
    fake.unloaded = True
    fake.error = BackendLost("not ready")
    await look(readiness, fake, seconds=10)
    assert fake.repairs() == 0
    fake.error = None
    await look(readiness, fake, seconds=1)
    assert readiness.ready


async def test_a_repair_that_failed_half_way_is_tried_again(readiness: Readiness, fake: FakeTriton) -> None:
    await look(readiness, fake)
    fake.heals = False
    fake.error = BackendLost("not healthy")
    await look(readiness, fake, seconds=3.2)
    fake.unloaded = True  # by the repair itself
    await look(readiness, fake, seconds=10)
    assert fake.repairs() > 1


async def test_who_waits_for_triton_is_called_each_time_that_it_comes_up(
    fake: FakeTriton, metrics: Metrics
) -> None:
    came: list[float] = []

    async def came_up() -> None:
        came.append(fake.now)

    readiness = Readiness(fake, metrics, clock=lambda: fake.now, came_up=came_up)
    for live in (True, True, False, True):
        fake.live = live
        await readiness.look_at_server()
    assert len(came) == 2


async def test_after_a_restart_of_triton_each_model_must_answer_anew(
    readiness: Readiness, fake: FakeTriton
) -> None:
    await look(readiness, fake)
    fake.live = False
    await look(readiness, fake)
    fake.live = True
    await readiness.look_at_server()
    assert not readiness.ready
    await look(readiness, fake, seconds=0.6)
    assert readiness.ready


async def test_repairs_that_do_not_help_are_tried_ever_more_rarely(
    readiness: Readiness, fake: FakeTriton
) -> None:
    fake.heals = False
    fake.error = BackendLost("not healthy")
    began, times = fake.now, []
    for _ in range(200):
        before = fake.repairs()
        await look(readiness, fake, seconds=0.1)
        if fake.repairs() > before:
            times.append(fake.now - began)
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert gaps == sorted(gaps)
    assert 3 <= len(times) <= 6


def test_an_answer_from_before_the_failure_does_not_make_a_model_ready() -> None:
    health = ModelHealth(Periods())
    health.failed(BackendLost("gone"), now=10.0)
    health.answered(9.9)
    assert not health.ready
    health.answered(10.1)
    assert health.ready
    assert health.error is None


async def test_a_canary_that_hangs_is_given_up(metrics: Metrics) -> None:
    class Hanging(FakeTriton):
        async def _canary(self) -> None:
            await anyio.sleep_forever()

    readiness = Readiness(Hanging(), metrics, Periods(canary_deadline=0.05))
    await readiness.look_at_server()
    await readiness.look_at("vad")
    assert "no answer within 0.05 s" in readiness.snapshot()["vad"]["error"]
