"""The voice conversation endpoint: admission, the query, and a connection's tasks from accept to close."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass, field

import anyio
from starlette.responses import JSONResponse
from starlette.websockets import WebSocket

from orchestrator import protocol, websocket
from orchestrator.access.caller import caller_of
from orchestrator.admission import Admission, Refusal
from orchestrator.config import Settings
from orchestrator.errors import InferenceOverloaded, InferenceTimeout, VoiceError
from orchestrator.inference import Inference
from orchestrator.metrics import Metrics
from orchestrator.prompt import ChatTemplate
from orchestrator.session import Session
from orchestrator.store.conversations import Conversations

log = logging.getLogger(__name__)

VOICE_PATH = "/ws/voice-conversation"

_REFUSALS = {
    "full": "all sessions are taken; try again soon",
    "slow": "those who are here wait too long for their answers; try again soon",
}
_TOO_BUSY = (InferenceOverloaded.code, InferenceTimeout.code)


@dataclass
class VoiceConversations:
    """The endpoint of `/ws/voice-conversation`; counts its open sessions and refuses what would slow them."""

    settings: Settings
    inference: Inference
    template: ChatTemplate
    metrics: Metrics
    conversations: Conversations
    open_sessions: int = 0
    _admission: Admission = field(init=False)

    def __post_init__(self) -> None:
        self._admission = Admission(self.settings.max_sessions, self.settings.admission_wait_ms / 1000)

    def apply(self, settings: Settings) -> None:
        """Take other settings for those who come from now on."""
        self.settings = settings
        self._admission.allow(settings.max_sessions, settings.admission_wait_ms / 1000)

    async def serve(self, socket: WebSocket) -> None:
        """Converse on one WebSocket until it closes; refuse it with 503 before accept where `admission` says so."""
        if refusal := self._admission.refusal(self.open_sessions):
            await self._refuse(socket, refusal)
            return
        self.open_sessions += 1
        self.metrics.session_opened()
        try:
            await socket.accept()
            await self._converse(socket)
        finally:
            self.open_sessions -= 1
            self.metrics.session_closed()

    async def _refuse(self, socket: WebSocket, refusal: Refusal) -> None:
        self.metrics.session_refused(refusal.reason)
        problem = {"code": "overloaded", "message": _REFUSALS[refusal.reason], "retryable": True}
        headers = {"Retry-After": str(refusal.retry_after_seconds)}
        await socket.send_denial_response(JSONResponse(problem, 503, headers))

    async def _converse(self, socket: WebSocket) -> None:
        error: VoiceError | None = None
        async with anyio.create_task_group() as tasks:
            outbox = websocket.Outbox(
                socket, tasks.cancel_scope, self.metrics, binary=socket.query_params.get("output") == "binary"
            )
            try:
                query = websocket.Query.of(socket)
                await self._talk(socket, query, outbox, tasks)
            except VoiceError as fault:
                error = fault
            except Exception:
                log.exception("a session broke")
                error = VoiceError(
                    "the session broke inside the server; connect again with the same session_id"
                )
            if error is not None:
                outbox.put(protocol.Error(error.code, str(error), error.retryable))
                await outbox.flush()
            tasks.cancel_scope.cancel()
        await websocket.close(socket, error or outbox.error)

    async def _talk(
        self, socket: WebSocket, query: websocket.Query, outbox: websocket.Outbox, tasks: anyio.abc.TaskGroup
    ) -> None:
        settings = query.settings(self.settings.session)
        ears = websocket.Ears(query.input, query.input_rate)
        conversation, resumed = await self.conversations.open(query.session_id, caller_of(socket).user)
        session = Session(
            inference=self.inference,
            template=self.template,
            conversation=conversation,
            settings=settings,
            context_tokens=self.settings.llm_context_tokens,
            metrics=self.metrics,
            send=self._noting_waits(outbox.put),
        )
        await session.check_voice(settings.voice)
        shown = settings.model_dump(exclude={"system_prompt"})
        outbox.put(protocol.Ready(conversation.id, resumed, protocol.VERSION, shown))
        log.info("session %s opened%s", conversation.id, " again" if resumed else "")
        async with session:
            tasks.start_soon(outbox.drain)
            await websocket.Connection(socket, session, outbox, ears, self.metrics).receive()

    def _noting_waits(
        self, send: Callable[[protocol.ServerMessage], None]
    ) -> Callable[[protocol.ServerMessage], None]:
        def note_and_send(message: protocol.ServerMessage) -> None:
            wait_seconds = _wait_seconds(message)
            if wait_seconds is not None:
                self._admission.turn_waited(wait_seconds)
            send(message)

        return note_and_send


def _wait_seconds(message: protocol.ServerMessage) -> float | None:
    """What the message tells of a wait after the end of a turn; infinite where the models had too much to do."""
    match message:
        case protocol.TurnMetrics(first_audio_ms=float(wait_ms)):
            return wait_ms / 1000
        case protocol.TurnMetrics(final_transcript_ms=float(wait_ms)):
            return wait_ms / 1000
        case protocol.Error(code=code, turn=int()) if code in _TOO_BUSY:
            return math.inf
    return None
