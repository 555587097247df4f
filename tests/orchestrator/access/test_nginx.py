"""docs/nginx.conf on a real nginx before a real orchestrator, with other ports and a certificate made here."""

from __future__ import annotations

import json
import os
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from starlette.responses import StreamingResponse
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from embedded import ports
from orchestrator.__main__ import server_config
from orchestrator.app import create_app
from tests.orchestrator.access.certificates import self_signed
from tests.orchestrator.access.conftest import key_in, running, settings_in

EXAMPLE = Path(__file__).parents[3] / "docs" / "nginx.conf"
NAME = "voice.example.org"
# Where nginx keeps its own files is below the folder that it is started in.
_MAIN = """
daemon off; pid nginx.pid; error_log stderr warn; USER
events {}
http {
    access_log off;
    client_body_temp_path body; proxy_temp_path proxy;
    fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
    include beautyai.conf;
}
"""


@dataclass(frozen=True)
class Proxied:
    """`go` lets the slow stream write its second event."""

    tls_port: int
    plain_port: int
    key: str
    go: threading.Event
    trusted: ssl.SSLContext

    @property
    def origin(self) -> str:
        return f"https://{NAME}:{self.tls_port}"

    def ask(self, method: str, path: str, **options: Any) -> httpx2.Response:
        with self.client() as client:
            answer: httpx2.Response = client.request(method, path, **options)
            return answer

    def client(self) -> httpx2.Client:
        headers = {"Host": f"{NAME}:{self.tls_port}"}
        url = f"https://127.0.0.1:{self.tls_port}"
        return httpx2.Client(verify=self.trusted, headers=headers, base_url=url, timeout=10)

    def talk(self, **options: Any) -> ClientConnection:
        tcp = socket.create_connection(("127.0.0.1", self.tls_port))
        url = f"wss://{NAME}:{self.tls_port}/ws/voice-conversation"
        session: ClientConnection = connect(url, sock=tcp, ssl=self.trusted, **options)
        return session


def slow_stream(app: FastAPI, go: threading.Event) -> None:
    async def stream() -> StreamingResponse:
        def events() -> Iterator[str]:
            yield "data: first\n\n"
            go.wait(10)
            yield "data: second\n\n"

        return StreamingResponse(events(), media_type="text/event-stream")

    app.add_api_route("/slow", stream)


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxied]:
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if nginx is None:
        pytest.skip("nginx is not on this machine; Debian's package nginx-light brings it")
    folder = tmp_path_factory.mktemp("nginx")
    certificate, _ = self_signed(folder, NAME)
    port, tls_port, plain_port = (ports.free_port() for _ in range(3))
    app, go = create_app(settings_in(folder, allowed_hosts=(NAME,))), threading.Event()
    slow_stream(app, go)
    lay_out(folder, {"80;": f"{plain_port};", "443 ": f"{tls_port} ", "127.0.0.1:8000": f"127.0.0.1:{port}"})
    trusted = ssl.create_default_context(cafile=str(certificate))
    with running(server_config(app, "127.0.0.1", port)):
        process = subprocess.Popen([nginx, "-p", str(folder), "-c", "nginx.conf"])
        wait_for(tls_port, process)
        yield Proxied(tls_port, plain_port, key_in(folder, "voice", "chat"), go, trusted)
        process.terminate()
        process.wait(10)


def lay_out(folder: Path, changes: dict[str, str]) -> None:
    """The example in `folder`, as nginx would find it below /etc, with these few things changed."""
    text = EXAMPLE.read_text(encoding="utf-8").replace("/etc/ssl/beautyai/", f"{folder}/")
    for old, new in changes.items():
        assert old in text
        text = text.replace(f"listen {old}", f"listen {new}") if old[-1] in "; " else text.replace(old, new)
    (folder / "beautyai.conf").write_text(text, encoding="utf-8")
    user = "user root;" if os.getuid() == 0 else ""
    (folder / "nginx.conf").write_text(_MAIN.replace("USER", user), encoding="utf-8")


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    pytest.fail("nginx did not start")


def test_the_plain_port_sends_browsers_to_tls(proxied: Proxied) -> None:
    url = f"http://127.0.0.1:{proxied.plain_port}/docs?a=1"
    answer = httpx2.get(url, headers={"Host": NAME})
    assert (answer.status_code, answer.headers["Location"]) == (301, f"https://{NAME}/docs?a=1")


def test_whoever_comes_through_the_proxy_needs_a_key_though_loopback_is_open(proxied: Proxied) -> None:
    assert proxied.ask("GET", "/health").status_code == 200
    assert proxied.ask("POST", "/access/tickets").status_code == 401
    assert proxied.ask("POST", "/access/tickets", headers={"X-API-Key": proxied.key}).status_code == 200
    assert proxied.ask("GET", "/metrics", headers={"X-API-Key": proxied.key}).status_code == 404


def test_another_servers_name_is_refused(proxied: Proxied) -> None:
    assert proxied.ask("GET", "/health", headers={"Host": "evil.example"}).status_code == 421


def test_a_voice_session_goes_through(proxied: Proxied) -> None:
    with proxied.talk(additional_headers={"Authorization": f"Bearer {proxied.key}"}) as session:
        assert json.loads(session.recv(10))["type"] == "ready"
        session.send('{"type": "ping", "id": 3}')
        assert json.loads(session.recv(10))["id"] == 3


def test_a_page_of_ours_talks_with_a_ticket_and_anothers_does_not(proxied: Proxied) -> None:
    own, other = Origin(proxied.origin), Origin("https://evil.example")
    shown = {"X-API-Key": proxied.key, "Origin": own}
    ticket = proxied.ask("POST", "/access/tickets", headers=shown).json()["ticket"]
    offers = [Subprotocol("beautyai"), Subprotocol(f"beautyai.ticket.{ticket}")]
    with pytest.raises(InvalidStatus) as refused:
        proxied.talk(subprotocols=offers, origin=other)
    assert refused.value.response.status_code == 403
    with proxied.talk(subprotocols=offers, origin=own) as session:
        assert session.subprotocol == "beautyai"
        assert json.loads(session.recv(10))["type"] == "ready"


def test_events_are_passed_on_as_they_are_written(proxied: Proxied) -> None:
    with (
        proxied.client() as client,
        client.stream("GET", "/slow", headers={"X-API-Key": proxied.key}) as answer,
    ):
        parts = answer.iter_text()
        assert next(parts) == "data: first\n\n"
        proxied.go.set()
        assert "".join(parts) == "data: second\n\n"


def test_a_recording_of_some_megabytes_is_let_through(proxied: Proxied) -> None:
    recording = {"file": ("talk.wav", bytes(3_000_000), "audio/wav")}
    answer = proxied.ask(
        "POST",
        "/v1/audio/transcriptions",
        files=recording,
        data={"model": "whisper-1"},
        headers={"X-API-Key": proxied.key},
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad_audio"), (
        "it came to the service"
    )
