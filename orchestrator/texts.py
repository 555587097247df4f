"""The language model for readers: what is asked becomes generations, and what it can do is known."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

from orchestrator.capabilities import Capabilities, LoadedEngine, capabilities
from orchestrator.choosing import chosen
from orchestrator.errors import BadSetting, ClientError
from orchestrator.fitting import fit
from orchestrator.history import Message
from orchestrator.inference import Generation, Sampling, Writer
from orchestrator.parameters import GenerationParameters, JsonObjectFormat, JsonSchemaFormat
from orchestrator.presets import Preset
from orchestrator.prompt import ChatTemplate, Tools
from orchestrator.thoughts import asked_to_think, with_soft_switches
from orchestrator.writing import Emit, Writing, nobody, write_all

_SAMPLING = (
    *("temperature", "top_p", "top_k", "repetition_penalty", "presence_penalty", "frequency_penalty"),
    *("min_p", "typical_p", "no_repeat_ngram_size", "top_p_decay", "top_p_min", "lora"),
)


class TextEngine(Writer, Protocol):
    """What `triton.TritonInference` is to readers."""

    async def loaded_engine(self) -> LoadedEngine: ...


@dataclass(frozen=True)
class Asked:
    """What is to be written: one writing for each answer, of one prompt, with the parameters in effect."""

    writings: tuple[Writing, ...]
    prompt_tokens: int
    parameters: GenerationParameters


@dataclass(frozen=True)
class TextModel:
    """The loaded model, as those who read see it; `wrote` is told how many tokens were written."""

    engine: TextEngine
    template: ChatTemplate
    context_tokens: int
    wrote: Callable[[int], None]

    async def able(self) -> Capabilities:
        """What the loaded engine can do now. Raises: BackendLost."""
        loaded = await self.engine.loaded_engine()
        return capabilities(loaded, can_think=self.template.can_think, takes_tools=self.template.takes_tools)

    async def parameters(
        self, asked: GenerationParameters, preset: Preset | None, defaults: Mapping[str, Any]
    ) -> GenerationParameters:
        """The parameters in effect; see `choosing.chosen`."""
        recommended = self.template.recommended
        return chosen(asked, preset, await self.able(), recommended, self.context_tokens, defaults)

    def chat(self, messages: Sequence[Message], parameters: GenerationParameters, tools: Tools = ()) -> Asked:
        """The answer to `messages`, as `parameters` in effect say.

        Raises:
            ClientError: the template refuses them, or they do not fit into the context.
        """
        thinking = bool(parameters.enable_thinking)
        if thinking:
            messages = with_soft_switches(messages)
            thinking = asked_to_think(messages)
        room = self._room(parameters, thinking)
        render = partial(self.template.render, enable_thinking=thinking, tools=tools)
        if parameters.truncation == "auto":
            messages = fit(messages, lambda some: len(render(some)), room)
        prompt = render(messages)
        return self._asked(prompt, parameters, room, thinking)

    def complete(self, prompt: Sequence[int], parameters: GenerationParameters) -> Asked:
        """What follows the tokens of `prompt`; `truncation` auto drops its beginning. Raises: BadSetting."""
        room = self._room(parameters, thinking=False)
        if parameters.truncation == "auto":
            prompt = prompt[-room:]
        return self._asked(prompt, parameters, room, thinking=False)

    async def write(self, asked: Sequence[Asked], emit: Emit = nobody) -> None:
        """Write every answer; `emit` gets each piece, and whose it is of all answers. Raises: InferenceError."""
        writings = [writing for one in asked for writing in one.writings]
        try:
            await write_all(self.engine, writings, emit)
        finally:
            self.wrote(sum(writing.n_tokens for writing in writings))

    def _room(self, parameters: GenerationParameters, thinking: bool) -> int:
        reserved = _longest(parameters, thinking)
        if reserved >= self.context_tokens:
            raise BadSetting(
                f"max_new_tokens: {reserved} tokens are reserved for the answer, and the context of the model has "
                f"{self.context_tokens} for prompt and answer; ask for less",
                field="max_new_tokens",
            )
        return self.context_tokens - reserved

    def _asked(
        self, prompt: Sequence[int], parameters: GenerationParameters, room: int, thinking: bool
    ) -> Asked:
        if len(prompt) > room:
            raise ClientError(
                f"the prompt has {len(prompt)} tokens, and there is room for {room}; say less, ask for fewer "
                "max_new_tokens, or set truncation to auto",
                field="messages",
            )
        first = self._generation(prompt, parameters, thinking)
        seed = parameters.seed or 0
        generations = [
            replace(first, request_id=uuid.uuid4().hex, sampling=replace(first.sampling, seed=seed + index))
            for index in range(parameters.n or 1)
        ]
        writings = tuple(self._writing(one, parameters, thinking) for one in generations)
        return Asked(writings, len(prompt), parameters)

    def _generation(
        self, prompt: Sequence[int], parameters: GenerationParameters, thinking: bool
    ) -> Generation:
        values: dict[str, Any] = {name: getattr(parameters, name) for name in _SAMPLING}
        sampling = Sampling(
            max_tokens=_longest(parameters, thinking), min_tokens=parameters.min_new_tokens, **values
        )
        return Generation(
            request_id="",
            prompt_ids=prompt,
            end_id=self.template.end_id,
            pad_id=self.template.pad_id,
            stop_ids=self.template.stop_ids,
            sampling=sampling,
            max_reply_tokens=parameters.max_new_tokens if thinking else None,
            bad_words=self._bad_words(parameters.bad_words or []),
            json_schema=_schema(parameters),
            log_probs=bool(parameters.logprobs),
            logits=bool(parameters.top_logprobs),
        )

    def _writing(self, generation: Generation, parameters: GenerationParameters, thinking: bool) -> Writing:
        return Writing(
            generation,
            self.template.tokenizer,
            stop=parameters.stop_texts,
            top_logprobs=parameters.top_logprobs or 0,
            max_thinking_tokens=parameters.max_thinking_tokens if thinking else None,
        )

    def _bad_words(self, words: Sequence[str]) -> list[list[int]]:
        # A word has other tokens within a text than at its beginning.
        return [
            ids for word in words for text in (word, f" {word}") if (ids := self.template.plain_ids(text))
        ]


def _longest(parameters: GenerationParameters, thinking: bool) -> int:
    thought = parameters.max_thinking_tokens or 0
    return (parameters.max_new_tokens or 1) + (thought if thinking else 0)


def _schema(parameters: GenerationParameters) -> str | None:
    match parameters.response_format:
        case JsonObjectFormat():
            return json.dumps({"type": "object"})
        case JsonSchemaFormat(json_schema=schema):
            return json.dumps(schema.content)
    return None
