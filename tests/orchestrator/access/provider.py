"""An identity provider on loopback: real keys, a key set over HTTP, and tokens signed with them."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from orchestrator.access.oidc import OidcSettings

ISSUER, AUDIENCE = "https://login.example/", "beautyai"


@dataclass
class Provider:
    """Publishes the public halves of `keys`, by their ids; `fetches` counts who asked for them."""

    url: str = ""
    keys: dict[str, ec.EllipticCurvePrivateKey] = field(default_factory=dict)
    fetches: int = 0
    answers: bool = True

    def rotate(self, key_id: str) -> None:
        """Sign with a new key; the old ones are published no more."""
        self.keys = {key_id: ec.generate_private_key(ec.SECP256R1())}

    def token(self, *, headers: dict[str, str] | None = None, **claims: Any) -> str:
        """A token with usual claims, those given laid over; None takes one away."""
        key_id, key = next(iter(self.keys.items()))
        usual = {"iss": ISSUER, "aud": AUDIENCE, "sub": "amal", "exp": time.time() + 300}
        said = {name: value for name, value in {**usual, **claims}.items() if value is not None}
        return jwt.encode(said, key, "ES256", headers={"kid": key_id, **(headers or {})})

    def key_set(self) -> dict[str, Any]:
        published = [
            {
                **ECAlgorithm.to_jwk(key.public_key(), as_dict=True),
                "kid": key_id,
                "use": "sig",
                "alg": "ES256",
            }
            for key_id, key in self.keys.items()
        ]
        return {"keys": published}

    def settings(self, **changes: Any) -> OidcSettings:
        usual = {"issuer": ISSUER, "audience": AUDIENCE, "jwks_url": self.url}
        return OidcSettings.model_validate({**usual, **changes})


@contextmanager
def providing() -> Iterator[Provider]:
    provider = Provider()
    provider.rotate("first")

    class KeySet(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            provider.fetches += 1
            self.send_response(200 if provider.answers else 503)
            self.end_headers()
            self.wfile.write(json.dumps(provider.key_set()).encode())

        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), KeySet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    provider.url = f"http://127.0.0.1:{server.server_port}/keys"
    yield provider
    server.shutdown()
    server.server_close()
