"""Compressed packets -> 16 kHz audio, packet by packet.

Knows nothing of the container that the packets came in (`ogg`, `webm`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import av
import numpy as np

from orchestrator.audio import EMPTY, SAMPLE_RATE, Audio, Resampler
from orchestrator.errors import BadAudio

Codec = Literal["opus", "vorbis"]

MAX_PACKET_BYTES = 1 << 20
MAX_CHUNK_SECONDS = 600


def joined(pieces: Iterable[Audio]) -> Audio:
    """Join what one chunk of a stream decodes to, float32 [samples].

    Raises:
        BadAudio: it is longer than `MAX_CHUNK_SECONDS`; a packet of two bytes can stand for 120 ms.
    """
    kept = [EMPTY]
    left_samples = MAX_CHUNK_SECONDS * SAMPLE_RATE
    for piece in pieces:
        if len(piece):
            kept.append(piece)
            left_samples -= len(piece)
        if left_samples < 0:
            raise BadAudio(f"a message holds more than {MAX_CHUNK_SECONDS} s of audio; send smaller ones")
    return np.concatenate(kept)


class PacketDecoder:
    """Decodes one Opus or Vorbis stream; a packet's audio comes out with the packet.

    `extradata` is the OpusHead packet, or Vorbis' three header packets in Xiph lacing (as WebM stores them).
    """

    def __init__(self, codec: Codec, extradata: bytes) -> None:
        self._codec = codec
        self._context = av.CodecContext.create(codec, "r")
        self._context.extradata = extradata
        self._resampler: Resampler | None = None

    def push(self, packet: bytes) -> Audio:
        """Decode one packet to mono float32 [samples] at 16 kHz.

        Raises:
            BadAudio: the packet, or the stream's header, is broken.
        """
        if not packet:  # FFmpeg would read an empty packet as the end of the stream
            return EMPTY
        try:
            frames = self._context.decode(av.Packet(packet))
        except av.FFmpegError as error:
            what = f"a broken {self._codec} packet ({error.strerror}); start a new recording"
            raise BadAudio(what) from error
        return joined(map(self._to_16_khz, frames))

    def flush(self) -> Audio:
        """Return the few milliseconds that the change of rate still holds."""
        return self._resampler.flush() if self._resampler else EMPTY

    def _to_16_khz(self, frame: av.AudioFrame) -> Audio:
        self._resampler = self._resampler or Resampler(frame.sample_rate, SAMPLE_RATE)
        mono: Audio = frame.to_ndarray().mean(axis=0)  # both codecs decode to float32 [channels, samples]
        return self._resampler.push(mono)
