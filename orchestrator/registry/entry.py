"""What the registry knows of one model, and the whole document `model_registry.json`. Data and its checks. Pure."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from orchestrator.registry.defaults import checked_defaults

Engine = Literal["llama.cpp", "tensorrt_llm", "llmapi", "ctranslate2", "piper", "edge", "onnxruntime"]
Kind = Literal["language", "transcription", "speech", "other"]

RESERVED = ("backups", "restore")
"""Names that are routes beside `/models/{name}`."""
KINDS: dict[str, Kind] = {"tensorrt_llm": "language", "whisper": "transcription", "tts": "speech"}
LANGUAGE_MODEL = "tensorrt_llm"

ModelId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
TritonModel = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
AbsolutePath = Annotated[str, StringConstraints(pattern=r"^/[^\x00\n]{0,1023}$")]


class ModelEntry(BaseModel):
    """One model.

    triton_model: the model of Triton that serves it; of all that name the same one, one is loaded at a time.
    weights: the file or folder that the engine reads, and tokenizer: the folder of `tokenizer.json`, both as the
    server of the models sees them; null: what the server's own configuration names.
    triton_parameters: laid over the `parameters` of `config.pbtxt` when it is loaded.
    default_parameters: of a generation, where a request leaves them out.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    triton_model: TritonModel
    engine: Engine
    quantization: str | None = Field(None, max_length=32)
    description: str = Field("", max_length=2000)
    weights: AbsolutePath | None = None
    tokenizer: AbsolutePath | None = None
    default_parameters: dict[str, Any] = Field(default={}, max_length=64)
    triton_parameters: dict[TritonModel, Annotated[str, Field(max_length=1024)]] = Field(
        default={}, max_length=64
    )

    @field_validator("default_parameters")
    @classmethod
    def _known_parameters(cls, wanted: dict[str, Any]) -> dict[str, Any]:
        return checked_defaults(wanted)

    @model_validator(mode="after")
    def _of_its_kind(self) -> ModelEntry:
        if kind_of(self) != "language" and (self.default_parameters or self.tokenizer):
            raise ValueError(
                f"default_parameters and tokenizer belong to a language model, and {self.triton_model} is none"
            )
        return self


def kind_of(entry: ModelEntry) -> Kind:
    """What it is for."""
    return KINDS.get(entry.triton_model, "other")


class NamedEntry(ModelEntry):
    """A model to be added: its id and what is known of it."""

    id: ModelId

    @field_validator("id")
    @classmethod
    def _not_reserved(cls, name: str) -> str:
        if name in RESERVED:
            raise ValueError(f"{name!r} is the name of a route; choose another id")
        return name

    def entry(self) -> ModelEntry:
        return ModelEntry.model_validate(self.model_dump(exclude={"id"}))


class RegistryDocument(BaseModel):
    """`model_registry.json`.

    serving: for each model of Triton the id that it serves, null where an administrator has unloaded it.
    started_with: the same as the runtime last had it by itself; where that changes, the runtime's choice is served.
    default: the language model of a request that names none.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    version: Literal[1] = 1
    default: ModelId | None = None
    serving: dict[TritonModel, ModelId | None] = {}
    started_with: dict[TritonModel, ModelId] = {}
    models: dict[ModelId, ModelEntry] = {}

    @model_validator(mode="after")
    def _joined(self) -> RegistryDocument:
        for triton_model, name in self.serving.items():
            if name is not None and (
                name not in self.models or self.models[name].triton_model != triton_model
            ):
                raise ValueError(f"serving.{triton_model} names {name!r}, which is no model of it")
        if self.default is not None and (
            self.default not in self.models or kind_of(self.models[self.default]) != "language"
        ):
            raise ValueError(f"default names {self.default!r}, which is no language model here")
        return self
