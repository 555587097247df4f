"""The fixtures that every other test stands on: the whole model repository, and the orchestrator before it."""

from __future__ import annotations

import json
import urllib.request

import psutil
import pytest
from tritonclient import grpc

from embedded.settings import REPOSITORY_ROOT
from tests.conftest import RunningServer, RunningTriton

MODELS = {path.parent.name for path in (REPOSITORY_ROOT / "model_repository").glob("*/config.pbtxt")}


@pytest.mark.triton
def test_every_model_of_the_repository_is_ready(triton: RunningTriton) -> None:
    with grpc.InferenceServerClient(triton.grpc_url) as client:
        assert client.is_server_ready()
        assert {name for name in MODELS if client.is_model_ready(name)} == MODELS
    assert psutil.Process(triton.pid).name() == "tritonserver"
    assert "GRPCInferenceService" in triton.log_path.read_text(encoding="utf-8")


@pytest.mark.triton
def test_triton_answers_on_loopback_only(triton: RunningTriton) -> None:
    listening = [
        connection.laddr.ip.removeprefix("::ffff:")
        for connection in psutil.Process(triton.pid).net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert listening
    assert set(listening) == {"127.0.0.1"}


@pytest.mark.triton
def test_the_whole_stack_is_ready(server: RunningServer) -> None:
    with urllib.request.urlopen(f"{server.http_url}/ready", timeout=10) as answer:
        assert answer.status == 200
        json.load(answer)
    assert psutil.Process(server.triton_pid).is_running()
    assert psutil.Process(server.orchestrator_pid).is_running()
