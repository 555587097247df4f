"""What the sessions say: real recordings where there are any, else questions that the `tts` model speaks."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from client.conversation import SAMPLE_RATE
from client.demo import speech_of
from client.recording import BYTES_PER_SAMPLE, read_audio

REPOSITORY = Path(__file__).resolve().parents[1]
SPOKEN_QUESTIONS = (
    "What is the capital of France?",
    "How many days are there in a week?",
    "Can you tell me a short story about a dog?",
    "Why is the sky blue in the morning?",
    "Which animal is the fastest on land?",
    "What should I cook for dinner tonight?",
)
_CLIP_SECONDS = (2.0, 5.0)
_FRAME_SAMPLES = SAMPLE_RATE // 50
_QUIETEST_VOICE = 10 ** (-30 / 10)  # of the loudest frame's energy
# A longer one could end the turn, and a question would become two.
_LONGEST_PAUSE_MS = 300


@dataclass(frozen=True)
class Clip:
    """One question: PCM16 mono at 16 kHz that ends where the voice ends."""

    name: str
    pcm: bytes

    @property
    def seconds(self) -> float:
        """Length of the question."""
        return len(self.pcm) / BYTES_PER_SAMPLE / SAMPLE_RATE


def speech_folder() -> Path | None:
    """The folder of real recordings (`manifest.jsonl`), or None: BEAUTYAI_SPEECH says where it is."""
    folder = Path(os.environ.get("BEAUTYAI_SPEECH") or REPOSITORY.parent / "shared" / "speech")
    return folder if (folder / "manifest.jsonl").is_file() else None


async def collect(count: int, triton_url: str) -> list[Clip]:
    """`count` questions: recordings if the folder is there, else synthetic ones."""
    folder = speech_folder()
    if folder is not None:
        names = _usable(folder / "manifest.jsonl")
        clips = [Clip(name, trimmed(read_audio(folder / name, SAMPLE_RATE))) for name in names]
        return _spread([clip for clip in clips if longest_pause_ms(clip.pcm) <= _LONGEST_PAUSE_MS], count)
    return [Clip(text, trimmed(await speech_of(text, triton_url))) for text in SPOKEN_QUESTIONS[:count]]


def trimmed(pcm: bytes) -> bytes:
    """`pcm` without what is silent at its end, so that its last sample is the last voiced one."""
    voiced = _voiced_frames(pcm)
    return pcm[: (int(voiced[-1]) + 1) * _FRAME_SAMPLES * BYTES_PER_SAMPLE] if len(voiced) else pcm


def longest_pause_ms(pcm: bytes) -> int:
    """The longest silence between two voiced parts."""
    gaps = np.diff(_voiced_frames(pcm)) - 1
    return int(gaps.max(initial=0)) * _FRAME_SAMPLES * 1000 // SAMPLE_RATE


def _voiced_frames(pcm: bytes) -> NDArray[np.intp]:
    """Indices of the 20 ms frames that are less than 30 dB below the loudest one."""
    samples = np.frombuffer(pcm, dtype="<i2").astype(np.float32)
    frames = samples[: len(samples) // _FRAME_SAMPLES * _FRAME_SAMPLES].reshape(-1, _FRAME_SAMPLES)
    energy = np.square(frames).mean(axis=1)  # (n_frames,)
    return np.flatnonzero((energy > 0) & (energy >= energy.max(initial=0) * _QUIETEST_VOICE))


def _usable(manifest: Path) -> list[str]:
    entries = [json.loads(line) for line in manifest.read_text(encoding="utf-8").splitlines()]
    return sorted(entry["file"] for entry in entries if _is_usable(entry))


def _is_usable(entry: dict[str, Any]) -> bool:
    shortest, longest = _CLIP_SECONDS
    is_clean = entry["kind"] == "speech" and str(entry["file"]).startswith("en/")
    is_certain = entry["transcript_quality"] == "official-reference"
    return is_clean and is_certain and shortest <= float(entry["seconds"]) <= longest


def _spread(clips: list[Clip], count: int) -> list[Clip]:
    """`count` of the clips, evenly over the list, so that many speakers are among them."""
    step = max(1, len(clips) // count)
    return clips[::step][:count]
