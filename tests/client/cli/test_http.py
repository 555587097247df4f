from __future__ import annotations

import httpx2
import pytest

from client.cli.http import Server, client_options, decoded, event_content, problem_of
from client.errors import Problem, ProtocolError, ServerUnreachable

REQUEST = httpx2.Request("GET", "http://h/models/x")


def answer(status: int, **content: object) -> httpx2.Response:
    return httpx2.Response(status, json=content, request=REQUEST, headers={"X-Request-ID": "from-header"})


@pytest.mark.parametrize(
    ("response", "line"),
    [
        (
            answer(404, code="unknown_model", detail="there is no model 'x'.\nKnown: a", request_id="r1"),
            "there is no model 'x'. Known: a; the request is at fault: check the name and the address "
            "(404 unknown_model, request r1)",
        ),
        (
            answer(422, code="bad_setting", detail="too hot", field="temperature", request_id="r2"),
            "too hot; the request is at fault: mend temperature (422 bad_setting, request r2)",
        ),
        (
            answer(401, code="unauthorized", detail="this needs a key", request_id="r3"),
            "this needs a key; the key is at fault: give one with --key or BEAUTYAI_API_KEY "
            "(401 unauthorized, request r3)",
        ),
        (
            answer(500),
            "GET /models/x; the server is at fault: its log says more under the request's id "
            "(500 internal_server_error, request from-header)",
        ),
        (
            httpx2.Response(502, text="<html>", request=REQUEST),
            "GET /models/x; the server is at fault: its log says more under the request's id "
            "(502 bad_gateway, request unknown)",
        ),
    ],
)
def test_a_problem_is_one_line_that_says_whose_fault_it_is_and_what_to_do(
    response: httpx2.Response, line: str
) -> None:
    assert str(problem_of(response)) == line


def test_the_key_goes_as_a_bearer_token() -> None:
    address = "ws://127.0.0.1:1/ws/voice-conversation"
    assert client_options(address, "bai_x")["headers"] == {"Authorization": "Bearer bai_x"}
    assert client_options(address, "")["headers"] == {}


def test_no_proxy_is_asked_about_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://proxy.invalid:1")
    for url in ("http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1"):
        server = Server(url)
        with pytest.raises(ServerUnreachable, match=r"refused|All connection attempts failed"):
            server.get("/health")
        server.close()


def test_a_server_that_is_not_there_is_told_with_what_to_do() -> None:
    server = Server("http://127.0.0.1:1")
    with pytest.raises(ServerUnreachable, match="make run"):
        server.get("/health")
    server.close()


def test_an_error_in_the_middle_of_an_answer_is_a_problem_like_any_other() -> None:
    told = '{"status": 503, "code": "backend_lost", "detail": "Triton is gone", "request_id": "r4"}'
    with pytest.raises(Problem, match=r"Triton is gone; .* try again soon \(503 backend_lost, request r4\)"):
        event_content(answer(200), httpx2.ServerSentEvent("error", told))
    assert event_content(answer(200), httpx2.ServerSentEvent("delta", '{"text": "a"}')) == {"text": "a"}


def test_what_is_no_beautyai_server_is_told() -> None:
    with pytest.raises(ProtocolError, match="is this the address of a BeautyAI server"):
        decoded(httpx2.Response(200, text="<html>", request=REQUEST))
