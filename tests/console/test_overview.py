"""The first page: how each use case does, and what runs."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from crispml_console.parts.words import share
from scripts.console_world import USE_CASE, World


def card(page: Page, title: str):
    return page.locator("section.card").filter(
        has=page.get_by_role("heading", level=2, name=title, exact=True)
    )


def test_a_use_case_shows_its_champion_its_gates_its_labels_and_its_scores(
    visit: Callable[..., Page], suite: World
):
    client = suite.client
    champion = client.training.alias(USE_CASE, "champion")
    listed = client.scoring.verification_reports(use_case=USE_CASE)
    newest = next(info for info in listed if info.facts["kind"] == "verification")
    content = client.scoring.report(newest.id).content
    page = visit("")
    shown = card(page, USE_CASE)
    expect(shown.get_by_role("link", name=champion.version)).to_be_visible()
    gates = shown.locator(".gates li")
    expect(gates).to_have_count(len(content["gates"]))
    for gate in content["gates"]:
        expect(gates.filter(has_text=gate["kpi"])).to_contain_text(gate["verdict"])
    expect(shown).to_contain_text(f"{share(content['coverage'])} of ")
    scored = sum(client.scoring.drift(USE_CASE)["versions"].values())
    expect(shown.locator(".figure", has_text="Last day")).to_contain_text(f"{scored:,}")
    shown.get_by_role("link", name=USE_CASE).click()
    expect(page.get_by_role("heading", level=1, name="Monitoring")).to_be_visible()


def test_a_run_shows_its_progress_until_it_ends(visit: Callable[..., Page], suite: World):
    page = visit("")
    jobs = card(page, "Running jobs")
    expect(jobs).to_contain_text("Nothing runs", timeout=60_000)
    run = suite.client.training.cycle(USE_CASE, seed=99)
    expect(jobs.get_by_role("link", name="cycle")).to_be_visible()
    expect(page.locator(".figure", has_text="Running jobs")).to_contain_text("1")
    suite.client.training.cancel(run.id)
    expect(jobs).to_contain_text("Nothing runs", timeout=60_000)


def test_who_may_only_describe_sees_what_answers_and_is_refused_nothing(
    visit: Callable[..., Page], suite: World
):
    page = visit("", key=suite.key(f"scorer:{USE_CASE}", name="overview-teller"))
    champion = suite.client.training.alias(USE_CASE, "champion")
    expect(card(page, USE_CASE)).to_contain_text(champion.version)
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(page.get_by_role("heading", name="Open alerts")).to_have_count(0)
