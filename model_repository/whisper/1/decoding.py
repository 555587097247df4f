"""Decodes clips attempt by attempt until each has a text that is believed; clips that agree share one network call."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import window
from .network import MAX_WRITTEN_TOKENS, Encoded, Network
from .prompt import Prompt
from .window import Attempt, Decoding, Thresholds, Verdict


@dataclass(frozen=True)
class Clip:
    """At most 30 s of one utterance, the attempts to make on it, and what the encoder has seen of it so far."""

    audio: NDArray[np.float32]
    offset_samples: int
    attempts: tuple[Attempt, ...]
    partial: bool  # of an utterance that goes on: decoded last, only once, and the text may come to nothing
    encoded: dict[int, Encoded] = field(default_factory=dict)  # by window in seconds

    @property
    def seconds(self) -> float:
        """The length of the audio."""
        return self.audio.size / window.SAMPLE_RATE


@dataclass(frozen=True)
class Outcome:
    """The decoding chosen for a clip and the attempt that made it; `silent` where nothing was said."""

    decoding: Decoding
    attempt: Attempt
    silent: bool


@dataclass(frozen=True)
class Options:
    """How to decode: the beam at temperature 0, the candidates above it, and when to doubt the result."""

    beam_size: int
    best_of: int
    thresholds: Thresholds


class Decoder:
    """The attempts of many clips, made in step."""

    def __init__(self, network: Network, options: Options) -> None:
        self._network = network
        self._options = options

    def encode(self, clips: Sequence[Clip], step: int) -> None:
        """Encode each clip in the window of its attempt number `step`, unless it has been already."""
        waiting: dict[int, list[Clip]] = defaultdict(list)
        for clip in clips:
            window_seconds = clip.attempts[step].window_seconds
            if window_seconds not in clip.encoded:
                waiting[window_seconds].append(clip)
        for window_seconds, members in waiting.items():
            encoded = self._network.encode([clip.audio for clip in members], window_seconds)
            for clip, states in zip(members, encoded, strict=True):
                clip.encoded[window_seconds] = states

    def decode(self, clips: Sequence[Clip], prompts: Sequence[Prompt]) -> Iterator[tuple[int, Outcome]]:
        """The outcome of each clip with its index, as soon as it is known: no clip waits for another's next attempt."""
        decodings: dict[int, list[Decoding]] = defaultdict(list)
        pending, step = list(range(len(clips))), 0
        while pending:
            for members in _grouped(pending, clips, prompts, step):
                attempt, partial = clips[members[0]].attempts[step], clips[members[0]].partial
                self.encode([clips[i] for i in pending if clips[i].partial is partial], step)
                made = self._attempt(attempt, [clips[i] for i in members], [prompts[i] for i in members])
                for i, decoding in zip(members, made, strict=True):
                    decodings[i].append(decoding)
                    if (outcome := self._outcome(clips[i], prompts[i], decodings[i])) is not None:
                        pending.remove(i)
                        yield i, outcome
            step += 1

    def _outcome(self, clip: Clip, prompt: Prompt, decodings: Sequence[Decoding]) -> Outcome | None:
        """What follows from the attempts made so far; None where the next one is to be made."""
        attempt = clip.attempts[len(decodings) - 1]
        verdict = self._verdict(clip, decodings[-1], attempt)
        if verdict is not Verdict.DOUBTED:
            return Outcome(decodings[-1], attempt, verdict is Verdict.SILENT)
        if len(decodings) < len(clip.attempts):
            return None
        best = window.best(decodings, self._options.thresholds)
        tokens = (
            window.salvaged(best, self._options.thresholds) if clip.partial else window.said_once(best.tokens)
        )
        text = prompt.tokenizer.decode(list(tokens))
        made_by = clip.attempts[decodings.index(best)]
        return Outcome(replace(best, tokens=tokens, text=text), made_by, silent=False)

    def _verdict(self, clip: Clip, decoding: Decoding, attempt: Attempt) -> Verdict:
        if not window.is_audible(clip.audio):
            return Verdict.SILENT
        return window.verdict(decoding, attempt, self._options.thresholds)

    def _attempt(self, attempt: Attempt, clips: Sequence[Clip], prompts: Sequence[Prompt]) -> list[Decoding]:
        limits = [_written_tokens(*pair) for pair in zip(clips, prompts, strict=True)]
        results = self._network.generate(
            [clip.encoded[attempt.window_seconds] for clip in clips],
            [prompt.tokens for prompt in prompts],
            written_tokens=max(limits),
            suppress_blank=not _may_be_empty(clips[0], prompts[0]),
            sampling=self._sampling(attempt.temperature),
        )
        return [_decoding(*each) for each in zip(results, prompts, limits, strict=True)]

    def _sampling(self, temperature: float) -> dict[str, Any]:
        if temperature == 0:
            return {"beam_size": self._options.beam_size}
        candidates = {"num_hypotheses": self._options.best_of, "sampling_topk": 0}
        return {"beam_size": 1, "sampling_temperature": temperature, **candidates}


def _grouped(
    pending: Sequence[int], clips: Sequence[Clip], prompts: Sequence[Prompt], step: int
) -> list[list[int]]:
    """Clips that one network call can decode, partial ones last, for nobody waits for them.

    They make the same attempt, have `<|startoftranscript|>` at the same position and agree on an empty answer.
    """
    groups: dict[tuple[bool, Attempt, int, bool], list[int]] = defaultdict(list)
    for i in sorted(pending, key=lambda i: clips[i].partial):
        clip, prompt = clips[i], prompts[i]
        may_be_empty = _may_be_empty(clip, prompt)
        groups[clip.partial, clip.attempts[step], len(prompt.context), may_be_empty].append(i)
    return list(groups.values())


def _may_be_empty(clip: Clip, prompt: Prompt) -> bool:
    """After a prefix an empty answer is right where all words have been agreed already."""
    return clip.partial or bool(prompt.prefix)


def _written_tokens(clip: Clip, prompt: Prompt) -> int:
    """The most tokens to write, the prefix included."""
    limit = window.token_limit(clip.seconds, partial=clip.partial)
    return min(MAX_WRITTEN_TOKENS, len(prompt.prefix) + limit)


def _decoding(result: Any, prompt: Prompt, limit: int) -> Decoding:
    """CTranslate2's result without the prefix, with Whisper's average: the end of text counts as a token."""
    written = result.sequences_ids[0]
    tokens = tuple(written[len(prompt.prefix) :])
    # CTranslate2 gives the mean over the tokens it wrote; those of a prefix are certain and add nothing.
    logprob = result.scores[0] * len(written)
    return Decoding(
        tokens=tokens,
        text=prompt.tokenizer.decode(list(tokens)),
        avg_logprob=logprob / (len(tokens) + 1),
        no_speech_probability=result.no_speech_prob,
        ended=len(written) < limit,
    )
