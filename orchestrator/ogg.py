"""Ogg as it streams: pages -> packets -> 16 kHz audio. Opus and Vorbis, as browsers and FFmpeg write them.

The page layout is that of RFC 3533, the Opus mapping that of RFC 7845. A page comes out with its last byte.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from orchestrator.audio import EMPTY, Audio
from orchestrator.codec import MAX_PACKET_BYTES, PacketDecoder, joined
from orchestrator.errors import BadAudio

_HEADER = struct.Struct("<4sBBqIIIB")  # magic, version, flags, granule, serial, sequence, checksum, segments
_CONTINUED, _FIRST = 1, 2
_CHECKSUM = slice(22, 26)


def _crc_table() -> list[int]:
    table = []
    for byte in range(256):
        register = byte << 24
        for _ in range(8):
            register = (register << 1 ^ (0x04C11DB7 if register & 0x80000000 else 0)) & 0xFFFFFFFF
        table.append(register)
    return table


_CRC = _crc_table()


def page_checksum(page: bytes | bytearray) -> int:
    """Return the CRC-32 of RFC 3533 over a page whose checksum field is zero (not zlib's: unreflected)."""
    register = 0
    for byte in page:
        register = (register << 8 & 0xFFFFFFFF) ^ _CRC[register >> 24 ^ byte]
    return register


@dataclass(frozen=True)
class _Page:
    flags: int
    serial: int
    segments: bytes  # lacing values: 255 means that the packet goes on
    body: bytes


def _parse_page(buffer: bytearray) -> _Page | None:
    """Take one whole page from the front of `buffer`; None while it is incomplete."""
    if not b"OggS".startswith(bytes(buffer[:4])):
        raise BadAudio("not an Ogg page where one must begin; start a new recording")
    if len(buffer) < _HEADER.size:
        return None
    _, _, flags, _, serial, _, checksum, count = _HEADER.unpack_from(buffer)
    segments = bytes(buffer[_HEADER.size : _HEADER.size + count])
    body_start = _HEADER.size + count
    page_bytes = body_start + sum(segments)
    if len(segments) < count or len(buffer) < page_bytes:
        return None
    page = buffer[:page_bytes]
    del buffer[:page_bytes]
    page[_CHECKSUM] = bytes(4)
    if page_checksum(page) != checksum:
        raise BadAudio("an Ogg page's checksum is wrong: bytes were lost or changed; start a new recording")
    return _Page(flags, serial, segments, bytes(page[body_start:]))


def _xiph_lacing(packets: list[bytes]) -> bytes:
    sizes = b"".join(b"\xff" * (len(packet) // 255) + bytes([len(packet) % 255]) for packet in packets[:-1])
    return bytes([len(packets) - 1]) + sizes + b"".join(packets)


@dataclass
class _LogicalStream:
    """One codec's packets inside the Ogg stream, joined from the pages of one serial number."""

    serial: int
    partial: bytearray = field(default_factory=bytearray)
    headers: list[bytes] = field(default_factory=list)
    decoder: PacketDecoder | None = None

    def packets(self, page: _Page) -> Iterator[bytes]:
        if not page.flags & _CONTINUED:
            self.partial.clear()
        start = 0
        for lacing in page.segments:
            self.partial += page.body[start : start + lacing]
            start += lacing
            if lacing < 255:
                yield bytes(self.partial)
                self.partial.clear()
        if len(self.partial) > MAX_PACKET_BYTES:
            raise BadAudio(f"an Ogg packet is larger than {MAX_PACKET_BYTES} bytes; start a new recording")

    def decode(self, packet: bytes) -> Audio:
        if self.decoder:
            return self.decoder.push(packet)
        self.headers.append(packet)
        if self.headers[0].startswith(b"OpusHead"):
            if len(self.headers) == 2:  # the second is the comment header
                self.decoder = PacketDecoder("opus", self.headers[0])
        elif len(self.headers) == 3:  # Vorbis: identification, comment, setup
            self.decoder = PacketDecoder("vorbis", _xiph_lacing(self.headers))
        return EMPTY


class OggDecoder:
    """Chunks of an Ogg stream, cut anywhere, in; 16 kHz mono audio out. Chained streams follow on."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._stream: _LogicalStream | None = None

    def push(self, chunk: bytes) -> Audio:
        """Return the audio of every page that is complete now, float32 [samples].

        Raises:
            BadAudio: what came is not Ogg, is damaged, or holds neither Opus nor Vorbis.
        """
        self._buffer += chunk
        return joined(self._audio())

    def flush(self) -> Audio:
        """End the stream; return what the filters still hold."""
        return self._stream.decoder.flush() if self._stream and self._stream.decoder else EMPTY

    def _audio(self) -> Iterator[Audio]:
        while self._buffer and (page := _parse_page(self._buffer)):
            yield from self._decode_page(page)

    def _decode_page(self, page: _Page) -> Iterator[Audio]:
        if page.flags & _FIRST and page.body.startswith((b"OpusHead", b"\x01vorbis")):
            yield self.flush()
            self._stream = _LogicalStream(page.serial)
        if self._stream is None:
            if not page.flags & _FIRST:
                raise BadAudio("no Opus or Vorbis in the Ogg stream; record with one of these codecs")
        elif page.serial == self._stream.serial:
            for packet in self._stream.packets(page):
                yield self._stream.decode(packet)
