"""The Edge voices against a local server that speaks the service's protocol. Microsoft's own is never called."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection

from tests.model_repository.edge_server import (
    Script,
    audio_message,
    edge_server,
    ending_without_audio,
    mp3_of,
    read_request,
    silent,
    speaking,
    stall,
    unanswering_server,
)
from tests.model_repository.model_folder import module

breaker = module("tts", "circuit_breaker")
edge_stream = module("tts", "edge_stream")
edge_voice = module("tts", "edge_voice")
languages = module("tts", "edge_languages")
mp3 = module("tts", "mp3")
speech = module("tts", "speech")
synthesizer = module("tts", "synthesizer")

TEXT = "The trains to the north leave every hour from platform two. Please mind the gap."


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="session")
def local_voices() -> Any:
    return module("tts", "piper_voice").LocalVoices.load(Path(os.environ["BEAUTYAI_VOICES_DIR"]), threads=1)


@pytest.fixture(scope="session")
def spoken(local_voices: Any) -> NDArray[np.int16]:
    voice = local_voices.choose("", "en")
    pieces = list(voice.speak(TEXT, 1.0))
    audio: NDArray[np.int16] = np.concatenate(pieces)
    return np.interp(
        np.arange(0, len(audio), voice.sample_rate / 24_000), np.arange(len(audio)), audio
    ).astype(np.int16)


@pytest.fixture(scope="session")
def spoken_mp3(spoken: NDArray[np.int16]) -> bytes:
    return mp3_of(spoken, 24_000)


@pytest.fixture(autouse=True)
def service_address_restored() -> Iterator[None]:
    import edge_tts.communicate

    before = edge_tts.communicate.WSS_URL  # type: ignore[attr-defined]
    yield
    edge_tts.communicate.WSS_URL = before  # type: ignore[attr-defined]


def voices_at(url: str, clock: Clock | None = None) -> Any:
    edge_stream.use_service_at(url)
    return edge_voice.EdgeVoices(breaker.CircuitBreaker(clock or time.monotonic), edge_stream.Deadlines())


def say(
    local: Any, network: Any, text: str = TEXT, **wanted: Any
) -> tuple[list[Any], Exception | None, float]:
    """The chunks, the error that ended them and the seconds until then."""
    speaker = synthesizer.Synthesizer(local, network, 500)
    utterance = speech.checked(speech.Utterance(text, **wanted), 5000)
    chunks: list[Any] = []
    start = time.monotonic()
    try:
        chunks.extend(speaker.speak(utterance, speaker.cast(utterance)))
    except speech.VoiceError as error:
        return chunks, error, time.monotonic() - start
    return chunks, None, time.monotonic() - start


def test_the_service_speaks_what_the_server_sends(
    local_voices: Any, spoken: NDArray[np.int16], spoken_mp3: bytes
) -> None:
    requests: list[str] = []
    with edge_server(speaking(spoken_mp3, requests)) as url:
        chunks, error, _ = say(local_voices, voices_at(url), language="en", speed=1.25)
    assert error is None
    assert {(chunk.voice, chunk.sample_rate) for chunk in chunks} == {("en-US-AriaNeural", 24_000)}
    assert max(len(chunk.audio) for chunk in chunks) <= 12_000
    assert "(en-US, AriaNeural)" in requests[0]
    assert "rate='+25%'" in requests[0]
    heard = np.concatenate([chunk.audio for chunk in chunks])
    assert len(heard) == pytest.approx(len(spoken), abs=2400)
    sample = spoken[6_000:12_000].astype(float)
    lag = int(np.argmax(np.correlate(heard[:16_000].astype(float), sample, "valid")))
    assert np.corrcoef(heard[lag : lag + len(sample)], sample)[0, 1] > 0.95


def test_a_text_in_several_parts_is_spoken_whole(local_voices: Any, spoken_mp3: bytes) -> None:
    requests: list[str] = []
    with edge_server(speaking(spoken_mp3[: 720 * 4], requests)) as url:
        chunks, error, _ = say(local_voices, voices_at(url), text="One more word. " * 300)
    assert error is None
    assert len(requests) == 2
    assert {chunk.voice for chunk in chunks} == {"en-US-AriaNeural"}


def test_arabic_is_spoken_by_an_arabic_voice(local_voices: Any, spoken_mp3: bytes) -> None:
    requests: list[str] = []
    with edge_server(speaking(spoken_mp3, requests)) as url:
        chunks, _, _ = say(local_voices, voices_at(url), text="مرحبا بك", language="ar")
    assert chunks[0].voice == "ar-SA-ZariyahNeural"
    assert "مرحبا بك" in requests[0]


def test_a_local_voice_asked_for_by_name_never_waits_for_the_network(local_voices: Any) -> None:
    with unanswering_server() as url:
        chunks, _, seconds = say(local_voices, voices_at(url), text="Yes.", voice="en_US-joe-medium")
    assert chunks[0].voice == "en_US-joe-medium"
    assert seconds < 1.5


def garbage(connection: ServerConnection) -> None:
    read_request(connection)
    connection.send(audio_message(b"\x00\x01not an mp3 at all" * 200))
    connection.send("Path:turn.end\r\n\r\n{}")


def bad_frames(connection: ServerConnection) -> None:
    read_request(connection)
    connection.send(b"\xff\xff\x00")


def nonsense(connection: ServerConnection) -> None:
    read_request(connection)
    connection.send("no header here")


@pytest.mark.parametrize(
    ("script", "status", "limit_s"),
    [
        (silent, 0, 3.0),
        (ending_without_audio, 0, 0.5),
        (silent, 403, 0.5),
        (silent, 503, 0.5),
        (garbage, 0, 0.5),
        (bad_frames, 0, 0.5),
        (nonsense, 0, 0.5),
    ],
)
def test_the_local_voice_takes_over_in_time(
    local_voices: Any, script: Script, status: int, limit_s: float
) -> None:
    with edge_server(script, status) as url:
        chunks, error, seconds = say(local_voices, voices_at(url), text="Yes.")
        assert seconds < limit_s + 1.2
    assert error is None
    assert {chunk.voice for chunk in chunks} == {"en_US-joe-medium"}


def test_a_server_that_never_answers_is_left_after_two_seconds(local_voices: Any) -> None:
    with unanswering_server() as url:
        chunks, error, seconds = say(local_voices, voices_at(url), text="Yes.")
    assert error is None
    assert chunks[0].voice == "en_US-joe-medium"
    assert 1.9 < seconds < 3.2


def test_an_unreachable_server_costs_no_time(local_voices: Any) -> None:
    chunks, error, seconds = say(local_voices, voices_at("ws://127.0.0.1:9/edge/v1"), text="Yes.")
    assert error is None
    assert chunks[0].voice == "en_US-joe-medium"
    assert seconds < 1.5


def test_a_break_in_the_middle_is_an_error_after_the_audio_so_far(
    local_voices: Any, spoken_mp3: bytes
) -> None:
    with edge_server(speaking(spoken_mp3, [], pieces=8, ends=False)) as url:
        chunks, error, _ = say(local_voices, voices_at(url))
    assert {chunk.voice for chunk in chunks} == {"en-US-AriaNeural"}
    assert sum(len(chunk.audio) for chunk in chunks) > 12_000
    assert "in the middle" in str(error)


def test_a_stall_in_the_middle_ends_after_the_gap(local_voices: Any, spoken_mp3: bytes) -> None:
    def stalling(connection: ServerConnection) -> None:
        speaking(spoken_mp3, [], pieces=8, ends=False)(connection)
        stall(connection)

    with edge_server(stalling) as url:
        chunks, error, seconds = say(local_voices, voices_at(url))
        assert 1.9 < seconds < 3.0
    assert chunks
    assert "further audio" in str(error)


def test_an_open_circuit_asks_the_local_voice_at_once(local_voices: Any) -> None:
    asked: list[int] = []

    def counting(connection: ServerConnection) -> None:
        asked.append(1)
        ending_without_audio(connection)

    with edge_server(counting) as url:
        voices = voices_at(url, Clock())
        for _ in range(7):
            chunks, _, _ = say(local_voices, voices, text="Yes.")
            assert chunks[0].voice == "en_US-joe-medium"
    assert len(asked) == 5


def test_a_voice_name_that_a_caller_made_up_does_not_open_the_circuit(local_voices: Any) -> None:
    asked: list[int] = []

    def counting(connection: ServerConnection) -> None:
        asked.append(1)
        ending_without_audio(connection)

    with edge_server(counting) as url:
        voices = voices_at(url, Clock())
        for _ in range(7):
            say(local_voices, voices, text="Yes.", voice="en-US-NobodyNeural")
    assert len(asked) == 7


def test_leaving_in_the_middle_closes_the_connection(spoken_mp3: bytes) -> None:
    closed: list[bool] = []

    def endless(connection: ServerConnection) -> None:
        try:
            speaking(spoken_mp3, [], ends=False)(connection)
            connection.recv(timeout=3)
        except TimeoutError:
            closed.append(False)
        except ConnectionClosed:
            closed.append(True)

    with edge_server(endless) as url:
        pieces = voices_at(url).choose("", "en").speak(TEXT, 1.0)
        next(pieces)
        start = time.monotonic()
        pieces.close()
        assert time.monotonic() - start < 0.7
    assert closed == [True]


def test_the_breaker_opens_after_five_failures_and_probes_once_after_thirty_seconds() -> None:
    clock = Clock()
    circuit = breaker.CircuitBreaker(clock)
    for _ in range(5):
        assert circuit.allow()
        circuit.failed()
    assert not circuit.allow()
    clock.now += 30
    assert circuit.allow()
    assert not circuit.allow()
    circuit.failed()
    clock.now += 29
    assert not circuit.allow()
    clock.now += 1
    assert circuit.allow()
    circuit.succeeded()
    assert circuit.allow()
    assert circuit.allow()


def test_failures_far_apart_keep_the_circuit_closed() -> None:
    clock = Clock()
    circuit = breaker.CircuitBreaker(clock)
    for _ in range(20):
        circuit.failed()
        clock.now += 8
        assert circuit.allow()


def test_an_abandoned_probe_lets_the_next_call_probe() -> None:
    clock = Clock()
    circuit = breaker.CircuitBreaker(clock)
    for _ in range(5):
        circuit.failed()
    clock.now += 30
    assert circuit.allow()
    circuit.abandoned()
    assert circuit.allow()


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 900), min_size=1, max_size=40))
def test_mp3_cut_anywhere_decodes_to_the_same_samples(cuts: list[int]) -> None:
    tone = (8000 * np.sin(np.arange(24_000) / 24_000 * 2 * np.pi * 440)).astype(np.int16)
    encoded = mp3_of(tone, 24_000)
    whole = _decoded([encoded])
    parts: list[bytes] = []
    for length in cuts:
        parts.append(encoded[:length])
        encoded = encoded[length:]
    assert np.array_equal(_decoded([*parts, encoded]), whole)
    assert len(whole) >= 24_000


def _decoded(parts: list[bytes]) -> NDArray[np.int16]:
    decoder = mp3.Mp3Decoder(24_000)
    frames = [frame for part in parts if part for frame in decoder.feed(part)]
    return np.concatenate([*frames, *decoder.flush()])


def test_every_voice_of_the_table_is_a_name_that_the_service_could_have() -> None:
    for language, name in languages.VOICE_OF_LANGUAGE.items():
        assert languages.voice_of(language) == name
        assert voices_at("ws://127.0.0.1:9/").choose(name, "").name == name
    assert languages.voice_of("pt-br") == "pt-BR-FranciscaNeural"
    assert languages.voice_of("xx") is None
