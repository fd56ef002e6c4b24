"""The page of models: what a version is worth, who lets it answer, and where it goes."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from crispml_core.client import CrispMLClient
from scripts.console_world import USE_CASE, World, settled

PARTS = ("summary", "report", "compare", "approval", "serving", "lineage", "card", "proof")
SERIOUS = {"serious", "critical"}


def address(version: str, part: str = "summary", **more: str) -> str:
    query = {"use_case": USE_CASE, "version": version, "part": part, **more}
    return "models?" + "&".join(f"{name}={value}" for name, value in query.items())


@pytest.fixture(scope="module")
def version(suite: World) -> str:
    """A version that somebody else than the admin trained."""
    key = suite.key(f"trainer:{USE_CASE}", name="ann")
    with CrispMLClient(
        suite.client.training.url, suite.client.scoring.url, credential=key
    ) as client:
        # Small samples leave its fairness undecided, which an approver may accept by name.
        run = client.training.cycle(
            USE_CASE,
            algorithms=["gradient_boosting"],
            hyperparameters={"gradient_boosting": {"learning_rate": 0.1, "max_iter": 120}},
            seed=3,
        )
        client.training.wait(run)
    return next(suite.client.training.versions(USE_CASE)).version


def test_a_version_is_found_and_looked_into(visit: Callable[..., Page], suite: World, version: str):
    page = visit(f"models?use_case={USE_CASE}")
    champion = page.locator("section", has=page.get_by_role("heading", name="Champion"))
    expect(champion.get_by_role("link").first).to_be_visible()
    expect(page.get_by_label("Which version each alias pointed at")).to_be_visible()
    page.get_by_role("table", name="Versions, newest first").get_by_role(
        "link", name=version
    ).click()
    expect(page.get_by_role("heading", level=2, name=version)).to_be_visible()
    expect(page.get_by_role("table", name="KPIs with their intervals")).to_contain_text("AUC")
    page.get_by_role("link", name="Report", exact=True).click()
    expect(page.locator(".plot .main-svg").first).to_be_visible()
    for label in ("How many positive records are found", "Observed shares", "Mean cost"):
        expect(page.get_by_label(label)).to_be_visible()
    page.get_by_label("KPI").select_option("recall")
    expect(page.get_by_label("Recall by sex; the dotted line")).to_be_visible()
    page.wait_for_url("**kpi=recall*")
    page.reload()
    expect(page.get_by_label("Recall by sex; the dotted line")).to_be_visible()


def test_two_versions_stand_beside_each_other(
    visit: Callable[..., Page], suite: World, version: str
):
    other = suite.client.training.alias(USE_CASE, "champion").version
    page = visit(address(version, "compare", **{"with": other}))
    table = page.get_by_role("table", name="KPIs of both versions on test")
    expect(table.get_by_role("row", name="AUC").first).to_contain_text(
        re.compile("better|worse|equal")
    )
    expect(page.get_by_label("How many positive records are found")).to_be_visible()
    expect(page.get_by_role("table", name="Data and definition")).to_contain_text("differs")


def test_the_lineage_leads_to_its_data_and_the_card_can_do_nothing(
    visit: Callable[..., Page], suite: World, version: str
):
    page = visit(address(version, "lineage"))
    graph = page.get_by_role("region", name="What the version was made from")
    expect(graph.get_by_role("link", name="raw data")).to_have_attribute(
        "href", re.compile("dataset=")
    )
    page.get_by_role("link", name="Model card", exact=True).click()
    card = page.frame_locator("iframe[title='Model card of the version']")
    expect(card.get_by_role("heading", name=USE_CASE)).to_be_visible()
    source = page.locator("iframe").get_attribute("src")
    answer = page.request.get(f"{suite.url}{source}")
    assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none'")


def test_four_eyes_let_a_version_answer(visit: Callable[..., Page], suite: World, version: str):
    trainer = visit(address(version, "approval"), key=suite.key("trainer", name="tom"))
    expect(trainer.get_by_role("table", name="Checklist of the version")).to_be_visible()
    expect(trainer.get_by_role("button", name="Approve", exact=True)).to_have_count(0)

    page = visit(address(version, "approval"), key=suite.key("approver", name="ben"))
    objection = page.locator(".objection")
    expect(objection).to_contain_text("not accepted by name")
    page.get_by_label("Reason").first.fill("meeting 12")
    approve = page.get_by_role("button", name="Approve", exact=True)
    approve.click()
    expect(page.get_by_role("alert")).to_contain_text("The service refuses this.")
    for box in page.get_by_role("checkbox").all():
        box.check()
    approve.click()
    expect(page.get_by_role("table", name="Decisions about the version")).to_contain_text("key:ben")
    expect(page.locator(".version-head")).to_contain_text("approved")

    page.get_by_role("link", name="Aliases and health", exact=True).click()
    page.get_by_role("combobox", name="Alias", exact=True).first.select_option("challenger")
    page.get_by_label("Share of records").fill("20")
    page.get_by_label("Reason").first.fill("more data")
    page.get_by_role("button", name="Move the alias", exact=True).click()
    row = page.get_by_role("table", name="Where the aliases").get_by_role("row", name="challenger")
    expect(row).to_contain_text("20 %")
    expect(row).to_contain_text("more data")
    page.get_by_role("button", name="Remove the alias").click()
    page.get_by_role("button", name="Yes, do it").click()
    expect(row).to_have_count(0)


def test_who_trained_a_version_is_refused_by_the_service(visit: Callable[..., Page], suite: World):
    # The admin trained the champion, and may approve; the service still knows who it is.
    champion = suite.client.training.alias(USE_CASE, "champion").version
    page = visit(address(champion, "approval"))
    page.get_by_label("Reason").first.fill("me")
    page.get_by_role("button", name="Approve", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("cannot approve")
    expect(page.get_by_text("Nobody has decided anything")).to_be_visible()


def test_a_bundle_goes_out_and_comes_in(
    visit: Callable[..., Page], suite: World, version: str, tmp_path: Path
):
    page = visit(address(version, "proof"))
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download the bundle").click()
    bundle = tmp_path / "credit.bundle.tar"
    waiting.value.save_as(bundle)
    page.goto(f"{suite.url}/models?use_case={USE_CASE}")
    import_button = page.get_by_role("button", name="Import", exact=True)
    import_button.click()
    expect(page.get_by_text("Choose the file of a bundle first.")).to_be_visible()
    page.get_by_label("Bundle (.tar)").set_input_files(bundle)
    expect(page.get_by_text("Upload complete")).to_be_visible()
    import_button.click()
    expect(page.get_by_text("the same bytes were here before")).to_be_visible()
    expect(page.get_by_role("table", name="Imported bundles")).to_contain_text(version)


def test_every_part_can_be_used_by_everybody(
    visit: Callable[..., Page], suite: World, version: str
):
    page = visit("", scheme="dark", width=360)
    found = {}
    for part in PARTS:
        page.goto(f"{suite.url}/{address(version, part)}")
        settled(page)
        over = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert over <= 0, part
        violations = Axe().run(page).response["violations"]
        found[part] = [
            f"{each['id']}: {node['html'][:120]}"
            for each in violations
            if each["impact"] in SERIOUS
            for node in each["nodes"]
        ]
    assert found == {part: [] for part in PARTS}
