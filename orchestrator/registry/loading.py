"""Models loaded and unloaded through Triton's repository API, while others talk.

Triton lets the streams of a model finish that is unloaded, and takes no new ones; the model's door says the same here,
with the reason. Memory for two may not be there, so a model is unloaded before another takes its place; where that one
cannot be loaded, the first one is loaded again.
"""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from typing import Literal

import anyio
from anyio import to_thread

from orchestrator import machine
from orchestrator.capabilities import LoadedEngine
from orchestrator.errors import ModelConflict, ModelIncompatible, ModelLoadFailed, VoiceError
from orchestrator.prompt import ChatTemplate
from orchestrator.registry.compatibility import Check, Site, compatibility, weight_bytes
from orchestrator.registry.discovery import discovered
from orchestrator.registry.entry import ModelEntry
from orchestrator.registry.overrides import parameters_of
from orchestrator.registry.placing import Placing, Surroundings, Waits
from orchestrator.registry.registry import Registry
from orchestrator.triton_server import ModelState, TritonServer

log = logging.getLogger(__name__)


class Loading:
    """What is in `registry`, done to one Triton. One load or unload of a model runs at a time."""

    def __init__(
        self,
        triton: TritonServer,
        registry: Registry,
        template: ChatTemplate,
        surroundings: Surroundings,
        waits: Waits | None = None,
    ) -> None:
        self._triton = triton
        self._registry = registry
        self._around = surroundings
        self._waits = waits or Waits()
        self._placing = Placing(triton, template, surroundings, self._waits)
        self._locks: defaultdict[str, anyio.Lock] = defaultdict(anyio.Lock)
        self._arriving: dict[str, str] = {}
        self._leaving: dict[str, str] = {}

    async def states(self) -> dict[str, ModelState]:
        """Of every model that Triton has a folder for."""
        return await self._triton.models()

    def moving(self, name: str) -> Literal["loading", "unloading"] | None:
        """Whether `name` is on its way in or, for what is known here, out."""
        if name in self._arriving.values():
            return "loading"
        return "unloading" if name in self._leaving.values() else None

    async def checks(self, name: str) -> list[Check]:
        """Whether `name` can be loaded. Raises: UnknownModel; InferenceError while Triton is away."""
        entry = self._registry.entry(name)
        before = self._registry.document.serving.get(entry.triton_model)
        replaced = self._registry.entry(before) if before else None
        repository = frozenset(await self._triton.models())
        return await to_thread.run_sync(self._checks, entry, replaced, repository)

    async def engine(self) -> LoadedEngine:
        """What the language model that is loaded takes. Raises: InferenceError where none is."""
        return await self._triton.loaded_engine()

    async def load(self, name: str) -> None:
        """Load `name` in the place of what its model of Triton serves now; returns when it answers.

        Raises:
            UnknownModel: nobody knows it.
            ModelIncompatible: it cannot work here; what is served goes on.
            ModelConflict: streams of the model before it did not end in time; it goes on.
            ModelLoadFailed: Triton could not load it; what was served before is served again.
        """
        entry = self._registry.entry(name)
        triton_model = entry.triton_model
        async with self._locks[triton_model]:
            if await self._is_served(name, entry):
                return
            await self._require_compatible(name)
            self._triton.doors.close(triton_model, f"{name} is being loaded; try again when it is")
            self._arriving[triton_model] = name
            try:
                await self._replace(name, entry)
                self._registry.serves(triton_model, name)
            finally:
                del self._arriving[triton_model]
                self._set_door(triton_model, triton_model)

    async def unload(self, name: str) -> None:
        """Take `name` out of service; its streams finish. Returns when they have, or after `Waits.unload`.

        Raises: UnknownModel; ModelConflict where it is not loaded.
        """
        triton_model = self._registry.entry(name).triton_model
        async with self._locks[triton_model]:
            if self._registry.document.serving.get(triton_model) != name:
                raise ModelConflict(f"{name} is not loaded")
            self._triton.doors.close(triton_model, _unloaded(name))
            try:
                await self._triton.unload(triton_model)
                self._registry.serves(triton_model, None)
            finally:
                self._set_door(triton_model, name)
            log.warning("%s was unloaded", name)
            self._leaving[triton_model] = name
            if await self._placing.gone(triton_model, self._waits.unload):
                del self._leaving[triton_model]

    async def settle(self) -> None:
        """Triton has come up: write the first registry, or have Triton serve what the registry says."""
        try:
            await self._find()
            for triton_model, name in self._registry.document.serving.items():
                async with self._locks[triton_model]:
                    await self._settle(triton_model, name)
        except VoiceError as error:
            log.error("the models are not all as the registry has them: %s", error)

    async def _find(self) -> None:
        around = self._around
        configurations = await self._placing.configurations()
        self._registry.found(discovered(configurations, around.environment, str(around.tokenizer_dir)))

    async def _settle(self, triton_model: str, name: str | None) -> None:
        self._set_door(triton_model, triton_model)
        is_loaded = await self._placing.is_ready(triton_model)
        if name is None:
            if is_loaded:
                await self._triton.unload(triton_model)
            return
        entry = self._registry.entry(name)
        if is_loaded and await self._placing.has(triton_model, parameters_of(entry)):
            await self._placing.configure(triton_model, parameters_of(entry))
            await self._placing.take_tokenizer(entry)
            return
        log.warning("%s is loaded, as the registry has it", name)
        if is_loaded:
            await self._triton.unload(triton_model)
            await self._placing.gone(triton_model, self._waits.replace)
        await self._placing.put(entry)

    async def _replace(self, name: str, entry: ModelEntry) -> None:
        began = time.monotonic()
        before = self._registry.document.serving.get(entry.triton_model)
        try:
            if before is not None:
                await self._triton.unload(entry.triton_model)
                await self._require_gone(entry.triton_model, before)
            await self._placing.put(entry)
        except VoiceError as error:
            await self._put_back(before)
            if isinstance(error, ModelConflict):
                raise
            again = f"{before} is served again" if before else "nothing is served in its place"
            raise ModelLoadFailed(f"{name} was not loaded, {again}: {error}") from error
        log.warning("%s was loaded in %.1f s", name, time.monotonic() - began)

    async def _put_back(self, before: str | None) -> None:
        if before is None:
            return
        try:
            await self._placing.put(self._registry.entry(before))
        except VoiceError as error:
            log.error("%s could not be loaded again: %s", before, error)

    async def _is_served(self, name: str, entry: ModelEntry) -> bool:
        triton_model = entry.triton_model
        is_written = self._registry.document.serving.get(triton_model) == name
        if not is_written or not await self._placing.is_ready(triton_model):
            return False
        return await self._placing.has(triton_model, parameters_of(entry))

    async def _require_compatible(self, name: str) -> None:
        failed = [check for check in await self.checks(name) if check.answer == "failed"]
        if failed:
            reasons = "; ".join(f"{check.name}: {check.detail}" for check in failed)
            raise ModelIncompatible(f"{name} cannot be loaded: {reasons}", field="name")

    def _checks(
        self, entry: ModelEntry, replaced: ModelEntry | None, repository: frozenset[str]
    ) -> list[Check]:
        freed = weight_bytes(replaced) if replaced else 0
        available = machine.memory().available_bytes
        site = Site(self._around.shares_files, repository, available, freed, machine.gpus())
        return compatibility(entry, site)

    async def _require_gone(self, triton_model: str, before: str) -> None:
        if not await self._placing.gone(triton_model, self._waits.replace):
            raise ModelConflict(
                f"streams of {before} still run after {self._waits.replace:g} s; it goes on, try again later"
            )

    def _set_door(self, triton_model: str, unloaded: str) -> None:
        """Open where something is served; `unloaded` is what newcomers are told to be missing otherwise."""
        serving = self._registry.document.serving
        if serving.get(triton_model, triton_model) is None:
            self._triton.doors.close(triton_model, _unloaded(unloaded))
        else:
            self._triton.doors.open(triton_model)


def _unloaded(name: str) -> str:
    return f"{name} is unloaded; an administrator loads it with POST /models/{{name}}/load"
