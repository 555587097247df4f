"""Triton's side of the `whisper` model: tensors in and out. The work is in `whisper.py`."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import triton_python_backend_utils as pb_utils

from .settings import Settings
from .utterance import InvalidInputError, Transcript, Utterance
from .whisper import Whisper


@dataclass
class _Asked:
    """One request: where its answer goes, its utterances, and their transcripts as they become known."""

    sender: Any
    utterances: list[Utterance]
    transcripts: dict[int, Transcript] = field(default_factory=dict)
    answered: bool = False


class TritonPythonModel:
    """Works on all requests of a batch together, and answers each as soon as its transcript is known."""

    def initialize(self, args: dict[str, str]) -> None:
        parameters = json.loads(args["model_config"])["parameters"]
        settings = Settings.parse({k: v["string_value"] for k, v in parameters.items()}, os.environ)
        self._whisper = Whisper(settings)

    def execute(self, requests: Sequence[Any]) -> None:
        """Answer through the requests' senders: responses that are returned leave together, after the slowest."""
        asked: list[_Asked] = []
        for request in requests:
            sender = request.get_response_sender()
            if request.is_cancelled():
                _refuse(sender, "cancelled while it waited", pb_utils.TritonError.CANCELLED)
                continue
            try:
                asked.append(_Asked(sender, self._checked(request)))
            except InvalidInputError as error:
                _refuse(sender, str(error), pb_utils.TritonError.INVALID_ARG)
        try:
            self._answer(asked)
        except Exception as error:
            pb_utils.Logger.log_error(f"whisper: {error!r}")
            for each in asked:
                if not each.answered:
                    message = "whisper failed; the server's log says why"
                    _refuse(each.sender, message, pb_utils.TritonError.INTERNAL)

    def _checked(self, request: Any) -> list[Utterance]:
        utterances = _utterances(request)
        for utterance in utterances:
            self._whisper.check(utterance)
        return utterances

    def _answer(self, asked: Sequence[_Asked]) -> None:
        rows = [(each, row) for each in asked for row in range(len(each.utterances))]
        for index, transcript in self._whisper.answers([each.utterances[row] for each, row in rows]):
            each, row = rows[index]
            each.transcripts[row] = transcript
            if len(each.transcripts) == len(each.utterances):
                each.answered = True
                _send(each.sender, _response([each.transcripts[i] for i in range(len(each.utterances))]))


def _utterances(request: Any) -> list[Utterance]:
    audio = _array(request, "AUDIO")  # (batch, n_samples)
    language = [text.strip().lower() for text in _texts(request, "LANGUAGE", len(audio))]
    task = _texts(request, "TASK", len(audio))
    word_timestamps, window_seconds = _array(request, "WORD_TIMESTAMPS"), _array(request, "WINDOW_SECONDS")
    fallback, temperature = _array(request, "FALLBACK"), _array(request, "TEMPERATURE")
    prefix, prompt, hotwords = (
        _texts(request, name, len(audio)) for name in ("PREFIX", "PROMPT", "HOTWORDS")
    )
    return [
        Utterance(
            audio=audio[i],
            language="" if language[i] == "auto" else language[i],
            prefix=prefix[i],
            prompt=prompt[i],
            hotwords=hotwords[i],
            task=task[i] or "transcribe",
            word_timestamps=word_timestamps is not None and bool(word_timestamps[i, 0]),
            fallback=fallback is None or bool(fallback[i, 0]),
            window_seconds=None if window_seconds is None else float(window_seconds[i, 0]),
            temperature=0.0 if temperature is None else float(temperature[i, 0]),
        )
        for i in range(len(audio))
    ]


def _array(request: Any, name: str) -> Any:
    tensor = pb_utils.get_input_tensor_by_name(request, name)
    return None if tensor is None else tensor.as_numpy()


def _texts(request: Any, name: str, batch: int) -> list[str]:
    """The strings of an optional (batch, 1) tensor, empty where it is absent."""
    array = _array(request, name)
    try:
        return [""] * batch if array is None else [text.decode() for text in array[:, 0]]
    except UnicodeDecodeError:
        raise InvalidInputError(f"{name}: not UTF-8") from None


def _send(sender: Any, response: Any) -> None:
    sender.send(response, flags=pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL)


def _refuse(sender: Any, message: str, code: Any) -> None:
    _send(sender, pb_utils.InferenceResponse(output_tensors=[], error=pb_utils.TritonError(message, code)))


def _response(transcripts: list[Transcript]) -> Any:
    columns: dict[str, list[Any]] = {
        "TEXT": [t.text.encode() for t in transcripts],
        "LANGUAGE": [t.language.encode() for t in transcripts],
        "LANGUAGE_PROBABILITY": [t.language_probability for t in transcripts],
        "NO_SPEECH_PROBABILITY": [t.no_speech_probability for t in transcripts],
        "AVG_LOGPROB": [t.avg_logprob for t in transcripts],
        "SEGMENTS": [_segments_json(t).encode() for t in transcripts],
    }
    return pb_utils.InferenceResponse(
        [pb_utils.Tensor(name, _column(values)) for name, values in columns.items()]
    )


def _column(values: list[Any]) -> Any:
    return np.array(values, object if isinstance(values[0], bytes) else np.float32)[:, None]


def _segments_json(transcript: Transcript) -> str:
    segments = [
        {key: value for key, value in asdict(segment).items() if value is not None}
        for segment in transcript.segments
    ]
    return json.dumps(segments, ensure_ascii=False)
