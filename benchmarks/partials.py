"""Partial transcripts of real recordings in simulated real time: what one costs, when words appear, what is taken back.

    python -m benchmarks.partials [--clips 24] [--interval-ms 200] [--language en]

Audio arrives in real time, the `whisper` folder runs in this process, and a decode takes what it really takes; no clock
is waited for. BEAUTYAI_WHISPER_DIR and BEAUTYAI_VAD_MODEL name the weights, BEAUTYAI_SPEECH the recordings.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from difflib import SequenceMatcher
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.clips import REPOSITORY, speech_folder
from benchmarks.floor import load_module, model_config
from client.recording import read_audio
from orchestrator.audio import FRAME_SAMPLES, SAMPLE_RATE, Audio
from orchestrator.config import TurnTakingSettings
from orchestrator.inference import Transcript
from orchestrator.partials import Partials, Request, Shown
from orchestrator.turn_events import samples
from orchestrator.words import keys, words
from tests.model_repository.word_errors import word_errors
from tests.model_repository.word_errors import words as scored_words

PADDED_SECONDS = 30.0
_LONGEST_CLIP_SECONDS = 29.0
_PAUSE = np.zeros(SAMPLE_RATE * 64 // 100 // FRAME_SAMPLES * FRAME_SAMPLES, np.float32)


class Models:
    """The `whisper` and `vad` folders in this process."""

    def __init__(self) -> None:
        folder = REPOSITORY / "model_repository" / "whisper" / "1"
        parameters = model_config("whisper")["parameters"]
        values = {name: value["string_value"] for name, value in parameters.items()}
        settings = load_module(folder, "settings").Settings.parse(values, os.environ)
        self._whisper = load_module(folder, "whisper").Whisper(settings)
        self._utterance = load_module(folder, "utterance").Utterance
        self._silero = load_module(REPOSITORY / "model_repository" / "vad" / "1", "silero")
        self._vad = self._silero.Silero(Path(os.environ["BEAUTYAI_VAD_MODEL"]), threads=1)

    def transcribe(self, audio: Audio, request: Request, **more: Any) -> tuple[Transcript, float]:
        """The answer to `request`, whose audio is given, and how many seconds it took."""
        utterance = self._utterance(
            audio,
            language=request.language or "",
            prefix=request.prefix,
            prompt=request.prompt,
            word_timestamps=request.word_timestamps,
            fallback=not request.partial,
            **more,
        )
        began = time.perf_counter()
        answer = self._whisper.transcribe([utterance])[0]
        took_seconds = time.perf_counter() - began
        transcript = Transcript(
            answer.text,
            answer.language,
            answer.language_probability,
            answer.no_speech_probability,
            answer.avg_logprob,
            tuple(_without_nulls(asdict(segment)) for segment in answer.segments),
        )
        return transcript, took_seconds

    def speech_probabilities(self, audio: Audio) -> NDArray[np.float32]:
        """Of each frame, float32 (n_frames,)."""
        heard = self._silero.Utterance(audio, self._silero.start_state())
        probabilities: NDArray[np.float32] = self._vad.detect([heard])[0].speech_probability
        return probabilities


def _without_nulls(segment: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in segment.items() if value is not None}


@dataclass(frozen=True)
class Step:
    """One partial decode and when its text was shown."""

    request: Request
    took_seconds: float
    shown_at: int  # samples of the session's audio
    shown: Shown


@dataclass(frozen=True)
class Utterance:
    """What happened while one recording was heard."""

    seconds: float
    language: str  # as the padded path hears it
    speech_start: int  # samples
    steps: list[Step]
    final: str
    final_seconds: float
    padded_seconds: float
    spoken: list[
        tuple[str, int]
    ]  # keys of the words as the padded path hears them, and where they end in samples
    reference: str


def listen(audio: Audio, reference: str, models: Models, partials: Partials) -> Utterance:
    """Let one recording arrive in real time, as one utterance."""
    audio = np.concatenate([audio[: len(audio) // FRAME_SAMPLES * FRAME_SAMPLES], _PAUSE])
    probabilities = models.speech_probabilities(audio)
    settings = TurnTakingSettings()
    voiced = probabilities >= settings.speech_threshold
    onset = _onset(voiced, samples(settings.min_speech_ms) // FRAME_SAMPLES)
    start = max(0, onset - samples(settings.prefix_ms))
    announced = onset + samples(settings.min_speech_ms)
    steps: list[Step] = []
    free_at = announced
    for end in range(announced, len(audio) + 1, FRAME_SAMPLES):
        asked_until = steps[-1].request.end if steps else start
        if end < free_at or not voiced[asked_until // FRAME_SAMPLES : end // FRAME_SAMPLES].any():
            continue
        if (request := partials.next_request(start, end)) is None:
            continue
        transcript, took_seconds = models.transcribe(audio[request.start : end], request)
        free_at = end + round(took_seconds * SAMPLE_RATE)
        steps.append(Step(request, took_seconds, free_at, partials.update(request, transcript)))
    last = partials.final_request(start, len(audio))
    final, final_seconds = models.transcribe(audio[last.start : last.end], last)
    padded = Request(0, len(audio), partials.language, word_timestamps=True)
    whole, _ = models.transcribe(audio, padded, window_seconds=PADDED_SECONDS)
    plain = Request(0, len(audio), partials.language)
    _, padded_seconds = models.transcribe(audio, plain, window_seconds=PADDED_SECONDS)
    spoken = [
        (word.key, round(timed["end"] * SAMPLE_RATE))
        for segment in whole.segments
        for timed in segment["words"]
        for word in words(timed["word"], whole.language)
    ]
    return Utterance(
        len(audio) / SAMPLE_RATE,
        whole.language,
        onset,
        steps,
        last.text(final),
        final_seconds,
        padded_seconds,
        spoken,
        reference,
    )


def _onset(voiced: NDArray[np.bool_], frames: int) -> int:
    """The sample where the first speech of at least `frames` frames begins."""
    runs = np.convolve(voiced, np.ones(frames), "valid") == frames
    return int(np.argmax(runs)) * FRAME_SAMPLES if runs.any() else 0


def delays_ms(utterance: Utterance, *, stable: bool) -> list[float]:
    """From the end of each spoken word to when it was first shown, or stable; words never shown are left out."""
    since: dict[int, int] = {}
    said = [key for key, _ in utterance.spoken]
    for step in utterance.steps:
        text = step.shown.text[: step.shown.stable_characters] if stable else step.shown.text
        shown = keys(words(text, utterance.language))
        blocks = SequenceMatcher(None, shown, said, autojunk=False).get_matching_blocks()
        for _, b, size in blocks:
            for i in range(b, b + size):
                since.setdefault(i, step.shown_at)
    return [1000 * (at - utterance.spoken[i][1]) / SAMPLE_RATE for i, at in since.items()]


def taken_back(utterance: Utterance) -> tuple[int, int]:
    """Words that were shown and vanished or changed: unstable ones, and stable ones, which are none."""
    unstable = stable = 0
    for before, after in zip(utterance.steps, utterance.steps[1:], strict=False):
        certain = before.shown.text[: before.shown.stable_characters]
        stable += not after.shown.text.startswith(certain)
        was, now = (keys(words(step.shown.text, utterance.language)) for step in (before, after))
        kept = SequenceMatcher(None, was, now, autojunk=False).get_matching_blocks()
        unstable += len(was) - sum(block.size for block in kept)
    return unstable, stable


def report(utterances: Sequence[Utterance]) -> Iterable[str]:
    """The figures of all recordings, a line each."""
    steps = [step for utterance in utterances for step in utterance.steps]
    costs_ms = [1000 * step.took_seconds for step in steps]
    short = [u for u in utterances if 2 <= u.seconds <= 8 and u.steps]
    ratios = [median(s.took_seconds for s in u.steps) / u.padded_seconds for u in short]
    seconds = sum(utterance.seconds for utterance in utterances)
    yield f"{len(utterances)} recordings, {seconds:.0f} s, {len(steps)} partials"
    yield f"one partial: {spread(costs_ms)} ms"
    if ratios:
        padded_ms = 1000 * median(u.padded_seconds for u in short)
        yield f"against the padded path ({padded_ms:.0f} ms), utterances of 2-8 s: {median(ratios):.2f}"
    firsts = [first for u in utterances if (first := first_shown_ms(u)) is not None]
    yield f"first partial after speech start: {spread(firsts)} ms"
    shown = [delay for u in utterances for delay in delays_ms(u, stable=False)]
    stable = [delay for u in utterances for delay in delays_ms(u, stable=True)]
    n_words = sum(len(u.spoken) for u in utterances)
    yield f"a word is shown {spread(shown)} ms after its end ({len(shown)} of {n_words})"
    yield f"a word is stable {spread(stable)} ms after its end ({len(stable)} of {n_words} before the final)"
    unstable_taken, stable_taken = (sum(column) for column in zip(*map(taken_back, utterances), strict=True))
    assert stable_taken == 0, "a stable word was taken back"
    yield f"taken back: {stable_taken} stable words, {unstable_taken} unstable ones"
    yield f"word errors: last shown {error_rate(utterances, last_shown)} %, final {error_rate(utterances, final)} %"
    for low, high in ((0, 3), (3, 6), (6, 10), (10, 15), (15, 20), (20, 28)):
        at = [1000 * s.took_seconds for u in utterances for s in u.steps if low <= _heard(u, s) < high]
        if at:
            yield f"  at {low}-{high} s of an utterance: {spread(at)} ms, {len(at)} partials"


def last_shown(utterance: Utterance) -> str:
    return utterance.steps[-1].shown.text if utterance.steps else ""


def final(utterance: Utterance) -> str:
    return utterance.final


def error_rate(utterances: Sequence[Utterance], text: Any) -> str:
    errors = sum(word_errors(u.reference, text(u)) for u in utterances)
    return f"{100 * errors / max(1, sum(len(scored_words(u.reference)) for u in utterances)):.2f}"


def first_shown_ms(utterance: Utterance) -> float | None:
    """From the speech's start to the first words on screen; None where there were none."""
    at = next((step.shown_at for step in utterance.steps if step.shown.text), None)
    return None if at is None else 1000 * (at - utterance.speech_start) / SAMPLE_RATE


def spread(values: Sequence[float]) -> str:
    """Median and 95th percentile."""
    return f"{np.median(values):.0f} / {np.percentile(values, 95):.0f}" if len(values) else "-"


def _heard(utterance: Utterance, step: Step) -> float:
    return (step.request.end - utterance.speech_start) / SAMPLE_RATE


def recordings(count: int, language: str, shortest: float, longest: float) -> list[tuple[Audio, str]]:
    """Clean speech with an official text, evenly spread over the folder."""
    folder = speech_folder()
    assert folder is not None, "BEAUTYAI_SPEECH names no folder of recordings"
    rows = [json.loads(line) for line in (folder / "manifest.jsonl").open(encoding="utf-8")]
    fitting = [row for row in rows if _is_fitting(row, language, shortest, longest)]
    step = max(1, len(fitting) // count)
    return [(_audio(folder / row["file"]), row["text"]) for row in fitting[::step][:count]]


def _is_fitting(row: dict[str, Any], language: str, shortest: float, longest: float) -> bool:
    is_certain = row["transcript_quality"] in ("official-reference", "expected-string-in-project-tests")
    is_clean = row["kind"] == "speech" and "noisy" not in row["group"]
    return is_certain and is_clean and row["language"] == language and shortest <= row["seconds"] <= longest


def _audio(path: Path) -> Audio:
    return (np.frombuffer(read_audio(path, SAMPLE_RATE), "<i2") / 32_768).astype(np.float32)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clips", type=int, default=24)
    parser.add_argument("--interval-ms", type=int, default=TurnTakingSettings().partial_interval_ms)
    parser.add_argument("--language", default="en")
    parser.add_argument("--shortest", type=float, default=2.0, help="seconds")
    parser.add_argument("--longest", type=float, default=_LONGEST_CLIP_SECONDS, help="seconds")
    options = parser.parse_args()
    models = Models()
    clips = recordings(options.clips, options.language, options.shortest, options.longest)
    models.transcribe(clips[0][0], Request(0, len(clips[0][0])))
    utterances = [
        listen(audio, text, models, Partials(None, samples(options.interval_ms))) for audio, text in clips
    ]
    for line in report(utterances):
        print(line)


if __name__ == "__main__":
    main()
