"""`POST /v1/chat/completions`: chat in the form that OpenAI's client libraries speak."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter, Request, Response

from orchestrator.access.caller import requires
from orchestrator.api.chat_schema import usage_of
from orchestrator.api.event_stream import Emit, EventStream, described_events, while_connected
from orchestrator.api.openai_problems import described_openai
from orchestrator.api.openai_schema import (
    AnswerMessage,
    ChatCompletion,
    ChatCompletionChoice,
    ChatCompletionRequest,
    FunctionCall,
    MessageToolCall,
    OpenAIMessage,
)
from orchestrator.api.openai_writing import Envelope, as_last_chunk, choice_logprobs
from orchestrator.errors import UnsupportedParameter
from orchestrator.served import Served
from orchestrator.texts import Asked, TextModel
from orchestrator.tool_calls import ToolCall, ToolCallFilter
from orchestrator.writing import Piece, Writing

_CHUNK = "chat.completion.chunk"
RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "model": ChatCompletion,
        "description": "The answer; with `stream`, server-sent events of chunks, the last one `[DONE]`.",
        "content": described_events((), "JSON of a chunk, or `[DONE]`"),
    },
    **described_openai(400, 401, 403, 404, 413, 429, 500, 502, 503, 504),
}


def openai_chat_router(texts: TextModel, served: Served) -> APIRouter:
    router = APIRouter(tags=["openai"], prefix="/v1/chat", dependencies=[requires("chat")])

    @router.post("/completions", response_model=None, responses=RESPONSES)
    async def chat_completions(request: Request, body: ChatCompletionRequest) -> Response:
        """Answer a conversation. Beside OpenAI's parameters, those of `POST /inference/chat` are taken."""
        model = served.language_model(body.model)
        parameters = await texts.parameters(body.parameters(), None, served.default_parameters(model))
        tools = body.offered_tools
        if tools and (reason := (await texts.able()).refused.get("tools")):
            raise UnsupportedParameter(f"tools: {reason}", field="tools")
        asked = texts.chat([_message(one) for one in body.messages], parameters, tools)
        completing = Completing(asked, Envelope(model, "chatcmpl"), body, bool(tools))
        return await completing.respond(texts, request)

    return router


def _message(message: OpenAIMessage) -> Any:
    role = "system" if message.role == "developer" else message.role
    told: dict[str, Any] = {"role": role, "content": message.text}
    if message.tool_calls:
        told["tool_calls"] = [call.model_dump() for call in message.tool_calls]
    return told


@dataclass
class Completing:
    """One request that is being answered."""

    asked: Asked
    envelope: Envelope
    body: ChatCompletionRequest
    has_tools: bool
    filters: list[ToolCallFilter] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.filters = [ToolCallFilter() for _ in self.asked.writings]

    async def respond(self, texts: TextModel, request: Request) -> Response:
        if self.body.stream:
            return EventStream(lambda emit: self._stream(texts, emit), as_last_chunk)

        async def write() -> None:
            await texts.write([self.asked])

        await while_connected(request.receive, write)
        choices = [self._choice(index, writing) for index, writing in enumerate(self.asked.writings)]
        answer = ChatCompletion(**self.envelope.head(), choices=choices, usage=usage_of([self.asked]))
        return Response(answer.model_dump_json(), media_type="application/json")

    async def _stream(self, texts: TextModel, emit: Emit) -> None:
        async def emit_piece(index: int, piece: Piece) -> None:
            await self._emit_piece(emit, index, piece)

        for index in range(len(self.asked.writings)):
            text = {"role": "assistant", "content": self._echo()}
            await self.envelope.emit(emit, _CHUNK, [_delta(index, text)])
        await texts.write([self.asked], emit_piece)
        for index, writing in enumerate(self.asked.writings):
            await self._emit_end(emit, index, writing)
        if self.body.include_usage:
            await self.envelope.emit(emit, _CHUNK, [], usage_of([self.asked]))
        await emit("[DONE]", None)

    async def _emit_piece(self, emit: Emit, index: int, piece: Piece) -> None:
        delta: dict[str, Any] = {}
        if piece.thinking:
            delta["reasoning_content"] = piece.thinking
        if text := self.filters[index].push(piece.text) if self.has_tools else piece.text:
            delta["content"] = text
        if delta or piece.tokens:
            choice = _delta(index, delta)
            if self.asked.parameters.logprobs:
                choice["logprobs"] = choice_logprobs(piece.tokens).model_dump()
            await self.envelope.emit(emit, _CHUNK, [choice])

    async def _emit_end(self, emit: Emit, index: int, writing: Writing) -> None:
        rest, calls = self.filters[index].flush()
        delta: dict[str, Any] = {"content": rest} if rest else {}
        if calls:
            told = [call.model_dump() for call in _calls(calls)]
            delta["tool_calls"] = [{"index": at, **call} for at, call in enumerate(told)]
        if delta:
            await self.envelope.emit(emit, _CHUNK, [_delta(index, delta)])
        reason = "tool_calls" if calls else writing.finish_reason
        await self.envelope.emit(emit, _CHUNK, [_delta(index, {}) | {"finish_reason": reason}])

    def _choice(self, index: int, writing: Writing) -> ChatCompletionChoice:
        text, calls = writing.text, list[ToolCall]()
        if self.has_tools:
            text = self.filters[index].push(writing.text)
            rest, calls = self.filters[index].flush()
            text += rest
        message = AnswerMessage(
            content=self._echo() + text if text or not calls else None,
            reasoning_content=writing.thinking.strip() or None,
            tool_calls=_calls(calls) or None,
        )
        return ChatCompletionChoice(
            index=index,
            message=message,
            logprobs=choice_logprobs(writing.chosen) if self.asked.parameters.logprobs else None,
            finish_reason="tool_calls" if calls else writing.finish_reason,
        )

    def _echo(self) -> str:
        return self.body.messages[-1].text if self.asked.parameters.echo else ""


def _delta(index: int, delta: dict[str, Any]) -> dict[str, Any]:
    return {"index": index, "delta": delta, "logprobs": None, "finish_reason": None}


def _calls(calls: Sequence[ToolCall]) -> list[MessageToolCall]:
    return [
        MessageToolCall(
            id=f"call_{uuid.uuid4().hex[:24]}",
            function=FunctionCall(name=call.name, arguments=call.arguments),
        )
        for call in calls
    ]
