"""Triton glue of `reply`: tensors in and out, and the calls of the models that a reply is made with."""

from __future__ import annotations

import json
import logging
import os
import threading
import uuid
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import triton_python_backend_utils as pb_utils
from numpy.typing import NDArray
from tokenizers import Tokenizer

from .conversation import messages
from .errors import InvalidInputError, ModelCallError
from .pipeline import Spoken, spoken
from .recommended import repetition_penalty
from .sentences import pieces
from .settings import Settings
from .written import spoken_text

logger = logging.getLogger(__name__)

_LLM_OUTPUTS = ["output_ids", "sequence_length"]
_TTS_OUTPUTS = ["AUDIO", "SAMPLE_RATE"]
# The prompt's tensors, from the names of `preprocessing` to those of `tensorrt_llm`.
_PROMPT_TENSORS = {
    "INPUT_ID": "input_ids",
    "REQUEST_INPUT_LEN": "input_lengths",
    "REQUEST_OUTPUT_LEN": "request_output_len",
    "STOP_WORDS_IDS": "stop_words_list",
    "BAD_WORDS_IDS": "bad_words_list",
    "OUT_END_ID": "end_id",
    "OUT_PAD_ID": "pad_id",
}


@dataclass(frozen=True)
class Turn:
    """One request's tensors; empty strings where the caller left one out."""

    transcript: str
    language: str
    prompt: str
    voice: str
    max_tokens: int
    seed: int | None


class TritonPythonModel:
    """Decoupled: `execute` hands each turn to a pool and returns."""

    def initialize(self, args: dict[str, str]) -> None:
        """Load the tokenizer; a bad parameter or a missing file fails here."""
        parameters = json.loads(args["model_config"])["parameters"]
        values = {key: value["string_value"] for key, value in parameters.items()}
        self._settings = Settings.read(values, os.environ)
        self._tokenizer = Tokenizer.from_file(str(self._settings.tokenizer_dir / "tokenizer.json"))
        penalty = self._settings.repetition_penalty
        self._repetition_penalty = penalty or repetition_penalty(self._tokenizer.token_to_id)
        self._pool = ThreadPoolExecutor(self._settings.workers, "reply")
        self._free = threading.BoundedSemaphore(self._settings.max_pending)
        self._stopping = threading.Event()
        # Two threads that ask at once whether a request is cancelled can leave a reference to the model behind in
        # Triton 2.51, which then never unloads it.
        self._asking = threading.Lock()

    def execute(self, requests: Iterable[Any]) -> None:
        """Accept or refuse each turn; the pool answers it."""
        for request in requests:
            sender = request.get_response_sender()
            try:
                turn = self._turn(request)
            except InvalidInputError as error:
                _refuse(sender, str(error), pb_utils.TritonError.INVALID_ARG)
                continue
            if not self._free.acquire(blocking=False):
                _refuse(sender, "reply is full; try again later", pb_utils.TritonError.UNAVAILABLE)
                continue
            self._pool.submit(self._answer, sender, turn)

    def finalize(self) -> None:
        """End the replies and wait for the workers: nothing may use a sender after this."""
        self._stopping.set()
        self._pool.shutdown(wait=True)

    def _turn(self, request: Any) -> Turn:
        transcript, history = _string(request, "TRANSCRIPT").strip(), _string(request, "MESSAGES")
        max_tokens = _integer(request, "MAX_TOKENS")
        if max_tokens is not None and max_tokens < 1:
            raise InvalidInputError(f"MAX_TOKENS must be at least 1, not {max_tokens}")
        return Turn(
            transcript=transcript,
            language=_string(request, "LANGUAGE"),
            prompt=messages(self._settings.system_prompt, history, transcript),
            voice=_string(request, "VOICE"),
            max_tokens=max_tokens or self._settings.max_tokens,
            seed=_integer(request, "SEED"),
        )

    def _answer(self, sender: Any, turn: Turn) -> None:
        try:
            self._stream(sender, turn)
            sender.send(flags=pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL)
        except ModelCallError as error:
            _refuse(sender, str(error), error.code)
        except Exception:
            logger.exception("reply failed")
            _refuse(sender, "reply failed; the server's log says why", pb_utils.TritonError.INTERNAL)
        finally:
            self._free.release()

    def _stream(self, sender: Any, turn: Turn) -> None:
        if not turn.transcript:
            sender.send(_response("", Spoken("", np.empty(0, np.int16), 0)))
            return

        def is_cancelled() -> bool:
            with self._asking:
                return self._stopping.is_set() or bool(sender.is_cancelled())

        generation = Generation(turn, self._settings, self._repetition_penalty)
        text = spoken_text(generation.ids(), self._tokenizer.decode)
        speech = spoken(pieces(text), lambda piece: _speech(piece, turn), is_cancelled, generation.stop)
        for chunk in speech:
            if not is_cancelled():
                sender.send(_response(turn.transcript, chunk))


class Generation:
    """One run of `tensorrt_llm`, under its own request id."""

    def __init__(self, turn: Turn, settings: Settings, repetition_penalty: float) -> None:
        self._turn = turn
        self._settings = settings
        self._repetition_penalty = repetition_penalty
        self._request_id = uuid.uuid4().hex

    def ids(self) -> Iterator[list[int]]:
        """Yield new token ids as they are made. Raises ModelCallError."""
        inputs = [*self._prompt(), *self._sampling()]
        for tensors in _called("tensorrt_llm", inputs, _LLM_OUTPUTS, self._request_id):
            length = int(tensors["sequence_length"].reshape(-1)[0])
            yield tensors["output_ids"].reshape(-1)[:length].tolist()

    def stop(self) -> None:
        """End the generation early: a BLS call of Triton 2.51 cannot be cancelled, a request of the same id can."""
        ended = [
            _tensor("stop", True, np.bool_),
            _tensor("streaming", True, np.bool_),
            _tensor("input_ids", 0, np.int32),
            _tensor("input_lengths", 1, np.int32),
            _tensor("request_output_len", 0, np.int32),
        ]
        for _ in _called("tensorrt_llm", ended, _LLM_OUTPUTS, self._request_id):
            pass

    def _prompt(self) -> list[Any]:
        asked = [
            _tensor("MESSAGES", self._turn.prompt.encode(), np.object_),
            _tensor("REQUEST_OUTPUT_LEN", self._turn.max_tokens, np.int32),
        ]
        request = pb_utils.InferenceRequest(
            model_name="preprocessing", inputs=asked, requested_output_names=list(_PROMPT_TENSORS)
        )
        tensors = _checked("preprocessing", request.exec())
        return [pb_utils.Tensor(theirs, tensors[ours]) for ours, theirs in _PROMPT_TENSORS.items()]

    def _sampling(self) -> list[Any]:
        tensors = [
            _tensor("streaming", True, np.bool_),
            _tensor("temperature", self._settings.temperature, np.float32),
            _tensor("runtime_top_p", self._settings.top_p, np.float32),
            _tensor("runtime_top_k", self._settings.top_k, np.int32),
            _tensor("repetition_penalty", self._repetition_penalty, np.float32),
        ]
        seed = [] if self._turn.seed is None else [_tensor("seed", self._turn.seed, np.uint64)]
        return tensors + seed


def _speech(piece: str, turn: Turn) -> Iterator[tuple[NDArray[np.int16], int]]:
    wanted = {"TEXT": piece, "VOICE": turn.voice, "LANGUAGE": turn.language}
    inputs = [_tensor(name, value.encode(), np.object_) for name, value in wanted.items()]
    for tensors in _called("tts", inputs, _TTS_OUTPUTS, ""):
        yield tensors["AUDIO"].reshape(-1), int(tensors["SAMPLE_RATE"].reshape(-1)[0])


def _called(
    model: str, inputs: list[Any], outputs: list[str], request_id: str
) -> Iterator[dict[str, NDArray[Any]]]:
    """Call a decoupled model and yield the tensors of each response that has any. Raises ModelCallError."""
    request = pb_utils.InferenceRequest(
        model_name=model, inputs=inputs, requested_output_names=outputs, request_id=request_id
    )
    for response in request.exec(decoupled=True):
        if tensors := _checked(model, response):
            yield tensors


def _checked(model: str, response: Any) -> dict[str, NDArray[Any]]:
    if response.has_error():
        error = response.error()
        # The caller's own fault keeps its form: the message begins with the tensor's name.
        is_callers = error.code() == pb_utils.TritonError.INVALID_ARG
        raise ModelCallError(error.message() if is_callers else f"{model}: {error.message()}", error.code())
    return {tensor.name(): tensor.as_numpy() for tensor in response.output_tensors()}


def _string(request: Any, name: str) -> str:
    tensor = pb_utils.get_input_tensor_by_name(request, name)
    if tensor is None:
        return ""
    try:
        return str(tensor.as_numpy().reshape(-1)[0], "utf-8")
    except UnicodeDecodeError as error:
        raise InvalidInputError(f"{name} is not UTF-8: {error}") from error


def _integer(request: Any, name: str) -> int | None:
    tensor = pb_utils.get_input_tensor_by_name(request, name)
    return None if tensor is None else int(tensor.as_numpy().reshape(-1)[0])


def _tensor(name: str, value: Any, dtype: Any) -> Any:
    return pb_utils.Tensor(name, np.array([[value]], dtype=dtype))


def _response(transcript: str, chunk: Spoken) -> Any:
    return pb_utils.InferenceResponse(
        [
            _tensor("TRANSCRIPT", transcript.encode(), np.object_),
            _tensor("REPLY", chunk.text.encode(), np.object_),
            pb_utils.Tensor("AUDIO", chunk.audio[np.newaxis, :]),
            _tensor("SAMPLE_RATE", chunk.sample_rate, np.int32),
        ]
    )


def _refuse(sender: Any, message: str, code: Any) -> None:
    # In one response: where the final flag comes apart and the client leaves in between, Triton 2.51 never unloads
    # the model, and does not end within its exit timeout.
    response = pb_utils.InferenceResponse(output_tensors=[], error=pb_utils.TritonError(message, code))
    sender.send(response, flags=pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL)
