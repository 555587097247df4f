"""A local server that speaks the Edge service's WebSocket protocol, well or badly on purpose.

Client to server, text: `Path:speech.config` with JSON, then `Path:ssml` with SSML. Server to client: text
`Path:turn.start`, binary audio (2 bytes of header length, headers with `Path:audio`, MP3), text
`Path:audio.metadata` with JSON, text `Path:turn.end`.
"""

from __future__ import annotations

import http
import io
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import av
import numpy as np
from numpy.typing import NDArray
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection, serve

PIECE_BYTES = 720  # 120 ms at 48 kbit/s

Script = Callable[[ServerConnection], None]


def mp3_of(audio: NDArray[np.int16], sample_rate: int) -> bytes:
    """Mono int16 (n_samples,) as MP3 with 48 kbit/s at 24 kHz, the format of the service."""
    buffer = io.BytesIO()
    # The service sends bare frames, without the tags that a file has.
    with av.open(buffer, "w", format="mp3", options={"write_xing": "0", "id3v2_version": "0"}) as container:
        stream = container.add_stream("libmp3lame", rate=24_000, layout="mono")
        stream.bit_rate = 48_000
        frame = av.AudioFrame.from_ndarray(audio.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = sample_rate
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return buffer.getvalue()


def audio_message(mp3: bytes) -> bytes:
    """One binary message of audio as the service frames it."""
    headers = b"X-RequestId:0\r\nContent-Type:audio/mpeg\r\nPath:audio\r\n"
    return len(headers).to_bytes(2, "big") + headers + mp3


def read_request(connection: ServerConnection) -> str:
    """Read the two messages of a client, and return the SSML. Raises AssertionError when they are others."""
    config, ssml = connection.recv(), connection.recv()
    assert isinstance(config, str)
    assert isinstance(ssml, str)
    assert "Path:speech.config" in config
    assert "Path:ssml" in ssml
    return ssml


def _text(path: str, body: str = "{}") -> str:
    return f"X-RequestId:0\r\nContent-Type:application/json; charset=utf-8\r\nPath:{path}\r\n\r\n{body}"


def speaking(mp3: bytes, requests: list[str], pieces: int | None = None, ends: bool = True) -> Script:
    """Answer with the first `pieces` pieces of `mp3` (all by default), and with `turn.end` if it `ends`."""

    def script(connection: ServerConnection) -> None:
        requests.append(read_request(connection))
        connection.send(_text("turn.start"))
        cuts = range(0, len(mp3), PIECE_BYTES)
        for start in list(cuts)[:pieces]:
            connection.send(audio_message(mp3[start : start + PIECE_BYTES]))
        boundary = {"Offset": 0, "Duration": 10_000_000, "text": {"Text": "words", "Length": 5}}
        metadata = {"Metadata": [{"Type": "SentenceBoundary", "Data": boundary}]}
        if ends:
            connection.send(_text("audio.metadata", json.dumps(metadata)))
            connection.send(_text("turn.end"))

    return script


def stall(connection: ServerConnection) -> None:
    """Say nothing more until the client leaves, at most 8 s."""
    with suppress(TimeoutError, ConnectionClosed):
        connection.recv(timeout=8)


def silent(connection: ServerConnection) -> None:
    """Begin the turn and then say nothing more."""
    read_request(connection)
    connection.send(_text("turn.start"))
    stall(connection)


def ending_without_audio(connection: ServerConnection) -> None:
    """Begin and end the turn with nothing between."""
    read_request(connection)
    connection.send(_text("turn.start"))
    connection.send(_text("turn.end"))


@contextmanager
def edge_server(script: Script, status: int = 0) -> Iterator[str]:
    """Serve `script` for every connection and yield the URL; with a `status` refuse all with it."""

    def refuse(connection: ServerConnection, _: Request) -> Response | None:
        return connection.respond(http.HTTPStatus(status), "refused\n") if status else None

    with serve(script, "127.0.0.1", 0, process_request=refuse) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        host, port = server.socket.getsockname()
        yield f"ws://{host}:{port}/edge/v1"
        server.shutdown()
        thread.join()


@contextmanager
def unanswering_server() -> Iterator[str]:
    """Accept connections and never read from or answer them."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"ws://127.0.0.1:{listener.getsockname()[1]}/edge/v1"
