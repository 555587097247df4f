"""`POST /v1/completions`: what follows a bare text, without a chat template, as OpenAI's client libraries ask it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request, Response

from orchestrator.access.caller import requires
from orchestrator.api.chat_schema import usage_of
from orchestrator.api.event_stream import Emit, EventStream, while_connected
from orchestrator.api.openai_chat import RESPONSES as CHAT_RESPONSES
from orchestrator.api.openai_schema import Completion, CompletionChoice, CompletionRequest, TokenLogprobs
from orchestrator.api.openai_writing import Envelope, as_last_chunk
from orchestrator.errors import BadSetting
from orchestrator.prompt import ChatTemplate
from orchestrator.served import Served
from orchestrator.texts import Asked, TextModel
from orchestrator.writing import ChosenToken, Piece, Writing

_KIND = "text_completion"
RESPONSES: dict[int | str, dict[str, Any]] = CHAT_RESPONSES | {
    200: {**CHAT_RESPONSES[200], "model": Completion}
}


def openai_completions_router(texts: TextModel, served: Served) -> APIRouter:
    router = APIRouter(tags=["openai"], prefix="/v1", dependencies=[requires("chat")])

    @router.post("/completions", response_model=None, responses=RESPONSES)
    async def completions(request: Request, body: CompletionRequest) -> Response:
        """Continue a text. Beside OpenAI's parameters, those of `POST /inference/chat` are taken."""
        model = served.language_model(body.model)
        parameters = await texts.parameters(body.parameters(), None, served.default_parameters(model))
        asked = [texts.complete(ids, parameters) for ids in prompts(body, texts.template)]
        completing = Completing(asked, Envelope(model, "cmpl"), body, texts.template)
        return await completing.respond(texts, request)

    return router


def prompts(body: CompletionRequest, template: ChatTemplate) -> list[list[int]]:
    """The token ids of each prompt; an empty one is the padding token, as nothing can follow nothing.

    Raises:
        BadSetting: an id that the model does not have.
    """
    given: list[Any] = body.prompt if isinstance(body.prompt, list) else [body.prompt]
    if isinstance(given[0], int):
        given = [given]
    ids = [template.plain_ids(one) if isinstance(one, str) else list(one) for one in given]
    size = template.tokenizer.get_vocab_size()
    if wrong := next((token for one in ids for token in one if token >= size), None):
        raise BadSetting(f"prompt: {wrong} is not a token of this model ({size} tokens)", field="prompt")
    return [one or [template.pad_id] for one in ids]


@dataclass
class Completing:
    """One request that is being answered: `n` answers to each prompt, one prompt after the other."""

    asked: list[Asked]
    envelope: Envelope
    body: CompletionRequest
    template: ChatTemplate

    @property
    def writings(self) -> list[Writing]:
        return [writing for one in self.asked for writing in one.writings]

    async def respond(self, texts: TextModel, request: Request) -> Response:
        if self.body.stream:
            return EventStream(lambda emit: self._stream(texts, emit), as_last_chunk)

        async def write() -> None:
            await texts.write(self.asked)

        await while_connected(request.receive, write)
        choices = [
            CompletionChoice(
                index=index,
                text=self._echo(writing) + writing.text,
                logprobs=self._logprobs(writing.chosen, len(self._echo(writing))),
                finish_reason=writing.finish_reason,
            )
            for index, writing in enumerate(self.writings)
        ]
        answer = Completion(**self.envelope.head(), choices=choices, usage=usage_of(self.asked))
        return Response(answer.model_dump_json(), media_type="application/json")

    async def _stream(self, texts: TextModel, emit: Emit) -> None:
        offsets = [0] * len(self.writings)

        async def emit_text(index: int, text: str, chosen: tuple[ChosenToken, ...] = ()) -> None:
            told = self._logprobs(chosen, offsets[index])
            offsets[index] += len(text)
            choice = {"index": index, "text": text, "finish_reason": None}
            choice["logprobs"] = told.model_dump() if told is not None else None
            await self.envelope.emit(emit, _KIND, [choice])

        async def emit_piece(index: int, piece: Piece) -> None:
            if piece.text or piece.tokens:
                await emit_text(index, piece.text, piece.tokens)

        for index, writing in enumerate(self.writings):
            if echo := self._echo(writing):
                await emit_text(index, echo)
        await texts.write(self.asked, emit_piece)
        for index, writing in enumerate(self.writings):
            choice = {"index": index, "text": "", "logprobs": None, "finish_reason": writing.finish_reason}
            await self.envelope.emit(emit, _KIND, [choice])
        if self.body.include_usage:
            await self.envelope.emit(emit, _KIND, [], usage_of(self.asked))
        await emit("[DONE]", None)

    def _echo(self, writing: Writing) -> str:
        if not self.body.echo:
            return ""
        return str(self.template.tokenizer.decode(list(writing.generation.prompt_ids)))

    def _logprobs(self, chosen: tuple[ChosenToken, ...] | list[ChosenToken], at: int) -> TokenLogprobs | None:
        if self.body.logprobs is None:
            return None
        lengths = [len(one.token) for one in chosen]
        return TokenLogprobs(
            tokens=[one.token for one in chosen],
            token_logprobs=[max(one.logprob, -9999.0) for one in chosen],
            top_logprobs=[{top.token: max(top.logprob, -9999.0) for top in one.top} for one in chosen],
            text_offset=[at + sum(lengths[:index]) for index in range(len(lengths))],
        )
