"""From logits to the next token, with the meaning that TensorRT-LLM gives to its sampling tensors.

Order of operations (penaltyKernels.cu and samplingTopKKernels.cu of TensorRT-LLM v1.2.1): bias, temperature,
repetition penalty, presence and frequency penalty over prompt and output, minimum length, bad words, top-k, top-p.
With neither top-k nor top-p the choice is greedy whatever the temperature: that is how the C++ engine behaves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .words import Word, banned_tokens

Logits = NDArray[np.float32]  # (vocabulary_size,)


@dataclass(frozen=True)
class Sampling:
    """How one generation chooses its tokens. Defaults are those of the C++ engine."""

    temperature: float = 1.0
    top_k: int = 0
    """0 is unset."""
    top_p: float = 0.0
    """0 is unset."""
    repetition_penalty: float = 1.0
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    seed: int = 0
    min_tokens: int = 0
    """`end_id` is impossible before this many output tokens."""
    end_id: int = -1
    bad_words: tuple[Word, ...] = ()
    embedding_bias: Logits | None = None

    @property
    def greedy(self) -> bool:
        return self.temperature == 0 or self.top_k == 1 or (self.top_k == 0 and self.top_p == 0)

    @property
    def penalises(self) -> bool:
        return self.repetition_penalty != 1 or self.presence_penalty != 0 or self.frequency_penalty != 0


@dataclass(frozen=True)
class Choice:
    """The next token and its log probability before top-k and top-p."""

    token: int
    log_prob: float


class Sampler:
    """Chooses the tokens of one generation. The same seed, prompt and logits give the same tokens."""

    def __init__(self, sampling: Sampling, prompt: Sequence[int]) -> None:
        self._sampling = sampling
        self._tokens = list(prompt)
        self._prompt_length = len(prompt)
        self._random = np.random.Generator(np.random.PCG64(sampling.seed))
        self._counts: NDArray[np.int32] | None = None

    @property
    def tokens(self) -> Sequence[int]:
        """Prompt and output so far."""
        return self._tokens

    def choose(self, logits: Logits) -> Choice:
        """Next token for logits (vocabulary_size,); the array is not changed."""
        scores = self._shaped(logits)
        token = int(scores.argmax()) if self._sampling.greedy else self._draw(scores)
        self._tokens.append(token)
        if self._counts is not None:
            self._counts[token] += 1
        return Choice(token, float(scores[token] - _log_sum_exp(scores)))

    def _shaped(self, logits: Logits) -> Logits:
        sampling = self._sampling
        scores = logits.astype(np.float32)
        if sampling.embedding_bias is not None:
            scores += sampling.embedding_bias
        if sampling.temperature not in (0, 1):
            scores /= np.float32(sampling.temperature)
        if sampling.penalises:
            self._penalise(scores)
        if sampling.end_id >= 0 and len(self._tokens) - self._prompt_length < sampling.min_tokens:
            scores[sampling.end_id] = -np.inf
        if sampling.bad_words:
            scores[banned_tokens(self._tokens, sampling.bad_words)] = -np.inf
        return scores

    def _penalise(self, scores: Logits) -> None:
        if self._counts is None:
            self._counts = np.bincount(self._tokens, minlength=len(scores)).astype(np.int32)
        seen = np.flatnonzero(self._counts)
        penalty = np.float32(self._sampling.repetition_penalty)
        values = scores[seen]
        values = np.where(values < 0, values * penalty, values / penalty)
        values -= np.float32(self._sampling.presence_penalty)
        scores[seen] = values - np.float32(self._sampling.frequency_penalty) * self._counts[seen]

    def _draw(self, scores: Logits) -> int:
        candidates = _most_likely(scores, self._sampling.top_k)
        probabilities = np.exp(scores[candidates] - scores[candidates[0]], dtype=np.float64)
        cumulative = np.cumsum(probabilities / probabilities.sum())
        if 0 < self._sampling.top_p < 1:
            # The smallest set whose probability reaches top_p; the most likely token is always in it.
            kept = int(np.searchsorted(cumulative, self._sampling.top_p)) + 1
            candidates, cumulative = candidates[:kept], cumulative[:kept]
        drawn = self._random.random() * cumulative[-1]
        return int(
            candidates[min(int(np.searchsorted(cumulative, drawn, side="right")), len(candidates) - 1)]
        )


def _most_likely(scores: Logits, count: int) -> NDArray[np.intp]:
    """Indices of the `count` highest scores (0 = all), highest first, ties by index."""
    if not 0 < count < len(scores):
        return np.argsort(-scores, kind="stable")
    candidates = np.sort(np.argpartition(-scores, count - 1)[:count])
    return candidates[np.argsort(-scores[candidates], kind="stable")]


def _log_sum_exp(scores: Logits) -> float:
    highest = float(scores.max())
    return highest + float(np.log(np.exp(scores - np.float32(highest)).sum(dtype=np.float64)))
