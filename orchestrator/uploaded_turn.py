"""One turn of a conversation from a recording: its words, the reply to them, and the reply's audio.

It takes the way of a voice conversation (`reply.py`), only that nobody listens to it yet: all of it is collected.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, field

from orchestrator.asking import generation
from orchestrator.config import SessionSettings
from orchestrator.errors import InferenceError, NothingSaid
from orchestrator.history import Conversation
from orchestrator.inference import SpeechChunk, Transcription
from orchestrator.languages import AUTO
from orchestrator.prompt import ChatTemplate, Detokenizer
from orchestrator.reading import at_rate
from orchestrator.reply import Engine, Speech, reply
from orchestrator.uploads.audio_file import AudioFile
from orchestrator.uploads.captions import joined
from orchestrator.uploads.transcription import Passage, Scribe


@dataclass(frozen=True)
class UploadedTurn:
    """What was said and what is answered; `pcm` is 16-bit mono at `rate_hz`, spoken by `voice`."""

    transcript: str
    language: str
    reply: str
    pcm: bytes
    rate_hz: int
    voice: str


@dataclass
class Collected:
    """`reply.Listener` that keeps everything and hurries nobody."""

    text: str = ""
    chunks: list[SpeechChunk] = field(default_factory=list)

    def wrote(self, delta: str, _tokens: int) -> None:
        self.text += delta

    async def spoke(self, _text: str, chunk: SpeechChunk) -> None:
        self.chunks.append(at_rate(chunk, self.chunks[0].sample_rate) if self.chunks else chunk)

    def made(self, _text: str, _chunk: SpeechChunk) -> None:
        """It is kept when it is delivered."""

    def made_piece(self) -> None:
        """Pieces are not told apart."""

    def ahead_seconds(self) -> float:
        return 0.0


@dataclass(frozen=True)
class UploadedTurns:
    """Answers recordings; `context_tokens` is what prompt and reply may have together."""

    scribe: Scribe
    engine: Engine
    template: ChatTemplate
    context_tokens: int

    async def answer(
        self,
        audio: AudioFile,
        conversation: Conversation,
        settings: SessionSettings,
        count: Callable[[float], None],
    ) -> UploadedTurn:
        """Go on with `conversation`. What was said is kept before the reply is begun.

        Raises:
            NothingSaid: there are no words in the recording.
            VoiceError: it cannot be read, or a model failed.
        """
        said = await self._understood(audio, settings, count)
        transcript, language = joined(said), said[0].language
        messages = conversation.prompt(settings.system_prompt, transcript)
        await conversation.said(transcript, language=language)
        speech = Speech(settings.voice, _spoken_language(settings, language), settings.speed)
        asked = generation(self.template, messages, settings, self.context_tokens)
        collected = Collected()
        await reply(self.engine, asked, Detokenizer(self.template.tokenizer), speech, collected)
        turn = _turn(transcript, language, collected)
        await conversation.heard(turn.reply)
        return turn

    async def _understood(
        self, audio: AudioFile, settings: SessionSettings, count: Callable[[float], None]
    ) -> list[Passage]:
        wish = Transcription(None if settings.language == AUTO else settings.language)
        async with aclosing(self.scribe.passages(audio, wish, count)) as stream:
            said = [passage async for passage in stream]
        if not said:
            raise NothingSaid(
                "nobody says anything in the recording; send one with speech in it", field="file"
            )
        return said


def _spoken_language(settings: SessionSettings, heard: str) -> str:
    return heard if settings.language == AUTO else settings.language


def _turn(transcript: str, language: str, collected: Collected) -> UploadedTurn:
    text, chunks = collected.text.strip(), collected.chunks
    if not chunks:
        raise InferenceError("the model answered with nothing that can be spoken; ask again")
    pcm = b"".join(chunk.pcm for chunk in chunks)
    return UploadedTurn(transcript, language, text, pcm, chunks[0].sample_rate, chunks[0].voice)
