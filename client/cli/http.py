"""The server over HTTP: JSON, files and event streams. What it refuses becomes a `Problem` that says what to do."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

import httpx2

from client.address import http_address
from client.errors import ConnectionLost, Problem, ProtocolError, ServerUnreachable

# Loading a model or a long answer takes its time; only reaching the server does not.
TIMEOUT = httpx2.Timeout(600.0, connect=10.0)

# A proxy from the environment serves the internet, not this machine.
_NO_PROXY: dict[str, None] = dict.fromkeys(("all://127.0.0.1", "all://localhost", "all://[::1]"))

_ADVICE = {
    401: "the key is at fault: give one with --key or BEAUTYAI_API_KEY",
    403: "the key is at fault: it lacks the scope that this needs",
    404: "the request is at fault: check the name and the address",
    409: "the request is at fault: see the state of what it names",
    429: "a limit is reached: try again later",
    503: "the server cannot serve it now: try again soon",
}


def client_options(url: str, key: str) -> dict[str, Any]:
    """What a client of httpx2 is made with, be it blocking or not."""
    return {
        "base_url": http_address(url),
        "headers": {"Authorization": f"Bearer {key}"} if key else {},
        "timeout": TIMEOUT,
        "mounts": _NO_PROXY,
    }


def problem_of(response: httpx2.Response) -> Problem:
    """What a refusal says, in one line: what, whose fault, what to do, the request's id."""
    told = _json_object(response)
    status = response.status_code
    code = str(told.get("code") or HTTPStatus(status).phrase.lower().replace(" ", "_"))
    what = " ".join(
        str(told.get("detail") or f"{response.request.method} {response.request.url.path}").split()
    )
    request_id = told.get("request_id") or response.headers.get("X-Request-ID", "unknown")
    message = f"{what.rstrip('.')}; {_advice(status, told)} ({status} {code}, request {request_id})"
    return Problem(message, status, code, told)


def unreachable(url: str, error: Exception) -> ServerUnreachable:
    """Nothing answers, or nothing that can be trusted."""
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return ServerUnreachable(
            f"the certificate of {url} is not trusted ({error}); name its authority's file in SSL_CERT_FILE"
        )
    return ServerUnreachable(
        f"no BeautyAI server answers at {url} ({str(error) or type(error).__name__}); "
        "start one with `make run` (or `beautyai serve`), or give its address with --url"
    )


@contextmanager
def transport_faults(url: str) -> Iterator[None]:
    """httpx2's errors as this package's."""
    try:
        yield
    except httpx2.ConnectError as error:
        raise unreachable(url, error) from error
    except httpx2.TimeoutException as error:
        raise unreachable(url, error) from error
    except httpx2.TransportError as error:
        raise ConnectionLost(1006, f"({str(error) or type(error).__name__})") from error


Query = str | int | list[str] | None


class Server:
    """A server's HTTP side.

    Raises:
        ServerUnreachable: from any method, nothing answers.
        ConnectionLost: from any method, the connection broke in the middle.
        Problem: from any method, the server refused or failed.
        ProtocolError: from any method, it answered what a BeautyAI server does not.
    """

    def __init__(self, url: str, key: str = "") -> None:
        self.url = url
        self._client = httpx2.Client(**client_options(url, key))

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def get(self, path: str, **query: Query) -> Any:
        """The JSON of `path`; what is None in the query is left out."""
        return self.send("GET", path, **query)

    def send(self, method: str, path: str, content: Any = None, **query: Query) -> Any:
        """Send JSON and return the answer's JSON, None where it has no body."""
        given = {name: value for name, value in query.items() if value is not None}
        response = self.request(method, path, json=content, params=given)
        return decoded(response) if response.content else None

    def request(self, method: str, path: str, **options: Any) -> httpx2.Response:
        """Any request, with httpx2's own options; an answer of 400 and more is raised."""
        with transport_faults(self.url):
            response = self._client.request(method, path, **options)
        if response.status_code >= 400:
            raise problem_of(response)
        return response

    def events(self, path: str, content: Mapping[str, Any]) -> Generator[tuple[str, Any]]:
        """POST `content`; the answer's server-sent events as (name, JSON), an `error` event raised."""
        with transport_faults(self.url), self._client.stream("POST", path, json=content) as response:
            if response.status_code >= 400:
                response.read()
                raise problem_of(response)
            for event in httpx2.EventSource(response):
                yield event.event, event_content(response, event)


def event_content(response: httpx2.Response, event: httpx2.ServerSentEvent) -> Any:
    """The JSON of an event; that of an `error` is raised as the problem it is."""
    content = json.loads(event.data)
    if event.event == "error":
        status = int(content.get("status", 500))
        raise problem_of(httpx2.Response(status, json=content, request=response.request))
    return content


def decoded(response: httpx2.Response) -> Any:
    """The JSON of an answer."""
    try:
        return response.json()
    except ValueError as error:
        raise ProtocolError(
            f"{response.request.url} answered no JSON; is this the address of a BeautyAI server?"
        ) from error


def _json_object(response: httpx2.Response) -> dict[str, Any]:
    try:
        content = response.json()
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _advice(status: int, told: Mapping[str, Any]) -> str:
    if status in _ADVICE:
        return _ADVICE[status]
    if status >= 500:
        return "the server is at fault: its log says more under the request's id"
    field = told.get("field")
    return f"the request is at fault: mend {field}" if field else "the request is at fault: mend it"
