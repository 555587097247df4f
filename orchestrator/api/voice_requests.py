"""`/api/v1/voice/transcribe`, `/synthesize` and `/turn`: the steps of a voice conversation, and a whole turn."""

from __future__ import annotations

from base64 import b64encode
from contextlib import aclosing
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Form, Request, Response

from orchestrator.access.caller import Caller, requires
from orchestrator.api.problems import described
from orchestrator.api.spoken_answers import NOTHING_TO_SAY, spoken_answer
from orchestrator.api.transcription_requests import known_language
from orchestrator.api.voice_bodies import (
    Passage,
    Spoken,
    SynthesizeRequest,
    TranscribeRequest,
    Transcript,
    Turn,
    TurnRequest,
)
from orchestrator.config import SessionSettings
from orchestrator.encoding import MEDIA_TYPES, wav_file
from orchestrator.errors import BadSetting
from orchestrator.inference import Synthesizer, Transcription
from orchestrator.reading import read_aloud
from orchestrator.reply import Speech
from orchestrator.store.conversations import Conversations
from orchestrator.uploaded_turn import UploadedTurn, UploadedTurns
from orchestrator.uploads.captions import joined
from orchestrator.uploads.transcription import Scribe

_WAV = MEDIA_TYPES["wav"]
_FAULTS = described(400, 413, 422, 502, 503, 504)


_SPOKEN: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Audio, streamed in `format`; JSON with a WAV where `Accept` is `application/json`.",
        "content": {media_type: {} for media_type in MEDIA_TYPES.values()},
        "model": Spoken,
    },
    **_FAULTS,
}
_TURN: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "JSON with the reply's WAV in base64. Where `Accept` is `audio/wav`: the WAV, with the texts "
        "percent-encoded in the headers `X-Transcript` and `X-Reply`, and `X-Session-ID`.",
        "content": {_WAV: {}},
        "model": Turn,
    },
    **_FAULTS,
}


def voice_requests_router(
    scribe: Scribe,
    synthesizer: Synthesizer,
    turns: UploadedTurns,
    conversations: Conversations,
    defaults: SessionSettings,
) -> APIRouter:
    router = APIRouter(prefix="/api/v1/voice", tags=["voice"])

    @router.post("/transcribe", responses=_FAULTS)
    async def transcribe(
        asked: Annotated[TranscribeRequest, Form(media_type="multipart/form-data")],
        caller: Annotated[Caller, requires("voice")],
    ) -> Transcript:
        """The words in a recording."""
        wish = Transcription(known_language(asked.language), prompt=asked.prompt)
        async with (
            scribe.opened(asked.file.file) as audio,
            aclosing(scribe.passages(audio, wish, caller.add_audio)) as stream,
        ):
            said = [passage async for passage in stream]
        return Transcript(
            text=joined(said),
            language=wish.language or next((each.language for each in said), None),
            duration_seconds=round(audio.seconds, 3),
            passages=[Passage(text=each.text, start=each.start, end=each.end) for each in said],
        )

    @router.post("/synthesize", responses=_SPOKEN, response_model=None, dependencies=[requires("voice")])
    async def synthesize(asked: SynthesizeRequest, request: Request) -> Response | Spoken:
        """The text read aloud, sent as it is made."""
        speech = Speech(asked.voice, known_language(asked.language), asked.speed)
        chunks = read_aloud(synthesizer, asked.text, speech)
        if not _accepts(request, "application/json"):
            return await spoken_answer(chunks, asked.format, "text")
        async with aclosing(chunks):
            made = [chunk async for chunk in chunks]
        if not made:
            raise BadSetting(f"text: {NOTHING_TO_SAY}", field="text")
        return Spoken(**_spoken(b"".join(each.pcm for each in made), made[0].sample_rate, made[0].voice))

    @router.post("/turn", responses=_TURN, response_model=None)
    async def turn(
        asked: Annotated[TurnRequest, Form(media_type="multipart/form-data")],
        caller: Annotated[Caller, requires("voice")],
        request: Request,
    ) -> Response | Turn:
        """A recording of what a person says: its words, the model's reply, and the reply's audio."""
        settings = asked.settings(defaults)
        async with scribe.opened(asked.file.file) as audio:
            conversation, _ = await conversations.open(asked.session_id, caller.user)
            answered = await turns.answer(audio, conversation, settings, caller.add_audio)
        if _accepts(request, _WAV):
            return _wav_answer(answered, conversation.id)
        return _turn(answered, conversation.id)

    return router


def _accepts(request: Request, media_type: str) -> bool:
    """Whether it is asked for by name."""
    ranges = request.headers.get("accept", "").split(",")
    return media_type in (each.partition(";")[0].strip().lower() for each in ranges)


def _spoken(pcm: bytes, rate_hz: int, voice: str) -> dict[str, Any]:
    audio = b64encode(wav_file(pcm, rate_hz)).decode()
    duration_ms = round(1000 * len(pcm) / 2 / rate_hz, 1)
    return {"audio": audio, "sample_rate": rate_hz, "duration_ms": duration_ms, "voice": voice}


def _turn(turn: UploadedTurn, session_id: str) -> Turn:
    return Turn(
        session_id=session_id,
        transcript=turn.transcript,
        language=turn.language,
        reply=turn.reply,
        **_spoken(turn.pcm, turn.rate_hz, turn.voice),
    )


def _wav_answer(turn: UploadedTurn, session_id: str) -> Response:
    headers = {
        "X-Session-ID": session_id,
        "X-Transcript": quote(turn.transcript),
        "X-Reply": quote(turn.reply),
    }
    return Response(wav_file(turn.pcm, turn.rate_hz), 200, headers, _WAV)
