"""The `end_of_turn` model: its modules alone against the features it was published with, and on the real Triton."""

from __future__ import annotations

import os
import wave
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tritonclient.grpc as grpcclient
from faster_whisper.feature_extractor import FeatureExtractor
from numpy.typing import NDArray
from tritonclient.utils import InferenceServerException

from client.question import DEFAULT_RECORDING
from client.recording import read_audio
from tests.model_repository.model_folder import REPOSITORY, module

settings = module("end_of_turn", "settings")
smart_turn = module("end_of_turn", "smart_turn")

PARAMETERS = {
    "model_path": "${BEAUTYAI_END_OF_TURN_MODEL}",
    "threads": "${BEAUTYAI_END_OF_TURN_THREADS:-1}",
    "max_audio_seconds": "60",
}
# Of whole sentences by four speakers, with the clip's probability as Pipecat 0.0.108 itself computes it.
PUBLISHED = {
    "en/libri_84-121123-0004.wav": 0.98974,
    "en/jfk.wav": 0.75809,
    "en/lj_LJ001-0002.wav": 0.98974,
    "en/fsdd_2_yweweler.wav": 0.96047,
}
F32 = np.float32
RATE = 16_000


@pytest.fixture(scope="module")
def network() -> Any:
    return smart_turn.SmartTurn(Path(os.environ["BEAUTYAI_END_OF_TURN_MODEL"]), threads=1)


@pytest.fixture(scope="module")
def question() -> NDArray[F32]:
    """A whole question, and no silence after it."""
    return (np.frombuffer(read_audio(DEFAULT_RECORDING, RATE), "<i2") / 32_768).astype(F32)


def clip(path: Path) -> NDArray[F32]:
    with wave.open(str(path)) as file:
        return (np.frombuffer(file.readframes(file.getnframes()), np.int16) / 32_768).astype(F32)


def with_silence(audio: NDArray[F32], seconds: float = 0.2) -> NDArray[F32]:
    return np.concatenate([audio, np.zeros(round(seconds * RATE), F32)])


def probability(network: Any, audio: NDArray[F32]) -> float:
    return float(network.finished([audio])[0])


@pytest.mark.parametrize("seconds", [0.01, 3.0, 8.0, 11.0])
def test_features_are_whisper_s_of_the_normalised_last_eight_seconds(seconds: float) -> None:
    audio = np.random.default_rng(1).normal(0.01, 0.1, round(seconds * RATE)).astype(F32)
    window = np.pad(audio[-8 * RATE :], (max(0, 8 * RATE - audio.size), 0))
    normalised = (window - window.mean()) / np.sqrt(window.var() + 1e-7)
    whisper = FeatureExtractor(chunk_length=8)(normalised, padding=0)  # drops the last frame itself
    assert smart_turn.features(audio).shape == (80, 800)
    np.testing.assert_allclose(smart_turn.features(audio), whisper, atol=2e-4)


@pytest.mark.parametrize("name", PUBLISHED)
def test_probabilities_are_the_published_code_s(network: Any, speech: Path, name: str) -> None:
    assert probability(network, clip(speech / name)) == pytest.approx(PUBLISHED[name], abs=2e-3)


def test_a_whole_sentence_is_finished_and_its_beginning_is_not(network: Any, speech: Path) -> None:
    sentence = clip(speech / "en/libri_84-121123-0004.wav")
    broken_off = clip(speech / "en/libri_2412-153948-0001.wav")[:122_544]  # "... and strange I have been"
    assert probability(network, with_silence(sentence)) > 0.9
    assert probability(network, with_silence(broken_off)) < 0.1


def test_only_the_last_eight_seconds_count(network: Any, question: NDArray[F32]) -> None:
    last = np.resize(question, 8 * RATE)
    assert probability(network, np.concatenate([question, last])) == probability(network, last)


def test_a_batch_of_different_lengths_gives_each_what_it_gets_alone(
    network: Any, question: NDArray[F32]
) -> None:
    turns = [question, question[: RATE // 2], np.resize(question, 10 * RATE)]
    alone = [probability(network, turn) for turn in turns]
    np.testing.assert_allclose(network.finished(turns), alone, atol=0.02)  # int8: the batch shares a scale


def test_silence_alone_is_answered(network: Any) -> None:
    assert 0 <= probability(network, np.zeros(RATE, F32)) <= 1


@pytest.mark.parametrize(
    ("audio", "message"),
    [
        (np.zeros(0, F32), "AUDIO: no samples"),
        (np.zeros(5000, F32), "AUDIO: 5000 samples in one request"),
        (np.full(512, np.nan, F32), "AUDIO: holds NaN"),
        (np.full(512, 1e9, F32), "AUDIO: values beyond"),
    ],
)
def test_bad_input_is_refused_by_name(audio: NDArray[F32], message: str) -> None:
    with pytest.raises(smart_turn.InvalidInputError, match=rf"^{message}"):
        smart_turn.checked(audio, max_samples=4096)


def test_settings_name_the_variable_that_is_missing() -> None:
    with pytest.raises(settings.SettingsError, match="BEAUTYAI_END_OF_TURN_MODEL is not set"):
        settings.Settings.parse(PARAMETERS, {})


def test_settings_are_those_of_the_config(tmp_path: Path) -> None:
    onnx = tmp_path / "smart_turn.onnx"
    onnx.touch()
    environment = {"BEAUTYAI_END_OF_TURN_MODEL": str(onnx)}
    assert settings.Settings.parse(PARAMETERS, environment) == settings.Settings(onnx, 1, 60)
    two = settings.Settings.parse(PARAMETERS, {**environment, "BEAUTYAI_END_OF_TURN_THREADS": "2"})
    assert two.threads == 2
    config = (REPOSITORY / "end_of_turn" / "config.pbtxt").read_text()
    for name, value in PARAMETERS.items():
        assert f'key: "{name}" value {{ string_value: "{value}" }}' in config


@pytest.mark.parametrize("threads", ["0", "many", "1e9"])
def test_a_bad_number_fails_at_load(tmp_path: Path, threads: str) -> None:
    onnx = tmp_path / "smart_turn.onnx"
    onnx.touch()
    with pytest.raises(settings.SettingsError, match=r"^threads"):
        settings.Settings.parse({**PARAMETERS, "model_path": str(onnx), "threads": threads}, {})


def infer(client: grpcclient.InferenceServerClient, audio: NDArray[F32]) -> NDArray[F32]:
    """Audio (batch, n) → probabilities (batch, 1)."""
    tensor = grpcclient.InferInput("AUDIO", list(audio.shape), "FP32")
    tensor.set_data_from_numpy(audio)
    return np.asarray(client.infer("end_of_turn", [tensor]).as_numpy("PROBABILITY"))


@pytest.mark.triton
def test_triton_answers_what_the_module_does(triton: Any, network: Any, question: NDArray[F32]) -> None:
    turns = np.stack([question, question[::-1]])
    with grpcclient.InferenceServerClient(triton.grpc_url) as client:
        answered = infer(client, turns)
    assert answered.shape == (2, 1)
    np.testing.assert_allclose(answered[:, 0], network.finished(list(turns)), atol=1e-5)


@pytest.mark.triton
def test_a_bad_request_fails_alone(triton: Any, question: NDArray[F32]) -> None:
    """Good and bad requests in flight together: each bad one gets its own message, each good one its answer."""
    good, bad = with_silence(question)[None], np.full((1, 512), np.nan, F32)
    with grpcclient.InferenceServerClient(triton.grpc_url) as client, ThreadPoolExecutor(8) as pool:
        pending = [(request, pool.submit(infer, client, request)) for request in (good, bad) * 6]
        for request, reply in pending:
            if request is bad:
                with pytest.raises(InferenceServerException, match=r"INVALID_ARGUMENT.*AUDIO: holds NaN"):
                    reply.result(timeout=10)
            else:
                assert reply.result(timeout=10)[0, 0] > 0.9
