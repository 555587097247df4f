"""What is said over a reply: real recordings, noises, words in passing and laughs that the `tts` model speaks."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.clips import REPOSITORY, speech_folder, trimmed
from benchmarks.floor import load_module, model_config
from client.conversation import SAMPLE_RATE
from client.demo import speech_of
from client.recording import read_audio

Audio = NDArray[np.float32]

IN_PASSING = (
    "Okay.",
    "Yeah.",
    "Uh-huh.",
    "Right.",
    "I see.",
    "Okay, okay.",
    "Oh, really?",
    "Sure.",
    "Ha ha ha!",
    "Achoo!",
)
_LONGEST_NOISE_SECONDS = 4.0
_CLIP_SECONDS = (1.2, 6.0)
_VOICED_DB = -30


@dataclass(frozen=True)
class OverlapCase:
    """`audio`, float32 [n_samples] at 16 kHz; `first_word_end_s` into it, None where a reply must go on."""

    name: str
    audio: Audio
    first_word_end_s: float | None = None


class Ear:
    """Whisper as the `whisper` model runs it, asked offline."""

    def __init__(self) -> None:
        folder = REPOSITORY / "model_repository" / "whisper" / "1"
        values = {
            name: value["string_value"] for name, value in model_config("whisper")["parameters"].items()
        }
        settings = load_module(folder, "settings").Settings.parse(values, os.environ)
        self._whisper = load_module(folder, "whisper").Whisper(settings)
        self._utterance = load_module(folder, "utterance").Utterance

    def text(self, audio: Audio) -> str:
        """The words in `audio`."""
        text: str = self._whisper.transcribe([self._utterance(audio, language="en")])[0].text
        return text

    def first_word_end_s(self, audio: Audio) -> float | None:
        """When the first word ends; None where there is none."""
        utterance = self._utterance(audio, language="en", word_timestamps=True)
        segments = self._whisper.transcribe([utterance])[0].segments
        ends = [float(word.end) for segment in segments for word in segment.words or ()]
        return ends[0] if ends else None


def interruptions(count: int, ear: Ear) -> list[OverlapCase]:
    """`count` real clips of speech, evenly over the folder, so that many speakers are among them."""
    folder = _folder()
    names = sorted(entry["file"] for entry in _entries(folder) if _is_clean_speech(entry))
    cases = []
    for name in names[:: max(1, len(names) // count)][:count]:
        audio = _audio(trimmed(read_audio(folder / name, SAMPLE_RATE)))
        cases.append(OverlapCase(name, audio, ear.first_word_end_s(audio)))
    return [case for case in cases if case.first_word_end_s is not None]


async def no_interruptions(count: int, triton_url: str) -> list[OverlapCase]:
    """`count` sounds over which a reply goes on: half of them words in passing, half noises."""
    folder = _folder()
    spoken = IN_PASSING[: count // 2]
    cases = [OverlapCase(text, _audio(await speech_of(text, triton_url))) for text in spoken]
    noises = sorted(entry["file"] for entry in _entries(folder) if entry["kind"] in ("noise", "music"))
    wanted = count - len(cases)
    for name in noises[:: max(1, len(noises) // wanted)][:wanted]:
        audio = _audio(read_audio(folder / name, SAMPLE_RATE))
        cases.append(OverlapCase(name, audio[: int(_LONGEST_NOISE_SECONDS * SAMPLE_RATE)]))
    return cases


def _folder() -> Path:
    folder = speech_folder()
    if folder is None:
        raise FileNotFoundError("no recordings: BEAUTYAI_SPEECH names a folder with a manifest.jsonl")
    return folder


def _entries(folder: Path) -> list[dict[str, Any]]:
    lines = (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def _is_clean_speech(entry: dict[str, Any]) -> bool:
    shortest, longest = _CLIP_SECONDS
    is_clean = entry["kind"] == "speech" and str(entry["file"]).startswith("en/")
    is_certain = entry["transcript_quality"] == "official-reference"
    return is_clean and is_certain and shortest <= float(entry["seconds"]) <= longest


def _audio(pcm: bytes) -> Audio:
    audio: Audio = np.frombuffer(pcm, "<i2") / np.float32(32_768)
    return audio
