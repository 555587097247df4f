"""What `POST /inference/chat` takes and answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from orchestrator.parameters import GenerationParameters
from orchestrator.presets import Preset, described_presets
from orchestrator.texts import Asked
from orchestrator.writing import ChosenToken, FinishReason, TokenChance

MAX_MESSAGES = 400
Text = Annotated[str, Field(max_length=200_000)]


class ChatMessage(BaseModel):
    model_config = ConfigDict(extra="forbid")
    role: Literal["system", "user", "assistant"]
    content: Text


class ChatRequest(GenerationParameters):
    """Either `message` or `messages`. A session knows what came before, so it goes with `message` alone."""

    message: Annotated[Text, Field(min_length=1)] | None = Field(None, description="What is said.")
    messages: list[ChatMessage] | None = Field(
        None, min_length=1, max_length=MAX_MESSAGES, description="A whole conversation, oldest first."
    )
    session_id: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9_-]{1,64}$",
        description="The conversation goes on, and what is said and answered is kept; it begins where it was not.",
    )
    system_prompt: str | None = Field(
        None, max_length=16_000, description="Before all messages; beside `message` only. As configured."
    )
    model: str | None = Field(None, max_length=200, description="One of `GET /v1/models`; the default one.")
    language: str | None = Field(
        None, max_length=8, description="In which language the reply is wanted: a code such as en, ar, de."
    )
    preset: Preset | None = Field(None, description=described_presets() + ". Parameters beside it go first.")
    stream: bool = Field(False, description="Answer with server-sent events while it is written.")

    @model_validator(mode="after")
    def _one_question(self) -> ChatRequest:
        if (self.message is None) == (self.messages is None):
            raise ValueError("give either message or messages")
        if self.messages is not None and self.session_id is not None:
            raise ValueError("session_id goes with message: the session knows what came before")
        if self.messages is not None and self.system_prompt is not None:
            raise ValueError("system_prompt goes with message: messages have their own system message")
        if self.session_id is not None and (self.n or 1) > 1:
            raise ValueError("n: a session goes on with one answer")
        return self

    def parameters(self) -> GenerationParameters:
        """The generation parameters that are named here."""
        named = self.model_fields_set & set(GenerationParameters.model_fields)
        return GenerationParameters(**{name: getattr(self, name) for name in named})


class Usage(BaseModel):
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


def usage_of(asked: Sequence[Asked]) -> Usage:
    """The tokens of all prompts and of all answers, thoughts too."""
    prompt = sum(one.prompt_tokens for one in asked)
    written = sum(writing.n_tokens for one in asked for writing in one.writings)
    return Usage(prompt_tokens=prompt, completion_tokens=written, total_tokens=prompt + written)


class TokenLogprob(BaseModel):
    """A token and the natural logarithm of its probability."""

    token: str
    logprob: float


class ChosenTokenLogprob(TokenLogprob):
    top_logprobs: list[TokenLogprob] = []

    @classmethod
    def of(cls, chosen: ChosenToken) -> ChosenTokenLogprob:
        return cls(**finite(chosen), top_logprobs=[TokenLogprob(**finite(one)) for one in chosen.top])


class ChatChoice(BaseModel):
    """One of `n` answers."""

    index: int
    text: str
    thinking: str | None = None
    finish_reason: FinishReason
    logprobs: list[ChosenTokenLogprob] | None = None


class ChatAnswer(BaseModel):
    """`tokens_per_second` counts from the request to the last token; `choices` is there where n is above 1."""

    text: str
    thinking: str | None = None
    finish_reason: FinishReason
    usage: Usage
    tokens_per_second: float
    time_to_first_token_ms: float | None = None
    effective_parameters: GenerationParameters
    logprobs: list[ChosenTokenLogprob] | None = None
    choices: list[ChatChoice] | None = None
    session_id: str | None = None
    model: str
    request_id: str


def finite(chance: TokenChance) -> dict[str, Any]:
    """The fields of a chance as JSON can have them: it has no infinity, and this is as good as impossible."""
    return {"token": chance.token, "logprob": max(chance.logprob, -9999.0)}
