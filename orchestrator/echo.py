"""The assistant's own voice in the microphone: where it is in there, how much of the sound it is, and what is left.

What was sent is kept on the session's own clock, in samples of its 16 kHz audio. The delay is where the microphone
and the reference correlate best; from there a filter of some 100 ms, fitted in each frequency band, takes the voice and
its reverberation away, as loud as it is at the moment, and what somebody else says over it stays. A call sees one
segment and no more.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from orchestrator.audio import EMPTY, SAMPLE_RATE, Audio, Resampler, pcm16_to_audio

LONGEST_DELAY_SAMPLES = SAMPLE_RATE * 3 // 2
EARLIEST_SAMPLES = SAMPLE_RATE // 4  # a client may play sooner than expected
KEPT_SAMPLES = SAMPLE_RATE * 8
LOCATED_CORRELATION = 0.2
_LOCK_SAMPLES = SAMPLE_RATE // 20
_JOIN_SAMPLES = SAMPLE_RATE // 2
_WINDOW_SAMPLES = 512
_HOP_SAMPLES = 128
_TAPS = 14
_PART_SAMPLES = SAMPLE_RATE * 4 // 5
_REGULARISATION = 1e-3
_LOUDNESS_FRAMES = 8
_LOUDEST = 1.5
_TINY = 1e-9

Spectra = NDArray[np.complex64]  # (n_bands, n_frames)


@dataclass(frozen=True)
class Echo:
    """What of a segment is the assistant's own voice.

    Attributes:
        correlation: 0..1, the best normalised correlation with what was sent; below 0.2 there is no echo.
        delay_samples: from when it was expected to be played until it was heard; None where there is no echo.
        explained: 0..1, the share of the segment's energy that the echo is.
        rest: the segment without the echo, float32 [n_samples].
    """

    correlation: float
    delay_samples: int | None
    explained: float
    rest: Audio


class EchoReference:
    """The last 8 s of what was sent to one listener."""

    def __init__(self) -> None:
        self._audio: Audio = EMPTY
        self._start = 0
        self._delay: int | None = None
        self._rate = 0
        self._resampler = Resampler(SAMPLE_RATE, SAMPLE_RATE)

    def play(self, start: int, pcm: bytes, sample_rate: int) -> None:
        """`pcm`, 16-bit little-endian mono, is expected to sound from sample `start` of the session on.

        Chunks come in the order they are played. A client plays them without gaps, so one that is expected near the
        end of the last follows it at once; the caller's clock may be as coarse as its frames.
        """
        end = self._start + len(self._audio)
        follows = abs(start - end) <= _JOIN_SAMPLES and len(self._audio) > 0
        if sample_rate != self._rate or not follows:
            self._rate, self._resampler = sample_rate, Resampler(sample_rate, SAMPLE_RATE)
        self._put(end if follows else start, self._resampler.push(pcm16_to_audio(pcm)))

    def stop(self, position: int) -> None:
        """Nothing sounds from sample `position` on: the client dropped what was queued."""
        self._put(position, EMPTY)

    def _put(self, start: int, audio: Audio) -> None:
        """What was to come from `start` on is replaced; a gap before it is silence."""
        kept = self._between(max(min(self._start, start), start - KEPT_SAMPLES), start)
        self._audio = np.concatenate([kept, audio])[-KEPT_SAMPLES:]
        self._start = start + len(audio) - len(self._audio)

    def explain(self, start: int, audio: Audio, history_samples: int = 0) -> Echo:
        """How much of the microphone's `audio`, float32 [n_samples >= 1600] from sample `start` on, is echo.

        Its first `history_samples` only help to fit the filter, and are left out of the answer; 1 s of them lets also a
        short segment be understood. A long one is understood part by part: a client that runs dry for a moment, or
        ducks, changes the echo in between.
        """
        segment = audio[history_samples:]
        n_parts = max(1, len(segment) // _PART_SAMPLES)
        edges = np.linspace(history_samples, len(audio), n_parts + 1).astype(int)
        parts = [
            self._explain(start, audio[:end], max(0, begin - max(history_samples, _PART_SAMPLES // 2)), begin)
            for begin, end in pairwise(edges)
        ]
        rest = np.concatenate([part.rest for part in parts])
        if all(part.delay_samples is None for part in parts):
            return Echo(max(part.correlation for part in parts), None, 0.0, rest)
        explained = 1 - _energy(rest) / (_energy(segment) + _TINY)
        correlation, delay = max(part.correlation for part in parts), parts[-1].delay_samples
        return Echo(correlation, delay, float(np.clip(explained, 0, 1)), rest)

    def _explain(self, start: int, audio: Audio, fit_from: int, answer_from: int) -> Echo:
        """Of `audio` from `answer_from` on, with a filter fitted from `fit_from` on."""
        start, audio, skipped = start + fit_from, audio[fit_from:], answer_from - fit_from
        correlation, delay = self._locate(start, audio)
        if delay is None:
            return Echo(correlation, None, 0.0, audio[skipped:])
        sent = self._between(start - delay, start - delay + len(audio), _TAPS * _HOP_SAMPLES)
        return Echo(correlation, delay, 0.0, _without(audio, sent)[skipped:])

    def _locate(self, start: int, audio: Audio) -> tuple[float, int | None]:
        """Where the last delay still holds the search ends, otherwise all delays are tried."""
        if self._delay is not None:
            near = self._search(start, audio, self._delay - _LOCK_SAMPLES, self._delay + _LOCK_SAMPLES)
            if near[0] >= LOCATED_CORRELATION:
                return near
        correlation, delay = self._search(start, audio, -EARLIEST_SAMPLES, LONGEST_DELAY_SAMPLES)
        self._delay = self._delay if delay is None else delay
        return correlation, delay

    def _search(self, start: int, audio: Audio, shortest: int, longest: int) -> tuple[float, int | None]:
        window = self._between(start - longest, start - shortest + len(audio))
        correlations = _correlations(_whitened(audio), _whitened(window))
        best = int(np.argmax(correlations))
        found = float(correlations[best])
        return found, longest - best if found >= LOCATED_CORRELATION else None

    def _between(self, start: int, end: int, history_samples: int = 0) -> Audio:
        """Samples [start - history, end) of what was sent; silence where nothing was."""
        start -= history_samples
        audio: Audio = np.zeros(max(0, end - start), dtype=np.float32)
        first, last = max(start, self._start), min(end, self._start + len(self._audio))
        if last > first:
            audio[first - start : last - start] = self._audio[first - self._start : last - self._start]
        return audio


def _energy(audio: Audio) -> float:
    return float(np.square(_whitened(audio), dtype=np.float64).sum())


def _whitened(audio: Audio) -> Audio:
    """Speech falls by some 6 dB an octave; the difference is nearly white, and its correlation has a sharp peak."""
    return np.diff(audio, prepend=np.float32(0))


def _correlations(segment: Audio, window: Audio) -> NDArray[np.float64]:
    """|Normalised correlation| of `segment` with every place of `window`, float64 [n_window - n_segment + 1]."""
    size = 1 << (len(window) + len(segment) - 1).bit_length()
    product = np.fft.rfft(window, size) * np.conj(np.fft.rfft(segment, size))
    places = len(window) - len(segment) + 1
    sums = np.fft.irfft(product, size)[:places]
    squares = np.concatenate([[0.0], np.cumsum(np.square(window, dtype=np.float64))])
    energies = (squares[len(segment) :] - squares[: -len(segment)]) * np.square(
        segment, dtype=np.float64
    ).sum()
    # A place where the reference is almost silent must not win by its rounding errors.
    return np.asarray(np.abs(sums) / np.sqrt(energies + 1e-3 * energies.max() + _TINY), dtype=np.float64)


def _without(audio: Audio, sent: Audio) -> Audio:
    """`audio` less what a filter in each band makes of `sent`, which begins `_TAPS` hops earlier; least squares."""
    heard, played = _spectra(audio), _spectra(np.concatenate([sent, np.zeros(_HOP_SAMPLES, np.float32)]))
    frames = heard.shape[1]
    # Lag 0 is one hop in the future: the peak of the correlation may be later than the first sound.
    lags = np.stack([played[:, _TAPS + 1 - lag :][:, :frames] for lag in range(_TAPS)], axis=2)
    adjoint = np.conj(lags.transpose(0, 2, 1))  # (n_bands, n_taps, n_frames)
    gram = adjoint @ lags
    ridge = _REGULARISATION * np.trace(gram, axis1=1, axis2=2).real / _TAPS + _TINY
    gram += ridge[:, None, None] * np.eye(_TAPS, dtype=np.float32)
    filters = np.linalg.solve(gram, adjoint @ heard[:, :, None])
    echo = (lags @ filters)[:, :, 0]
    return _audio(heard - echo * _loudness(heard, echo), len(audio))


def _loudness(heard: Spectra, echo: Spectra) -> Audio:
    """How loud the echo is in each frame, as a factor, float32 [n_frames]: a client that ducks makes it softer."""
    likeness, energy = np.real(np.conj(echo) * heard).sum(axis=0), np.square(np.abs(echo)).sum(axis=0)
    blocks = np.arange(0, len(energy), _LOUDNESS_FRAMES)
    factors = np.add.reduceat(likeness, blocks) / (np.add.reduceat(energy, blocks) + _TINY)
    loudness: Audio = np.repeat(np.clip(factors, 0, _LOUDEST), _LOUDNESS_FRAMES)[: len(energy)].astype(
        np.float32
    )
    return loudness


def _window() -> Audio:
    window: Audio = np.sqrt(np.hanning(_WINDOW_SAMPLES + 1)[:-1]).astype(np.float32)
    return window


def _spectra(audio: Audio) -> Spectra:
    padded = np.pad(audio, (_WINDOW_SAMPLES - _HOP_SAMPLES, _WINDOW_SAMPLES))
    frames = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW_SAMPLES)[::_HOP_SAMPLES]
    return np.fft.rfft(frames * _window(), axis=1).T.astype(np.complex64)


def _audio(spectra: Spectra, n_samples: int) -> Audio:
    frames = np.fft.irfft(spectra.T, _WINDOW_SAMPLES, axis=1) * _window()
    out = np.zeros((len(frames) - 1) * _HOP_SAMPLES + _WINDOW_SAMPLES)
    for index, frame in enumerate(frames):
        out[index * _HOP_SAMPLES : index * _HOP_SAMPLES + _WINDOW_SAMPLES] += frame
    begin = _WINDOW_SAMPLES - _HOP_SAMPLES
    overlap = _WINDOW_SAMPLES / _HOP_SAMPLES / 2  # the squared windows add up to it
    audio: Audio = (out[begin : begin + n_samples] / overlap).astype(np.float32)
    return audio
