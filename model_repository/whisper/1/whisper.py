"""Transcribes a batch of utterances: cuts, languages, prompts, decodes, times of words. Knows nothing of Triton."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain

from . import prompt as prompts
from . import window
from .decoding import Clip, Decoder, Options, Outcome
from .network import Network
from .prompt import MAX_CONTEXT_TOKENS, Prompt
from .settings import Settings
from .utterance import InvalidInputError, Segment, Transcript, Utterance, Word, check
from .window import Attempt, Thresholds


class Whisper:
    """The model and its decoding options; holds nothing between calls."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._network = Network(settings.model_dir, settings.device, settings.compute_type, settings.threads)
        thresholds = Thresholds(
            settings.compression_ratio_threshold, settings.avg_logprob_threshold, settings.no_speech_threshold
        )
        self._decoder = Decoder(self._network, Options(settings.beam_size, settings.best_of, thresholds))

    def check(self, utterance: Utterance) -> None:
        """Raises `InvalidInputError` where `transcribe` could not serve this utterance."""
        check(utterance, self._network.languages, self._settings.max_audio_seconds)
        tokenizer = self._network.tokenizer(utterance.language or "en", utterance.task)
        if len(prompts.prefix_tokens(tokenizer, utterance.prefix)) >= MAX_CONTEXT_TOKENS:
            raise InvalidInputError(
                f"PREFIX: {MAX_CONTEXT_TOKENS} tokens or more; the decoder has no room for them"
            )

    def transcribe(self, utterances: Sequence[Utterance]) -> list[Transcript]:
        """One transcript for each utterance, in order; all have passed `check`."""
        transcripts = dict(self.answers(utterances))
        return [transcripts[i] for i in range(len(utterances))]

    def answers(self, utterances: Sequence[Utterance]) -> Iterator[tuple[int, Transcript]]:
        """As `transcribe`, but each transcript as soon as it is known, with its index."""
        clips = _sharing([self._clips(utterance) for utterance in utterances])
        languages = self._languages(utterances, [parts[0] for parts in clips])
        told = [
            [self._prompt(utterance, language, clip) for clip in parts]
            for utterance, (language, _), parts in zip(utterances, languages, clips, strict=True)
        ]
        places = [(i, part) for i, parts in enumerate(clips) for part in range(len(parts))]
        outcomes: list[dict[int, Outcome]] = [{} for _ in utterances]
        for place, outcome in self._decoder.decode(list(chain(*clips)), list(chain(*told))):
            i, part = places[place]
            outcomes[i][part] = outcome
            if len(outcomes[i]) == len(clips[i]):
                decided = [outcomes[i][part] for part in range(len(clips[i]))]
                heard = list(zip(clips[i], told[i], decided, strict=True))
                yield i, self._transcript(utterances[i], languages[i], heard)

    def _clips(self, utterance: Utterance) -> list[Clip]:
        return [
            Clip(
                utterance.audio[begin:end],
                begin,
                self._attempts(utterance, begin, end),
                partial=not utterance.fallback,
            )
            for begin, end in window.cuts(utterance.audio)
        ]

    def _attempts(self, utterance: Utterance, begin: int, end: int) -> tuple[Attempt, ...]:
        seconds = (end - begin) / window.SAMPLE_RATE
        if not utterance.fallback:
            floor_seconds = utterance.window_seconds or self._settings.partial_window_seconds
            return (window.partial_attempt(seconds, floor_seconds),)
        floor_seconds = utterance.window_seconds or self._settings.window_seconds
        if utterance.temperature:
            return window.sampled_attempts(seconds, floor_seconds, utterance.temperature)
        return window.attempts(seconds, floor_seconds, self._settings.temperatures)

    def _languages(
        self, utterances: Sequence[Utterance], first_clips: Sequence[Clip]
    ) -> list[tuple[str, float]]:
        """The language of each utterance and its probability, 1 where it was given or only one is known."""
        only = "en" if self._network.languages == {"en"} else ""
        languages = [(utterance.language or only, 1.0) for utterance in utterances]
        unknown: dict[int, list[int]] = defaultdict(list)
        for i, clip in enumerate(first_clips):
            if not languages[i][0]:
                unknown[clip.attempts[0].window_seconds].append(i)
        for window_seconds, members in unknown.items():
            self._decoder.encode([first_clips[i] for i in members], step=0)
            detected = self._network.detect([first_clips[i].encoded[window_seconds] for i in members])
            for i, language in zip(members, detected, strict=True):
                languages[i] = language
        return languages

    def _prompt(self, utterance: Utterance, language: str, clip: Clip) -> Prompt:
        # What was said before belongs to the first clip; names may come in any.
        before = utterance.prompt if clip.offset_samples == 0 else ""
        tokenizer = self._network.tokenizer(language, utterance.task)
        return prompts.build(tokenizer, prefix=utterance.prefix, hotwords=utterance.hotwords, before=before)

    def _transcript(
        self, utterance: Utterance, language: tuple[str, float], heard: Sequence[tuple[Clip, Prompt, Outcome]]
    ) -> Transcript:
        segments = [
            self._segment(utterance, *each)
            for each in heard
            if not each[2].silent and each[2].decoding.text.strip()
        ]
        text = "".join(segment.text for segment in segments).rstrip()
        decodings = [outcome.decoding for _, _, outcome in heard]
        n_tokens = [len(decoding.tokens) + 1 for decoding in decodings]
        logprob = sum(n * decoding.avg_logprob for n, decoding in zip(n_tokens, decodings, strict=True))
        return Transcript(
            # After a prefix the space before the first new word is part of the answer.
            text=text if utterance.prefix.strip() else text.lstrip(),
            language=language[0],
            language_probability=language[1],
            no_speech_probability=min(decoding.no_speech_probability for decoding in decodings),
            avg_logprob=logprob / sum(n_tokens),
            segments=tuple(segments),
        )

    def _segment(self, utterance: Utterance, clip: Clip, prompt: Prompt, outcome: Outcome) -> Segment:
        """The text of one clip with its times in the utterance."""
        offset = clip.offset_samples / window.SAMPLE_RATE
        words = None
        if utterance.word_timestamps:
            encoded = clip.encoded[outcome.attempt.window_seconds]
            tokens = (*prompt.prefix, *outcome.decoding.tokens)
            aligned = self._network.words(encoded, tokens, prompt.tokenizer, clip.audio.size)
            words = _after_prefix(aligned, len(prompt.prefix), offset)
        temperature = outcome.attempt.temperature
        return Segment(offset, offset + clip.seconds, outcome.decoding.text, temperature, words)


def _sharing(clips: Sequence[Sequence[Clip]]) -> list[list[Clip]]:
    """The clips, partial ones in windows that more of them have in common."""
    tight = [clip.attempts[0].window_seconds for clip in chain(*clips) if clip.partial]
    widened = iter(window.shared(tight))
    return [
        [replace(clip, attempts=(Attempt(next(widened), 0.0),)) if clip.partial else clip for clip in parts]
        for parts in clips
    ]


def _after_prefix(
    aligned: Sequence[tuple[Word, int]], prefix_tokens: int, offset_seconds: float
) -> tuple[Word, ...]:
    """The words that begin behind the prefix, at their times in the utterance."""
    words, tokens_before = [], 0
    for word, n_tokens in aligned:
        if tokens_before >= prefix_tokens:
            start, end = offset_seconds + word.start, offset_seconds + word.end
            words.append(Word(round(start, 2), round(end, 2), word.word, round(word.probability, 4)))
        tokens_before += n_tokens
    return tuple(words)
