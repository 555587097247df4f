"""What the orchestrator's requests and answers look like as tensors; docs/decisions/0001 names them.

Knows nothing of gRPC. Every array has a leading batch dimension of 1.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from orchestrator.audio import SAMPLE_RATE
from orchestrator.inference import (
    Audio,
    Generation,
    Sampling,
    SpeechChunk,
    Tokens,
    Transcript,
    Transcription,
    Voice,
)

_END_OF_TURN_SAMPLES = 8 * SAMPLE_RATE
_PARAMETERS = {
    "request_output_len": "max_new_tokens",
    "min_tokens": "min_new_tokens",
    "runtime_top_p": "top_p",
    "runtime_top_k": "top_k",
    "runtime_top_p_decay": "top_p_decay",
    "runtime_top_p_min": "top_p_min",
    "stop_words_list": "stop",
    "bad_words_list": "bad_words",
    "guided_decoding_guide": "response_format",
    "guided_decoding_guide_type": "response_format",
    "return_generation_logits": "top_logprobs",
    "lora_task_id": "lora",
    "input_ids": "messages",
}
_SAMPLING_TENSORS = {
    "temperature": ("temperature", np.float32),
    "top_p": ("runtime_top_p", np.float32),
    "top_k": ("runtime_top_k", np.int32),
    "repetition_penalty": ("repetition_penalty", np.float32),
    "presence_penalty": ("presence_penalty", np.float32),
    "frequency_penalty": ("frequency_penalty", np.float32),
    "min_tokens": ("min_tokens", np.int32),
    "seed": ("seed", np.uint64),
    "min_p": ("min_p", np.float32),
    "typical_p": ("typical_p", np.float32),
    "no_repeat_ngram_size": ("no_repeat_ngram_size", np.int32),
    "top_p_decay": ("runtime_top_p_decay", np.float32),
    "top_p_min": ("runtime_top_p_min", np.float32),
    "lora": ("lora_task_id", np.uint64),
}


def string(text: str) -> NDArray[np.object_]:
    """A STRING tensor of one element, shape (1, 1)."""
    return np.array([[text.encode()]], dtype=np.object_)


def end_of_turn_tensors(audio: Audio) -> dict[str, NDArray[Any]]:
    """Inputs of `end_of_turn`, which listens to no more than the last 8 s."""
    return {"AUDIO": audio[None, -_END_OF_TURN_SAMPLES:]}


def transcription_tensors(audio: Audio, asked: Transcription) -> dict[str, NDArray[Any]]:
    """Inputs of `whisper`, whose first guess is good enough for a partial transcript."""
    # Triton puts requests into one batch only where they have the same optional inputs, so none is left out.
    return {
        "AUDIO": audio[None],
        "LANGUAGE": string(asked.language or ""),
        "PREFIX": string(asked.prefix),
        "PROMPT": string(asked.prompt),
        "WORD_TIMESTAMPS": np.array([[asked.word_timestamps]]),
        "FALLBACK": np.array([[not asked.partial]]),
        "TASK": string(asked.task),
        "TEMPERATURE": np.array([[asked.temperature]], dtype=np.float32),
    }


def generation_tensors(generation: Generation) -> dict[str, NDArray[Any]]:
    """Inputs of `tensorrt_llm`: a streamed generation that ends at `end_id` or any of `stop_ids`."""
    tensors: dict[str, NDArray[Any]] = {
        "input_ids": np.array([generation.prompt_ids], dtype=np.int32),
        "input_lengths": _int32(len(generation.prompt_ids)),
        "request_output_len": _int32(generation.sampling.max_tokens),
        "end_id": _int32(generation.end_id),
        "pad_id": _int32(generation.pad_id),
        "streaming": np.array([[True]]),
        "exclude_input_in_output": np.array([[True]]),
    }
    if generation.stop_ids:
        tensors["stop_words_list"] = _words([[token] for token in generation.stop_ids])
    if generation.bad_words:
        tensors["bad_words_list"] = _words(generation.bad_words)
    return tensors | _guide_tensors(generation) | _sampling_tensors(generation.sampling)


def parameter_of(message: str) -> str | None:
    """The parameter whose tensor a refusal of `tensorrt_llm` names, where it has another name than that."""
    named = re.search(r"refused the request: (\w+):", message)
    return _PARAMETERS.get(named[1], named[1]) if named else None


def token_ids(answer: Mapping[str, NDArray[Any]]) -> list[int]:
    """The new ids in one response; `sequence_length` counts those of this response, the rest is padding."""
    n_ids = int(answer["sequence_length"].flat[0])
    return [int(token) for token in answer["output_ids"].reshape(-1)[:n_ids]]


def tokens(answer: Mapping[str, NDArray[Any]]) -> Tokens:
    """As `token_ids`, with the log probabilities and logits that the response has."""
    ids = token_ids(answer)
    log_probs, logits = answer.get("output_log_probs"), answer.get("generation_logits")
    return Tokens(
        ids,
        None if log_probs is None else log_probs.reshape(-1)[: len(ids)],
        None if logits is None else logits.reshape(-1, logits.shape[-1])[: len(ids)],
    )


def outputs_of(generation: Generation) -> tuple[str, ...]:
    """The outputs of `tensorrt_llm` that this generation needs."""
    scores = (
        ("output_log_probs", generation.log_probs),
        ("generation_logits", generation.logits),
    )
    return ("output_ids", "sequence_length", *(name for name, wanted in scores if wanted))


def transcript(answer: Mapping[str, NDArray[Any]]) -> Transcript:
    """The outputs of `whisper`."""
    return Transcript(
        text=_text(answer["TEXT"]),
        language=_text(answer["LANGUAGE"]),
        language_probability=float(answer["LANGUAGE_PROBABILITY"].flat[0]),
        no_speech_probability=float(answer["NO_SPEECH_PROBABILITY"].flat[0]),
        average_log_probability=float(answer["AVG_LOGPROB"].flat[0]),
        segments=tuple(json.loads(_text(answer["SEGMENTS"]))),
    )


def speech_chunk(answer: Mapping[str, NDArray[Any]]) -> SpeechChunk:
    """One response of `tts`."""
    pcm = answer["AUDIO"].astype("<i2").tobytes()
    return SpeechChunk(pcm, int(answer["SAMPLE_RATE"].flat[0]), _text(answer["VOICE"]))


def listed_voices(answer: Mapping[str, NDArray[Any]]) -> list[Voice]:
    """The response of `tts` to `LIST_VOICES`."""
    return [Voice(**voice) for voice in json.loads(_text(answer["VOICES"]))]


def _sampling_tensors(sampling: Sampling) -> dict[str, NDArray[Any]]:
    return {
        tensor: np.array([[value]], dtype=dtype)
        for name, (tensor, dtype) in _SAMPLING_TENSORS.items()
        if (value := getattr(sampling, name)) is not None
    }


def _guide_tensors(generation: Generation) -> dict[str, NDArray[Any]]:
    tensors: dict[str, NDArray[Any]] = {}
    if generation.json_schema is not None:
        tensors["guided_decoding_guide_type"] = string("json_schema")
        tensors["guided_decoding_guide"] = string(generation.json_schema)
    if generation.log_probs:
        tensors["return_log_probs"] = np.array([[True]])
    if generation.logits:
        tensors["return_generation_logits"] = np.array([[True]])
    return tensors


def _words(words: Sequence[Sequence[int]]) -> NDArray[np.int32]:
    # Row 0: the ids of all words; row 1: where each word ends, padded with -1.
    ids = [token for word in words for token in word]
    ends = np.full(len(ids), -1, dtype=np.int32)
    ends[: len(words)] = np.cumsum([len(word) for word in words])
    return np.array([[ids, ends]], dtype=np.int32)


def _int32(value: int) -> NDArray[np.int32]:
    return np.array([[value]], dtype=np.int32)


def _text(tensor: NDArray[Any]) -> str:
    return bytes(tensor.flat[0]).decode()
