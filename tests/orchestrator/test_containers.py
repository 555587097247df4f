"""Audio as clients send it: every kind, cut anywhere, damaged, without an end."""

from __future__ import annotations

import struct
import threading
from functools import lru_cache
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from orchestrator.audio import SAMPLE_RATE, Audio, audio_to_mulaw, audio_to_pcm16
from orchestrator.containers import HEADER_LIMIT_BYTES, Decoder, Kind, decoder_for
from orchestrator.errors import BadAudio, BadSetting
from orchestrator.ogg import page_checksum
from orchestrator.wav import decode_wav
from tests.orchestrator.recordings import (
    encoded_samples,
    muxed,
    one_segment_pages,
    reference_decode,
    speech,
    wav,
    wav_file,
)

FLAVOURS: dict[str, tuple[Kind, str, str, dict[str, str]]] = {
    "webm": ("webm", "libopus", "mono", {}),
    "webm-live": ("webm", "libopus", "mono", {"live": "1"}),
    "webm-live-stereo": ("webm", "libopus", "stereo", {"live": "1"}),
    "webm-vorbis": ("webm", "vorbis", "stereo", {}),
    "ogg": ("ogg", "libopus", "mono", {}),
    "ogg-20ms-pages": ("ogg", "libopus", "mono", {"page_duration": "20000"}),
    "ogg-vorbis": ("ogg", "vorbis", "stereo", {}),
}


@lru_cache
def recording(flavour: str, seconds: float = 1.0) -> bytes:
    kind, codec, layout, options = FLAVOURS[flavour]
    return muxed(speech(seconds), kind, codec, layout, **options)


def decoder_of(flavour: str) -> Decoder:
    return decoder_for(FLAVOURS[flavour][0], SAMPLE_RATE)


def decoded(decoder: Decoder, *chunks: bytes) -> Audio:
    return np.concatenate([*map(decoder.push, chunks), decoder.flush()])


def cut(recording: bytes, cuts: list[int]) -> list[bytes]:
    places = [0, *sorted(min(place, len(recording)) for place in cuts), len(recording)]
    return [recording[start:end] for start, end in pairwise(places)]


flavours = pytest.mark.parametrize("flavour", FLAVOURS)
cut_lists = st.lists(st.integers(0, 12_000), max_size=20)


@flavours
def test_a_recording_decodes_as_ffmpeg_decodes_it(flavour: str) -> None:
    expected = reference_decode(recording(flavour))
    got = decoded(decoder_of(flavour), recording(flavour))
    assert 0 <= len(got) - len(expected) < 0.02 * SAMPLE_RATE  # the encoder's padding stays
    inside = len(expected) - 100
    assert_allclose(got[:inside], expected[:inside], atol=1e-6)


@flavours
@given(cut_lists)
@settings(max_examples=25, deadline=None)
def test_a_recording_cut_anywhere_gives_the_same_audio(flavour: str, cuts: list[int]) -> None:
    whole = decoded(decoder_of(flavour), recording(flavour))
    assert_array_equal(decoded(decoder_of(flavour), *cut(recording(flavour), cuts)), whole)


@flavours
def test_a_recording_sent_byte_by_byte_gives_the_same_audio(flavour: str) -> None:
    whole = decoded(decoder_of(flavour), recording(flavour))
    single = [bytes([byte]) for byte in recording(flavour)]
    assert_array_equal(decoded(decoder_of(flavour), *single), whole)


@pytest.mark.parametrize("flavour", ["ogg", "ogg-vorbis"])
def test_ogg_packets_that_go_on_over_many_pages(flavour: str) -> None:
    paged = one_segment_pages(recording(flavour))
    assert paged.count(b"OggS") > 2 * recording(flavour).count(b"OggS")
    assert_array_equal(decoded(decoder_of(flavour), paged), decoded(decoder_of(flavour), recording(flavour)))


@pytest.mark.parametrize("flavour", ["webm-live", "ogg-20ms-pages"])
def test_audio_comes_out_as_soon_as_it_is_in(flavour: str) -> None:
    decoder, file = decoder_of(flavour), recording(flavour, 2.0)
    got = len(decoder.push(file[: len(file) * 3 // 4]))
    expected = len(reference_decode(file[: len(file) * 3 // 4]))
    assert got >= expected - 0.04 * SAMPLE_RATE


@flavours
def test_a_second_recording_may_follow_the_first(flavour: str) -> None:
    once = decoded(decoder_of(flavour), recording(flavour))
    assert_array_equal(
        decoded(decoder_of(flavour), recording(flavour) + recording(flavour)), np.concatenate([once, once])
    )


@flavours
@given(st.integers(0, 12_000), st.binary(min_size=1, max_size=8))
@settings(max_examples=60, deadline=None)
def test_damage_gives_audio_or_bad_audio_and_nothing_else(flavour: str, place: int, junk: bytes) -> None:
    file = recording(flavour)
    damaged = file[:place] + junk + file[place + len(junk) :]
    try:
        audio = decoded(decoder_of(flavour), damaged)
    except BadAudio:
        return
    assert np.isfinite(audio).all()


@pytest.mark.parametrize("kind", ["webm", "ogg", "wav"])
def test_bytes_of_another_kind_are_refused_and_the_decoder_goes_on(kind: Kind) -> None:
    decoder = decoder_for(kind, SAMPLE_RATE)
    good = {"webm": recording("webm"), "ogg": recording("ogg"), "wav": wav(speech(1.0))}[kind]
    with pytest.raises(BadAudio, match="start a new"):
        decoder.push(b"GET / HTTP/1.1\r\n" * 20)
    assert_array_equal(decoded(decoder, good), decoded(decoder_for(kind, SAMPLE_RATE), good))


def test_a_changed_byte_in_an_ogg_page_is_noticed() -> None:
    damaged = bytearray(recording("ogg"))
    damaged[len(damaged) // 2] ^= 1
    with pytest.raises(BadAudio, match="checksum"):
        decoded(decoder_of("ogg"), bytes(damaged))


def test_a_lost_piece_of_webm_is_noticed() -> None:
    file = recording("webm-live")
    with pytest.raises(BadAudio, match="WebM"):
        decoded(decoder_of("webm"), file[:6_000], file[6_333:])


def test_webm_without_a_playable_track_names_what_it_found() -> None:
    with pytest.raises(BadAudio, match="A_VP8X"):
        decoder_of("webm").push(recording("webm").replace(b"A_OPUS", b"A_VP8X"))


def header_without_end(kind: Kind) -> bytes:
    if kind == "wav":
        return wav(speech(0.1))[:36] + struct.pack("<4sI", b"LIST", 1 << 31)
    file = recording("webm")
    return file[: file.index(b"\x18\x53\x80\x67")] + b"\xec\x01" + (1 << 40).to_bytes(7, "big")


@pytest.mark.parametrize("kind", ["wav", "webm"])
def test_a_header_that_never_ends_is_given_up(kind: Kind) -> None:
    decoder = decoder_for(kind, SAMPLE_RATE)
    decoder.push(header_without_end(kind))
    for _ in range(HEADER_LIMIT_BYTES // 4096 - 1):
        assert len(decoder.push(bytes(4096))) == 0
    with pytest.raises(BadAudio, match="no audio in the first"):
        decoder.push(bytes(4096))


@pytest.mark.parametrize("kind", ["pcm16", "mulaw"])
def test_bare_samples_come_out_at_16_khz(kind: Kind) -> None:
    encode = audio_to_pcm16 if kind == "pcm16" else audio_to_mulaw
    chunks = [encode(piece) for piece in np.array_split(speech(1.0), 50)]
    assert len(decoded(decoder_for(kind, 8_000), *chunks)) == pytest.approx(2 * SAMPLE_RATE, abs=2)
    assert_allclose(decoded(decoder_for(kind, SAMPLE_RATE), *chunks), speech(1.0), atol=0.02)


def test_an_odd_pcm16_message_is_refused_alone() -> None:
    decoder = decoder_for("pcm16", SAMPLE_RATE)
    pcm = audio_to_pcm16(speech(0.1))
    with pytest.raises(BadAudio, match="odd byte count"):
        decoder.push(pcm[:-1])
    assert_array_equal(decoder.push(pcm), decoder_for("pcm16", SAMPLE_RATE).push(pcm))


def test_an_unknown_kind_or_rate_is_a_bad_setting() -> None:
    with pytest.raises(BadSetting, match="mp3"):
        decoder_for("mp3", SAMPLE_RATE)  # type: ignore[arg-type]
    with pytest.raises(BadSetting, match="input_rate 7"):
        decoder_for("pcm16", 7)


def test_no_decoder_starts_a_thread() -> None:
    before = threading.active_count()
    decoders = [decoder_of(flavour) for flavour in FLAVOURS]
    for decoder, flavour in zip(decoders, FLAVOURS, strict=True):
        decoder.push(recording(flavour)[:5_000])
    assert threading.active_count() == before


@pytest.mark.parametrize("kind", ["webm", "ogg"])
def test_a_small_message_cannot_stand_for_hours(kind: Kind) -> None:
    silence = b"\xfb\x06"  # Opus: six frames of 20 ms, all empty
    with pytest.raises(BadAudio, match="more than 600 s"):
        decoder_for(kind, SAMPLE_RATE).push(hours_of(silence, kind))


def hours_of(packet: bytes, kind: Kind) -> bytes:
    if kind == "webm":
        file = recording("webm-live")
        block = b"\xa3" + bytes([0x80 | 4 + len(packet)]) + b"\x81\0\0\x80" + packet
        return file[: file.index(b"\x1f\x43\xb6\x75")] + block * 6_000
    file = recording("ogg")
    third_page = [at for at in range(len(file)) if file.startswith(b"OggS", at)][2]
    page = bytearray(
        file[third_page : third_page + 26] + bytes([255]) + bytes([len(packet)] * 255) + packet * 255
    )
    page[5], page[22:26] = 0, bytes(4)
    page[22:26] = page_checksum(page).to_bytes(4, "little")
    return file[:third_page] + bytes(page) * 24


@pytest.mark.parametrize(("tag", "bits"), [(1, 8), (1, 16), (1, 24), (1, 32), (3, 32), (3, 64)])
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_wav_of_every_width_and_channel_count(tag: int, bits: int, channels: int) -> None:
    audio = speech(0.5)
    pcm = encoded_samples(np.repeat(audio, channels), tag, bits)
    file = wav_file(pcm, tag=tag, channels=channels, rate_hz=SAMPLE_RATE, bits=bits)
    assert_allclose(decode_wav(file), audio, atol=0.01 if bits == 8 else 1e-4)


@pytest.mark.parametrize("rate_hz", [8_000, 22_050, 44_100, 48_000, 96_000])
def test_wav_of_every_rate_keeps_its_duration(rate_hz: int) -> None:
    file = wav(np.zeros(rate_hz, dtype=np.float32), rate_hz)
    assert len(decode_wav(file)) == pytest.approx(SAMPLE_RATE, abs=1)


def test_mulaw_and_extensible_wav() -> None:
    audio = speech(0.5)
    mulaw = wav_file(audio_to_mulaw(audio), tag=7, channels=1, rate_hz=SAMPLE_RATE, bits=8)
    assert_allclose(decode_wav(mulaw), audio, atol=0.02)
    plain = wav(audio)
    fmt = struct.pack("<4sIHHIIHH", b"fmt ", 40, 0xFFFE, 1, 16_000, 32_000, 2, 16)
    fmt += struct.pack("<HHIH14s", 22, 16, 4, 1, bytes(14))
    assert_array_equal(decode_wav(plain[:12] + fmt + plain[36:]), decode_wav(plain))


def test_other_chunks_around_the_data_are_skipped() -> None:
    audio = speech(0.2)
    note = struct.pack("<4sI", b"LIST", 5) + b"hello\0"
    pcm = audio_to_pcm16(audio)
    file = wav_file(pcm, tag=1, channels=1, rate_hz=SAMPLE_RATE, bits=16, extra=note) + note
    assert_array_equal(decode_wav(file), decode_wav(wav(audio)))


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF])
@given(cuts=cut_lists)
@settings(max_examples=25, deadline=None)
def test_a_streamed_wav_with_an_open_size_cut_anywhere(size: int, cuts: list[int]) -> None:
    pcm = encoded_samples(speech(0.2), 1, 24)
    file = wav_file(pcm, tag=1, channels=1, rate_hz=44_100, bits=24, data_size=size)
    closed = wav_file(pcm, tag=1, channels=1, rate_hz=44_100, bits=24)
    assert_array_equal(decoded(decoder_for("wav", 0), *cut(file, cuts)), decode_wav(closed))


def test_two_wavs_in_one_stream_are_heard_in_a_row() -> None:
    file = wav(speech(0.2))
    assert_array_equal(decode_wav(file + file), np.concatenate([decode_wav(file)] * 2))


@pytest.mark.parametrize(
    ("file", "message"),
    [
        (b"", "not a WAV"),
        (b"RIFF", "ended inside its header"),
        (wav(speech(0.1))[:30], "ended inside its header"),
        (b"RIFF\0\0\0\0AVI fmt ", "not a WAV"),
        (wav_file(b"", tag=2, channels=1, rate_hz=16_000, bits=4), "encoding 2 with 4 bits"),
        (wav_file(b"", tag=1, channels=0, rate_hz=16_000, bits=16), "0 channels"),
        (wav(speech(0.1)) + b"\x01\x02" * 20, "after the WAV's end"),
        (wav_file(struct.pack("<2f", 0, np.nan), tag=3, channels=1, rate_hz=16_000, bits=32), "NaN"),
    ],
)
def test_a_bad_wav_says_what_is_wrong(file: bytes, message: str) -> None:
    with pytest.raises(BadAudio, match=message):
        decode_wav(file)
