"""A recording in any common container -> 16 kHz mono audio, block by block: memory does not grow with its length.

Knows nothing of HTTP or of models. Every call blocks: it belongs into a worker thread.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import BinaryIO

import av
import numpy as np
from av.audio.stream import AudioStream

from orchestrator.audio import EMPTY, SAMPLE_RATE, Audio
from orchestrator.errors import AudioTooLong, BadAudio

log = logging.getLogger(__name__)

FORMATS = "wav,w64,aiff,au,caf,mp3,aac,flac,ogg,matroska,webm,mov,mp4,m4a,3gp,amr,asf"
# Playlists and the like are no recordings: FFmpeg would open the files and addresses that are written in them.
_OPTIONS = {"format_whitelist": FORMATS, "protocol_whitelist": ""}


class AudioFile:
    """One file, read from where `file` stands; `seconds` counts what was read so far.

    Raises:
        BadAudio: it is no recording, or in a container that is not taken.
        AudioTooLong: it says, or turns out, to be longer than `max_seconds`.
    """

    def __init__(self, file: BinaryIO, max_seconds: float) -> None:
        self._max_seconds = max_seconds
        self._samples = 0
        self._resampler = _resampler()
        self._shape: tuple[str, str, int] | None = None
        try:
            self._container = av.open(file, "r", options=_OPTIONS)
        except (av.FFmpegError, ValueError) as error:
            raise BadAudio(
                f"not a recording that can be read; send WAV, MP3, M4A, WebM, Ogg or FLAC ({_why(error)})"
            ) from error
        if not self._container.streams.audio:
            self.close()
            raise BadAudio("the file has no sound in it; send a recording")
        if self._container.duration:
            self._check_length(self._container.duration / av.time_base)
        self._pieces = self._decoded(self._container.streams.audio[0])
        self._rest: Audio = EMPTY

    @property
    def seconds(self) -> float:
        return self._samples / SAMPLE_RATE

    def read(self, samples: int) -> Audio:
        """The next `samples`, float32; fewer at the end, none behind it."""
        pieces, n_ready = [self._rest], len(self._rest)
        while n_ready < samples and (piece := next(self._pieces, None)) is not None:
            pieces.append(piece)
            n_ready += len(piece)
        joined = np.concatenate(pieces)
        self._rest = joined[samples:]
        self._samples += min(samples, len(joined))
        self._check_length(self.seconds)
        return joined[:samples]

    def close(self) -> None:
        self._container.close()

    def _check_length(self, seconds: float) -> None:
        if seconds > self._max_seconds:
            self.close()
            raise AudioTooLong(f"the recording is longer than {self._max_seconds:g} s; send it in parts")

    def _decoded(self, stream: AudioStream) -> Iterator[Audio]:
        """16 kHz mono, packet by packet; a broken packet is left out."""
        n_broken, n_whole = 0, 0
        for packet in self._packets(stream):
            try:
                frames = packet.decode()
            except av.FFmpegError as error:
                n_broken += 1
                reason = error
                continue
            for frame in frames:
                n_whole += 1
                yield from self._resampled(frame)
        if n_broken and not n_whole:
            raise BadAudio(f"the recording is broken ({_why(reason)}); send it again")
        if n_broken:
            log.warning("a recording has %d broken packets; the rest of it was read", n_broken)
        yield from _arrays(self._resampler.resample(None))

    def _packets(self, stream: AudioStream) -> Iterator[av.Packet[AudioStream]]:
        try:
            yield from self._container.demux(stream)
        except av.FFmpegError as error:
            raise BadAudio(f"the recording breaks off ({_why(error)}); send the whole file") from error

    def _resampled(self, frame: av.AudioFrame) -> Iterator[Audio]:
        shape = (frame.format.name, frame.layout.name, frame.sample_rate)
        if self._shape not in (None, shape):  # some streams change their rate or channels on the way
            yield from _arrays(self._resampler.resample(None))
            self._resampler = _resampler()
        self._shape = shape
        yield from _arrays(self._resampler.resample(frame))


def _resampler() -> av.AudioResampler:
    """All channels: FFmpeg's own mix of them is louder than each."""
    return av.AudioResampler(format="fltp", rate=SAMPLE_RATE)


def _arrays(frames: list[av.AudioFrame]) -> Iterator[Audio]:
    for frame in frames:
        mono: Audio = frame.to_ndarray().mean(axis=0)  # of [channels, samples]
        yield np.clip(np.nan_to_num(mono, nan=0.0, posinf=0.0, neginf=0.0), -1.0, 1.0)


def _why(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
