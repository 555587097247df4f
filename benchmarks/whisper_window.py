"""Seconds of Whisper's encoder and decoder in a 15 s and in the full 30 s window, on real clips.

    python -m benchmarks.whisper_window MODEL_DIR SPEECH_DIR [--clips 20] [--threads 2]

MODEL_DIR is a CTranslate2 Whisper folder, SPEECH_DIR holds `manifest.jsonl`. English clips of up to 14 s, greedy, int8.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
import wave
from pathlib import Path

import ctranslate2
import numpy as np
from faster_whisper import WhisperModel
from faster_whisper.tokenizer import Tokenizer
from faster_whisper.transcribe import get_suppressed_tokens, pad_or_trim
from numpy.typing import NDArray

WINDOWS_SECONDS = (15, 30)
FRAMES_PER_SECOND = 100
LONGEST_CLIP_SECONDS = 14


class Stages:
    """The encoder and the decoder of one model, called one after the other."""

    def __init__(self, model_dir: Path, threads: int) -> None:
        self._model = WhisperModel(str(model_dir), device="cpu", compute_type="int8", cpu_threads=threads)
        multilingual = self._model.model.is_multilingual
        self._tokenizer = Tokenizer(self._model.hf_tokenizer, multilingual, task="transcribe", language="en")
        self._suppressed = list(get_suppressed_tokens(self._tokenizer, [-1]))

    def seconds(self, audio: NDArray[np.float32], window_seconds: int) -> tuple[float, float]:
        """Seconds of encoding, seconds of decoding; the features are not counted."""
        mel = pad_or_trim(self._model.feature_extractor(audio), window_seconds * FRAMES_PER_SECOND)
        features = ctranslate2.StorageView.from_array(np.ascontiguousarray(mel[None]))
        start = time.perf_counter()
        encoded = self._model.model.encode(features, to_cpu=True)
        encoded_at = time.perf_counter()
        prompt = [*self._tokenizer.sot_sequence, self._tokenizer.no_timestamps]
        self._model.model.generate(encoded, [prompt], beam_size=1, suppress_tokens=self._suppressed)
        return encoded_at - start, time.perf_counter() - encoded_at


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model_dir", type=Path)
    parser.add_argument("speech_dir", type=Path)
    parser.add_argument("--clips", type=int, default=20)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    stages = Stages(options.model_dir, options.threads)
    audios = _audios(options.speech_dir, options.clips)
    stages.seconds(audios[0], WINDOWS_SECONDS[0])
    print(f"{len(audios)} clips, {options.threads} threads; medians in seconds")
    for window_seconds in WINDOWS_SECONDS:
        encode, decode = zip(*(stages.seconds(audio, window_seconds) for audio in audios), strict=True)
        both = [sum(pair) for pair in zip(encode, decode, strict=True)]
        print(
            f"window {window_seconds} s: encode {statistics.median(encode):.3f}"
            f"  decode {statistics.median(decode):.3f}  both {statistics.median(both):.3f}"
        )


def _audios(speech_dir: Path, clips: int) -> list[NDArray[np.float32]]:
    """Clips evenly spread over the manifest."""
    rows = [json.loads(line) for line in (speech_dir / "manifest.jsonl").open()]
    fitting = [
        row
        for row in rows
        if row["kind"] == "speech" and row["language"] == "en" and 1 < row["seconds"] <= LONGEST_CLIP_SECONDS
    ]
    step = max(1, len(fitting) // clips)
    return [_read(speech_dir / row["file"]) for row in fitting[::step][:clips]]


def _read(path: Path) -> NDArray[np.float32]:
    with wave.open(str(path)) as clip:
        return (np.frombuffer(clip.readframes(clip.getnframes()), np.int16) / 32_768).astype(np.float32)


if __name__ == "__main__":
    main()
