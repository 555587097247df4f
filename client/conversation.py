"""One conversation over the WebSocket: audio and words in, events out.

    async with Conversation("http://127.0.0.1:8000") as conversation:
        await conversation.send_text("Hello")
        async for event in conversation:
            ...

Sending and receiving may go on in two tasks at once. Knows nothing of files, clocks and sound devices.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Literal
from urllib.parse import urlencode

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI

from client.address import DEFAULT_URL, is_on_this_machine, websocket_address
from client.errors import ConnectionLost, ConversationRefused, ProtocolError, ServerUnreachable
from client.events import Event, VoiceResponse, parse_event

SAMPLE_RATE = 16_000

_MAX_MESSAGE_BYTES = 16 * 1024 * 1024
_NORMAL_CLOSE_CODES = (1000, 1001)


@dataclass(frozen=True)
class Opening:
    """What the client asks for when it connects; an empty string leaves the server's setting."""

    language: str = "auto"
    voice: str = ""
    session_id: str = ""
    input: Literal["pcm16", "webm", "ogg", "wav", "mulaw"] = "pcm16"
    input_rate: int = SAMPLE_RATE
    output: Literal["base64", "binary"] = "binary"

    def query(self) -> str:
        """The query string, without what is empty."""
        return urlencode({name: value for name, value in vars(self).items() if value != ""})


class Conversation:
    """An open session. Iterating ends when the server closes normally. `key` is sent as a bearer token.

    Raises:
        ServerUnreachable: on entering, nothing answers.
        ConversationRefused: on entering, the server refuses the WebSocket.
        ConnectionLost: on sending or iterating, the server closed abnormally.
        ProtocolError: on iterating, a message the wire does not allow.
    """

    def __init__(
        self,
        url: str = DEFAULT_URL,
        opening: Opening | None = None,
        *,
        key: str = "",
        connect_timeout_s: float = 10.0,
    ) -> None:
        self.url = url
        self.opening = opening or Opening()
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._connect_timeout_s = connect_timeout_s
        self._awaiting_pcm: VoiceResponse | None = None

    async def __aenter__(self) -> Conversation:
        proxy: Literal[True] | None = None if is_on_this_machine(self.url) else True
        try:
            self._websocket: ClientConnection = await connect(
                websocket_address(self.url, self.opening.query()),
                additional_headers=self._headers,
                max_size=_MAX_MESSAGE_BYTES,
                open_timeout=self._connect_timeout_s,
                proxy=proxy,
            )
        except InvalidStatus as error:
            raise _refusal(self.url, error) from error
        except (OSError, TimeoutError, InvalidHandshake, InvalidURI) as error:
            raise ServerUnreachable(
                f"no BeautyAI server answers at {self.url} ({str(error) or type(error).__name__}); "
                "start one with `make run` (or `beautyai serve`), or give its address with --url"
            ) from error
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._websocket.close()

    async def send_audio(self, chunk: bytes) -> None:
        """Send audio in the opening's `input` format; PCM16 is little-endian mono, in whole samples."""
        await self._send(chunk)

    async def send_text(self, text: str) -> None:
        """Take a turn by typing."""
        await self._send_json({"type": "text", "text": text})

    async def configure(self, settings: Mapping[str, Any]) -> None:
        """Change settings of the session, for example `{"language": "en"}`."""
        await self._send_json({**settings, "type": "configure"})

    async def commit(self) -> None:
        """End the utterance now, without waiting for the silence."""
        await self._send_json({"type": "commit"})

    async def interrupt(self) -> None:
        """Stop the reply."""
        await self._send_json({"type": "interrupt"})

    async def report_playback(self, turn: int, played_ms: float) -> None:
        """Tell how much of a turn's reply was heard; the history keeps no more than that."""
        await self._send_json({"type": "playback", "turn": turn, "played_ms": round(played_ms)})

    async def ping(self, ping_id: int | str | None = None) -> None:
        """Ask for a `pong`."""
        await self._send_json({"type": "ping"} if ping_id is None else {"type": "ping", "id": ping_id})

    async def receive(self) -> Event:
        """The next event, complete with its audio. Safe to cancel: nothing is lost.

        Raises:
            ConnectionLost: the connection is closed, normally or not.
            ProtocolError: a message the wire does not allow.
        """
        while True:
            message = await self._receive_message()
            waiting, self._awaiting_pcm = self._awaiting_pcm, None
            if isinstance(message, bytes):
                if waiting is None:
                    raise ProtocolError("binary audio came without a voice_response before it")
                return replace(waiting, pcm=message)
            if waiting is not None:
                raise ProtocolError("the audio of a voice_response did not follow it")
            event = parse_event(message)
            if not isinstance(event, VoiceResponse) or self.opening.output == "base64":
                return event
            self._awaiting_pcm = event

    def __aiter__(self) -> Conversation:
        return self

    async def __anext__(self) -> Event:
        try:
            return await self.receive()
        except ConnectionLost as lost:
            if lost.close_code in _NORMAL_CLOSE_CODES:
                raise StopAsyncIteration from None
            raise

    async def _receive_message(self) -> str | bytes:
        try:
            return await self._websocket.recv()
        except ConnectionClosed as closed:
            raise _lost(closed) from closed

    async def _send_json(self, message: Mapping[str, Any]) -> None:
        await self._send(json.dumps(message, ensure_ascii=False))

    async def _send(self, message: str | bytes) -> None:
        try:
            await self._websocket.send(message)
        except ConnectionClosed as closed:
            raise _lost(closed) from closed


def _refusal(url: str, error: InvalidStatus) -> ConversationRefused:
    """What a server that answers says instead of opening a conversation."""
    status = error.response.status_code
    reason = _reason(error.response.body or b"") or "is this the address of a BeautyAI server?"
    return ConversationRefused(
        f"the server at {url} refused the conversation (HTTP {status}): {reason}", status
    )


def _reason(body: bytes | bytearray) -> str:
    try:
        problem = json.loads(body)
        return str(problem.get("detail") or problem.get("message") or "")
    except (ValueError, AttributeError):
        return ""


def _lost(closed: ConnectionClosed) -> ConnectionLost:
    if closed.rcvd is None:
        return ConnectionLost(1006, "no closing handshake; the server may have died")
    return ConnectionLost(closed.rcvd.code, closed.rcvd.reason)
