"""`POST /inference/chat`: what is asked in text is answered in text, whole or while it is written."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import anyio
from fastapi import APIRouter, Request, Response

from orchestrator.access.caller import Caller, requires
from orchestrator.api.chat_schema import ChatAnswer, ChatChoice, ChatRequest, ChosenTokenLogprob, usage_of
from orchestrator.api.event_stream import Emit, EventStream, described_events, while_connected
from orchestrator.api.problems import described, problem_of
from orchestrator.errors import VoiceError
from orchestrator.history import Conversation, Message
from orchestrator.reply_language import instruction
from orchestrator.request_ids import current_request_id
from orchestrator.served import Served
from orchestrator.store.conversations import Conversations
from orchestrator.texts import Asked, TextModel
from orchestrator.writing import Piece, Writing

_EVENTS = (
    "The answer. With `stream`, server-sent events: `delta` and `thinking` {text, index?}, then `done` with this "
    "answer, or `error` with a problem."
)
_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "model": ChatAnswer,
        "description": _EVENTS,
        "content": described_events(("delta", "thinking", "done", "error"), "JSON"),
    },
    **described(400, 401, 403, 404, 409, 413, 422, 429, 500, 502, 503, 504),
}


def chat_router(
    texts: TextModel, conversations: Conversations, served: Served, system_prompt: Callable[[], str]
) -> APIRouter:
    """`system_prompt` gives the one that is used where a request has none."""
    router = APIRouter(tags=["chat"])

    @router.post("/inference/chat", response_model=None, responses=_RESPONSES)
    async def chat(
        request: Request, body: ChatRequest, caller: Annotated[Caller, requires("chat")]
    ) -> Response:
        """Answer a message or a conversation.

        What the loaded model cannot do is refused by the parameter's name; nothing is dropped.
        """
        model = served.language_model(body.model)
        parameters = await texts.parameters(body.parameters(), body.preset, served.default_parameters(model))
        session = None
        if body.session_id:
            session, _ = await conversations.open(body.session_id, caller.user)
        prompt = _messages(body, session, system_prompt())
        answering = Answering(body, texts.chat(prompt, parameters), session, model)
        if session is not None:
            await session.said(body.message or "")
        if body.stream:
            return EventStream(lambda emit: answering.stream(texts, emit), _as_error_event)
        return await answering.whole(texts, request)

    return router


def _as_error_event(error: VoiceError) -> tuple[str, str | None]:
    return json.dumps(problem_of(error).model_dump(exclude_none=True)), "error"


def _messages(body: ChatRequest, session: Conversation | None, system_prompt: str) -> list[Message]:
    line = instruction(body.language)
    if body.messages is not None:
        given: list[Message] = [{"role": one.role, "content": one.content} for one in body.messages]
        return _with_line(given, line)
    chosen = system_prompt if body.system_prompt is None else body.system_prompt
    system = "\n".join(filter(None, (chosen, line)))
    said = body.message or ""
    if session is not None:
        return session.prompt(system, said)
    first: list[Message] = [{"role": "system", "content": system}] if system else []
    return [*first, {"role": "user", "content": said}]


def _with_line(messages: list[Message], line: str) -> list[Message]:
    if not line:
        return messages
    if messages[0]["role"] != "system":
        return [{"role": "system", "content": line}, *messages]
    return [{"role": "system", "content": f"{messages[0]['content']}\n{line}"}, *messages[1:]]


@dataclass
class Answering:
    """One request that is being answered, and kept in its session."""

    body: ChatRequest
    asked: Asked
    session: Conversation | None
    model: str

    def __post_init__(self) -> None:
        self._began = time.monotonic()

    async def whole(self, texts: TextModel, request: Request) -> Response:
        """The answer when it is complete; a client that leaves before gets none, and none is kept."""

        async def write() -> None:
            await texts.write([self.asked])
            await self._keep(cut=False)

        await while_connected(request.receive, write)
        return Response(self._answer(), media_type="application/json")

    async def stream(self, texts: TextModel, emit: Emit) -> None:
        """The answer event by event; where it is broken off, what was sent is kept as cut."""
        complete = False
        try:
            for index, text in enumerate(self._echoes()):
                await emit(self._delta(index, text), "delta")
            await texts.write([self.asked], self._emit_to(emit))
            complete = True
        finally:
            with anyio.CancelScope(shield=True):
                await self._keep(cut=not complete)
        await emit(self._answer(), "done")

    def _emit_to(self, emit: Emit) -> Any:
        async def emit_piece(index: int, piece: Piece) -> None:
            if piece.thinking:
                await emit(self._delta(index, piece.thinking), "thinking")
            if piece.text:
                await emit(self._delta(index, piece.text), "delta")

        return emit_piece

    def _delta(self, index: int, text: str) -> str:
        several = len(self.asked.writings) > 1
        return json.dumps({"text": text, "index": index} if several else {"text": text}, ensure_ascii=False)

    async def _keep(self, *, cut: bool) -> None:
        first = self.asked.writings[0]
        if self.session is not None:
            await self.session.heard(first.text.strip(), cut=cut, thinking=first.thinking.strip())

    def _echoes(self) -> list[str]:
        return [self._echo()] * len(self.asked.writings) if self._echo() else []

    def _echo(self) -> str:
        if not self.asked.parameters.echo:
            return ""
        last = self.body.messages[-1].content if self.body.messages else self.body.message
        return last or ""

    def _choice(self, index: int, writing: Writing) -> ChatChoice:
        logprobs = [ChosenTokenLogprob.of(one) for one in writing.chosen]
        return ChatChoice(
            index=index,
            text=self._echo() + writing.text,
            thinking=writing.thinking.strip() or None,
            finish_reason=writing.finish_reason,
            logprobs=logprobs if self.asked.parameters.logprobs else None,
        )

    def _answer(self) -> str:
        writings = self.asked.writings
        choices = [self._choice(index, writing) for index, writing in enumerate(writings)]
        first = choices[0]
        answer = ChatAnswer(
            text=first.text,
            thinking=first.thinking,
            finish_reason=first.finish_reason,
            logprobs=first.logprobs,
            usage=usage_of([self.asked]),
            choices=choices if len(choices) > 1 else None,
            effective_parameters=self.asked.parameters,
            session_id=self.session.id if self.session is not None else None,
            model=self.model,
            request_id=current_request_id.get(),
            **self._times(writings),
        )
        return answer.model_dump_json(exclude_none=True)

    def _times(self, writings: Sequence[Writing]) -> dict[str, float | None]:
        firsts = [one.first_token_at for one in writings if one.first_token_at is not None]
        ended = max(one.ended_at or self._began for one in writings)
        seconds = max(ended - self._began, 1e-6)
        return {
            "time_to_first_token_ms": round(1000 * (min(firsts) - self._began), 2) if firsts else None,
            "tokens_per_second": round(sum(one.n_tokens for one in writings) / seconds, 2),
        }
