"""Ground truth: labels come in, and reports say how well scores met them."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from scripts.console_world import LABELLED, USE_CASE, World, settled

ADDRESS = f"truth?use_case={USE_CASE}"


def test_labels_are_imported_and_each_gets_its_verdict(
    visit: Callable[..., Page], suite: World, tmp_path: Path
):
    page = visit(f"{ADDRESS}&part=labels")
    settled(page)
    keys = [record["application_id"] for record in suite.records]
    # One that no other test labels: all of them may look at the same services.
    new, known, stranger = keys[LABELLED + 20], keys[0], f"NOBODY-{secrets.token_hex(3)}"
    file = tmp_path / "truth.ndjson"
    file.write_text(
        "".join(
            f'{{"record_key": "{key}", "label": "{label}"}}\n'
            for key, label in ((new, "good"), (known, suite.actuals[0]), (stranger, "bad"))
        )
    )

    page.get_by_label("Labels: CSV, NDJSON").set_input_files(file)
    expect(page.get_by_text("Upload complete")).to_be_visible()
    page.get_by_role("button", name="Import the file").click()
    outcome = page.locator("#file_verdicts")
    for verdict, count in (("accepted", 1), ("duplicate", 1), ("superseded", 0), ("unknown", 1)):
        expect(_figure(outcome, verdict)).to_have_text(str(count))
    # What is stored is in the list at once.
    expect(page.get_by_role("row", name=f"{stranger} bad")).to_be_visible()

    # Rows as a spreadsheet gives them; one wrong row, and nothing of them is stored.
    rows = page.get_by_label("Rows with a header line")
    rows.fill(f"record_key\tlabel\n{new}\tbad\n{known}\tmaybe")
    page.get_by_role("button", name="Import the rows").click()
    expect(page.locator("#text_verdicts").get_by_role("alert")).to_contain_text("row 1, label")
    rows.fill(f"record_key\tlabel\n{new}\tbad")
    page.get_by_role("button", name="Import the rows").click()
    expect(_figure(page.locator("#text_verdicts"), "superseded")).to_have_text("1")
    page.get_by_label("Only of the record").fill(new)
    expect(page.locator("#labels tbody tr")).to_have_count(2)
    expect(page.locator("#labels tbody tr").nth(1)).to_contain_text("corrected")


def test_a_report_is_made_as_of_a_moment_and_has_an_address(
    visit: Callable[..., Page], suite: World
):
    page = visit(ADDRESS)
    settled(page)
    moment, slider = page.get_by_label("As of"), page.get_by_role("slider")
    expect(moment).to_have_value("")
    slider.focus()
    for _ in range(20):
        page.keyboard.press("ArrowLeft")
    expect(moment).not_to_have_value("")
    page.keyboard.press("End")
    expect(moment).to_have_value("")

    # Before the first version was made nothing was scored.
    moment.fill("2020-01-01T00:00:00")
    page.get_by_role("button", name="Make the report").click()
    report = page.locator("#report")
    expect(_figure(report, "Scores")).to_have_text("0")

    moment.fill("")
    champion = suite.client.scoring.alias(USE_CASE, "champion").version
    page.get_by_label("Version").select_option(champion)
    page.get_by_role("button", name="Make the report").click()
    expect(_figure(report, "Scores")).not_to_have_text("0")
    made = next(iter(suite.client.scoring.verification_reports(use_case=USE_CASE, limit=1)))
    content = suite.client.scoring.report(made.id).content
    assert content["version"] == champion
    auc = content["verdict"]["kpis"]["auc"]
    row = report.get_by_role("row", name="AUC", exact=False).first
    expect(row).to_contain_text(f"{auc['low']:.3f} to {auc['high']:.3f}")
    expect(report).to_contain_text(f"{content['labelled']} scores")
    for part in ("KPIs against gates", "Coverage and lag", "Curves", "Segments", "Fairness"):
        expect(page.get_by_role("heading", name=part)).to_be_visible()

    page.get_by_label("Segment").select_option("age_group")
    expect(page.locator("#report_groups tbody tr")).to_have_count(
        len(content["segments"]["age_group"]["groups"])
    )
    expect(page).to_have_url(re.compile(f"report={made.id}&segment=age_group"))
    page.reload()
    expect(page.get_by_label("Segment")).to_have_value("age_group")
    expect(report).to_contain_text(made.id)
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    assert "section,group,name" in Path(download.value.path()).read_text()


def test_who_may_only_read_is_offered_no_import_and_no_report(
    visit: Callable[..., Page], suite: World
):
    page = visit(ADDRESS, key=suite.key("viewer", name="reader"))
    settled(page)
    expect(page.get_by_role("heading", name="Verification report")).to_be_visible()
    expect(page.get_by_role("button", name="Make the report")).to_have_count(0)
    page.goto(f"{suite.url}/{ADDRESS}&part=labels")
    settled(page)
    expect(page.get_by_role("button", name="Import the file")).to_have_count(0)


def _figure(within: Locator, name: str) -> Locator:
    """Return the number that stands under a name."""
    return within.locator(f".figure:has(> .name:text-is('{name}')) strong")
