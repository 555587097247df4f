"""The stub's patch, and what passes through the real stub on the Python and NumPy that run the tests."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue
from typing import Any

import numpy as np
import pytest
import tritonclient.grpc as grpcclient
from numpy.typing import NDArray

from embedded import ports, probe, stub
from embedded.errors import UnsuitableMachineError
from embedded.fetch import Runtime
from embedded.settings import REPOSITORY_ROOT, Settings

MODELS = Path(__file__).parent / "stub_models"
TEXT = "wie geht es إلى اللقاء 你好 a\0b".encode()
BYTES = np.array([[TEXT, b"", b"x" * 100_000, b"\x00\x01\xff\x00"]], dtype=np.object_)
NUMBERS = {
    "BOOL": np.array([[True, False, False, True, True]]),
    "INT8": np.array([[-128, -1, 0, 127]], dtype=np.int8),
    "INT16": np.array([[-32768, -1, 0, 1, 32767]], dtype=np.int16),
    "INT32": np.array([[-(2**31), -1, 0, 2**31 - 1]], dtype=np.int32),
    "INT64": np.array([[-(2**63), -1, 0, 2**63 - 1]], dtype=np.int64),
    "UINT8": np.array([[0, 1, 255]], dtype=np.uint8),
    "UINT16": np.array([[0, 1, 65535]], dtype=np.uint16),
    "UINT32": np.array([[0, 1, 2**32 - 1]], dtype=np.uint32),
    "UINT64": np.array([[0, 1, 2**64 - 1]], dtype=np.uint64),
    "FP16": np.array([[0.5, -2.0, 65504.0]], dtype=np.float16),
    "FP32": np.linspace(-1, 1, 16_000, dtype=np.float32).reshape(1, -1),
    "FP64": np.array([[1e300, -1 / 3]], dtype=np.float64),
}
MATRIX = np.arange(2 * 3 * 4, dtype=np.float32).reshape(2, 3, 4)


@pytest.fixture(scope="module")
def client(runtime: Runtime, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Of a real Triton that serves the models of `stub_models`."""
    environment = {
        **os.environ,
        "BEAUTYAI_MODEL_REPOSITORY": str(MODELS),
        "BEAUTYAI_CACHE": str(runtime.triton_dir.parent.parent),
        **{name: str(ports.free_port()) for name in ("TRITON_GRPC_PORT", "TRITON_METRICS_PORT")},
    }
    settings = Settings.from_environment(environment)
    output = tmp_path_factory.mktemp("stub") / "supervisor.log"
    with output.open("wb") as file:
        command = [sys.executable, "-m", "embedded", "triton"]
        process = subprocess.Popen(command, cwd=REPOSITORY_ROOT, env=environment, stdout=file, stderr=file)
    try:
        while not probe.triton_is_ready(settings):
            assert process.poll() is None, output.read_text()
            time.sleep(0.1)
        with grpcclient.InferenceServerClient(settings.triton_url) as connected:
            yield connected
    finally:
        process.terminate()
        process.wait(30)


def _stub(runtime: Runtime, python: str) -> Path:
    folder = runtime.triton_dir / "pytriton/tritonserver/python_backend_stubs"
    return folder / python / "triton_python_backend_stub"


def _inputs(arrays: dict[str, NDArray[Any]]) -> list[grpcclient.InferInput]:
    inputs = []
    for name, array in arrays.items():
        datatype = {"MATRIX": "FP32", "TEXT": "BYTES"}.get(name, name)
        inputs.append(grpcclient.InferInput(name, list(array.shape), datatype).set_data_from_numpy(array))
    return inputs


def _seen(result: grpcclient.InferResult) -> Any:
    return json.loads(result.as_numpy("SEEN")[0, 0])


def test_the_patch_changes_only_the_bytes_that_hold_the_offset(runtime: Runtime, tmp_path: Path) -> None:
    source, target = _stub(runtime, "3.13"), tmp_path / "stub"
    before = source.read_bytes()
    stub.place(source, target, numpy_major=2)
    after = target.read_bytes()
    patch = stub.PATCHES[hashlib.sha256(before).hexdigest()]
    changed = {at: (old, new) for at, (old, new) in enumerate(zip(before, after, strict=True)) if old != new}
    assert changed == dict.fromkeys(patch.byte_positions, (0x20, 0x28))
    assert os.access(target, os.X_OK)


def test_with_numpy_1_the_stub_stays_as_it_is(runtime: Runtime, tmp_path: Path) -> None:
    source, target = _stub(runtime, "3.13"), tmp_path / "stub"
    stub.place(source, target, numpy_major=1)
    assert target.read_bytes() == source.read_bytes()
    assert os.access(target, os.X_OK)


def test_numpy_2_with_a_stub_that_has_no_patch_is_refused(runtime: Runtime, tmp_path: Path) -> None:
    with pytest.raises(UnsuitableMachineError, match=r"3\.12.* NumPy 2 is installed: .*make setup"):
        stub.place(_stub(runtime, "3.12"), tmp_path / "stub", numpy_major=2)
    assert not (tmp_path / "stub").exists()


def test_a_patch_that_gives_another_file_than_it_should_is_refused(
    runtime: Runtime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = _stub(runtime, "3.13")
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    patch = stub.PATCHES[digest]
    monkeypatch.setitem(stub.PATCHES, digest, stub.Patch(patch.byte_positions[:-1], patch.sha256))
    with pytest.raises(UnsuitableMachineError, match="a defect of this project"):
        stub.place(source, tmp_path / "stub", numpy_major=2)
    assert not (tmp_path / "stub").exists()


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_pass_the_stub_in_both_directions(client: Any, name: str) -> None:
    result = client.infer("echo", _inputs({name: NUMBERS[name]}))
    assert _seen(result) == {name: NUMBERS[name].tolist()}
    np.testing.assert_array_equal(result.as_numpy(name), NUMBERS[name], strict=True)


def test_strings_pass_the_stub_in_both_directions(client: Any) -> None:
    result = client.infer("echo", _inputs({"BYTES": BYTES}))
    assert _seen(result) == {"BYTES": [[text.hex() for text in BYTES[0]]]}
    assert result.as_numpy("BYTES").tolist() == BYTES.tolist()


def test_views_that_are_not_contiguous_arrive_in_order(client: Any) -> None:
    samples = np.array([[1, 2, 3], [4, 5, 6]], dtype=np.int16)
    result = client.infer("echo", _inputs({"MATRIX": MATRIX, "INT16": samples}))
    assert _seen(result) == {"MATRIX": MATRIX.tolist(), "INT16": samples.tolist()}
    np.testing.assert_array_equal(result.as_numpy("MATRIX"), MATRIX)
    np.testing.assert_array_equal(result.as_numpy("TRANSPOSED"), MATRIX.transpose(0, 2, 1))
    np.testing.assert_array_equal(result.as_numpy("REVERSED"), samples[:, ::-1])


def test_requests_of_one_batch_keep_their_own_tensors(client: Any) -> None:
    def echo(number: int) -> grpcclient.InferResult:
        text = np.array([[str(number).encode() * number]], dtype=np.object_)
        return client.infer(
            "echo", _inputs({"INT32": np.full((1, 8), number, dtype=np.int32), "BYTES": text})
        )

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(echo, range(8)))
    for number, result in enumerate(results):
        assert result.as_numpy("INT32").tolist() == [[number] * 8]
        assert result.as_numpy("BYTES").tolist() == [[str(number).encode() * number]]
    assert max(result.as_numpy("REQUESTS")[0, 0] for result in results) > 1


def test_every_response_of_a_stream_arrives_whole(client: Any) -> None:
    arrived: Queue[tuple[Any, Any]] = Queue()
    client.start_stream(lambda result, error: arrived.put((result, error)))
    text = np.array([[TEXT]], dtype=np.object_)
    client.async_stream_infer("words", _inputs({"TEXT": text}))
    for word in TEXT.split():
        result, error = arrived.get(timeout=30)
        assert error is None
        assert result.as_numpy("WORD").tolist() == [[word]]
        assert result.as_numpy("AUDIO").tolist() == [list(range(1, len(word) + 1))]
    client.stop_stream()


def test_a_stream_of_less_than_the_model_gives_arrives_too(client: Any) -> None:
    arrived: Queue[tuple[Any, Any]] = Queue()
    client.start_stream(lambda result, error: arrived.put((result, error)))
    text = np.array([[b"one two " * 50]], dtype=np.object_)
    asked = [grpcclient.InferRequestedOutput("WORD")]
    client.async_stream_infer("words", _inputs({"TEXT": text}), outputs=asked)
    for word in [b"one", b"two"] * 50:
        result, error = arrived.get(timeout=30)
        assert error is None
        assert result.as_numpy("WORD").tolist() == [[word]]
        assert result.as_numpy("AUDIO") is None
    client.stop_stream()


def test_a_model_that_calls_others_reads_and_gives_whole_tensors(client: Any) -> None:
    words = TEXT.split()
    samples = [number for word in words for number in range(1, len(word) + 1)]
    result = client.infer("caller", _inputs({"TEXT": np.array([[TEXT]], dtype=np.object_)}))
    assert result.as_numpy("WORDS").tolist() == [words]
    assert result.as_numpy("AUDIO").tolist() == [samples]
    assert result.as_numpy("REVERSED").tolist() == [samples[::-1]]
