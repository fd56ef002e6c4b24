"""Drift, KPIs, speed and rules in the browser."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from crispml_core.client import RequestRefused
from scripts.console_world import USE_CASE, World

ADDRESS = f"monitoring?use_case={USE_CASE}&period=day"
OLDEST = 75
LONG_MS = 60_000
"""An evaluation is a process of its own, and the first plot brings a large script."""


@pytest.fixture(scope="module", autouse=True)
def drifted(suite: World) -> None:
    """Everybody who applies is old."""
    key = suite.client.training.use_case(USE_CASE).record_key
    suite.client.scoring.score(
        USE_CASE,
        [
            {**record, key: type(record[key])(9_000_000 + place), "age": OLDEST}
            for place, record in enumerate(suite.records * 2)
        ],
    )


def test_a_field_that_drifts_shows_both_distributions_and_has_an_address(
    visit: Callable[..., Page],
):
    page = visit(ADDRESS)
    fields = page.get_by_role("region", name="Fields with the largest drift first")
    first = fields.locator("tbody tr").first
    expect(first).to_contain_text("age", timeout=LONG_MS)
    expect(first).to_contain_text("drift")
    fields.get_by_role("button", name="purpose").click()
    expect(page).to_have_url(re.compile("field=purpose"))
    page.reload()
    plot = page.get_by_role("img", name="Values of purpose in the training data")
    expect(plot.locator(".main-svg").first).to_be_visible()
    page.get_by_label("Field", exact=True).select_option("age")
    expect(page.get_by_role("heading", level=3, name="age")).to_be_visible()
    page.locator("#drift_field summary", has_text="The numbers").first.click()
    numbers = page.get_by_role("region", name="Values of age")
    # Most of those who applied are in the last group, which held hardly anybody in training.
    expect(numbers.locator("tbody tr").last).to_contain_text(re.compile(r"[5-9]\d\.\d %"))


def test_kpis_are_drawn_with_the_moves_of_the_champion_and_requests_are_counted(
    visit: Callable[..., Page], suite: World
):
    page = visit(ADDRESS)
    card = page.locator("#kpis")
    expect(card.get_by_role("img", name="auc of each report")).to_be_visible(timeout=LONG_MS)
    card.locator("summary", has_text="Moves of the champion").click()
    champion = suite.client.training.alias(USE_CASE, "champion").version
    expect(card.get_by_role("region", name="Moves of the champion")).to_contain_text(champion)
    shown = page.locator("#latency .figure", has_text="Scoring requests").locator("strong")
    expect(shown).to_be_visible()
    before = int(shown.inner_text().replace(",", ""))
    for place in range(3):
        suite.client.scoring.score(USE_CASE, [suite.records[place]])
    expect(shown).to_have_text(f"{before + 3:,}")
    methods = page.get_by_role("region", name="The nine methods")
    expect(methods.locator("tbody tr")).to_have_count(9)


def test_a_refused_record_is_an_event_with_the_field_it_broke(
    visit: Callable[..., Page], suite: World
):
    with pytest.raises(RequestRefused) as refused:
        suite.client.scoring.score(USE_CASE, [{**suite.records[0], "age": -1}])
    page = visit(ADDRESS)
    events = page.get_by_role("region", name="Events of scoring, newest first")
    event = events.locator("tbody tr", has_text=refused.value.request_id)
    expect(event).to_contain_text("age", timeout=LONG_MS)
    page.get_by_label("Kind").select_option("Failed requests")
    expect(event).to_have_count(0)
    expect(page).to_have_url(re.compile("event=failed"))


def test_a_rule_fires_and_somebody_looks_after_its_alert(visit: Callable[..., Page], suite: World):
    page = visit(ADDRESS, key=suite.key("admin", name="alert-watch"))
    page.get_by_role("button", name="Evaluate now").click()
    alert = page.locator("#alerts tbody tr", has_text="inputs-drift").first
    expect(alert).to_contain_text("firing", timeout=LONG_MS)
    alert.get_by_role("button", name="Show as curl or Python").click()
    expect(page.get_by_role("dialog")).to_contain_text("/acknowledge")
    page.get_by_role("dialog").get_by_role("button", name="Close").click()
    alert.get_by_role("button", name="Acknowledge").click()
    expect(alert).to_contain_text("by key:alert-watch")
    page.goto(suite.url)
    expect(page.get_by_role("row").filter(has_text="inputs-drift")).to_contain_text(
        "by key:alert-watch"
    )


def test_a_dry_run_says_what_rules_would_have_said_and_a_viewer_may_do_no_more(
    visit: Callable[..., Page], suite: World
):
    page = visit(ADDRESS, key=suite.key(f"viewer:{USE_CASE}", name="dry-runner"))
    page.get_by_label("Dry run over").select_option("Last week")
    page.get_by_role("button", name="Dry run", exact=True).click()
    result = page.get_by_role("region", name="Rules of the dry run")
    expect(result.get_by_role("row").filter(has_text="auc-below-gate")).to_be_visible(
        timeout=LONG_MS
    )
    expect(page.get_by_role("button", name="Evaluate now")).to_have_count(0)
    expect(page.get_by_role("button", name="Acknowledge")).to_have_count(0)
