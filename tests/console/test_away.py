"""A service that is away, and one that comes back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from benchmarks.faults.proxy import Proxy
from crispml_core.cli.ports import free_port
from scripts.console_world import World, settled
from tests.console.conftest import WAIT_MS
from tests.console.served import served

NOTICE = "The scoring service does not answer"


@pytest.fixture
def cut(suite: World) -> Iterator[tuple[str, Callable[[], None], Callable[[], None]]]:
    """A console whose way to the scoring service can be cut and mended."""
    scoring = urlsplit(suite.services.urls["scoring"]).port or 0
    front = free_port(0)
    proxies: list[Proxy] = []

    def mend() -> None:
        proxies.append(Proxy(scoring, front).__enter__())

    def sever() -> None:
        proxies.pop().__exit__()

    port = free_port(0)
    mend()
    training_url = suite.services.urls["training"]
    with served(port, training_url=training_url, scoring_url=f"http://127.0.0.1:{front}") as url:
        yield url, sever, mend
    sever()


def test_a_page_says_that_a_service_is_away_and_goes_on_when_it_is_back(
    suite: World,
    chromium: Browser,
    cut: tuple[str, Callable[[], None], Callable[[], None]],
):
    url, sever, mend = cut
    context = chromium.new_context()
    context.set_default_timeout(WAIT_MS)
    page: Page = context.new_page()
    page.goto(url)
    page.get_by_label("API key").fill(suite.admin_key)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    # A card that asked just now says so, too.
    notice = page.get_by_role("status").get_by_text(NOTICE)
    expect(notice).to_have_count(0)
    # What is cut off in the middle of an answer is waited for as long as a service may be silent.
    settled(page)
    sever()
    expect(notice).to_be_visible()
    mend()
    expect(notice).to_have_count(0)
    context.close()


def test_a_page_says_that_the_console_is_away_and_comes_back_with_it(
    suite: World, chromium: Browser
):
    port = free_port(0)
    urls = suite.services.urls
    console = {"training_url": urls["training"], "scoring_url": urls["scoring"]}
    context = chromium.new_context()
    context.set_default_timeout(WAIT_MS)
    page = context.new_page()
    with served(port, **console) as url:
        page.goto(url)
        page.get_by_label("API key").fill(suite.admin_key)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", name="Overview")).to_be_visible()
        settled(page)
    expect(page.locator("body.away")).to_be_visible()
    with served(port, **console):
        # It has forgotten everybody, so it asks who is there.
        expect(page.get_by_label("API key")).to_be_visible()
    context.close()
