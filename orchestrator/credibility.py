"""Whether a final transcript is what somebody said: its words weighed against the voice that carried them. Pure.

Whisper writes words for noise as well, and the voice detector takes a cry or a clatter for a voice at times; seldom are
both wrong about the same sound and sure of it. So neither has a threshold of its own: the surer the detector, the less
sure the words need to be. The figures behind the constants: docs/decisions/0006.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from orchestrator.inference import Transcript

# What a nat of average log-probability weighs against the detector's probability, and what both have to reach.
_WEIGHT_OF_WORDS = 0.3
_CREDIBLE = 0.55
_CREDIBLE_INVENTION = 0.65

# What Whisper was taught to write under music, noise and the ends of films. People say some of it too.
_INVENTIONS = frozenset(
    {
        "bye",
        "im sorry",
        "music",
        "subscribe",
        "thank you",
        "thank you for watching",
        "thank you so much",
        "thank you very much",
        "thanks for watching",
        "you",
        "اشتركوا في القناة",
        "продолжение следует",
        "ご視聴ありがとうございました",
        "字幕志愿者 杨茜茜",
    }
)
_INVENTED_BEGINNINGS = ("subtitles by", "sous titres", "untertitel", "субтитры", "ترجمة نانسي")
_MARKS = re.compile(r"[^\w\s]|_")


def voice_probability(probabilities: Sequence[float], speech_threshold: float) -> float:
    """How sure the detector was of the voice in an utterance, from the speech probability of each of its frames.

    The upper quartile between the first and the last voiced frame, so that pauses and the silence around take nothing
    away; 0 where no frame reaches `speech_threshold`.
    """
    voiced = [i for i, probability in enumerate(probabilities) if probability >= speech_threshold]
    if not voiced:
        return 0.0
    spoken = sorted(probabilities[voiced[0] : voiced[-1] + 1])
    return spoken[len(spoken) * 3 // 4]


def is_speech(transcript: Transcript, voice_probability: float) -> bool:
    """Whether to believe that somebody said this; what Whisper likes to invent needs surer words and a surer voice."""
    said = " ".join(_MARKS.sub(" ", transcript.text.lower().replace("'", "")).split())
    if not said:
        return False
    evidence = voice_probability + _WEIGHT_OF_WORDS * transcript.average_log_probability
    is_invention = said in _INVENTIONS or said.startswith(_INVENTED_BEGINNINGS)
    return evidence >= (_CREDIBLE_INVENTION if is_invention else _CREDIBLE)
