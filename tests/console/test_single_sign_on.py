"""People of an OpenID provider in the console: signing in, staying, being sent away."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from crispml_core.cli.ports import free_port
from crispml_core.cli.services import PLANS, Services, local_settings, make_stores
from tests.console.conftest import WAIT_MS
from tests.console.served import served
from tests.provider import running_provider

PATIENCE = Path(__file__).parents[1] / "e2e" / "use_cases" / "patience.py"


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A console whose people are those of a provider, and stay for a few seconds only."""
    folder = tmp_path_factory.mktemp("provider")
    with running_provider({"ann": ["viewer"], "bob": []}) as issuer:
        settings = {
            **local_settings(folder, [f"{PATIENCE}:patience"]),
            "CRISPML_AUTH__MODE": "required",
            "CRISPML_AUTH__OIDC_ISSUER": issuer,
            "CRISPML_AUTH__OIDC_AUDIENCE": "crispml-console",
            "CRISPML_AUTH__OIDC_TOKENS": "jwt",
        }
        make_stores(settings)
        with Services(folder, settings, PLANS[:1]) as services:
            port = free_port(0)
            with served(
                port,
                training_url=services.urls["training"],
                scoring_url=services.urls["training"],
                public_url=f"http://127.0.0.1:{port}",
                oidc_issuer=issuer,
                # The provider of the tests knows no client without a secret, and takes any.
                oidc_client_secret="any",
                oidc_name="the provider",
                idle_s=12,
            ) as url:
                yield url


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context()
    context.set_default_timeout(WAIT_MS)
    yield context.new_page()
    context.close()


def sign_in(page: Page, console: str, name: str) -> None:
    page.goto(console)
    page.get_by_role("link", name="Sign in with the provider").click()
    page.locator("input[name=sub]").fill(name)
    page.locator("button[type=submit], input[type=submit]").first.click()


def test_somebody_of_the_provider_signs_in_and_is_sent_away_after_a_while(page: Page, console: str):
    sign_in(page, console, "ann")
    expect(page.locator(".caller")).to_have_text("user:ann")
    assert not re.search("code=|state=", page.url)
    # The page reads by itself meanwhile, which is not somebody who is there.
    expect(page.get_by_label("API key")).to_be_visible(timeout=60_000)


def test_somebody_without_a_role_sees_no_use_case(page: Page, console: str):
    sign_in(page, console, "bob")
    expect(page.locator(".caller")).to_have_text("user:bob")
    expect(page.locator("select.use-case")).to_have_count(0)


def test_an_answer_that_nobody_asked_for_lets_nobody_in(console: str):
    answer = httpx.get(f"{console}/sign-in/callback", params={"code": "c", "state": "s"})
    assert answer.status_code == 400
    assert "set-cookie" not in answer.headers
