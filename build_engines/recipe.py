"""A recipe: which model on which GPU in which precision, and the limits it is built and served with."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from build_engines.errors import RecipeError
from build_engines.gpus import GPUS, Gpu
from build_engines.models import FP8_CHECKPOINTS, MODELS, Model
from build_engines.precisions import (
    BYTES_PER_PARAMETER,
    Precision,
    refuse_for_llmapi,
    refuse_unknown,
    refuse_without_fp8,
)

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

RECIPES = Path(__file__).parent / "recipes"
TOKENS_PER_BLOCK = 32
"""The KV cache's unit: `trtllm-build`'s default of --tokens_per_block."""

Count = Annotated[int, Field(ge=1)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Calibration(_Section):
    """What the scales of a quantized engine are measured on."""

    dataset: str = "cnn_dailymail"
    samples: Count = 512
    batch_size: Count = 1
    max_sequence_tokens: Count = 512


class EngineLimits(_Section):
    """Fixed when the engine is compiled."""

    max_batch_size: Count
    """Generations that share a step."""
    max_input_tokens: Count
    """Longest prompt."""
    max_sequence_tokens: Count
    """Longest prompt and its output together."""
    max_step_tokens: Count
    """Prompt tokens that one step computes at most: the size of a chunk of a long prompt."""
    low_latency_gemm: bool = False
    """FP8 matrix kernels for small batches, on Hopper only; worth a try when the plain engine runs."""


class Comparison(_Section):
    """How far the engine's answers may be from the BF16 reference's; chosen before any engine was built."""

    least_agreement: Annotated[float, Field(ge=0, le=1)] = 0.5
    """Mean share of a greedy answer that is the reference's, up to the first other token."""
    most_perplexity_ratio: Annotated[float, Field(ge=1)] = 1.05


class Serving(_Section):
    """Rendered into the repository; changing it needs no new engine."""

    kv_cache_tokens: Annotated[int, Field(ge=TOKENS_PER_BLOCK, multiple_of=TOKENS_PER_BLOCK)]
    """Upper bound of the KV cache, of all generations and of what is kept for reuse."""
    kv_cache_fraction: Annotated[float, Field(gt=0, lt=1)]
    """The same as a part of the GPU memory that is free when the engine loads; the smaller one holds."""
    kv_cache_host_bytes: Annotated[int, Field(ge=0)] = 0
    """Host memory for blocks that leave the GPU."""
    cancellation_check_period_ms: Annotated[int, Field(ge=1, le=100)] = 10
    max_queue_size: Annotated[int, Field(ge=0)] = 0
    """Requests that may wait in Triton and in the engine; 0 leaves the bound to the orchestrator (llmapi: 64)."""
    neighbours_bytes: Annotated[int, Field(ge=0)]
    """GPU memory that Whisper and the other models of the same GPU need."""
    python_environment: Annotated[str, Field(pattern="^(/.+)?$")] = ""
    """llmapi: the environment that has TensorRT-LLM, as the server sees it; empty: that of all Python models."""


class Recipe(_Section):
    """One engine, from the weights to the served model."""

    name: str
    why: str
    """One sentence: for whom this recipe is."""
    backend: Literal["tensorrt", "llmapi"] = "tensorrt"
    """A compiled engine behind the C++ backend, or the hub's weights behind the LLM API of newer releases."""
    status: Literal["run on a GPU", "not yet run on a GPU", "untested upstream"]
    language_model: str = Field(alias="model")
    gpu_name: str = Field(alias="gpu")
    gpu_count: Annotated[int, Field(ge=1, le=8)] = Field(1, alias="gpus")
    precision: Precision
    kv_cache_precision: Literal["bf16", "fp8"] = "bf16"
    calibration: Calibration = Calibration()
    engine: EngineLimits
    comparison: Comparison = Comparison()
    serving: Serving

    @property
    def model(self) -> Model:
        return MODELS[self.language_model]

    @property
    def gpu(self) -> Gpu:
        return GPUS[self.gpu_name]

    @property
    def source(self) -> Model:
        """What is downloaded: the model in BF16, or in the precision in which the LLM API reads it."""
        published_fp8 = self.backend == "llmapi" and self.precision == "fp8"
        return FP8_CHECKPOINTS[self.language_model] if published_fp8 else self.model

    @property
    def source_bytes(self) -> int:
        """Size of `source`."""
        precision = "bf16" if self.source is self.model else self.precision
        return self.source.weight_bytes(BYTES_PER_PARAMETER[precision])

    @property
    def is_reference(self) -> bool:
        """Whether the engine is the one that others are compared with."""
        return self.precision == "bf16" and self.kv_cache_precision == "bf16"

    def reference(self) -> Recipe:
        """The BF16 engine of the same model on the same GPUs; a few generations at once are enough to compare."""
        engine = self.engine.model_copy(
            update={"max_batch_size": min(8, self.engine.max_batch_size), "low_latency_gemm": False}
        )
        changes = {
            "name": f"{self.name}-reference",
            "precision": "bf16",
            "kv_cache_precision": "bf16",
            "engine": engine,
        }
        return self.model_copy(update=changes)

    @field_validator("precision", mode="before")
    @classmethod
    def _can_be_compiled(cls, precision: str) -> str:
        refuse_unknown(precision)
        return precision

    @model_validator(mode="after")
    def _fits_together(self) -> Recipe:
        _one_of("model", self.language_model, MODELS)
        _one_of("gpu", self.gpu_name, GPUS)
        if "fp8" in (self.precision, self.kv_cache_precision):
            refuse_without_fp8(self.gpu)
        if self.kv_cache_precision == "fp8" and self.precision != "fp8":
            raise ValueError("kv_cache_precision: fp8 keys and values come with precision fp8 only")
        limits, model = self.engine, self.model
        if limits.max_input_tokens >= limits.max_sequence_tokens:
            raise ValueError("engine.max_input_tokens leaves no token for the output; lower it")
        if limits.max_sequence_tokens > model.max_positions:
            raise ValueError(
                f"engine.max_sequence_tokens: {model.name} knows {model.max_positions} positions"
            )
        if self.backend == "llmapi":
            refuse_for_llmapi(self.precision, self.gpu, self.language_model in FP8_CHECKPOINTS)
        if self.serving.kv_cache_tokens < limits.max_sequence_tokens:
            raise ValueError("serving.kv_cache_tokens holds not even one sequence; raise it")
        if self.serving.python_environment and self.backend != "llmapi":
            raise ValueError("serving.python_environment: the C++ backend runs no Python")
        if limits.low_latency_gemm and self.backend == "llmapi":
            raise ValueError(
                "engine.low_latency_gemm: an option of compiled engines, which llmapi does without"
            )
        if limits.low_latency_gemm and (self.precision, self.gpu.compute_capability) != ("fp8", "9.0"):
            raise ValueError("engine.low_latency_gemm: these kernels are for FP8 on Hopper (H100, H200)")
        if model.kv_heads % self.gpu_count:
            raise ValueError(f"gpus: {model.kv_heads} key-value heads cannot be split over {self.gpu_count}")
        return self


def _one_of(field: str, value: str, known: dict[str, Any]) -> None:
    if value not in known:
        raise ValueError(f"{field}: '{value}' is unknown, choose one of {', '.join(sorted(known))}")


def recipe_names() -> list[str]:
    """The recipes that come with this package."""
    return sorted(path.stem for path in RECIPES.glob("*.toml"))


def load_recipe(name: str) -> Recipe:
    """A recipe by its name, or by the path of a TOML file.

    Raises:
        RecipeError: there is none, it is no TOML, or its values do not go together; every reason is listed.
        UnsupportedPrecisionError: no such engine can be built.
    """
    path = Path(name) if name.endswith(".toml") else RECIPES / f"{name}.toml"
    if not path.is_file():
        raise RecipeError(
            f"there is no recipe {name}; choose one of {', '.join(recipe_names())} or a .toml file"
        )
    try:
        return Recipe.model_validate(tomllib.loads(path.read_text(encoding="utf-8")) | {"name": path.stem})
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"{path}: {error}") from None
    except ValidationError as error:
        problems = [f"  {'.'.join(map(str, one['loc']))} {one['msg']}".rstrip() for one in error.errors()]
        raise RecipeError("\n".join([f"{path} cannot be used:", *problems])) from None
