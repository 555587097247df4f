"""Seconds of Whisper's encoder and decoder for a partial, a final and a padded transcript of the same utterances.

    python -m benchmarks.whisper_window MODEL_DIR [MODEL_DIR …] [--utterances 24] [--threads 2]

A MODEL_DIR is a CTranslate2 Whisper folder. The utterances are beginnings of English clips, 2 to 8 s long, so that most
break off within a word; their prefix is what the padded transcript says until 0.6 s before that. Every utterance goes
through all paths in turn, so that what else the machine does falls on all alike. The features are not counted.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.clips import REPOSITORY, speech_folder
from benchmarks.floor import load_module, model_config
from client.conversation import SAMPLE_RATE
from client.recording import read_audio

FOLDER = REPOSITORY / "model_repository" / "whisper" / "1"
SHORTEST_SECONDS, LONGEST_SECONDS = 2.0, 8.0
AGREED_UNTIL_SECONDS = 0.6
PATHS: dict[str, dict[str, Any]] = {
    "padded": {"window_seconds": 30.0},
    "final": {},
    "partial": {"fallback": False},
    "partial, prefix": {"fallback": False},
}


@dataclass(frozen=True)
class Spent:
    """Seconds of one transcript."""

    encode: float
    decode: float

    @property
    def both(self) -> float:
        return self.encode + self.decode


class Timed:
    """The `whisper` model as Triton runs it, with a clock at its network."""

    def __init__(self, model_dir: Path, threads: int) -> None:
        parameters = {k: v["string_value"] for k, v in model_config("whisper")["parameters"].items()}
        changed = {"model_dir": str(model_dir), "threads": str(threads)}
        settings = load_module(FOLDER, "settings").Settings.parse({**parameters, **changed}, os.environ)
        self._whisper = load_module(FOLDER, "whisper").Whisper(settings)
        self._utterance = load_module(FOLDER, "utterance").Utterance
        self._seconds = {"encode": 0.0, "generate": 0.0}
        for method in self._seconds:
            self._clock(self._whisper._network, method)

    def _clock(self, network: Any, method: str) -> None:
        call = getattr(network, method)

        def timed(*args: Any, **options: Any) -> Any:
            start = time.perf_counter()
            result = call(*args, **options)
            self._seconds[method] += time.perf_counter() - start
            return result

        setattr(network, method, timed)

    def transcribe(self, audio: NDArray[np.float32], **options: Any) -> tuple[Any, Spent]:
        """The transcript of English `audio`, and what it took."""
        self._seconds.update(encode=0.0, generate=0.0)
        [transcript] = self._whisper.transcribe([self._utterance(audio, language="en", **options)])
        return transcript, Spent(self._seconds["encode"], self._seconds["generate"])

    def agreed(self, audio: NDArray[np.float32]) -> str:
        """What two partial transcripts would have agreed on by now."""
        transcript, _ = self.transcribe(audio, window_seconds=30.0, word_timestamps=True)
        words = [word for segment in transcript.segments for word in segment.words]
        end = audio.size / SAMPLE_RATE - AGREED_UNTIL_SECONDS
        return "".join(word.word for word in words if word.end <= end).strip()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model_dirs", type=Path, nargs="+", metavar="MODEL_DIR")
    parser.add_argument("--utterances", type=int, default=24)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    # As the launcher sets it for Triton; libgomp reads it when it is loaded with the model.
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")
    folder = speech_folder()
    if folder is None:
        parser.error("BEAUTYAI_SPEECH names no folder of recordings with a manifest.jsonl")
    audios = _utterances(folder, options.utterances)
    for model_dir in options.model_dirs:
        print(f"{model_dir.name}: {len(audios)} utterances, {options.threads} threads; medians")
        print(_report(_measured(Timed(model_dir, options.threads), audios)))


def _measured(model: Timed, audios: Sequence[NDArray[np.float32]]) -> dict[str, list[Spent]]:
    """What every path spent on each utterance."""
    spent: dict[str, list[Spent]] = {name: [] for name in PATHS}
    model.transcribe(audios[0])
    for audio in audios:
        agreed = model.agreed(audio)
        for name, options in PATHS.items():
            prefix = agreed if "prefix" in name else ""
            spent[name].append(model.transcribe(audio, prefix=prefix, **options)[1])
    return spent


def _report(spent: dict[str, list[Spent]]) -> str:
    padded = spent["padded"]
    lines = []
    for name, each in spent.items():
        encode, decode = median(s.encode for s in each), median(s.decode for s in each)
        both = median(s.both for s in each)
        ratio = median(s.both / whole.both for s, whole in zip(each, padded, strict=True))
        lines.append(
            f"  {name:16} encode {encode:.3f} s  decode {decode:.3f} s  both {both:.3f} s"
            f"  of padded {both / median(s.both for s in padded):.2f}, utterance by utterance {ratio:.2f}"
        )
    return "\n".join(lines)


def _utterances(speech: Path, count: int) -> list[NDArray[np.float32]]:
    """Beginnings of clips, of lengths evenly spread between the shortest and the longest."""
    rows = [json.loads(line) for line in (speech / "manifest.jsonl").read_text(encoding="utf-8").splitlines()]
    english = [row for row in rows if row["kind"] == "speech" and row["language"] == "en"]
    audios = []
    for i, seconds in enumerate(np.linspace(SHORTEST_SECONDS, LONGEST_SECONDS, count)):
        fitting = [row for row in english if row["seconds"] >= seconds]
        pcm = read_audio(speech / fitting[i * len(fitting) // count]["file"], SAMPLE_RATE)
        audio = (np.frombuffer(pcm, "<i2") / 32_768).astype(np.float32)
        audios.append(audio[: int(seconds * SAMPLE_RATE)])
    return audios


if __name__ == "__main__":
    main()
