"""One model put into Triton in the place of none: its configuration, its load, and the tokenizer that goes with it."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
from anyio import to_thread

from orchestrator.errors import InferenceError
from orchestrator.prompt import ChatTemplate
from orchestrator.registry.entry import LANGUAGE_MODEL, ModelEntry
from orchestrator.registry.overrides import COMPANIONS, configuration, has_just, parameters_of
from orchestrator.triton_server import TritonServer

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Waits:
    """Longest waits in seconds: for streams to end before another model takes the place, and before an answer.

    `lingering`: for Triton to let go of a model in which nothing of this process runs.
    """

    replace: float = 120.0
    unload: float = 20.0
    look: float = 0.05
    lingering: float = 3.0


@dataclass(frozen=True)
class Surroundings:
    """Where the models' server is: its variables as far as known, and whether it sees this machine's files."""

    environment: Mapping[str, str]
    tokenizer_dir: Path
    shares_files: bool


def shares_files(triton_url: str) -> bool:
    """Whether Triton runs on this machine, as far as its address tells."""
    return triton_url.rpartition(":")[0] in ("127.0.0.1", "localhost", "[::1]")


class Placing:
    """Does what it is told to one Triton; who may be displaced is decided in `loading.py`."""

    def __init__(
        self, triton: TritonServer, template: ChatTemplate, around: Surroundings, waits: Waits
    ) -> None:
        self._triton = triton
        self._template = template
        self._around = around
        self._waits = waits
        self._known: dict[str, dict[str, Any]] = {}  # the configuration that each model had last
        self._tokenizer = str(around.tokenizer_dir)

    async def configurations(self) -> Mapping[str, Mapping[str, Any]]:
        """Of every model that is loaded, or was since this process began."""
        states = await self._triton.models()
        loaded = [model for model, state in states.items() if state.state == "READY"]
        self._known |= {model: await self._triton.configuration(model) for model in loaded}
        return self._known

    async def put(self, entry: ModelEntry) -> None:
        """Load `entry` where nothing is loaded. Raises: InferenceError, BadSetting."""
        await self.configure(entry.triton_model, parameters_of(entry))
        await self._triton.load(entry.triton_model)
        await self.take_tokenizer(entry)

    async def configure(self, triton_model: str, parameters: Mapping[str, str]) -> None:
        """Say what `load` is to load. Triton tells the configuration of a loaded model only: it may be loaded first."""
        self._triton.load_with(triton_model, None)
        if not parameters:
            return
        if triton_model not in self._known:
            await self._triton.load(triton_model)
            self._known[triton_model] = await self._triton.configuration(triton_model)
        loaded = self._known[triton_model]
        self._triton.load_with(triton_model, configuration(loaded, parameters, self._around.environment))

    async def take_tokenizer(self, entry: ModelEntry) -> None:
        """Everything that reads or writes the language model's tokens must have its tokenizer."""
        if entry.triton_model != LANGUAGE_MODEL or entry.tokenizer is None:
            return
        if entry.tokenizer != self._tokenizer:
            await to_thread.run_sync(self._template.become, Path(entry.tokenizer))
            self._tokenizer = entry.tokenizer
        async with anyio.create_task_group() as tasks:
            for companion in COMPANIONS:
                tasks.start_soon(self._accompany, companion, {"tokenizer_dir": entry.tokenizer})

    async def _accompany(self, companion: str, wanted: Mapping[str, str]) -> None:
        try:
            if not await self.is_ready(companion) or await self.has(companion, wanted):
                return
            await self.configure(companion, wanted)
            await self._triton.unload(companion)
            await self.gone(companion, self._waits.replace)
            await self._triton.load(companion)
        except InferenceError as error:
            # They serve `chat` and `voice_turn`, which callers of Triton use; the orchestrator does without.
            log.error("%s keeps another tokenizer: %s", companion, error)

    async def is_ready(self, triton_model: str) -> bool:
        """Whether Triton has it loaded; says nothing of its process."""
        state = (await self._triton.models()).get(triton_model)
        return state is not None and state.state == "READY"

    async def has(self, triton_model: str, parameters: Mapping[str, str]) -> bool:
        """Whether a loaded model has just these parameters over the repository's."""
        loaded = await self._triton.configuration(triton_model)
        return has_just(loaded, parameters, self._around.environment)

    async def gone(self, triton_model: str, seconds: float) -> bool:
        """Whether the streams of a model that is being unloaded ended within `seconds`.

        Triton 2.51 can keep a reference to a model behind after a call that was cancelled, and then says for ever that
        it unloads it. So what counts are the calls of this process; another's go on in the model before, where they
        began.
        """
        idle_since = time.monotonic()
        with anyio.move_on_after(seconds):
            while (await self._triton.models())[triton_model].state in ("READY", "UNLOADING"):
                if self._triton.doors.inside(triton_model):
                    idle_since = time.monotonic()
                elif time.monotonic() - idle_since > self._waits.lingering:
                    log.warning("Triton keeps %s behind; nothing of this process runs in it", triton_model)
                    break
                await anyio.sleep(self._waits.look)
            return True
        return False
