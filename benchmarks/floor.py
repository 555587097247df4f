"""The floor: the same stages on the same weights, called one after the other in one process without any framework.

`python -m benchmarks.floor` reads names of WAV files, a line each; it transcribes the file, writes the first piece of
the reply and speaks its beginning, and prints a line of JSON with the times. The server is idle meanwhile.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from google.protobuf import json_format, text_format  # type: ignore[import-untyped]
from numpy.typing import NDArray
from tritonclient.grpc import model_config_pb2

from benchmarks.clips import REPOSITORY
from benchmarks.sessions import MAX_TOKENS, SYSTEM_PROMPT
from client.conversation import SAMPLE_RATE
from client.recording import read_audio
from orchestrator.history import Message
from orchestrator.prompt import ChatTemplate, Detokenizer
from orchestrator.sentences import Sentences

REPEATS = 3


@dataclass(frozen=True)
class Floor:
    """Medians of one clip, in ms: each stage from the end of the one before."""

    transcribe_ms: float
    first_piece_ms: float
    first_audio_ms: float
    total_ms: float
    transcript: str
    first_piece: str


def load_module(folder: Path, name: str) -> Any:
    """A module of a model folder, its relative imports working as they do inside Triton."""
    package = "floor_" + "_".join(folder.parts[-2:])
    if package not in sys.modules:
        spec = ModuleSpec(package, None, is_package=True)
        spec.submodule_search_locations = [str(folder)]
        sys.modules[package] = module_from_spec(spec)
    return importlib.import_module(f"{package}.{name}")


def model_config(model: str) -> dict[str, Any]:
    """The model's `config.pbtxt` as Triton hands it to the model."""
    text = (REPOSITORY / "model_repository" / model / "config.pbtxt").read_text(encoding="utf-8")
    config = text_format.Parse(text, model_config_pb2.ModelConfig())
    content: dict[str, Any] = json_format.MessageToDict(config, preserving_proto_field_name=True)
    return content


class Transcriber:
    """Whisper, with the settings of the `whisper` model."""

    def __init__(self) -> None:
        folder = REPOSITORY / "model_repository" / "whisper" / "1"
        parameters = model_config("whisper")["parameters"]
        values = {name: value["string_value"] for name, value in parameters.items()}
        settings = load_module(folder, "settings").Settings.parse(values, os.environ)
        self._whisper = load_module(folder, "whisper").Whisper(settings)
        self._utterance = load_module(folder, "utterance").Utterance

    def text(self, audio: NDArray[np.float32]) -> str:
        """The words in `audio`, float32 (n_samples,) at 16 kHz."""
        text: str = self._whisper.transcribe([self._utterance(audio)])[0].text
        return text


class Writer:
    """The language model, greedy, in one slot; what the prompts have in common is computed once."""

    def __init__(self) -> None:
        folder = REPOSITORY / "backends" / "tensorrtllm"
        settings = load_module(folder, "settings").read_settings(os.environ, model_config("tensorrt_llm"))
        engine = load_module(folder, "llama")
        self._piece = engine.Piece
        self._llama = engine.Llama(settings.gguf, 1, settings.context_tokens, settings.threads)
        self._template = ChatTemplate(Path(os.environ["BEAUTYAI_TOKENIZER_DIR"]))
        self._cached: list[int] = []

    def first_piece(self, transcript: str) -> str:
        """The first part of the reply that can be spoken."""
        system, user = Message(role="system", content=SYSTEM_PROMPT), Message(role="user", content=transcript)
        prompt = self._template.render([system, user])
        detokenizer, sentences = Detokenizer(self._template.tokenizer), Sentences()
        for token in self._tokens(prompt):
            for piece in sentences.push(detokenizer.push([token])):
                return piece
        rest = [*sentences.push(detokenizer.flush()), *sentences.flush()]
        return rest[0] if rest else ""

    def _tokens(self, prompt: list[int]) -> Iterator[int]:
        ends = {self._template.end_id, *self._template.stop_ids}
        shared = _common_prefix(self._cached, prompt[:-1])
        self._llama.forget(0, shared)
        self._cached = list(prompt)
        new, position = prompt[shared:], shared
        for _ in range(MAX_TOKENS):
            logits = self._llama.decode([self._piece(0, position, new, True)])[0]
            position += len(new)
            token = int(np.argmax(logits))
            if token in ends:
                return
            yield token
            new = [token]


class Speaker:
    """Piper, with the first voice of the folder."""

    def __init__(self) -> None:
        folder = REPOSITORY / "model_repository" / "tts" / "1"
        voices = load_module(folder, "piper_voice").LocalVoices
        self._spoken = load_module(folder, "spoken").spoken
        threads = int(os.environ.get("BEAUTYAI_TTS_THREADS", "2"))
        self._voice = voices.load(Path(os.environ["BEAUTYAI_VOICES_DIR"]), threads).choose("", "en")

    def begin(self, text: str) -> NDArray[np.int16]:
        """The first audio of `text`, int16 (n_samples,)."""
        audio: NDArray[np.int16] = next(iter(self._voice.speak(self._spoken(text, "en"), 1.0)))
        return audio


Stages = tuple[Transcriber, Writer, Speaker]


def measure(audio: NDArray[np.float32], stages: Stages) -> Floor:
    """The floor of one clip, float32 (n_samples,) at 16 kHz."""
    return _median([_once(audio, *stages) for _ in range(REPEATS)])


def _once(audio: NDArray[np.float32], transcriber: Transcriber, writer: Writer, speaker: Speaker) -> Floor:
    start = time.perf_counter()
    transcript = transcriber.text(audio)
    heard = time.perf_counter()
    piece = writer.first_piece(transcript)
    written = time.perf_counter()
    speaker.begin(piece)
    spoken = time.perf_counter()
    return Floor(
        transcribe_ms=1000 * (heard - start),
        first_piece_ms=1000 * (written - heard),
        first_audio_ms=1000 * (spoken - written),
        total_ms=1000 * (spoken - start),
        transcript=transcript,
        first_piece=piece,
    )


def _median(runs: list[Floor]) -> Floor:
    return Floor(
        transcribe_ms=median(run.transcribe_ms for run in runs),
        first_piece_ms=median(run.first_piece_ms for run in runs),
        first_audio_ms=median(run.first_audio_ms for run in runs),
        total_ms=median(run.total_ms for run in runs),
        transcript=runs[0].transcript,
        first_piece=runs[0].first_piece,
    )


def _common_prefix(first: list[int], second: list[int]) -> int:
    pairs = enumerate(zip(first, second, strict=False))
    return next((index for index, (a, b) in pairs if a != b), min(len(first), len(second)))


def main() -> None:
    """Measure the WAV files that standard input names, until it ends; the first one warms up as well."""
    stages: Stages | None = None
    for line in sys.stdin:
        audio = np.frombuffer(read_audio(Path(line.strip()), SAMPLE_RATE), "<i2") / np.float32(32_768)
        if stages is None:
            stages = (Transcriber(), Writer(), Speaker())
            _once(audio, *stages)
        print(json.dumps(asdict(measure(audio, stages))), flush=True)


if __name__ == "__main__":
    main()
