"""Recordings of every common container become the same 16 kHz audio, and nothing else is opened."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

from orchestrator.audio import SAMPLE_RATE, Audio, audio_to_pcm16
from orchestrator.encoding import encoder_for
from orchestrator.errors import AudioTooLong, BadAudio
from orchestrator.uploads.audio_file import AudioFile
from tests.orchestrator.recordings import muxed, speech, wav, wav_file

SECONDS = 2.0


def read_all(recording: bytes, block_samples: int = 4096, max_seconds: float = 60.0) -> Audio:
    file = AudioFile(io.BytesIO(recording), max_seconds)
    blocks = []
    while len(block := file.read(block_samples)):
        blocks.append(block)
    file.close()
    assert all(len(block) == block_samples for block in blocks[:-1])
    assert file.seconds == sum(map(len, blocks)) / SAMPLE_RATE
    return np.concatenate(blocks)


def encoded(name: str) -> bytes:
    audio = speech(SECONDS)
    if name == "webm":
        return muxed(audio, "webm")
    if name == "m4a":
        return muxed(audio, "mp4", codec="aac")
    if name == "stereo":
        pcm = audio_to_pcm16(np.repeat(audio, 2))
        return wav_file(pcm, tag=1, channels=2, rate_hz=SAMPLE_RATE, bits=16)
    encoder = encoder_for(name, SAMPLE_RATE)  # type: ignore[arg-type]
    return encoder.push(audio_to_pcm16(audio)) + encoder.flush()


@pytest.mark.parametrize("name", ["wav", "stereo", "mp3", "m4a", "webm", "opus", "flac", "aac"])
def test_a_recording_is_read_whole_in_equal_blocks(name: str) -> None:
    heard, said = read_all(encoded(name)), speech(SECONDS)
    assert abs(len(heard) - len(said)) < 0.15 * SAMPLE_RATE
    assert np.sqrt(np.mean(np.square(heard))) == pytest.approx(np.sqrt(np.mean(np.square(said))), rel=0.15)


def test_blocks_of_any_size_join_to_the_same_audio() -> None:
    recording = muxed(speech(SECONDS), "ogg")
    assert np.array_equal(read_all(recording, 100), read_all(recording, 30_000))


@pytest.mark.parametrize("content", [b"", b"no sound " * 500], ids=["empty", "text"])
def test_what_is_no_recording_is_refused(content: bytes) -> None:
    with pytest.raises(BadAudio, match="send WAV, MP3"):
        read_all(content)


@pytest.mark.parametrize(
    "playlist",
    [
        b"ffconcat version 1.0\nfile secret.wav\n",
        b"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nsecret.wav\n#EXT-X-ENDLIST\n",
    ],
    ids=["ffconcat", "m3u8"],
)
def test_a_file_that_names_another_does_not_open_it(
    playlist: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret.wav").write_bytes(wav(speech(SECONDS)))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadAudio):
        read_all(playlist)


def test_a_picture_of_sound_is_no_sound() -> None:
    header = wav(speech(SECONDS))[:44]
    with pytest.raises(BadAudio):
        read_all(header.replace(b"WAVE", b"JUNK"))


def test_a_recording_that_says_its_length_is_refused_before_it_is_read() -> None:
    with pytest.raises(AudioTooLong, match=r"longer than 1 s"):
        AudioFile(io.BytesIO(wav(speech(SECONDS))), 1.0)


def test_a_recording_that_hides_its_length_is_refused_where_it_gets_too_long() -> None:
    encoder = encoder_for("aac", SAMPLE_RATE)
    endless = encoder.push(audio_to_pcm16(speech(SECONDS))) + encoder.flush()
    with pytest.raises(AudioTooLong):
        read_all(endless * 4, max_seconds=3.0)


def test_a_recording_that_is_cut_off_gives_what_there_is() -> None:
    whole = encoded("mp3")
    assert 0.3 * SAMPLE_RATE < len(read_all(whole[: len(whole) // 2])) < 1.5 * SAMPLE_RATE
