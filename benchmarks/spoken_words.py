"""Word errors of numbers, dates and signs: spoken by Piper and heard by Whisper, as written and as words.

`python -m benchmarks.spoken_words` says the sentences of `spoken_words.txt`. BEAUTYAI_VOICES_DIR, BEAUTYAI_WHISPER_DIR
and the other variables of the two models are read as the models do. What should be heard is what `spoken` of the `tts`
model makes of a sentence. Piper never says a text twice in the same way, so each is said in several takes.
"""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.clips import REPOSITORY
from benchmarks.floor import Transcriber, load_module
from client.recording import resample
from tests.model_repository.word_errors import word_errors, words

WHISPER_RATE = 16_000
SENTENCES = Path(__file__).parent / "spoken_words.txt"


class Speaker:
    """Piper, with the first voice of the folder, and the words that the `tts` model gives it."""

    def __init__(self) -> None:
        folder = REPOSITORY / "model_repository" / "tts" / "1"
        voices = load_module(folder, "piper_voice").LocalVoices
        self._voice = voices.load(Path(os.environ["BEAUTYAI_VOICES_DIR"]), 2).choose("", "en")
        self._spoken = load_module(folder, "spoken").spoken

    def words(self, written: str) -> str:
        """What is given to the voice."""
        return str(self._spoken(written, "en"))

    def audio(self, text: str) -> NDArray[np.float32]:
        """`text` as it is, spoken: float32 (n_samples,) at WHISPER_RATE Hz."""
        pcm = np.concatenate(list(self._voice.speak(text, 1.0))).tobytes()
        return np.frombuffer(resample(pcm, self._voice.sample_rate, WHISPER_RATE), "<i2") / np.float32(32_768)


@dataclass
class Errors:
    """Word errors of every take, and those that are left when Whisper's own notation is read out as well.

    Whisper writes "9 a.m." where it heard "nine AM": the first count takes that for errors. The second takes a date
    read as "dash eleven dash" for right, because Whisper writes it as a date. The truth lies between.
    """

    heard: int = 0
    read_out: int = 0


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--takes", type=int, default=2)
    takes = parser.parse_args().takes
    speaker, transcriber = Speaker(), Transcriber()
    expected, errors = 0, {"as written": Errors(), "as words": Errors()}
    for written in SENTENCES.read_text(encoding="utf-8").splitlines():
        said = speaker.words(written)
        expected += takes * len(words(said))
        for name, text in (("as written", written), ("as words", said)):
            for _ in range(takes):
                heard = transcriber.text(speaker.audio(text))
                wrong = word_errors(said, heard)
                errors[name].heard += wrong
                errors[name].read_out += word_errors(said, speaker.words(heard))
                if wrong:
                    print(f"{wrong} {name}: {text!r} was heard as {heard!r}")
    for name, count in errors.items():
        print(
            f"{name}: {count.heard} errors in {expected} words, {100 * count.heard / expected:.1f} %; with the notation"
            f" read out {count.read_out}, {100 * count.read_out / expected:.1f} %"
        )


if __name__ == "__main__":
    main()
