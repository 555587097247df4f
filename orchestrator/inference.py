"""What the orchestrator asks of its models, as Protocols; `triton.py` serves them over gRPC, `scripted.py` from lists.

Every call raises an `errors.InferenceError` when the model fails, and has a deadline of its own. Closing a
generator (`aclose`) or cancelling the task that awaits it cancels the work on the server.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

Audio = NDArray[np.float32]  # (n_samples,), 16 kHz mono, -1..1

STATE_FLOATS = 320

Task = Literal["transcribe", "translate"]
Gender = Literal["female", "male"]


def fresh_state() -> NDArray[np.float32]:
    """The state of a detector that has heard nothing; shape (320,)."""
    return np.zeros(STATE_FLOATS, dtype=np.float32)


@dataclass(frozen=True)
class Detection:
    """Speech probability of every 512-sample frame, and the state to send with the next frames."""

    probabilities: NDArray[np.float32]  # (n_frames,)
    state: NDArray[np.float32]  # (320,)


@dataclass(frozen=True)
class Transcript:
    """What was said. `language` is ISO 639-1; `segments` as in the `whisper` model's SEGMENTS (seconds)."""

    text: str
    language: str
    language_probability: float = 1.0
    no_speech_probability: float = 0.0
    average_log_probability: float = 0.0
    segments: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class Transcription:
    """What a transcriber is told about some audio; `language` None means: detect it.

    `partial` is for an utterance that goes on: the answer comes soon, and no doubted text is decoded again. After a
    `prefix`, the beginning of what is said in the audio, only what follows is written; `prompt` is what was said
    before. `word_timestamps` puts the times of the words written into the segments. `urgent`: it goes before partials
    of others. `task` translate writes English; a `temperature` above 0 samples words at it.
    """

    language: str | None = None
    partial: bool = False
    prefix: str = ""
    prompt: str = ""
    word_timestamps: bool = False
    urgent: bool = False
    task: Task = "transcribe"
    temperature: float = 0.0


PLAIN = Transcription()


@dataclass(frozen=True)
class Sampling:
    """How tokens are chosen; `None` leaves the engine's default. Ranges are checked in `config.py`."""

    max_tokens: int = 160
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    repetition_penalty: float | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    min_tokens: int | None = None
    seed: int | None = None
    min_p: float | None = None
    typical_p: float | None = None
    no_repeat_ngram_size: int | None = None
    top_p_decay: float | None = None
    top_p_min: float | None = None
    lora: int | None = None


@dataclass(frozen=True)
class Generation:
    """One request to the language model: the prompt's token ids and the ids that end it.

    `max_reply_tokens` is for a model that thinks first: how many of `sampling.max_tokens` may follow its thought.
    `bad_words` may not be written; `json_schema` (JSON text) is what the output must look like; `log_probs` and
    `logits` are asked for by those who use `write`.
    `ahead`: nobody waits for it, so that everything else may go first.
    """

    request_id: str
    prompt_ids: Sequence[int]
    end_id: int
    pad_id: int
    stop_ids: Sequence[int] = ()
    sampling: Sampling = field(default_factory=Sampling)
    max_reply_tokens: int | None = None
    ahead: bool = False
    bad_words: Sequence[Sequence[int]] = ()
    json_schema: str | None = None
    log_probs: bool = False
    logits: bool = False


@dataclass(frozen=True)
class Tokens:
    """New tokens as the engine makes them; `log_probs` (n,) and `logits` (n, vocabulary) where they were asked for."""

    ids: list[int]
    log_probs: NDArray[np.float32] | None = None
    logits: NDArray[np.float32] | None = None


@dataclass(frozen=True)
class SpeechChunk:
    """A piece of synthesised speech: little-endian 16-bit mono PCM, and the voice that spoke it."""

    pcm: bytes
    sample_rate: int
    voice: str

    @property
    def duration_ms(self) -> float:
        return 1000 * len(self.pcm) / 2 / self.sample_rate


@dataclass(frozen=True)
class Voice:
    """A voice that can be asked for by name; `language` such as `en-us`, `gender` None where it is not known.

    `default`: it speaks where neither a voice nor a language is asked for.
    """

    name: str
    language: str
    gender: Gender | None
    engine: str
    default: bool = False


class Detector(Protocol):
    async def detect(self, audio: Audio, state: NDArray[np.float32]) -> Detection:
        """Speech probability of `audio` (n·512 samples), given the state after what came before."""
        ...


class TurnDetector(Protocol):
    async def end_of_turn(self, audio: Audio) -> float:
        """Probability that the speaker of `audio`, the turn so far and the silence after it, has finished.

        The last 8 s are listened to. A failure must never cost a turn: its caller goes on without an answer.
        """
        ...


class Transcriber(Protocol):
    async def transcribe(self, audio: Audio, asked: Transcription = PLAIN) -> Transcript:
        """The words in `audio`."""
        ...


class Generator(Protocol):
    def generate(self, generation: Generation) -> AsyncGenerator[list[int], None]:
        """New token ids as the engine makes them."""
        ...


class Writer(Protocol):
    def write(self, generation: Generation) -> AsyncGenerator[Tokens, None]:
        """As `Generator.generate`, with what the engine says of each token, for readers who can wait longer."""
        ...


class Synthesizer(Protocol):
    def synthesize(
        self,
        text: str,
        *,
        voice: str | None = None,
        language: str | None = None,
        speed: float = 1.0,
        ahead_seconds: float = 0.0,
    ) -> AsyncGenerator[SpeechChunk, None]:
        """The spoken `text`, chunk by chunk; nothing where there is nothing to say.

        `ahead_seconds`: the audio that its listener still has to hear; more urgent work of others may go first.
        """
        ...


class Inference(Detector, TurnDetector, Transcriber, Generator, Synthesizer, Protocol):
    """All five; what a session is given."""
