"""WebM as it streams: EBML elements -> blocks -> 16 kHz audio. Opus and Vorbis, as MediaRecorder writes them.

Layout: RFC 8794 (EBML) and RFC 9559 (Matroska). A block comes out with its last byte, without waiting for the
end of its cluster, so clusters and segments of unknown size (live recordings) need no special case.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from orchestrator.audio import EMPTY, Audio
from orchestrator.codec import MAX_PACKET_BYTES, Codec, PacketDecoder, joined
from orchestrator.errors import BadAudio

_EBML, _SEGMENT, _CLUSTER = 0x1A45DFA3, 0x18538067, 0x1F43B675
_TRACKS, _TRACK_ENTRY, _TRACK_NUMBER, _CODEC_ID, _CODEC_PRIVATE = 0x1654AE6B, 0xAE, 0xD7, 0x86, 0x63A2
_SIMPLE_BLOCK, _BLOCK_GROUP, _BLOCK = 0xA3, 0xA0, 0xA1
_SEEK_HEAD, _INFO, _CUES, _CHAPTERS, _TAGS = 0x114D9B74, 0x1549A966, 0x1C53BB6B, 0x1043A770, 0x1254C367
_VOID, _CRC_32, _ATTACHMENTS, _TIMESTAMP, _POSITION, _PREV_SIZE = 0xEC, 0xBF, 0x1941A469, 0xE7, 0xA7, 0xAB

_ENTERED = {_SEGMENT, _CLUSTER}
_READ = {_TRACKS, _SIMPLE_BLOCK, _BLOCK_GROUP}
_SKIPPED = {_EBML, _SEEK_HEAD, _INFO, _CUES, _CHAPTERS, _TAGS, _ATTACHMENTS}
_SKIPPED |= {_VOID, _CRC_32, _TIMESTAMP, _POSITION, _PREV_SIZE}
_CODECS: dict[bytes, Codec] = {b"A_OPUS": "opus", b"A_VORBIS": "vorbis"}
_LACING = 0x06


class _Head(NamedTuple):
    element: int  # with its length marker, as the specifications print it
    content_start: int
    content_bytes: int | None  # None: unknown, ends where its parent or the stream ends


def _vint_bytes(buffer: bytes | bytearray, start: int, longest: int) -> int:
    length = 9 - buffer[start].bit_length()
    if length > longest:
        raise BadAudio("broken WebM: no element where one must begin; start a new recording")
    return length


def _parse_head(buffer: bytes | bytearray, start: int) -> _Head | None:
    """Read an element's id and size at `start`; None while they are incomplete."""
    if start >= len(buffer):
        return None
    size_start = start + _vint_bytes(buffer, start, 4)
    if size_start >= len(buffer):
        return None
    content_start = size_start + _vint_bytes(buffer, size_start, 8)
    if content_start > len(buffer):
        return None
    all_ones = (1 << 7 * (content_start - size_start)) - 1
    size = int.from_bytes(buffer[size_start:content_start], "big") & all_ones
    element = int.from_bytes(buffer[start:size_start], "big")
    return _Head(element, content_start, None if size == all_ones else size)


def _children(content: bytes) -> Iterator[tuple[int, bytes]]:
    start = 0
    while head := _parse_head(content, start):
        end = head.content_start + (head.content_bytes or 0)
        yield head.element, content[head.content_start : end]
        start = end


class _AudioTrack:
    """The first Opus or Vorbis track of a Tracks element, and its decoder."""

    def __init__(self, tracks: bytes) -> None:
        entries = [dict(_children(content)) for child, content in _children(tracks) if child == _TRACK_ENTRY]
        codecs = [entry.get(_CODEC_ID, b"?").rstrip(b"\0") for entry in entries]
        playable = [index for index, codec in enumerate(codecs) if codec in _CODECS]
        if not playable:
            found = b", ".join(codecs).decode(errors="replace") or "no tracks"
            raise BadAudio(f"no Opus or Vorbis track in the WebM ({found}); record with one of these codecs")
        entry = entries[playable[0]]
        self._number = int.from_bytes(entry.get(_TRACK_NUMBER, b"\1"), "big")
        self.decoder = PacketDecoder(_CODECS[codecs[playable[0]]], entry.get(_CODEC_PRIVATE, b""))

    def decode(self, block: bytes) -> Audio:
        """Decode a (Simple)Block: track number, 16-bit time, flags, one packet."""
        if not block or len(block) < (head_bytes := _vint_bytes(block, 0, 8) + 3):
            raise BadAudio("broken WebM: a block without its head; start a new recording")
        number = int.from_bytes(block[: head_bytes - 3], "big") & (1 << 7 * (head_bytes - 3)) - 1
        if number != self._number:
            return EMPTY
        if block[head_bytes - 1] & _LACING:
            raise BadAudio("several packets laced in a WebM block are not supported; record without lacing")
        return self.decoder.push(block[head_bytes:])


class WebmDecoder:
    """Chunks of a WebM stream, cut anywhere, in; 16 kHz mono audio out. A new recording may follow."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._skip_bytes = 0
        self._begun = False
        self._track: _AudioTrack | None = None

    def push(self, chunk: bytes) -> Audio:
        """Return the audio of every block that is complete now, float32 [samples].

        Raises:
            BadAudio: what came is not WebM, is damaged, or holds neither Opus nor Vorbis.
        """
        self._buffer += chunk
        return joined(self._elements())

    def flush(self) -> Audio:
        """End the stream; return what the filters still hold."""
        return self._track.decoder.flush() if self._track else EMPTY

    def _elements(self) -> Iterator[Audio]:
        start = 0
        while True:
            skipped = min(self._skip_bytes, len(self._buffer) - start)
            self._skip_bytes -= skipped
            start += skipped
            head = _parse_head(self._buffer, start)
            if head is None or not self._is_in(head):
                break
            yield self._read(head)
            start = head.content_start + (head.content_bytes or 0 if head.element in _READ else 0)
        del self._buffer[:start]

    def _is_in(self, head: _Head) -> bool:
        if not self._begun and head.element != _EBML:
            raise BadAudio("not a WebM stream: it must begin with an EBML header; start a new recording")
        self._begun = True
        if head.element in _ENTERED:
            return True
        if head.content_bytes is None or head.element not in _READ | _SKIPPED:
            raise BadAudio(f"broken WebM: element {head.element:#x} is out of place; start a new recording")
        if head.element in _SKIPPED:
            self._skip_bytes = head.content_bytes
            return True
        if head.content_bytes > MAX_PACKET_BYTES:
            raise BadAudio(f"a WebM element of {head.content_bytes} bytes is too large; record audio only")
        return len(self._buffer) >= head.content_start + head.content_bytes

    def _read(self, head: _Head) -> Audio:
        if head.element == _EBML:
            tail, self._track = self.flush(), None
            return tail
        if head.element not in _READ:
            return EMPTY
        content = bytes(self._buffer[head.content_start : head.content_start + (head.content_bytes or 0)])
        if head.element == _TRACKS:
            self._track = self._track or _AudioTrack(content)
            return EMPTY
        if self._track is None:
            raise BadAudio("broken WebM: a block before the tracks; start a new recording")
        if head.element == _SIMPLE_BLOCK:
            return self._track.decode(content)
        blocks = (block for child, block in _children(content) if child == _BLOCK)
        return joined(map(self._track.decode, blocks))
