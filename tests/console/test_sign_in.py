"""Who may enter the console, and who is shown the way out."""

from __future__ import annotations

from collections.abc import Callable

import httpx
from playwright.sync_api import Page, expect

from scripts.console_world import World


def test_somebody_signs_in_with_a_key_sees_who_they_are_and_signs_out(
    visit: Callable[..., Page], suite: World
):
    page = visit("", key=suite.key("viewer:german_credit", name="vera"))
    expect(page.locator(".caller")).to_have_text("key:vera")
    expect(page.locator(".environment")).to_have_text("dev")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("API key")).to_be_visible()
    page.goto(suite.url + "/")
    expect(page).to_have_url(suite.url + "/sign-in")


def test_a_key_that_nobody_has_is_refused_and_shown_nowhere(
    visit: Callable[..., Page], suite: World
):
    page = visit("")
    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("API key").fill("CANARY-KEY")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("do not know this key")
    assert "CANARY" not in page.content() + page.url


def test_an_address_that_was_shared_opens_after_signing_in(
    visit: Callable[..., Page], suite: World
):
    page = visit("?use_case=german_credit")
    expect(page).to_have_url(f"{suite.url}/?use_case=german_credit")


def test_nobody_is_sent_to_another_site(suite: World):
    answer = httpx.post(
        f"{suite.url}/sign-in",
        data={"key": suite.admin_key, "next": "//elsewhere.example/"},
        headers={"Origin": suite.url},
    )
    assert answer.status_code == 200
    assert "elsewhere" not in answer.text


def test_a_form_of_another_site_signs_nobody_in_or_out(suite: World):
    for path in ("sign-in", "sign-out"):
        answer = httpx.post(
            f"{suite.url}/{path}",
            data={"key": suite.admin_key},
            headers={"Origin": "https://elsewhere.example"},
        )
        assert answer.status_code == 403
        assert "set-cookie" not in answer.headers


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(suite: World):
    answer = httpx.post(f"{suite.url}/sign-in", data={"key": suite.admin_key})
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert suite.admin_key.lower() not in cookie


def test_every_answer_says_what_a_browser_may_load(suite: World):
    for path in ("/sign-in", "/livez", "/static/console.js", "/"):
        headers = httpx.get(suite.url + path).headers
        said = headers["content-security-policy"]
        assert "default-src 'none'" in said
        assert "unsafe-eval" not in said
        assert "script-src 'self' 'unsafe-inline'" not in said
        assert headers["x-content-type-options"] == "nosniff"


def test_open_sessions_are_counted(visit: Callable[..., Page], suite: World):
    def sessions() -> float:
        text = httpx.get(suite.url + "/metrics").text
        line = next(
            found for found in text.splitlines() if found.startswith("crispml_console_sess")
        )
        return float(line.split()[1])

    before = sessions()
    page = visit("")
    assert sessions() == before + 1
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("API key")).to_be_visible()
    assert sessions() == before
