"""Scoring by hand: a record with its reasons, and files."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from scripts.console_world import SCORED, USE_CASE, World, settled

ADDRESS = f"score?use_case={USE_CASE}"


def test_a_record_is_corrected_scored_explained_and_found_again(
    visit: Callable[..., Page], suite: World
):
    page = visit(ADDRESS)
    key, age = page.get_by_label("Application id"), page.get_by_label("Age", exact=True)
    score = page.get_by_role("button", name="Score", exact=True)
    settled(page)
    page.get_by_role("button", name="Fill with an example").click()
    expect(key).to_have_value(re.compile("EXAMPLE-"))
    age.fill("3")
    score.click()

    # What the service says of a field stands at the field, which has the focus.
    expect(age).to_have_attribute("aria-invalid", "true")
    expect(age).to_be_focused()
    expect(page.get_by_text("Field age must be between 18 and 110")).to_be_visible()

    age.fill("30")
    score.click()
    answer = page.locator("#answer_card")
    expect(answer).to_contain_text("the threshold of")
    expect(answer).to_contain_text("With 90 % confidence the truth is")
    expect(answer.get_by_role("figure")).to_contain_text("strongest fields add")
    expect(age).not_to_have_attribute("aria-invalid", "true")

    score_id = answer.locator("a code").inner_text()
    stored = suite.client.scoring.stored_score(score_id)
    expect(answer).to_contain_text(stored.version)
    assert stored.record_key == key.input_value()

    # The address shows the same answer to whoever opens it.
    expect(page).to_have_url(f"{suite.url}/{ADDRESS}&score={score_id}")
    said = answer.locator(".reasons").inner_text()
    page.reload()
    expect(answer.locator(".reasons")).to_have_text(said, use_inner_text=True)


def test_a_file_is_scored_and_the_scores_are_downloaded(
    visit: Callable[..., Page], suite: World, tmp_path: Path
):
    page = visit(ADDRESS)
    settled(page)
    records = suite.records[SCORED : SCORED + 20]
    good, bad = tmp_path / "new.csv", tmp_path / "bad.csv"
    _write(good, records)
    _write(bad, [*records, {**records[0], "age": 3}])
    score = page.get_by_role("button", name="Score the file")

    page.get_by_label("Records", exact=True).set_input_files(bad)
    expect(page.get_by_text("Upload complete")).to_be_visible()
    score.click()
    expect(page.get_by_role("alert")).to_contain_text("row 20, age: field age must be between")

    page.get_by_label("Records", exact=True).set_input_files(good)
    # The name is in a field that only shows it.
    expect(page.locator("input[type=text][readonly]").first).to_have_value("new.csv")
    expect(page.get_by_text("Upload complete")).to_be_visible()
    score.click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the scores").click()
    assert download.value.suggested_filename == "new-scores.csv"
    with Path(download.value.path()).open(newline="") as file:
        scored = list(csv.DictReader(file))
    assert [row["record_key"] for row in scored] == [r["application_id"] for r in records]
    assert (
        suite.client.scoring.stored_score(scored[0]["score_id"]).prediction
        == (scored[0]["prediction"])
    )


def test_the_call_of_a_score_is_shown_as_code(visit: Callable[..., Page]):
    page = visit(ADDRESS)
    settled(page)
    page.get_by_role("button", name="Fill with an example").click()
    expect(page.get_by_label("Application id")).to_have_value(re.compile("EXAMPLE-"))
    page.locator("#score_code").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("client.scoring.score('german_credit', [{'application_id':")
    expect(dialog).to_contain_text("new-data-score?explain=true&interval=0.9")


def _write(path: Path, records: list[dict[str, Any]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(records[0]))
        writer.writeheader()
        writer.writerows(records)
