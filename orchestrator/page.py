"""The page that a person opens: the files of `client/web`, served with the right types and strict headers.

No model is asked and nothing is awaited, so the page is there before anything else is ready.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

FOLDER = Path(__file__).parent.parent / "client" / "web"
PAGES = {"/": "index.html", "/debug": "debug.html"}

MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}

_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
    "require-trusted-types-for": "'script'",
    "trusted-types": "'none'",
}

HEADERS = {
    "Content-Security-Policy": "; ".join(f"{name} {sources}" for name, sources in _POLICY.items()),
    "Cache-Control": "no-cache",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

Endpoint = Callable[[Request], Awaitable[Response]]


def routes(folder: Path = FOLDER) -> list[BaseRoute]:
    """A route for each file of `folder`, and for each page; nothing else of the disk can be asked for."""
    files = [path for path in sorted(folder.rglob("*")) if path.suffix in MEDIA_TYPES]
    pages = [Route(path, _endpoint(folder / name), include_in_schema=False) for path, name in PAGES.items()]
    parts = [
        Route(f"/web/{path.relative_to(folder).as_posix()}", _endpoint(path), include_in_schema=False)
        for path in files
    ]
    return [*pages, *parts]


def _endpoint(path: Path) -> Endpoint:
    async def serve(request: Request) -> Response:
        return _answer(path, request.headers.get("if-none-match", ""))

    return serve


def _answer(path: Path, known: str) -> Response:
    """The file as it is now; 304 where the asker has it already."""
    content = path.read_bytes()  # a few kB, from the page cache
    etag = f'"{hashlib.sha256(content).hexdigest()[:24]}"'
    headers = {**HEADERS, "ETag": etag}
    if etag in known:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=MEDIA_TYPES[path.suffix], headers=headers)
