"""The weights for the container, from the cache that the tests have filled."""

from __future__ import annotations

from pathlib import Path

from embedded import catalogue
from embedded.settings import Settings
from production.weights import VOICE, lay_out, source_of


def test_the_folder_is_what_the_container_reads(tmp_path: Path) -> None:
    said: list[str] = []
    lay_out(tmp_path / "weights", Settings.from_environment().cache_dir, "tiny.en", (VOICE,), said.append)
    folder = tmp_path / "weights"
    assert (folder / "silero_vad.onnx").stat().st_size == catalogue.SILERO.size_bytes
    assert (folder / "smart_turn.onnx").is_file()
    assert (folder / "whisper" / "model.bin").is_file()
    assert (folder / "voices" / f"{VOICE}.onnx").is_file()
    assert len(said) == 4


def test_what_no_package_brings_comes_from_the_hub() -> None:
    assert source_of(catalogue.WHISPER["large-v3-turbo"]) == "hub"
    assert source_of(catalogue.SILERO) == "packages"
