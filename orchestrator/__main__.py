"""`python -m orchestrator`: serve until SIGTERM or Ctrl-C."""

from __future__ import annotations

import logging
import sys

import uvicorn
from starlette.types import ASGIApp

from orchestrator.app import create_app
from orchestrator.config import load
from orchestrator.errors import BadSetting, StoreUnusable
from orchestrator.protocol import MAX_MESSAGE_BYTES
from orchestrator.request_ids import RequestIdFilter
from orchestrator.store.address import address
from orchestrator.store.migrating import migrate

_LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s [%(request_id)s]: %(message)s"


def server_config(app: ASGIApp, host: str, port: int) -> uvicorn.Config:
    """How the product runs uvicorn: bounded messages, no compression, a silent peer found within 20 s."""
    return uvicorn.Config(
        app,
        host=host,
        port=port,
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
        app = create_app(settings)
        # The lifespan does it too, but what goes wrong there reaches the operator as a traceback.
        migrate(address(settings.database_url, settings.data_dir))
    except (BadSetting, StoreUnusable) as error:
        print(f"beautyai: {error}", file=sys.stderr)
        return 2
    uvicorn.Server(server_config(app, settings.host, settings.port)).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
