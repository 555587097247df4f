"""What one session has heard: its audio, how sure the detector was of it, and the words understood so far."""

from __future__ import annotations

from dataclasses import dataclass, replace

from orchestrator.audio import Audio
from orchestrator.credibility import is_speech, voice_probability
from orchestrator.inference import Inference, Transcript, Transcription
from orchestrator.partials import Partials, Request, Shown
from orchestrator.recording import Recording
from orchestrator.turn_events import Utterance
from orchestrator.voicing import Voicing

_SHOWN_LANGUAGE_PROBABILITY = 0.5


@dataclass(frozen=True)
class Decode:
    """One question to the transcriber, and what it is about, kept whatever is heard after it."""

    request: Request
    audio: Audio
    voice_probability: float

    def whole(self, transcript: Transcript) -> Transcript:
        """The answer with the text of the whole utterance; without any where nobody can have said it."""
        text = self.request.text(transcript) if is_speech(transcript, self.voice_probability) else ""
        return replace(transcript, text=text)


class Hearing:
    """The newest `capacity_samples` of a session's audio, and its open utterances by turn."""

    def __init__(self, inference: Inference, capacity_samples: int) -> None:
        self.recording = Recording(capacity_samples)
        self.voicing = Voicing(capacity_samples)
        self._inference = inference
        self._partials: dict[int, Partials] = {}
        self._shown: dict[int, Shown] = {}

    def append(self, frame: Audio, probability: float) -> None:
        """The next frame of the session, float32 [512], and the probability that it is speech."""
        self.recording.append(frame)
        self.voicing.append(probability)

    def begin(self, turn: int, language: str | None, interval_samples: int) -> None:
        """An utterance has begun; `language` None: to be detected."""
        self._partials[turn] = Partials(language, interval_samples)

    def shown(self, turn: int) -> str:
        """What was understood of an utterance so far."""
        return self._shown[turn].text if turn in self._shown else ""

    def end(self, turn: int) -> str:
        """Forget an utterance; what was shown of it."""
        text = self.shown(turn)
        self._partials.pop(turn, None)
        self._shown.pop(turn, None)
        return text

    def partial(self, turn: int, start: int, end: int, threshold: float) -> Decode | None:
        """What to ask about an utterance [start, end) that goes on; None while too little of it is new."""
        request = self._partials[turn].next_request(start, end)
        return None if request is None else self._decode(request, start, threshold)

    def final(self, utterance: Utterance, threshold: float) -> Decode:
        """What to ask about an utterance that is over, or may be."""
        request = self._partials[utterance.turn].final_request(utterance.start, utterance.end)
        return self._decode(request, utterance.start, threshold)

    async def transcribe(self, decode: Decode) -> Transcript:
        """The answer as it comes: of the audio asked about, without what was known before it."""
        request = decode.request
        asked = Transcription(
            request.language, request.partial, request.prefix, request.prompt, request.word_timestamps
        )
        return await self._inference.transcribe(decode.audio, asked)

    def understood(self, turn: int, decode: Decode, transcript: Transcript) -> Shown | None:
        """What there is to show after an answer; None where that is nothing new, or the utterance is over."""
        partials, before = self._partials.get(turn), self._shown.get(turn)
        if partials is None or (before is None and not _is_worth_showing(decode, transcript)):
            return None
        shown = partials.update(decode.request, transcript)
        if not shown.text or shown == before:
            return None
        self._shown[turn] = shown
        return shown

    def _decode(self, request: Request, start: int, threshold: float) -> Decode:
        audio = self.recording.slice(request.start, request.end)
        probabilities = self.voicing.frames(start, request.end)
        return Decode(request, audio, voice_probability(probabilities, threshold))


def _is_worth_showing(decode: Decode, transcript: Transcript) -> bool:
    """Whether the first words of an utterance can be believed; half a second of speech may be heard in any language."""
    knows_language = decode.request.language or transcript.language_probability >= _SHOWN_LANGUAGE_PROBABILITY
    return bool(knows_language and decode.whole(transcript).text)
