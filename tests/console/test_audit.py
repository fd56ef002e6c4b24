"""Who did what, whether anybody touched it, and who holds a key."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from crispml_core.client import CrispMLClient, RequestRefused
from crispml_core.domain.api_keys import is_key
from scripts.console_world import USE_CASE, World

ROWS = "table tbody tr"


def test_an_entry_is_found_looked_into_and_taken_along(
    visit: Callable[..., Page], suite: World, tmp_path: Path
):
    page = visit(f"audit?use_case={USE_CASE}")
    page.get_by_label("What", exact=True).fill("new_data_label")
    page.get_by_role("button", name="Find", exact=True).click()
    expect(page.locator(ROWS).first).to_contain_text("new_data_label")
    expect(page.locator(ROWS).filter(has_text="cycle")).to_have_count(0)
    expect(page).to_have_url(re.compile("action=new_data_label"))

    # The address shows the same to somebody else.
    page.reload()
    expect(page.locator(ROWS).first).to_contain_text("new_data_label")
    page.get_by_role("button", name="Details of entry").first.click()
    details = page.get_by_role("dialog")
    expect(details).to_contain_text("Digest of the entry before")
    page.keyboard.press("Escape")
    expect(details).to_be_hidden()

    with page.expect_download() as download:
        page.get_by_role("link", name="Export as lines of JSON").click()
    file = tmp_path / "audit.jsonl"
    download.value.save_as(file)
    actions = {json.loads(line)["action"] for line in file.read_text().splitlines()}
    assert actions == {"new_data_label"}


def test_what_was_refused_is_found_by_its_outcome(visit: Callable[..., Page], suite: World):
    key = suite.key(f"viewer:{USE_CASE}", name="curious")
    urls = suite.services.urls
    with (
        CrispMLClient(urls["training"], urls["scoring"], credential=key) as client,
        pytest.raises(RequestRefused),
    ):
        client.training.new_api_key("more", ["admin"])
    page = visit("audit")
    page.get_by_label("Outcome").select_option("Refused")
    expect(page.locator(ROWS).filter(has_text="key:curious")).to_contain_text("403")
    expect(page.locator(ROWS).filter(has_text="200")).to_have_count(0)
    expect(page).to_have_url(re.compile("outcome=4xx"))


def test_the_evidence_is_verified_sealed_and_held_against_a_head(
    visit: Callable[..., Page], suite: World
):
    page = visit("audit?part=verification")
    page.get_by_role("button", name="Verify now").click()
    expect(page.get_by_text("Nothing was touched.")).to_be_visible()
    expect(page.get_by_role("region", name="What was verified")).to_contain_text("score_rows")

    page.get_by_role("button", name="Seal and sign now").click()
    expect(page.get_by_text(re.compile("rows? sealed, "))).to_be_visible()
    head = next(suite.client.training.audit_heads(newest=True))
    expect(page.get_by_role("region", name="Signed heads")).to_contain_text(head["digest"][:20])

    # A head of another chain: somebody made this one again.
    page.get_by_label("A head that was kept elsewhere").fill(f"{head['sequence']}:{'0' * 64}")
    page.get_by_role("button", name="Verify now").click()
    expect(page.get_by_role("alert")).to_contain_text("The evidence was touched: audit_entries")
    expect(page.get_by_text("Nothing was touched.")).to_have_count(0)


def test_a_key_is_shown_once_opens_what_it_was_granted_and_is_revoked(
    visit: Callable[..., Page], suite: World
):
    page = visit("audit?part=keys")
    addresses: list[str] = []
    page.on("request", lambda request: addresses.append(request.url))
    page.get_by_label("Who holds it").fill("webshop")
    page.get_by_role("button", name="Make key").click()
    expect(page.get_by_text("Add a grant")).to_be_visible()

    page.get_by_label("Role").select_option("scorer")
    page.locator("#new-key").get_by_label("Use case").select_option(USE_CASE)
    page.get_by_role("button", name="Add grant").click()
    expect(page.get_by_label(f"scorer:{USE_CASE}")).to_be_checked()
    page.get_by_role("button", name="Make key").click()

    once = page.get_by_role("dialog", name="The key of webshop")
    key = once.locator("code").inner_text()
    assert is_key(key)
    assert _whoami(suite, key).json()["grants"] == [f"scorer:{USE_CASE}"]
    page.keyboard.press("Escape")  # what is shown once does not go by accident
    expect(once).to_be_visible()
    once.get_by_role("button", name="I have kept it").click()
    expect(once).to_be_hidden()
    assert key not in page.content()

    row = page.locator(ROWS).filter(has_text="webshop")
    expect(row).to_contain_text("valid")
    row.get_by_role("button", name="Revoke").click()
    question = page.get_by_role("dialog", name="Are you sure?")
    expect(question).to_contain_text("The key of webshop opens nothing")
    question.get_by_role("button", name="Yes, do it").click()
    expect(row).to_contain_text("revoked")
    assert _whoami(suite, key).status_code == 401
    assert not [address for address in addresses if key in address]
    logs = [path.read_text() for path in suite.services.folder.rglob("*.log")]
    assert logs
    assert not [text for text in logs if key in text]


def test_an_auditor_reads_everything_and_makes_no_keys(visit: Callable[..., Page], suite: World):
    page = visit("audit?part=keys", key=suite.key("auditor", name="auditor-of-all"))
    parts = page.get_by_role("navigation", name="Parts of the page")
    expect(parts.get_by_role("link")).to_have_text(["Audit log", "Verification", "Roles"])
    expect(page.get_by_role("button", name="Make key")).to_have_count(0)
    expect(page.locator(ROWS).first).to_be_visible()

    parts.get_by_role("link", name="Roles").click()
    for permission, where in (("read-records", "everywhere"), ("manage-keys", "–")):  # noqa: RUF001
        row = page.locator(ROWS).filter(has_text=permission)
        expect(row.locator("td").nth(1)).to_have_text(where)


def _whoami(suite: World, key: str) -> httpx.Response:
    return httpx.get(
        f"{suite.client.training.url}/api/v1/whoami", headers={"Authorization": f"Bearer {key}"}
    )
