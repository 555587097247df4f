from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from orchestrator.config import SessionSettings, load, load_data_dir
from orchestrator.errors import BadSetting


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.delenv("BEAUTYAI_CONFIG", raising=False)
    monkeypatch.setenv("BEAUTYAI_TOKENIZER_DIR", "tokenizer")
    return monkeypatch


def test_the_environment_wins_over_the_file(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "beautyai.json"
    file.write_text(json.dumps({"port": 9000, "session": {"language": "ar", "generation": {"seed": 3}}}))
    environment.setenv("BEAUTYAI_CONFIG", str(file))
    environment.setenv("BEAUTYAI_SESSION__LANGUAGE", "en")
    settings = load()
    assert (settings.port, settings.session.language, settings.session.generation.seed) == (9000, "en", 3)


def test_everything_wrong_is_in_one_error(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "beautyai.json"
    file.write_text(json.dumps({"prot": 1, "session": {"speed": 9}}))
    environment.setenv("BEAUTYAI_CONFIG", str(file))
    environment.setenv("BEAUTYAI_PORT", "99999")
    with pytest.raises(BadSetting) as raised:
        load()
    for word in ("prot", "port", "session.speed"):
        assert word in str(raised.value)


@pytest.mark.parametrize("content", ["{", None])
def test_a_broken_or_missing_file_is_named(
    environment: pytest.MonkeyPatch, tmp_path: Path, content: str | None
) -> None:
    file = tmp_path / "beautyai.json"
    if content is not None:
        file.write_text(content)
    environment.setenv("BEAUTYAI_CONFIG", str(file))
    with pytest.raises(BadSetting, match="BEAUTYAI_CONFIG"):
        load()


def test_lists_of_names_are_written_with_commas_or_as_json_in_the_file(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "beautyai.json"
    file.write_text(json.dumps({"allowed_origins": ["https://app.example"]}))
    environment.setenv("BEAUTYAI_CONFIG", str(file))
    environment.setenv("BEAUTYAI_ALLOWED_HOSTS", "voice.example, ::1,10.0.0.7")
    settings = load()
    assert settings.allowed_hosts == ("voice.example", "::1", "10.0.0.7")
    assert settings.allowed_origins == ("https://app.example",)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ALLOWED_HOSTS", "https://voice.example"),
        ("ALLOWED_HOSTS", "voice.example:443"),
        ("ALLOWED_HOSTS", "*"),
        ("ALLOWED_ORIGINS", "app.example"),
        ("ALLOWED_ORIGINS", "https://app.example/page"),
        ("ALLOWED_ORIGINS", "*"),
        ("OIDC__ISSUER", "https://login.example"),
    ],
)
def test_a_name_that_would_match_nothing_or_everything_is_refused(
    environment: pytest.MonkeyPatch, name: str, value: str
) -> None:
    environment.setenv(f"BEAUTYAI_{name}", value)
    with pytest.raises(BadSetting, match=name.split("__", maxsplit=1)[0].lower()):
        load()


def test_the_folder_of_kept_files_needs_no_other_setting(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environment.delenv("BEAUTYAI_TOKENIZER_DIR")
    environment.setenv("BEAUTYAI_DATA_DIR", str(tmp_path))
    assert load_data_dir() == tmp_path


def test_a_session_changes_only_what_it_names() -> None:
    before = SessionSettings().merged({"generation": {"temperature": 0.1}})
    after = before.merged({"language": "ar", "generation": {"seed": 5}})
    assert (after.language, after.generation.temperature, after.generation.seed) == ("ar", 0.1, 5)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"language": "klingon"}, ["klingon"]),
        ({"voice": "../../etc/passwd"}, ["voice"]),
        ({"generation": {"temperature": 9, "top_k": -1}}, ["generation.temperature", "generation.top_k"]),
        ({"generation": 5}, ["generation"]),
        ({"turn_taking": {"speech_threshold": 0.1, "silence_threshold": 0.9}}, ["turn_taking"]),
        ({"turn_taking": {"end_silence_ms": float("nan")}}, ["end_silence_ms"]),
        ({"colour": "red"}, ["colour"]),
    ],
)
def test_a_bad_setting_is_refused_by_name(changes: dict[str, object], words: list[str]) -> None:
    with pytest.raises(BadSetting) as raised:
        SessionSettings().merged(changes)
    assert all(word in str(raised.value) for word in words)


DOCUMENT = Path(__file__).parents[2] / "docs" / "protocol.md"


def flattened(settings: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in settings.items():
        flat |= flattened(value, f"{name}.") if isinstance(value, dict) else {prefix + name: value}
    return flat


def documented() -> dict[str, str]:
    """Every setting of the table "Session settings" -> its default as written."""
    table = DOCUMENT.read_text(encoding="utf-8").split("## Session settings")[1].split("\n\n")[1]
    settings: dict[str, str] = {}
    for cells in re.findall(r"^\| (`.*?) \| (.*) \| (.*?) \|$", table, re.MULTILINE):
        names = re.findall(r"`([\w.]+)`", cells[0].split(":")[0])
        section = names[0].rpartition(".")[0]
        defaults = cells[2].split(", ")
        written = defaults if len(defaults) == len(names) else defaults * len(names)
        full = [section + name if name.startswith(".") else name for name in names]
        settings |= dict(zip(full, written, strict=False))
    return settings


def test_the_document_lists_every_session_setting_with_its_default() -> None:
    in_code, in_document = flattened(SessionSettings().model_dump()), documented()
    assert set(in_document) == set(in_code)
    for name, default in in_document.items():
        value = default.replace(" ", "").replace("\u202f", "").strip("`")
        if re.fullmatch(r"[\d.]+|true|false|null", value):
            assert json.loads(value) == in_code[name], name
