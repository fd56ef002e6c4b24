"""A real browser that looks at a real console of real services."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from scripts.console_world import World, console_world

# A busy machine is slow, and nothing here is about how fast it is.
WAIT_MS = 20_000
expect.set_options(timeout=WAIT_MS)


@pytest.fixture(scope="session")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with console_world(tmp_path_factory.mktemp("console")) as world:
        yield world


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        reason = "there is no chromium here; Debian's package is called so"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        # Within a container there is no other sandbox to be had for root.
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def visit(suite: World, chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Open a page as somebody who signed in: ``visit("models?version=3", key=...)``.

    Whatever a test does, no request may leave the machine and no script may fail.
    """
    contexts: list[BrowserContext] = []
    strangers: list[str] = []
    failures: list[str] = []

    def look(request: Any) -> None:
        if urlsplit(request.url).netloc not in ("", urlsplit(suite.url).netloc):
            strangers.append(request.url)

    def open_page(
        path: str = "", *, key: str | None = None, scheme: Any = "light", width: int = 1280
    ) -> Page:
        context = chromium.new_context(
            color_scheme=scheme, viewport={"width": width, "height": 900}
        )
        context.set_default_timeout(WAIT_MS)
        contexts.append(context)
        page = context.new_page()
        page.on("request", look)
        page.on("pageerror", lambda error: failures.append(str(error)))
        page.on(
            "console",
            lambda message: (
                failures.append(message.text)
                if "Content Security Policy" in message.text or "Refused to" in message.text
                else None
            ),
        )
        page.goto(f"{suite.url}/sign-in?next=%2F{path.replace('?', '%3F').replace('&', '%26')}")
        page.get_by_label("API key").fill(suite.admin_key if key is None else key)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_selector("nav.side", state="attached")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert strangers == []
    assert failures == []
