"""What is believed to be speech: scores measured on real sounds, and the real models on noise and on single words."""

from __future__ import annotations

import json
import os
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from orchestrator.credibility import is_speech, voice_probability
from orchestrator.inference import Transcript
from tests.model_repository.model_folder import module
from tests.model_repository.test_whisper import PARAMETERS

silero = module("vad", "silero")
settings = module("whisper", "settings")
utterance = module("whisper", "utterance")
whisper = module("whisper", "whisper")

FRAME_SAMPLES = 512
SPEECH_THRESHOLD, SILENCE_THRESHOLD = 0.5, 0.35
BEFORE_FRAMES, SHORTEST_FRAMES, END_FRAMES = 10, 4, 16
SHORT_GROUPS = {"fsdd-8k-digit", "common-voice-single-word", "noisy-kitchen-0dB", "pocketsphinx-cards"}


def transcript(text: str, log_probability: float) -> Transcript:
    return Transcript(text, "en", average_log_probability=log_probability)


@pytest.mark.parametrize(
    ("text", "log_probability", "voice"),
    [
        ("No.", -0.27, 1.0),
        ("3", -0.99, 1.0),
        ("two.", -0.60, 0.85),
        ("Oh.", -0.81, 0.87),
        ("Um.", -1.02, 0.99),
        ("No, this reference is currently exist.", -1.13, 0.99),
        ("Thank you.", -0.35, 0.95),
        ("شكرا", -0.5, 0.9),
    ],
)
def test_what_people_said_is_believed_though_it_was_short_or_noisy(
    text: str, log_probability: float, voice: float
) -> None:
    assert is_speech(transcript(text, log_probability), voice)


@pytest.mark.parametrize(
    ("text", "log_probability", "voice"),
    [
        ("Oh!", -1.06, 0.85),  # a child's cry
        ("Yeah!", -0.64, 0.66),
        ("I'm not sure if I can get it right.", -1.83, 0.98),  # a song
        ("Thank you.", -0.88, 0.65),
        ("Thank you.", -0.82, 0.86),
        ("Sous-titres réalisés par la communauté d'Amara.org", -0.9, 0.9),
        ("...", -0.1, 1.0),
        ("", 0.0, 1.0),
    ],
)
def test_what_was_written_for_noise_is_not_believed(text: str, log_probability: float, voice: float) -> None:
    assert not is_speech(transcript(text, log_probability), voice)


def test_what_whisper_invents_needs_more_than_other_words() -> None:
    assert is_speech(
        transcript(
            "Tea, please.",
            -0.8,
        ),
        0.85,
    )
    assert not is_speech(transcript("Thanks for watching!", -0.8), 0.85)


def test_the_voice_is_measured_where_it_is_and_pauses_take_nothing_away() -> None:
    word = [0.9] * 8
    assert voice_probability(word, 0.5) == 0.9
    assert voice_probability([0.0] * 20 + word + [0.01] * 5 + word + [0.0] * 30, 0.5) == 0.9


def test_without_a_voiced_frame_there_is_no_voice() -> None:
    assert voice_probability([], 0.5) == 0
    assert voice_probability([0.49] * 9, 0.5) == 0


@pytest.fixture(scope="module", params=["BEAUTYAI_WHISPER_TINY_EN_DIR", "BEAUTYAI_WHISPER_DIR"])
def model(request: pytest.FixtureRequest) -> Any:
    values = {**PARAMETERS, "model_dir": os.environ[request.param]}
    return whisper.Whisper(settings.Settings.parse(values, os.environ))


@pytest.fixture(scope="module")
def detector() -> Any:
    return silero.Silero(Path(os.environ["BEAUTYAI_VAD_MODEL"]), 1)


def clips(speech: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (speech / "manifest.jsonl").open()]


def read(path: Path) -> NDArray[np.float32]:
    with wave.open(str(path)) as clip:
        samples = np.frombuffer(clip.readframes(clip.getnframes()), np.int16)
    quiet = np.zeros(FRAME_SAMPLES * (END_FRAMES + 4) - len(samples) % FRAME_SAMPLES, np.float32)
    return np.concatenate([(samples / 32_768).astype(np.float32), quiet])


def utterances(detector: Any, audio: NDArray[np.float32]) -> list[tuple[NDArray[np.float32], list[float]]]:
    """The stretches in which a session would hear somebody, with the speech probability of their frames."""
    [detection] = detector.detect([silero.Utterance(audio, silero.start_state())])
    probabilities = detection.speech_probability.tolist()
    found, since, quiet = [], None, 0
    for i, probability in enumerate(probabilities):
        quiet = quiet + 1 if probability < SILENCE_THRESHOLD else 0
        if since is None and probability >= SPEECH_THRESHOLD:
            since = i
        if since is None or quiet == 0:
            continue
        if i - since < SHORTEST_FRAMES:
            since = None
        elif quiet == END_FRAMES:
            begin = max(0, since - BEFORE_FRAMES)
            found.append(
                (audio[begin * FRAME_SAMPLES : (i + 1) * FRAME_SAMPLES], probabilities[begin : i + 1])
            )
            since = None
    return found


def heard(model: Any, detector: Any, path: Path) -> list[tuple[str, bool]]:
    """The text of every utterance in a clip, and whether it is believed."""
    answers = []
    for audio, probabilities in utterances(detector, read(path)):
        [said] = model.transcribe([utterance.Utterance(audio, language="en")])
        voice = voice_probability(probabilities, SPEECH_THRESHOLD)
        answers.append((said.text, is_speech(transcript(said.text, said.avg_logprob), voice)))
    return answers


def test_no_word_survives_of_silence_noise_and_music(model: Any, detector: Any, speech: Path) -> None:
    others = [clip["file"] for clip in clips(speech) if clip["kind"] != "speech"]
    survived = {file: said for file in others for said in heard(model, detector, speech / file) if said[1]}
    assert len(others) == 25
    assert survived == {}


def test_no_single_word_and_no_words_in_noise_are_dropped(model: Any, detector: Any, speech: Path) -> None:
    short = [clip["file"] for clip in clips(speech) if clip["group"] in SHORT_GROUPS]
    answers = {file: heard(model, detector, speech / file) for file in short}
    # Two digits of 0.3 s are too short for the detector.
    assert sum(not said for said in answers.values()) <= 2
    assert [said for each in answers.values() for said in each if not said[1]] == []
