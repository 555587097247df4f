"""One WebSocket connection: frames in, frames out, and every fault told to the peer by its code.

Three tasks share it: one hands messages to the session, one hands it the audio, one writes what the session says. A
message that speaks of the audio before it waits until that was heard. The queue between session and socket is
bounded: a client that stops reading is closed with 1013, nobody else waits for it.
"""

from __future__ import annotations

import logging
import time
from typing import Literal

import anyio
from anyio import CancelScope
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from orchestrator import protocol
from orchestrator.access.caller import caller_of
from orchestrator.audio import SAMPLE_RATE, Audio, RateMeter
from orchestrator.config import SessionSettings
from orchestrator.containers import Decoder, Kind, decoder_for
from orchestrator.errors import BadAudio, BadSetting, SlowClient, VoiceError
from orchestrator.metrics import Metrics
from orchestrator.protocol import explain
from orchestrator.session import Session
from orchestrator.unheard import Unheard

log = logging.getLogger(__name__)

QUEUED_MESSAGES = 256
WRITE_SECONDS = 10.0
USUAL_RATES_HZ = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
RATE_TOLERANCE = 0.04


class Query(BaseModel):
    """The connection's query string."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    language: str | None = None
    voice: str | None = None
    session_id: str | None = Field(None, pattern=r"^[A-Za-z0-9_-]{1,64}$")
    input: Kind = "pcm16"
    input_rate: int = SAMPLE_RATE
    output: Literal["base64", "binary"] = "base64"

    @classmethod
    def of(cls, websocket: WebSocket) -> Query:
        """The query of a connection, empty values left out; raises BadSetting naming everything wrong."""
        try:
            return cls.model_validate(
                {name: value for name, value in websocket.query_params.items() if value}
            )
        except ValidationError as error:
            raise BadSetting(explain(error)) from error

    def settings(self, defaults: SessionSettings) -> SessionSettings:
        asked = {"language": self.language, "voice": self.voice}
        return defaults.merged({name: value for name, value in asked.items() if value is not None})


class Outbox:
    """Messages on their way to the peer; `put` never waits, `drain` writes until the connection ends."""

    def __init__(
        self, websocket: WebSocket, connection: CancelScope, metrics: Metrics, *, binary: bool
    ) -> None:
        self.error: VoiceError | None = None
        self._websocket = websocket
        self._connection = connection
        self._metrics = metrics
        self._binary = binary
        self._began = time.monotonic()
        self._seq = 0
        self._put, self._queue = anyio.create_memory_object_stream[tuple[str, bytes | None]](QUEUED_MESSAGES)

    def put(self, message: protocol.ServerMessage) -> None:
        at_ms = round(1000 * (time.monotonic() - self._began))
        try:
            self._put.send_nowait(protocol.encode(message, seq=self._seq, at_ms=at_ms, binary=self._binary))
        except anyio.WouldBlock:
            self._fail(SlowClient("too many messages are waiting for the client to read them"))
        self._seq += 1

    async def drain(self) -> None:
        async for text, pcm in self._queue:
            try:
                with anyio.fail_after(WRITE_SECONDS):
                    await self._write(text, pcm)
            except TimeoutError:
                self._fail(SlowClient(f"the client has read nothing for {WRITE_SECONDS:g} s"))
                return
            except (WebSocketDisconnect, RuntimeError):  # the peer left while we wrote
                self._connection.cancel()
                return

    async def flush(self) -> None:
        """Write what is queued now, for a last word before closing."""
        while self._queue.statistics().current_buffer_used:
            await self._write(*self._queue.receive_nowait())

    async def _write(self, text: str, pcm: bytes | None) -> None:
        await self._websocket.send_text(text)
        if pcm is not None:
            await self._websocket.send_bytes(pcm)

    def _fail(self, error: VoiceError) -> None:
        self._metrics.outbox_overflowed()
        self.error = self.error or error
        self._connection.cancel()


class Ears:
    """The peer's audio bytes made into 16 kHz audio, and a word when they come at another rate than declared."""

    def __init__(self, kind: Kind, rate_hz: int) -> None:
        self._decoder: Decoder = decoder_for(kind, rate_hz)
        self._meter = RateMeter(SAMPLE_RATE) if kind in ("pcm16", "mulaw") else None
        self._suspected_hz: int | None = None
        self._rate_hz = rate_hz

    def decode(self, chunk: bytes) -> Audio:
        return self._decoder.push(chunk)

    def check_rate(self, audio: Audio) -> None:
        """Raise BadAudio, once a connection, when audio comes as another usual rate would, twice for three seconds.

        Any other ratio is a file sent at once or a sender that stutters, and no fault.
        """
        ratio = self._meter.push(len(audio), time.monotonic()) if self._meter else None
        if ratio is None:
            return
        arriving_hz = ratio * self._rate_hz
        actual_hz = min(USUAL_RATES_HZ, key=lambda rate_hz: abs(rate_hz - arriving_hz))
        fits = abs(actual_hz - arriving_hz) <= RATE_TOLERANCE * actual_hz
        if not fits or actual_hz != self._suspected_hz:
            self._suspected_hz = actual_hz if fits else None
            return
        self._meter = None
        raise BadAudio(
            f"audio arrives as fast as {actual_hz} Hz would, not as the declared {self._rate_hz} Hz: "
            f"connect with input_rate={actual_hz}, or send it in real time"
        )


class Connection:
    """One accepted WebSocket and its session."""

    def __init__(
        self, websocket: WebSocket, session: Session, outbox: Outbox, ears: Ears, metrics: Metrics
    ) -> None:
        self._websocket = websocket
        self._caller = caller_of(websocket)
        self._session = session
        self._outbox = outbox
        self._ears = ears
        self._metrics = metrics
        self._unheard = Unheard(session.hear)

    async def receive(self) -> None:
        """Serve the peer's messages until it leaves."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._unheard.run)
            await self._serve_all()
            tasks.cancel_scope.cancel()

    async def _serve_all(self) -> None:
        while True:
            message = await self._websocket.receive()
            if message["type"] == "websocket.disconnect":
                return
            try:
                await self._serve(message.get("text"), message.get("bytes"))
            except VoiceError as error:
                self._metrics.client_error(error.code)
                self._outbox.put(protocol.Error(error.code, str(error), error.retryable))

    async def _serve(self, text: str | None, chunk: bytes | None) -> None:
        if text is None:
            await self._hear(chunk or b"")
            return
        match protocol.parse(text):
            case protocol.Audio() as audio:
                await self._hear(audio.decode())
            case protocol.Configure() as configure:
                await self._unheard.settled()
                await self._session.configure(configure.settings)
            case protocol.Text(text=typed):
                self._session.say(typed)
            case protocol.Commit():
                await self._unheard.settled()
                self._session.commit()
            case protocol.Interrupt():
                self._session.interrupt()
            case protocol.Playback(turn=turn, played_ms=played_ms):
                self._session.played(turn, played_ms)
            case protocol.Ping(id=ping):
                self._outbox.put(protocol.Pong(ping))

    async def _hear(self, chunk: bytes) -> None:
        audio = self._ears.decode(chunk)
        self._caller.add_audio(len(audio) / SAMPLE_RATE)
        await self._unheard.put(audio)
        self._ears.check_rate(audio)


async def close(websocket: WebSocket, error: VoiceError | None) -> None:
    """Close with the code of the fault, 1000 where there is none; a peer that is gone needs no word."""
    if websocket.application_state is not WebSocketState.CONNECTED:
        return
    code, reason = (error.close_code, error.code) if error else (1000, "")
    try:
        with anyio.move_on_after(1.0, shield=True):
            await websocket.close(code, reason)
    except (WebSocketDisconnect, RuntimeError):
        log.debug("the peer left before it was closed")
