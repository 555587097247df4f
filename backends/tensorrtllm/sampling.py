"""From logits to the next token, with the meaning that TensorRT-LLM gives to its sampling tensors.

Order of operations (penaltyKernels.cu and samplingTopKKernels.cu of TensorRT-LLM v1.2.1): bias, temperature,
repetition penalty, presence and frequency penalty over prompt and output, minimum length, bad words, repeated n-grams,
top-k, top-p. With neither top-k nor top-p the choice is greedy whatever the temperature: that is how the C++ engine
behaves. What its backend has no tensor for comes between: typical_p before top-p, min_p after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .words import Word, banned_tokens, repeated_tokens

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
    top_p_decay: float = 1.0
    """Each token multiplies top-p by it, down to `top_p_min`; only without top-k, as in the C++ engine."""
    top_p_min: float = 1e-6
    top_p_reset_id: int = -1
    """This token brings top-p back to where it began."""
    min_p: float = 0.0
    """Tokens below this share of the most likely one's probability are left out."""
    typical_p: float = 1.0
    """The tokens whose surprise is nearest to the expected one, up to this probability (arXiv 2202.00666)."""
    no_repeat_ngram_size: int = 0
    """No so many tokens in a row twice, prompt included."""

    @property
    def greedy(self) -> bool:
        draws = self.top_k > 0 or self.top_p > 0 or self.min_p > 0 or self.typical_p < 1
        return self.temperature == 0 or self.top_k == 1 or not draws

    @property
    def penalises(self) -> bool:
        return self.repetition_penalty != 1 or self.presence_penalty != 0 or self.frequency_penalty != 0


@dataclass(frozen=True)
class Choice:
    """The next token and its log probability before top-k and top-p; `logits`: what the model said, where asked for."""

    token: int
    log_prob: float
    logits: Logits | None = None


class Guide(Protocol):
    """Which tokens may come next, for an output of a certain form."""

    def mask(self, scores: Logits) -> bool:
        """Make every other token's score minus infinity; False where the output is complete and must end."""
        ...

    def accept(self, token: int) -> None:
        """The token came next."""
        ...


class Sampler:
    """Chooses the tokens of one generation. The same seed, prompt and logits give the same tokens."""

    def __init__(self, sampling: Sampling, prompt: Sequence[int], guide: Guide | None = None) -> None:
        self._sampling = sampling
        self._guide = guide
        self._top_p = sampling.top_p
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
        if self._guide is not None:
            self._guide.accept(token)
        self._decay_top_p(token)
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
        if sampling.no_repeat_ngram_size:
            scores[repeated_tokens(self._tokens, sampling.no_repeat_ngram_size)] = -np.inf
        complete = self._guide is not None and not self._guide.mask(scores)
        if sampling.end_id >= 0 and (complete or scores.max() == -np.inf):
            scores[:] = -np.inf
            scores[sampling.end_id] = 0
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
        if self._sampling.typical_p < 1:
            typical = _typical(probabilities, self._sampling.typical_p)
            candidates, probabilities = candidates[typical], probabilities[typical]
        cumulative = np.cumsum(probabilities / probabilities.sum())
        if 0 < self._top_p < 1:
            # The smallest set whose probability reaches top_p; the most likely token is always in it.
            kept = int(np.searchsorted(cumulative, self._top_p)) + 1
            candidates, cumulative = candidates[:kept], cumulative[:kept]
        if self._sampling.min_p > 0:
            kept = int((probabilities[: len(candidates)] >= self._sampling.min_p * probabilities[0]).sum())
            candidates, cumulative = candidates[:kept], cumulative[:kept]
        drawn = self._random.random() * cumulative[-1]
        return int(
            candidates[min(int(np.searchsorted(cumulative, drawn, side="right")), len(candidates) - 1)]
        )

    def _decay_top_p(self, token: int) -> None:
        sampling = self._sampling
        if sampling.top_k == 0 and sampling.top_p_decay < 1:
            is_reset = token == sampling.top_p_reset_id
            decayed = max(self._top_p * sampling.top_p_decay, sampling.top_p_min)
            self._top_p = sampling.top_p if is_reset else decayed


def _typical(probabilities: NDArray[np.float64], mass: float) -> NDArray[np.intp]:
    """Indices of the locally typical tokens, most likely first; `probabilities` (n,) falls and need not sum to 1."""
    normalised = probabilities / probabilities.sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        surprise = -np.log(normalised)
        expected = float(np.nansum(normalised * surprise))
    nearest = np.argsort(np.abs(surprise - expected), kind="stable")
    kept = int(np.searchsorted(np.cumsum(normalised[nearest]), mass)) + 1
    return np.sort(nearest[:kept])


def _most_likely(scores: Logits, count: int) -> NDArray[np.intp]:
    """Indices of the `count` highest scores (0 = all), highest first, ties by index."""
    if not 0 < count < len(scores):
        return np.argsort(-scores, kind="stable")
    candidates = np.sort(np.argpartition(-scores, count - 1)[:count])
    return candidates[np.argsort(-scores[candidates], kind="stable")]


def _log_sum_exp(scores: Logits) -> float:
    highest = float(scores.max())
    return highest + float(np.log(np.exp(scores - np.float32(highest)).sum(dtype=np.float64)))
