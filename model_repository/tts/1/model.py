"""Triton glue of `tts`: tensors to utterances, chunks to responses. Knows nothing of how a voice speaks."""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import Any

import numpy as np
import triton_python_backend_utils as pb_utils

from .circuit_breaker import CircuitBreaker
from .edge_stream import Deadlines, use_service_at
from .edge_voice import EdgeVoices
from .piper_voice import LocalVoices
from .settings import Settings
from .speech import Chunk, InvalidInputError, Utterance, VoiceError, checked, is_speakable
from .synthesizer import Cast, Synthesizer

logger = logging.getLogger(__name__)


class TritonPythonModel:
    """Decoupled: `execute` hands each request to a pool and returns, so that no voice waits for another."""

    def initialize(self, args: dict[str, str]) -> None:
        """Load the voices; a bad parameter or a missing voice fails here, with a message."""
        parameters = json.loads(args["model_config"])["parameters"]
        values = {key: value["string_value"] for key, value in parameters.items()}
        self._settings = Settings.read(values, os.environ)
        self._synthesizer = _synthesizer(self._settings)
        self._local_pool = ThreadPoolExecutor(self._settings.local_workers, "local-voice")
        self._network_pool = ThreadPoolExecutor(self._settings.network_workers, "network-voice")
        self._free = threading.BoundedSemaphore(self._settings.max_pending)
        self._stopping = threading.Event()
        # Two threads that ask at once whether a request is cancelled can leave a reference to the model behind in
        # Triton 2.51, which then never unloads it.
        self._asking = threading.Lock()

    def execute(self, requests: Iterable[Any]) -> None:
        """Accept or refuse each request; the pool answers it."""
        for request in requests:
            sender = request.get_response_sender()
            if _is_set(request, "LIST_VOICES"):
                sender.send(_listing(self._synthesizer), flags=pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL)
                continue
            try:
                utterance = self._utterance(request)
                cast = self._synthesizer.cast(utterance)
            except InvalidInputError as error:
                _refuse(sender, str(error), pb_utils.TritonError.INVALID_ARG)
                continue
            if not self._free.acquire(blocking=False):
                _refuse(sender, "tts is full; try again later", pb_utils.TritonError.UNAVAILABLE)
                continue
            pool = self._network_pool if cast.is_networked else self._local_pool
            pool.submit(self._answer, sender, utterance, cast)

    def finalize(self) -> None:
        """Stop speaking and wait for the workers: nothing may use a sender after this."""
        self._stopping.set()
        self._local_pool.shutdown(wait=True)
        self._network_pool.shutdown(wait=True)

    def _utterance(self, request: Any) -> Utterance:
        speed = pb_utils.get_input_tensor_by_name(request, "SPEED")
        utterance = Utterance(
            text=_string(request, "TEXT"),
            voice=_string(request, "VOICE"),
            language=_string(request, "LANGUAGE"),
            speed=1.0 if speed is None else float(speed.as_numpy().reshape(-1)[0]),
        )
        return checked(utterance, self._settings.max_text_chars)

    def _answer(self, sender: Any, utterance: Utterance, cast: Cast) -> None:
        try:
            self._stream(sender, utterance, cast)
            sender.send(flags=pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL)
        except VoiceError as error:
            _refuse(sender, str(error), pb_utils.TritonError.UNAVAILABLE)
        except Exception:
            logger.exception("tts failed")
            _refuse(sender, "tts failed; the server's log says why", pb_utils.TritonError.INTERNAL)
        finally:
            self._free.release()

    def _stream(self, sender: Any, utterance: Utterance, cast: Cast) -> None:
        if self._gone(sender) or not is_speakable(utterance.text):
            return
        for chunk in self._synthesizer.speak(utterance, cast):
            if self._gone(sender):
                return
            sender.send(_response(chunk))

    def _gone(self, sender: Any) -> bool:
        with self._asking:
            return self._stopping.is_set() or bool(sender.is_cancelled())


def _synthesizer(settings: Settings) -> Synthesizer:
    local = LocalVoices.load(settings.voices_dir, settings.threads, settings.default_voice)
    if settings.engine == "piper":
        return Synthesizer(local, None, settings.chunk_ms)
    if settings.edge_url:
        use_service_at(settings.edge_url)
    network = EdgeVoices(CircuitBreaker(time.monotonic), Deadlines())
    return Synthesizer(local, network, settings.chunk_ms)


def _string(request: Any, name: str) -> str:
    tensor = pb_utils.get_input_tensor_by_name(request, name)
    if tensor is None:
        return ""
    try:
        return str(tensor.as_numpy().reshape(-1)[0], "utf-8")
    except UnicodeDecodeError as error:
        raise InvalidInputError(f"{name} is not UTF-8: {error}") from error


def _response(chunk: Chunk) -> Any:
    return pb_utils.InferenceResponse(
        [
            pb_utils.Tensor("AUDIO", chunk.audio[np.newaxis, :]),
            pb_utils.Tensor("SAMPLE_RATE", np.array([[chunk.sample_rate]], dtype=np.int32)),
            pb_utils.Tensor("VOICE", np.array([[chunk.voice.encode()]], dtype=np.object_)),
        ]
    )


def _is_set(request: Any, name: str) -> bool:
    tensor = pb_utils.get_input_tensor_by_name(request, name)
    return tensor is not None and bool(tensor.as_numpy().reshape(-1)[0])


def _listing(synthesizer: Synthesizer) -> Any:
    voices = json.dumps([asdict(voice) for voice in synthesizer.voices()])
    content = np.array([[voices.encode()]], dtype=np.object_)
    return pb_utils.InferenceResponse([pb_utils.Tensor("VOICES", content)])


def _refuse(sender: Any, message: str, code: Any) -> None:
    # In one response: where the final flag comes apart and the client leaves in between, Triton 2.51 never unloads
    # the model, and does not end within its exit timeout.
    response = pb_utils.InferenceResponse(output_tensors=[], error=pb_utils.TritonError(message, code))
    sender.send(response, flags=pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL)
