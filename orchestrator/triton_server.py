"""Triton as a server: whether it lives, its models and their state, and what it has counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from google.protobuf.json_format import MessageToDict  # type: ignore[import-untyped]
from tritonclient.grpc import service_pb2

from orchestrator.capabilities import LoadedEngine
from orchestrator.errors import InferenceError
from orchestrator.triton_calls import Deadlines, TritonCalls


@dataclass(frozen=True)
class ModelState:
    """As Triton says it: READY, LOADING, UNLOADING, UNAVAILABLE, or "" where never loaded; and why."""

    state: str
    reason: str


class TritonServer(TritonCalls):
    """One Triton as a server of models, with its repository API."""

    def __init__(self, url: str, deadlines: Deadlines | None = None, *, admin_key: str | None = None) -> None:
        super().__init__(url, deadlines, admin_key=admin_key)
        self._configurations: dict[str, str] = {}

    async def server_live(self) -> bool:
        """True while Triton answers; says nothing of its models."""
        try:
            answer = await self.control(
                "ServerLive", service_pb2.ServerLiveRequest(), "Triton", self.deadlines.connect
            )
        except InferenceError:
            return False
        return bool(answer.live)

    async def loaded_engine(self) -> LoadedEngine:
        """What stands behind `tensorrt_llm`. Raises: BackendLost, where nothing does."""
        request = service_pb2.ModelConfigRequest(name="tensorrt_llm")
        config = (await self.control("ModelConfig", request, "tensorrt_llm", self.deadlines.connect)).config
        parameters = {name: value.string_value for name, value in config.parameters.items()}
        return LoadedEngine(frozenset(tensor.name for tensor in config.input), parameters)

    async def models(self) -> dict[str, ModelState]:
        """Every model in the repository, by name."""
        index = await self.control(
            "RepositoryIndex", service_pb2.RepositoryIndexRequest(), "the model repository"
        )
        return {model.name: ModelState(model.state, model.reason) for model in index.models}

    async def unloaded_on_purpose(self, model: str) -> bool:
        """Whether somebody has unloaded `model` through the repository API, this process or another."""
        state = (await self.models()).get(model)
        return state is not None and (state.state, state.reason) == ("UNAVAILABLE", "unloaded")

    async def configuration(self, model: str) -> dict[str, Any]:
        """The configuration of a loaded model, as JSON has it (names as in `config.pbtxt`)."""
        answer = await self.control("ModelConfig", service_pb2.ModelConfigRequest(name=model), model)
        return dict(MessageToDict(answer.config, preserving_proto_field_name=True))

    async def statistics(self) -> dict[str, dict[str, Any]]:
        """What Triton has counted of each loaded model since it was loaded, as JSON has it."""
        answer = await self.control("ModelStatistics", service_pb2.ModelStatisticsRequest(), "the statistics")
        counted = [MessageToDict(one, preserving_proto_field_name=True) for one in answer.model_stats]
        return {one["name"]: one for one in counted}

    async def server_version(self) -> str:
        """Triton's own version."""
        answer = await self.control("ServerMetadata", service_pb2.ServerMetadataRequest(), "Triton")
        return str(answer.version)

    def load_with(self, model: str, configuration: str | None) -> None:
        """From now on `load` gives `model` this configuration (JSON, whole) instead of the repository's own."""
        if configuration is None:
            self._configurations.pop(model, None)
        else:
            self._configurations[model] = configuration

    async def load(self, model: str) -> None:
        """Load `model`, or load it anew; returns when it is ready."""
        request = service_pb2.RepositoryModelLoadRequest(model_name=model)
        if model in self._configurations:
            request.parameters["config"].string_param = self._configurations[model]
        await self.control("RepositoryModelLoad", request, model, self.deadlines.load)

    async def unload(self, model: str) -> None:
        """Unload `model` alone, not what depends on it."""
        request = service_pb2.RepositoryModelUnloadRequest(model_name=model)
        await self.control("RepositoryModelUnload", request, model, self.deadlines.load)
