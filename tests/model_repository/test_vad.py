"""The `vad` model: its modules alone against Silero's own loop, and on the real Triton."""

from __future__ import annotations

import os
import wave
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import tritonclient.grpc as grpcclient
from numpy.typing import NDArray
from tritonclient.utils import InferenceServerException

from tests.model_repository.model_folder import REPOSITORY, module

settings = module("vad", "settings")
silero = module("vad", "silero")

PARAMETERS = {"model_path": "${BEAUTYAI_VAD_MODEL}", "threads": "1", "max_audio_seconds": "60"}
CLIP = "en/libri_1272-128104-0000.wav"
F32 = np.float32


@pytest.fixture(scope="module")
def model_path() -> Path:
    return Path(os.environ["BEAUTYAI_VAD_MODEL"])


@pytest.fixture(scope="module")
def network(model_path: Path) -> Any:
    return silero.Silero(model_path, threads=1)


@pytest.fixture(scope="module")
def audio(speech: Path) -> NDArray[np.float32]:
    """Whole frames of a real clip."""
    with wave.open(str(speech / CLIP)) as clip:
        pcm = np.frombuffer(clip.readframes(clip.getnframes()), np.int16)
    return (pcm[: pcm.size // 512 * 512] / 32_768).astype(F32)


def detect_alone(network: Any, audio: NDArray[np.float32], state: NDArray[np.float32]) -> Any:
    return network.detect([silero.Utterance(audio, state)])[0]


def reference_probabilities(model_path: Path, audio: NDArray[np.float32]) -> NDArray[np.float32]:
    """Silero's own loop, one frame a call, written against onnxruntime."""
    session = onnxruntime.InferenceSession(str(model_path), providers=["CPUExecutionProvider"])
    state, context, probabilities = np.zeros((2, 1, 128), F32), np.zeros((1, 64), F32), []
    for frame in audio.reshape(-1, 1, 512):
        samples = np.concatenate([context, frame], axis=1)
        feeds = {"input": samples, "state": state, "sr": np.array(16_000, np.int64)}
        probability, state = session.run(None, feeds)
        context = samples[:, -64:]
        probabilities.append(probability[0, 0])
    return np.array(probabilities, F32)


def test_probabilities_equal_those_of_silero_own_loop(
    network: Any, model_path: Path, audio: NDArray[np.float32]
) -> None:
    detection = detect_alone(network, audio, silero.start_state())
    reference = reference_probabilities(model_path, audio)
    assert (reference.min() < 0.1, reference.max() > 0.9) == (True, True)
    np.testing.assert_allclose(detection.speech_probability, reference, atol=1e-6)


@pytest.mark.parametrize("frames_per_chunk", [1, 3, 50])
def test_chunks_give_what_the_whole_gives(
    network: Any, audio: NDArray[np.float32], frames_per_chunk: int
) -> None:
    whole = detect_alone(network, audio, silero.start_state())
    state, probabilities = silero.start_state(), []
    for begin in range(0, audio.size, 512 * frames_per_chunk):
        detection = detect_alone(network, audio[begin : begin + 512 * frames_per_chunk], state)
        state = detection.state
        probabilities.append(detection.speech_probability)
    np.testing.assert_allclose(np.concatenate(probabilities), whole.speech_probability, atol=1e-6)
    np.testing.assert_allclose(state, whole.state, atol=1e-5)


def test_a_batch_of_different_lengths_gives_each_what_it_gets_alone(
    network: Any, audio: NDArray[np.float32]
) -> None:
    started = detect_alone(network, audio[: 512 * 40], silero.start_state()).state
    utterances = [
        silero.Utterance(audio[512 * begin : 512 * end], state)
        for begin, end, state in ((40, 41, started), (0, 60, silero.start_state()), (7, 20, started))
    ]
    together = network.detect(utterances)
    for utterance, detection in zip(utterances, together, strict=True):
        alone = detect_alone(network, utterance.audio, utterance.state)
        np.testing.assert_allclose(detection.speech_probability, alone.speech_probability, atol=1e-5)
        np.testing.assert_allclose(detection.state, alone.state, atol=1e-4)


@pytest.mark.parametrize(
    ("audio", "state", "message"),
    [
        (np.zeros(0, F32), np.zeros(320, F32), "AUDIO: 0 samples"),
        (np.zeros(500, F32), np.zeros(320, F32), "AUDIO: 500 samples"),
        (np.zeros(512 * 9, F32), np.zeros(320, F32), "AUDIO: 4608 samples in one request"),
        (np.full(512, np.nan, F32), np.zeros(320, F32), "AUDIO: holds NaN"),
        (np.full(512, 1e9, F32), np.zeros(320, F32), "AUDIO: values beyond"),
        (np.zeros(512, F32), np.full(320, np.inf, F32), "STATE: holds NaN"),
        (np.zeros(512, F32), np.zeros(256, F32), "STATE: shape"),
    ],
)
def test_bad_input_is_refused_by_name(
    audio: NDArray[np.float32], state: NDArray[np.float32], message: str
) -> None:
    with pytest.raises(silero.InvalidInputError, match=rf"^{message}"):
        silero.checked(audio, state, max_samples=4096)


def test_settings_name_the_variable_that_is_missing() -> None:
    with pytest.raises(settings.SettingsError, match="BEAUTYAI_VAD_MODEL is not set"):
        settings.Settings.parse(PARAMETERS, {})


def test_settings_are_those_of_the_config(tmp_path: Path) -> None:
    onnx = tmp_path / "silero.onnx"
    onnx.touch()
    parsed = settings.Settings.parse(PARAMETERS, {"BEAUTYAI_VAD_MODEL": str(onnx)})
    assert parsed == settings.Settings(model_path=onnx, threads=1, max_audio_seconds=60)
    config = (REPOSITORY / "vad" / "config.pbtxt").read_text()
    assert all(f'key: "{name}"' in config for name in PARAMETERS)


@pytest.mark.parametrize("threads", ["0", "many", "1e9"])
def test_a_bad_number_fails_at_load(tmp_path: Path, threads: str) -> None:
    onnx = tmp_path / "silero.onnx"
    onnx.touch()
    with pytest.raises(settings.SettingsError, match=r"^threads"):
        settings.Settings.parse({**PARAMETERS, "model_path": str(onnx), "threads": threads}, {})


def infer(
    client: grpcclient.InferenceServerClient, audio: NDArray[np.float32], state: NDArray[np.float32] | None
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Audio (batch, n·512) and state (batch, 320) → probabilities (batch, n), state."""
    inputs = [tensor("AUDIO", audio), *([] if state is None else [tensor("STATE", state)])]
    result = client.infer("vad", inputs)
    return result.as_numpy("SPEECH_PROBABILITY"), result.as_numpy("STATE")


def tensor(name: str, array: NDArray[np.float32]) -> grpcclient.InferInput:
    made = grpcclient.InferInput(name, list(array.shape), "FP32")
    made.set_data_from_numpy(array)
    return made


@pytest.mark.triton
def test_triton_carries_the_state_from_request_to_request(triton: Any, audio: NDArray[np.float32]) -> None:
    with grpcclient.InferenceServerClient(triton.grpc_url) as client:
        whole, whole_state = infer(client, audio[None], None)
        probability, state = infer(client, audio[None, : 512 * 5], None)
        probabilities = [probability]
        for begin in range(512 * 5, audio.size, 512 * 5):
            probability, state = infer(client, audio[None, begin : begin + 512 * 5], state)
            probabilities.append(probability)
    assert whole.shape == (1, audio.size // 512)
    np.testing.assert_allclose(np.concatenate(probabilities, axis=1), whole, atol=1e-5)
    np.testing.assert_allclose(state, whole_state, atol=1e-4)


@pytest.mark.triton
def test_a_bad_request_fails_alone(triton: Any, audio: NDArray[np.float32]) -> None:
    """Good and bad requests in flight together: each bad one gets its own message, each good one its answer."""
    good, bad = audio[None, : 512 * 20], np.full((1, 512), np.nan, F32)
    with grpcclient.InferenceServerClient(triton.grpc_url) as client, ThreadPoolExecutor(16) as pool:
        expected, _ = infer(client, good, None)
        pending = [(request, pool.submit(infer, client, request, None)) for request in (good, bad) * 20]
        for request, reply in pending:
            if request is bad:
                with pytest.raises(InferenceServerException, match=r"INVALID_ARGUMENT.*AUDIO: holds NaN"):
                    reply.result(timeout=10)
            else:
                np.testing.assert_allclose(reply.result(timeout=10)[0], expected, atol=1e-5)
