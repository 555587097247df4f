from __future__ import annotations

import base64
import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.perf_analyzer.__main__ import DECOUPLED, command, main, parse
from benchmarks.perf_analyzer.inputs import MODELS, audio_from, filled
from benchmarks.perf_analyzer.install import LIBRARIES, InstallError, Mirror, installed, mirror_in
from embedded.settings import Settings
from tests.conftest import RunningTriton

SPEECH = np.linspace(-0.5, 0.5, 20_000, dtype=np.float32)
REPOSITORY = Path(__file__).resolve().parents[2]

DEBIAN = """Types: deb
# a snapshot: http://old.example/archive/debian/2025
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
"""


@pytest.mark.parametrize(
    ("sources", "mirror"),
    [
        (DEBIAN, Mirror("http://mirror.example/debian", "trixie")),
        ("deb https://m.example/ubuntu/ jammy main", Mirror("https://m.example/ubuntu", "noble")),
        (
            "# deb http://no.example/debian x main\ndeb [arch=amd64] http://m.example/debian bookworm main",
            Mirror("http://m.example/debian", "trixie"),
        ),
        (
            "deb http://m.example/debian-security x main\ndeb http://m.example/debian bookworm main",
            Mirror("http://m.example/debian", "trixie"),
        ),
        ("deb http://m.example/ubuntu-ports jammy main", Mirror("http://m.example/ubuntu-ports", "noble")),
    ],
)
def test_the_mirror_is_the_one_that_the_system_uses(sources: str, mirror: Mirror) -> None:
    assert mirror_in(sources) == mirror


def test_a_system_without_such_a_mirror_is_told_so() -> None:
    with pytest.raises(InstallError, match=r"needs glibc 2\.38"):
        mirror_in("deb http://m.example/other stable main")


def test_the_c_library_is_among_what_is_fetched() -> None:
    assert "libc6" in LIBRARIES


@pytest.mark.parametrize("model", MODELS)
def test_every_input_file_names_tensors_of_its_model(model: str) -> None:
    config = (REPOSITORY / "model_repository" / model / "config.pbtxt").read_text(encoding="utf-8")
    for step in filled(model, SPEECH)["data"]:
        assert all(f'"{name}"' in config for name in step)


@pytest.mark.parametrize(
    ("model", "samples"), [("whisper", 20_000), ("voice_turn", 20_000), ("vad", 16 * 512)]
)
def test_a_mark_becomes_the_speech_itself(model: str, samples: int) -> None:
    tensor = json.loads(json.dumps(filled(model, SPEECH)))["data"][0]["AUDIO"]
    assert tensor["shape"] == [samples]
    assert np.array_equal(np.frombuffer(base64.b64decode(tensor["b64"]), "<f4"), SPEECH[:samples])


@pytest.mark.triton
@pytest.mark.parametrize("model", MODELS)
def test_every_model_is_measured(
    triton: RunningTriton, model: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    try:
        installed(Settings.from_environment().cache_dir)
    except InstallError as error:
        pytest.skip(f"perf_analyzer cannot be installed here: {error}")
    records = tmp_path / "records.csv"
    options = ["--requests", "3", "--", "-f", str(records)]
    status = main([model, "--url", triton.grpc_url, *options])
    assert status == 0, capfd.readouterr()
    assert "Inferences/Second" in records.read_text()


def test_pcm_becomes_floats() -> None:
    audio = audio_from(np.array([-32_768, 0, 16_384], "<i2").tobytes())
    assert audio.dtype == np.float32
    assert audio.tolist() == [-1.0, 0.0, 0.5]


def test_options_after_the_dashes_are_perf_analyzers() -> None:
    arguments, options = parse(["vad", "--url", "h:1", "--", "--shared-memory", "system"])
    assert (arguments.model, arguments.url, options) == ("vad", "h:1", ["--shared-memory", "system"])


@pytest.mark.parametrize("model", MODELS)
def test_models_with_many_answers_are_streamed(model: str) -> None:
    arguments, _ = parse([model])
    words = command(arguments, ["perf_analyzer"], Path("in.json"))
    assert ("--streaming" in words) == (model in DECOUPLED)
    config = (REPOSITORY / "model_repository" / model / "config.pbtxt").read_text(encoding="utf-8")
    assert ("decoupled" in config.lower() or 'platform: "ensemble"' in config) == (model in DECOUPLED)
