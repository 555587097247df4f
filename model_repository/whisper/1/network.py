"""The Whisper network on CTranslate2: encode, detect the language, decode, align. Arrays in, tokens and times out.

The log-mel features, the tokenizer and the alignment of words are faster-whisper's.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import ctranslate2
import numpy as np
from faster_whisper import WhisperModel
from faster_whisper.tokenizer import Tokenizer
from faster_whisper.transcribe import get_suppressed_tokens, merge_punctuations, pad_or_trim
from numpy.typing import NDArray

from .device import prepare
from .utterance import Word

# The decoder has 448 positions, half of them for what it writes (`ctranslate2.models.Whisper.generate`).
_POSITIONS = 448

MAX_WRITTEN_TOKENS = _POSITIONS // 2

_PREPENDED = "\"'“¿([{-"
_APPENDED = "\"'.。,，!！?？:：”)]}、"

Encoded = NDArray[np.float32]  # (n_frames / 2, width), one clip


class Network:
    """The weights, loaded once; holds nothing between calls."""

    def __init__(self, model_dir: Path, device: str, compute_type: str, threads: int) -> None:
        prepare(device, compute_type)
        self._model = WhisperModel(
            str(model_dir),
            device=device,
            compute_type=compute_type,
            cpu_threads=threads,
            local_files_only=True,
        )
        self._frames_per_second = self._model.frames_per_second
        vocabulary = self._model.hf_tokenizer.get_vocab()
        self.languages = frozenset(
            code for code in self._model.supported_languages if code == "en" or f"<|{code}|>" in vocabulary
        )
        self.tokenizer = lru_cache(maxsize=None)(self._tokenizer)
        self._suppressed = list(get_suppressed_tokens(self.tokenizer("en", "transcribe"), [-1]))
        # Sampling at a temperature is to give the same words for the same audio after each start.
        ctranslate2.set_random_seed(0)

    def _tokenizer(self, language: str, task: str) -> Tokenizer:
        multilingual = self._model.model.is_multilingual
        return Tokenizer(self._model.hf_tokenizer, multilingual, task=task, language=language)

    def encode(self, audios: Sequence[NDArray[np.float32]], window_seconds: int) -> list[Encoded]:
        """Encode clips in one call, each padded to the window; audio beyond the window is cut off."""
        frames = window_seconds * self._frames_per_second
        mel = np.stack([pad_or_trim(self._model.feature_extractor(audio), frames) for audio in audios])
        # The states come to the CPU, so that decodes can pick any clips of a batch.
        encoded = self._model.model.encode(_view(mel), to_cpu=True)  # (n_clips, frames / 2, width)
        return list(np.asarray(encoded))

    def detect(self, encoded: Sequence[Encoded]) -> list[tuple[str, float]]:
        """The likeliest language of each clip and its probability. Multilingual models only."""
        results = self._model.model.detect_language(_view(np.stack(encoded)))
        return [(ranked[0][0].strip("<|>"), float(ranked[0][1])) for ranked in results]

    def generate(
        self,
        encoded: Sequence[Encoded],
        prompts: list[list[int]],
        *,
        written_tokens: int,
        suppress_blank: bool,
        sampling: dict[str, Any],
    ) -> list[Any]:
        """Decode clips in one call; prompts need `<|startoftranscript|>` at the same position.

        `written_tokens` bounds what follows `<|notimestamps|>`, the prefix included. Returns CTranslate2's results,
        whose tokens begin with the prefix.
        """
        longest_prompt = max(len(prompt) for prompt in prompts)
        return list(
            self._model.model.generate(
                _view(np.stack(encoded)),
                prompts,
                max_length=min(_POSITIONS, max(2 * written_tokens, longest_prompt + written_tokens)),
                return_scores=True,
                return_no_speech_prob=True,
                suppress_blank=suppress_blank,
                suppress_tokens=self._suppressed,
                **sampling,
            )
        )

    def words(
        self, encoded: Encoded, tokens: Sequence[int], tokenizer: Tokenizer, audio_samples: int
    ) -> list[tuple[Word, int]]:
        """Each word with its times in the clip, and how many of `tokens` make it up."""
        if not tokens:
            return []
        frames = min(audio_samples // self._model.feature_extractor.hop_length, 2 * len(encoded))
        aligned = self._model.find_alignment(tokenizer, [list(tokens)], _view(encoded[None]), max(frames, 2))[
            0
        ]
        merge_punctuations(aligned, _PREPENDED, _APPENDED)
        return [
            (Word(float(w["start"]), float(w["end"]), w["word"], float(w["probability"])), len(w["tokens"]))
            for w in aligned
            if w["word"]
        ]


def _view(array: NDArray[np.float32]) -> ctranslate2.StorageView:
    return ctranslate2.StorageView.from_array(np.ascontiguousarray(array))
