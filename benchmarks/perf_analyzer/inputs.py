"""perf_analyzer's input files: what stands in `inputs/`, with the marks for audio filled in.

A mark is a string in the JSON file: `@speech` (the question, spoken) or `@frames` (its beginning, whole VAD frames).
Each becomes base64 of float32 samples at 16 kHz, and its number of samples becomes the shape.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Audio = NDArray[np.float32]  # (n_samples,), 16 kHz mono, -1..1

FOLDER = Path(__file__).parent / "inputs"
MODELS = tuple(sorted(file.stem for file in FOLDER.glob("*.json")))
QUESTION = "What do plants need to grow?"

_FRAME_SAMPLES = 512
_FRAMES = 16


def audio_from(pcm: bytes) -> Audio:
    """PCM16 little-endian -> float32."""
    audio: Audio = np.frombuffer(pcm, dtype="<i2") / np.float32(32_768)
    return audio


def filled(model: str, speech: Audio) -> dict[str, Any]:
    """The input file of a model, with `speech` (float32, 16 kHz) where its marks stand."""
    template = json.loads((FOLDER / f"{model}.json").read_text(encoding="utf-8"))
    clips = {"@speech": speech, "@frames": speech[: _FRAMES * _FRAME_SAMPLES]}
    steps = [{name: _tensor(value, clips) for name, value in step.items()} for step in template["data"]]
    return {**template, "data": steps}


def _tensor(value: Any, clips: dict[str, Audio]) -> Any:
    if not isinstance(value, str) or value not in clips:
        return value
    clip = clips[value]
    return {"b64": base64.b64encode(clip.astype("<f4").tobytes()).decode(), "shape": [len(clip)]}
