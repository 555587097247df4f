from __future__ import annotations

import json
from pathlib import Path

import anyio
import numpy as np
import pytest

from benchmarks.clips import collect, longest_pause_ms, trimmed
from client.recording import write_wav


def voiced(milliseconds: int, level: int = 8_000) -> bytes:
    samples = np.where(np.arange(16 * milliseconds) % 100 < 50, level, -level)
    return samples.astype("<i2").tobytes()


def test_the_silence_at_the_end_goes_and_pauses_stay() -> None:
    speech = voiced(200) + bytes(2 * 16 * 300) + voiced(100)
    assert trimmed(speech + voiced(500, level=20)) == speech


def test_a_pause_counts_only_between_voices() -> None:
    assert (
        longest_pause_ms(bytes(3_200) + voiced(200) + bytes(2 * 16 * 300) + voiced(100) + bytes(32_000))
        == 300
    )
    assert longest_pause_ms(voiced(200)) == 0
    assert longest_pause_ms(bytes(3_200)) == 0


def test_silence_alone_stays_as_it_is() -> None:
    assert trimmed(bytes(3_200)) == bytes(3_200)


def test_the_clips_are_short_certain_english_recordings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "en").mkdir()
    entry = {"kind": "speech", "language": "en", "transcript_quality": "official-reference", "seconds": 3.0}
    entries = [
        {**entry, "file": "en/a.wav"},
        {**entry, "file": "en/b.wav", "transcript_quality": "unverified"},
        {**entry, "file": "en/c.wav", "seconds": 15},
        {**entry, "file": "other/d.wav"},
        {**entry, "file": "en/e.wav"},
        {**entry, "file": "en/f.wav"},
    ]
    (tmp_path / "manifest.jsonl").write_text("\n".join(map(json.dumps, entries)))
    for name in ("a", "e"):
        write_wav(tmp_path / "en" / f"{name}.wav", voiced(100), 16_000)
    write_wav(tmp_path / "en" / "f.wav", voiced(100) + bytes(16_000) + voiced(100), 16_000)
    monkeypatch.setenv("BEAUTYAI_SPEECH", str(tmp_path))
    clips = anyio.run(collect, 4, "no triton is needed")
    assert [clip.name for clip in clips] == ["en/a.wav", "en/e.wav"]
    assert clips[0].seconds == pytest.approx(0.1)
