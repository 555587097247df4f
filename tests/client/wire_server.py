"""A small server that speaks the wire, version 1, for the tests: energy for ears, words from a list."""

from __future__ import annotations

import base64
import json
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

END_SILENCE_MS = 100
REPLY_RATE = 22_050
REPLY_PCM = (np.arange(2 * REPLY_RATE // 10) % 100 * 50).astype("<i2").tobytes()  # 200 ms
WORDS = "what is the capital of france"
REPLY = "Paris."


@dataclass
class Session:
    """One connection: what came in, and where its turn stands."""

    socket: ServerConnection
    query: dict[str, str]
    started_s: float = field(default_factory=time.monotonic)
    seq: int = 0
    turn: int = -1
    speaking: bool = False
    silence_ms: float = 0.0
    audio_ms: float = 0.0

    async def send(self, kind: str, **content: Any) -> None:
        at_ms = (time.monotonic() - self.started_s) * 1000
        await self.socket.send(json.dumps({"type": kind, "seq": self.seq, "at_ms": at_ms, **content}))
        self.seq += 1

    async def send_voice(self, index: int, text: str, pcm: bytes) -> None:
        binary = self.query.get("output") == "binary"
        audio = {} if binary else {"audio": base64.b64encode(pcm).decode()}
        duration_ms = len(pcm) / 2 / REPLY_RATE * 1000
        await self.send(
            "voice_response",
            turn=self.turn,
            index=index,
            text=text,
            sample_rate=REPLY_RATE,
            duration_ms=duration_ms,
            **audio,
        )
        if binary:
            await self.socket.send(pcm)


class WireServer:
    """Answers every utterance and every text; `misbehaviour` makes it do worse.

    Attributes:
        misbehaviour: "", "deaf", "mute", "fail", "fatal", "grumble", "refuse", "close", "garbage", "empty" or "full".
        received: every JSON message of any client.
        key: what a client has to show as a bearer token; empty lets anyone in.
    """

    def __init__(self) -> None:
        self.misbehaviour = ""
        self.received: list[dict[str, Any]] = []
        self.queries: list[dict[str, str]] = []
        self.audio_bytes = 0
        self.key = ""

    async def __aenter__(self) -> WireServer:
        self._server: Server = await serve(self._converse, "127.0.0.1", 0, process_request=self._admit)
        self.port: int = next(iter(self._server.sockets)).getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        await self._server.wait_closed()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def _admit(self, connection: ServerConnection, request: Request) -> Response | None:
        if self.key and request.headers.get("Authorization") != f"Bearer {self.key}":
            unknown = {"code": "unauthorized", "detail": "this needs a key", "status": 401}
            return connection.respond(HTTPStatus.UNAUTHORIZED, json.dumps(unknown))
        if self.misbehaviour != "full":
            return None
        problem = {"code": "overloaded", "message": "all sessions are taken; try again soon"}
        return connection.respond(HTTPStatus.SERVICE_UNAVAILABLE, json.dumps(problem))

    async def _converse(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        query = {name: values[0] for name, values in parse_qs(urlsplit(socket.request.path).query).items()}
        self.queries.append(query)
        session = Session(socket, query)
        await session.send("ready", session_id="s1", resumed=False, protocol=1, settings={"language": "auto"})
        try:
            async for message in socket:
                if isinstance(message, bytes):
                    await self._hear(session, message)
                else:
                    await self._obey(session, json.loads(message))
        except ConnectionClosed:
            return

    async def _obey(self, session: Session, message: dict[str, Any]) -> None:
        self.received.append(message)
        if message["type"] == "text":
            session.turn += 1
            await self._reply(session)
        elif message["type"] == "ping":
            await session.send("pong", **({"id": message["id"]} if "id" in message else {}))

    async def _hear(self, session: Session, chunk: bytes) -> None:
        self.audio_bytes += len(chunk)
        chunk_ms = len(chunk) / 2 / 16
        session.audio_ms += chunk_ms
        voiced = any(chunk) and self.misbehaviour != "deaf"
        session.silence_ms = 0.0 if voiced else session.silence_ms + chunk_ms
        if voiced and not session.speaking:
            session.turn += 1
            session.speaking = True
            await session.send("speech_started", turn=session.turn, audio_ms=session.audio_ms)
            await session.send("partial_transcript", turn=session.turn, text=WORDS[:7], stable=4)
        elif session.speaking and session.silence_ms >= END_SILENCE_MS:
            session.speaking = False
            await self._transcribe(session)

    async def _transcribe(self, session: Session) -> None:
        await session.send("speech_stopped", turn=session.turn, audio_ms=session.audio_ms)
        if self.misbehaviour in ("grumble", "refuse"):
            await session.send("error", code="bad_audio", message="too fast", retryable=False)
        if self.misbehaviour in ("mute", "refuse"):
            return
        if self.misbehaviour == "close":
            await session.socket.close(1011, "the server is stopping")
            return
        if self.misbehaviour == "garbage":
            await session.socket.send('{"type": "final_transcript", "seq": 9, "at_ms": 1}')
        if self.misbehaviour == "empty":
            await session.send("response_done", turn=session.turn, text="", reason="empty")
            return
        await session.send("final_transcript", turn=session.turn, text=WORDS, language="en")
        await self._reply(session)

    async def _reply(self, session: Session) -> None:
        turn = session.turn
        if self.misbehaviour in ("fail", "fatal"):
            retryable = self.misbehaviour == "fail"
            await session.send(
                "error", code="backend_lost", message="Triton is gone", retryable=retryable, turn=turn
            )
            await session.send("response_done", turn=turn, text="", reason="failed")
            return
        await session.send("response_text", turn=turn, delta=REPLY)
        half = len(REPLY_PCM) // 4 * 2
        await session.send_voice(0, REPLY, REPLY_PCM[:half])
        await session.send_voice(1, "", REPLY_PCM[half:])
        await session.send("response_done", turn=turn, text=REPLY, reason="completed")
        await session.send("metrics", turn=turn, end_silence_ms=END_SILENCE_MS, first_audio_ms=12.5, tokens=3)
