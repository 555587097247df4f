"""What the routes of OpenAI's API take and answer; beside OpenAI's own parameters they take all of ours."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from orchestrator.api.chat_schema import MAX_MESSAGES, Text, Usage
from orchestrator.parameters import MAX_CHOICES, GenerationParameters
from orchestrator.writing import FinishReason

TokenId = Annotated[int, Field(ge=0, lt=2**31)]
_TokenIds = Annotated[list[TokenId], Field(min_length=1, max_length=131_072)]
_Prompts = Annotated[list[Text] | list[_TokenIds], Field(min_length=1, max_length=MAX_CHOICES)]


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid")


class TextPart(_Closed):
    type: Literal["text"]
    text: Text


class FunctionCall(_Closed):
    """`arguments` is JSON text."""

    name: str = Field(max_length=200)
    arguments: Text


class MessageToolCall(_Closed):
    id: str = Field(max_length=200)
    type: Literal["function"] = "function"
    function: FunctionCall


class OpenAIMessage(_Closed):
    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: Text | list[TextPart] | None = None
    name: str | None = Field(None, max_length=200)
    tool_calls: list[MessageToolCall] | None = Field(None, max_length=64)
    tool_call_id: str | None = Field(None, max_length=200)

    @property
    def text(self) -> str:
        parts = self.content if isinstance(self.content, list) else []
        return self.content if isinstance(self.content, str) else "".join(part.text for part in parts)


class FunctionDescription(_Closed):
    name: str = Field(min_length=1, max_length=64)
    description: str | None = Field(None, max_length=16_000)
    parameters: dict[str, Any] = {}
    strict: bool | None = None


class Tool(_Closed):
    type: Literal["function"]
    function: FunctionDescription


class StreamOptions(_Closed):
    include_usage: bool = False


class _OpenAIRequest(GenerationParameters):
    model: str = Field(max_length=200, description="One of `GET /v1/models`.")
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    max_tokens: int | None = Field(None, ge=1, le=32_768, description="OpenAI's name of max_new_tokens.")
    user: str | None = Field(
        None, max_length=512, description="A name of the caller's own; it changes nothing."
    )

    def parameters(self) -> GenerationParameters:
        """The generation parameters that are named here, under our names."""
        names = self.model_fields_set & set(GenerationParameters.model_fields)
        named = {name: getattr(self, name) for name in names}
        longest = self._longest()
        return GenerationParameters(**(named | ({} if longest is None else {"max_new_tokens": longest})))

    def _longest(self) -> int | None:
        return self.max_tokens

    @property
    def include_usage(self) -> bool:
        return self.stream_options is not None and self.stream_options.include_usage


class ChatCompletionRequest(_OpenAIRequest):
    messages: list[OpenAIMessage] = Field(min_length=1, max_length=MAX_MESSAGES)
    max_completion_tokens: int | None = Field(None, ge=1, le=32_768, description="As max_tokens.")
    tools: list[Tool] | None = Field(None, max_length=128)
    tool_choice: Literal["none", "auto"] | None = None
    parallel_tool_calls: bool | None = Field(
        None, description="true: as it is. The model decides how many calls it writes."
    )

    @model_validator(mode="after")
    def _one_length(self) -> ChatCompletionRequest:
        given = [self.max_tokens, self.max_completion_tokens, self.max_new_tokens]
        if sum(length is not None for length in given) > 1:
            raise ValueError("give one of max_tokens, max_completion_tokens and max_new_tokens")
        if self.parallel_tool_calls is False:
            raise ValueError("parallel_tool_calls: the model cannot be held to one call")
        return self

    def _longest(self) -> int | None:
        return self.max_completion_tokens or self.max_tokens

    @property
    def offered_tools(self) -> list[dict[str, Any]]:
        """The tools that the model is told of."""
        tools = [] if self.tool_choice == "none" else self.tools or []
        return [tool.model_dump(exclude_none=True) for tool in tools]


class CompletionRequest(_OpenAIRequest):
    """`logprobs` is a number here: so many likely tokens beside each."""

    prompt: Text | _TokenIds | _Prompts
    logprobs: int | None = Field(None, ge=0, le=20)  # type: ignore[assignment]

    @model_validator(mode="after")
    def _one_length(self) -> CompletionRequest:
        if self.max_tokens is not None and self.max_new_tokens is not None:
            raise ValueError("give one of max_tokens and max_new_tokens")
        if self.top_logprobs is not None:
            raise ValueError("top_logprobs: here logprobs is the number")
        return self

    def parameters(self) -> GenerationParameters:
        names = self.model_fields_set & set(GenerationParameters.model_fields) - {"logprobs", "top_logprobs"}
        named = {name: getattr(self, name) for name in names}
        if self.max_tokens is not None:
            named["max_new_tokens"] = self.max_tokens
        if self.logprobs is not None:
            named |= {"logprobs": True, "top_logprobs": self.logprobs}
        return GenerationParameters(**named)


class TopLogprob(BaseModel):
    """`bytes` is always null: one token need not be whole characters."""

    token: str
    logprob: float
    bytes: list[int] | None = None


class ContentLogprob(TopLogprob):
    top_logprobs: list[TopLogprob] = []


class ChoiceLogprobs(BaseModel):
    content: list[ContentLogprob]
    refusal: None = None


class AnswerMessage(BaseModel):
    """`reasoning_content` is what the model thought."""

    role: Literal["assistant"] = "assistant"
    content: str | None
    reasoning_content: str | None = None
    tool_calls: list[MessageToolCall] | None = None


class ChatCompletionChoice(BaseModel):
    index: int
    message: AnswerMessage
    logprobs: ChoiceLogprobs | None = None
    finish_reason: FinishReason


class ChatCompletion(BaseModel):
    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: list[ChatCompletionChoice]
    usage: Usage


class TokenLogprobs(BaseModel):
    """Of one completion, token by token."""

    tokens: list[str]
    token_logprobs: list[float]
    top_logprobs: list[dict[str, float]]
    text_offset: list[int]


class CompletionChoice(BaseModel):
    index: int
    text: str
    logprobs: TokenLogprobs | None = None
    finish_reason: FinishReason


class Completion(BaseModel):
    id: str
    object: Literal["text_completion"] = "text_completion"
    created: int
    model: str
    choices: list[CompletionChoice]
    usage: Usage


class OpenAIModel(BaseModel):
    id: str
    object: Literal["model"] = "model"
    created: int
    owned_by: str = "beautyai"


class OpenAIModels(BaseModel):
    object: Literal["list"] = "list"
    data: list[OpenAIModel]
