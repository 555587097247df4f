"""What the loaded language model can do: of each parameter, that it is supported, or why it is not. Pure.

An engine is known by what Triton says of the model `tensorrt_llm`: its inputs and its `parameters`. The CPU twin takes
inputs that the C++ backend does not have, TensorRT-LLM's LLM API is named by the parameter `engine`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Engine = Literal["llama.cpp", "tensorrt_llm", "llmapi"]

TWIN_INPUTS = ("min_p", "typical_p", "no_repeat_ngram_size")
"""Inputs of `tensorrt_llm` that only the CPU twin declares."""

PARAMETERS = (
    *("temperature", "top_p", "top_k", "min_p", "typical_p", "do_sample", "seed"),
    *("repetition_penalty", "presence_penalty", "frequency_penalty", "no_repeat_ngram_size"),
    *("max_new_tokens", "min_new_tokens", "stop", "bad_words"),
    *("num_beams", "length_penalty", "early_stopping", "top_p_decay", "top_p_min"),
    *("logprobs", "top_logprobs", "n", "enable_thinking", "max_thinking_tokens"),
    *("response_format", "lora", "echo", "truncation", "tools"),
)
NEUTRAL: Mapping[str, Any] = {
    "min_p": 0.0,
    "typical_p": 1.0,
    "no_repeat_ngram_size": 0,
    "num_beams": 1,
    "length_penalty": 1.0,
    "early_stopping": False,
    "top_p_decay": 1.0,
    "top_logprobs": 0,
    "enable_thinking": False,
}
"""The value of a parameter that asks for nothing: taken everywhere."""

_BEAMS = "answers are streamed as they are written; with a beam search their words could still change"
_NAMES: Mapping[Engine, str] = {
    "llama.cpp": "the CPU engine (llama.cpp)",
    "tensorrt_llm": "TensorRT-LLM's C++ backend",
    "llmapi": "TensorRT-LLM's LLM API behind these tensors",
}


@dataclass(frozen=True)
class LoadedEngine:
    """What Triton says of `tensorrt_llm`: the names of its inputs, and its `parameters` as strings."""

    inputs: frozenset[str]
    parameters: Mapping[str, str]

    @property
    def engine(self) -> Engine:
        if self.parameters.get("engine") == "llmapi":
            return "llmapi"
        return "llama.cpp" if self.inputs.issuperset(TWIN_INPUTS) else "tensorrt_llm"


@dataclass(frozen=True)
class Capabilities:
    """`refused`: parameter -> why the loaded engine or model cannot do it. What is not there is supported."""

    engine: Engine
    refused: Mapping[str, str] = field(default_factory=dict)

    def refusal(self, name: str, value: object) -> str | None:
        """Why `name` cannot have this value, or None; values that ask for nothing are never refused."""
        asks_nothing = value is None or (name in NEUTRAL and value == NEUTRAL[name])
        return None if asks_nothing else self.refused.get(name)

    def described(self) -> dict[str, dict[str, Any]]:
        """For JSON: `{"min_p": {"supported": false, "reason": "…"}, …}`, of every parameter."""
        return {
            name: {"supported": name not in self.refused, "reason": self.refused.get(name)}
            for name in PARAMETERS
        }


def capabilities(loaded: LoadedEngine, *, can_think: bool, takes_tools: bool) -> Capabilities:
    """What may be asked of the model that is loaded; the last two are traits of its chat template."""
    refused = dict.fromkeys(("num_beams", "length_penalty", "early_stopping"), _BEAMS)
    refused |= _of_engine(loaded) | _of_template(can_think, takes_tools)
    return Capabilities(loaded.engine, refused)


def _of_template(can_think: bool, takes_tools: bool) -> dict[str, str]:
    refused: dict[str, str] = {}
    if not can_think:
        reason = "the loaded model has no thoughts: its chat template does not take enable_thinking"
        refused |= {"enable_thinking": reason, "max_thinking_tokens": reason}
    if not takes_tools:
        refused["tools"] = "the loaded model knows no tools: its chat template does not take them"
    return refused


def _of_engine(loaded: LoadedEngine) -> dict[str, str]:
    name, given = _NAMES[loaded.engine], loaded.parameters
    if loaded.engine == "llama.cpp":
        return {"lora": f"{name} loads no adapters"}
    refused = dict.fromkeys(TWIN_INPUTS, f"{name} has no such input")
    refused["top_logprobs"] = f"{name} gives no logits: engines are built without --gather_generation_logits"
    if loaded.engine == "llmapi":
        refused |= dict.fromkeys(("top_p_decay", "top_p_min"), f"{name} has no top-p decay")
        refused |= dict.fromkeys(("response_format", "lora"), f"{name} cannot do this")
        return refused
    if not given.get("guided_decoding_backend"):
        refused["response_format"] = f"{name} was started without a guided_decoding_backend"
    if not given.get("lora_prefetch_dir"):
        refused["lora"] = f"{name} was started without adapters (lora_prefetch_dir)"
    return refused
