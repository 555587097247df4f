"""The page as a browser gets it: types, headers, size, its first paint, and what accessibility checkers say."""

from __future__ import annotations

import json
import re
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

import anyio
import pytest
from playwright.async_api import Browser, Page
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from orchestrator import page, protocol
from orchestrator.languages import LANGUAGES
from tests.web.conftest import HERE
from tests.web.talking_page import Scheme, opened, violations

BUDGET_BYTES = 150_000
FIRST_PAINT_MS = 5000  # of a busy machine

PAST = [
    {"role": "user", "content": "What do plants need to grow?"},
    {"role": "assistant", "content": "Plants need light, water and a place to grow.", "cut": False},
    {"role": "user", "content": "وماذا عن الشمس؟"},
    {"role": "assistant", "content": "الشمس مصدر الضوء.", "cut": False},
]
STORED = {
    "beautyai.session": "s1",
    "beautyai.past": [
        {"id": "s1", "title": "What do plants need to grow?", "updated_at": 0, "messages": PAST}
    ],
}


@pytest.fixture(scope="module")
def site() -> TestClient:
    return TestClient(Starlette(routes=page.routes()))


@pytest.mark.parametrize("path", [route.path for route in page.routes() if isinstance(route, Route)])
def test_every_file_has_its_type_and_the_strict_headers(site: TestClient, path: str) -> None:
    answer = site.get(path)
    assert answer.status_code == 200
    suffix = Path(path).suffix if path.startswith("/web/") else ".html"
    assert answer.headers["content-type"] == page.MEDIA_TYPES[suffix]
    assert answer.headers.items() >= {name.lower(): value for name, value in page.HEADERS.items()}.items()
    assert site.get(path, headers={"If-None-Match": answer.headers["etag"]}).status_code == 304


def test_nothing_else_of_the_disk_is_served(site: TestClient) -> None:
    for path in ("/web/", "/web/../page.py", "/web/%2e%2e/cli.py", "/web/no.js", "/index.html"):
        assert site.get(path).status_code == 404


def test_the_policy_lets_in_nothing_from_elsewhere_and_no_inline_code() -> None:
    policy = page.HEADERS["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    for file in page.FOLDER.glob("*.html"):
        text = file.read_text(encoding="utf-8")
        assert re.findall(r"\s(?:on\w+|style)=|<style|<script(?! type=\"module\" src=)|https?://", text) == []


def test_the_page_fits_its_budget() -> None:
    assert sum(file.stat().st_size for file in page.FOLDER.rglob("*") if file.is_file()) < BUDGET_BYTES


def test_the_pure_modules_behave(node: str) -> None:
    done = subprocess.run([node, "--test", "unit/"], cwd=HERE, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:]


def test_the_types_are_right(node: str, packages: Path) -> None:
    compiler, project = packages / "typescript" / "bin" / "tsc", HERE / "tsconfig.json"
    command: list[str | Path] = [node, compiler, "--project", project]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_page_knows_every_message_and_language_of_the_server(node: str) -> None:
    script = (
        f"import {{ EVENT_TYPES }} from '{page.FOLDER}/core/wire.js';"
        f"import {{ LANGUAGES }} from '{page.FOLDER}/view/languages.js';"
        "console.log(JSON.stringify([EVENT_TYPES, LANGUAGES]))"
    )
    command = [node, "--input-type=module", "--eval", script]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    types, languages = json.loads(said)
    assert set(types) == {message.type for message in protocol.ServerMessage.__subclasses__()}
    assert set(languages) == set(LANGUAGES)


@pytest.mark.anyio
async def test_the_page_is_painted_while_no_model_is_ready(browser: Browser, waking_server: str) -> None:
    async with opened(browser, waking_server) as talk:
        with pytest.raises(urllib.error.HTTPError, match="503"):
            await anyio.to_thread.run_sync(urllib.request.urlopen, f"{waking_server}/ready")
        await talk.locator("#server").filter(has_text="Waking up: ").wait_for()
        paint = await talk.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
        assert paint < FIRST_PAINT_MS
        assert await talk.is_enabled("#orb")


@pytest.mark.anyio
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing(
    browser: Browser, waking_server: str, packages: Path, scheme: Scheme
) -> None:
    axe = (packages / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
    async with opened(browser, waking_server, scheme=scheme) as talk:
        await talk.evaluate(axe)
        await talk.locator("#server").filter(has_text="Waking up: ").wait_for()
        assert await violations(talk) == []
        for button, dialog in (("#open-settings", "#settings"), ("#open-history", "#history")):
            await talk.click(button)
            assert await violations(talk) == []
            await talk.click(f"{dialog} [data-close]")
    async with opened(browser, waking_server, scheme=scheme, locale="ar", stored=STORED) as talk:
        await talk.evaluate(axe)
        await a_typed_turn_fails(talk)
        assert await talk.get_attribute("html", "dir") == "rtl"
        assert await violations(talk) == []
    async with opened(browser, f"{waking_server}/debug", scheme=scheme) as debug:
        await debug.evaluate(axe)
        await a_typed_turn_fails(debug)
        await debug.locator("#figures table").first.wait_for()
        await debug.locator("#timelines .lane").first.wait_for()
        assert await violations(debug) == []


async def a_typed_turn_fails(talk: Page) -> None:
    """No model answers, and the page says so."""
    await talk.fill("#words", "Hello?")
    await talk.press("#words", "Enter")
    await talk.locator("#notice p").wait_for(timeout=60_000)
