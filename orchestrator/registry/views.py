"""How a model is shown: what is known of it, whether it answers now, what it can do, and whether it could be loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, Field

from orchestrator.capabilities import capabilities
from orchestrator.errors import InferenceError
from orchestrator.prompt import ChatTemplate
from orchestrator.registry.entry import Kind, ModelEntry, kind_of
from orchestrator.registry.loading import Loading
from orchestrator.registry.registry import Registry
from orchestrator.triton_server import ModelState

State = Literal["ready", "loading", "unloading", "unloaded", "failed", "unknown"]


class Capability(BaseModel):
    """Whether the loaded engine can do what a parameter asks for, and why not."""

    supported: bool
    reason: str | None = None


class CompatibilityCheck(BaseModel):
    """One question before a model is loaded. `unknown`: it cannot be seen from here, and Triton will say."""

    name: str
    answer: Literal["passed", "failed", "unknown"]
    detail: str


class ModelView(ModelEntry):
    """A model of the registry.

    `state_reason`: why it is not ready. `capabilities`: null unless it is a language model that is ready.
    """

    id: str
    kind: Kind
    state: State
    state_reason: str | None = None
    default: bool
    capabilities: dict[str, Capability] | None = None


class ModelDetails(ModelView):
    """`compatibility`: empty while Triton is away."""

    compatibility: list[CompatibilityCheck] = Field(default=[])


@dataclass(frozen=True)
class Views:
    """Makes the pictures of the models."""

    registry: Registry
    loading: Loading
    template: ChatTemplate

    async def all(self) -> list[ModelView]:
        document = self.registry.document
        states = await self._states()
        can_do = await self._capabilities()
        return [ModelView(**self._fields(name, states, can_do)) for name in document.models]

    async def one(self, name: str) -> ModelDetails:
        """Raises: UnknownModel."""
        self.registry.entry(name)
        states = await self._states()
        checks = await self.loading.checks(name) if states else []
        fields = self._fields(name, states, await self._capabilities())
        shown = [CompatibilityCheck(**vars(check)) for check in checks]
        return ModelDetails(**fields, compatibility=shown)

    async def _states(self) -> Mapping[str, ModelState]:
        try:
            return await self.loading.states()
        except InferenceError:
            return {}

    async def _capabilities(self) -> dict[str, Capability] | None:
        try:
            loaded = await self.loading.engine()
        except InferenceError:
            return None
        can_do = capabilities(
            loaded, can_think=self.template.can_think, takes_tools=self.template.takes_tools
        )
        return {name: Capability.model_validate(told) for name, told in can_do.described().items()}

    def _fields(
        self, name: str, states: Mapping[str, ModelState], can_do: dict[str, Capability] | None
    ) -> dict[str, Any]:
        document = self.registry.document
        entry = document.models[name]
        is_served = document.serving.get(entry.triton_model) == name
        state, reason = self._state(name, is_served, states.get(entry.triton_model))
        is_language = kind_of(entry) == "language"
        return {
            **entry.model_dump(),
            "id": name,
            "kind": kind_of(entry),
            "state": state,
            "state_reason": reason,
            "default": document.default == name,
            "capabilities": can_do if is_language and state == "ready" else None,
        }

    def _state(self, name: str, is_served: bool, told: ModelState | None) -> tuple[State, str | None]:
        moving = self.loading.moving(name)
        if moving == "loading":
            return "loading", None
        if told is None:
            return "unknown", "Triton is away"
        if not is_served:
            leaves = moving == "unloading" and told.state == "UNLOADING"
            return ("unloading", "its last streams run") if leaves else ("unloaded", None)
        if told.state == "READY":
            return "ready", None
        return ("loading", None) if told.state == "LOADING" else ("failed", told.reason or None)
