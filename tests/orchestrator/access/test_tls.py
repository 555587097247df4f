"""TLS by files, as `python -m orchestrator` serves it, and what it says of files that cannot be used."""

from __future__ import annotations

import ssl
from pathlib import Path

import httpx2
import pytest

from embedded import ports
from orchestrator.__main__ import configured
from orchestrator.config import Settings
from orchestrator.errors import BadSetting
from tests.orchestrator.access.certificates import self_signed
from tests.orchestrator.access.conftest import running, settings_in


def settings_with(folder: Path, certificate: Path, key: Path) -> Settings:
    return settings_in(folder, tls_certificate=certificate, tls_key=key, port=ports.free_port())


def test_it_serves_tls_with_the_files_it_is_given(tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path, "localhost")
    settings = settings_with(tmp_path, certificate, key)
    trusted = ssl.create_default_context(cafile=str(certificate))
    with running(configured(settings)):
        answer = httpx2.get(f"https://127.0.0.1:{settings.port}/health", verify=trusted)
    assert answer.json() == {"status": "ok"}


def test_files_that_are_none_are_named(tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path, "localhost")
    certificate.write_text("nothing")
    with pytest.raises(BadSetting, match=r"fullchain\.pem"):
        configured(settings_with(tmp_path, certificate, key))


def test_one_file_without_the_other_or_a_missing_one_is_refused(tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path, "localhost")
    with pytest.raises(ValueError, match="go together"):
        settings_in(tmp_path, tls_certificate=certificate)
    key.unlink()
    with pytest.raises(ValueError, match=r"no file .*privkey\.pem"):
        settings_with(tmp_path, certificate, key)
