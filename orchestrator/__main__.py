"""`python -m orchestrator`: serve until SIGTERM or Ctrl-C."""

from __future__ import annotations

import logging
import ssl
import sys
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from orchestrator.app import create_app
from orchestrator.config import Settings, load
from orchestrator.errors import BadSetting, StoreUnusable
from orchestrator.protocol import MAX_MESSAGE_BYTES
from orchestrator.request_ids import RequestIdFilter
from orchestrator.store.address import address
from orchestrator.store.migrating import migrate

_LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s [%(request_id)s]: %(message)s"


def server_config(
    app: ASGIApp, host: str, port: int, *, certificate: Path | None = None, key: Path | None = None
) -> uvicorn.Config:
    """How the product runs uvicorn: bounded messages, no compression, a silent peer found within 20 s.

    With `certificate` and `key` (PEM) it serves TLS.
    """
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        ssl_certfile=certificate,
        ssl_keyfile=key,
        log_config=None,
        access_log=False,
        ws_max_size=MAX_MESSAGE_BYTES,
        ws_per_message_deflate=False,
        ws_ping_interval=10,
        ws_ping_timeout=10,
        timeout_graceful_shutdown=5,
    )


def main() -> int:
    try:
        settings = load()
        logging.basicConfig(level=settings.log_level, format=_LOG_FORMAT)
        for handler in logging.getLogger().handlers:
            handler.addFilter(RequestIdFilter())
        server = uvicorn.Server(configured(settings))
        # The lifespan does it too, but what goes wrong there reaches the operator as a traceback.
        migrate(address(settings.database_url, settings.data_dir))
    except (BadSetting, StoreUnusable) as error:
        print(f"beautyai: {error}", file=sys.stderr)
        return 2
    server.run()
    return 0


def configured(settings: Settings) -> uvicorn.Config:
    """The service and how it is served. Raises: BadSetting where it cannot be, or must not be, with these settings."""
    config = server_config(
        create_app(settings),
        settings.host,
        settings.port,
        certificate=settings.tls_certificate,
        key=settings.tls_key,
    )
    try:
        config.load()
    except (OSError, ssl.SSLError) as error:
        files = f"{settings.tls_certificate} and {settings.tls_key}"
        raise BadSetting(f"TLS: {files} are no certificate and key in PEM: {error}") from error
    return config


if __name__ == "__main__":
    sys.exit(main())
