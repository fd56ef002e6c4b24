"""Finding a score, its evidence, replays, and the person behind it."""

from __future__ import annotations

import json
import re
import tarfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from scripts.console_world import LABELLED, USE_CASE, World, settled

ROWS = "table tbody tr"


def test_a_score_is_found_and_all_of_its_evidence_with_it(visit: Callable[..., Page], suite: World):
    key = _keys(suite)[0]
    for truth, source in (("bad", "branch"), ("good", "court")):
        label = {"record_key": key, "label": truth, "source": source}
        suite.client.scoring.label(USE_CASE, [label])
    page = visit(f"scores?use_case={USE_CASE}")
    expect(page.locator(ROWS)).to_have_count(25)
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_text("page 2")).to_be_visible()

    page.get_by_label("Record").fill(key)
    page.get_by_role("button", name="Find", exact=True).click()
    expect(page.locator(ROWS)).to_have_count(1)
    assert key not in page.url

    page.get_by_role("link", name=key).click()
    expect(page.get_by_text("row and root follow")).to_be_visible()
    happened = page.locator(".timeline")
    expect(happened).to_contain_text("Version became champion")
    expect(happened).to_contain_text("Truth corrected to good")
    expect(happened).to_contain_text("from court")
    expect(page.get_by_role("region", name="Input of the score")).to_contain_text("keep")

    # What the address names is what is shown, and the dossier of a moment knows nothing later.
    score_id = re.search("score=([0-9a-f-]+)", page.url)
    assert score_id is not None
    scored_at = suite.client.scoring.stored_score(score_id[1]).scored_at
    page.goto(f"{page.url}&at={scored_at.isoformat().replace('+00:00', 'Z')}")
    expect(page.locator(".timeline")).to_contain_text("Answered")
    expect(page.locator(".timeline")).not_to_contain_text("from court")


def test_a_dossier_is_taken_along(visit: Callable[..., Page], suite: World, tmp_path: Path):
    score = next(suite.client.scoring.scores(use_case=USE_CASE, record_key=_keys(suite)[1]))
    page = visit(f"scores?score={score.score_id}")
    settled(page)

    taken = {name: _taken(page, name, tmp_path) for name in ("Printable page", "Signed bundle")}
    assert score.record_key in taken["Printable page"].read_text()
    with tarfile.open(taken["Signed bundle"]) as bundle:
        assert {"dossier.json", "signature.json"} <= set(bundle.getnames())

    page.get_by_role("button", name="Show as curl or Python").first.click()
    shown = page.get_by_role("dialog")
    expect(shown).to_contain_text(f"client.training.dossier('{score.score_id}')")
    page.keyboard.press("Escape")
    expect(shown).to_be_hidden()

    page.get_by_role("button", name="Replay", exact=True).click()
    expect(page.get_by_text("Same to the bit")).to_be_visible()
    report = _taken(page, "Report as a page", tmp_path)
    assert "replay" in report.read_text().lower()


def test_a_person_is_erased_by_somebody_who_knows_what_it_means(
    visit: Callable[..., Page], suite: World, tmp_path: Path
):
    person = _keys(suite)[2]
    page = visit(f"scores?use_case={USE_CASE}&part=people")
    page.get_by_role("button", name="Show what is held").click()
    expect(page.get_by_text("Name the person first.")).to_be_visible()

    page.get_by_label("Person, as").fill(person)
    page.get_by_role("button", name="Show what is held").click()
    expect(page.get_by_role("region", name="Scores of the person")).to_contain_text(person)
    everything = json.loads(_taken(page, "Everything as JSON", tmp_path).read_text())
    assert everything["scores"][0]["score"]["record_key"] == person

    page.get_by_label("Reason").fill("case 4711")
    page.get_by_role("button", name="Erase this person").click()
    question = page.get_by_role("dialog", name="Are you sure?")
    expect(question).to_contain_text("Nobody can take it back.")
    question.get_by_role("button", name="No").click()
    expect(question).to_be_hidden()
    assert not suite.client.training.subject(person)["is_erased"]

    page.get_by_role("button", name="Erase this person").click()
    question.get_by_role("button", name="Yes, do it").click()
    certificate = json.loads(_taken(page, "Certificate as JSON", tmp_path).read_text())
    assert (certificate["kind"], certificate["reason"]) == ("erasure", "case 4711")
    expect(page.get_by_text("destroyed", exact=True)).to_be_visible()
    assert suite.client.training.subject(person)["is_erased"]
    assert person not in page.url


def test_who_may_not_read_records_is_offered_replays_only(visit: Callable[..., Page], suite: World):
    page = visit("scores", key=suite.key("trainer", name="trainer-of-scores"))
    expect(page.get_by_role("heading", name="Replay a window")).to_be_visible()
    expect(page.get_by_role("link", name="People")).to_have_count(0)

    # Somebody who types the address of a score is refused by the service.
    score = next(suite.client.scoring.scores(use_case=USE_CASE))
    page.goto(f"{suite.url}/scores?score={score.score_id}")
    expect(page.get_by_role("alert").first).to_contain_text("You may not do this.")


def _keys(suite: World) -> list[str]:
    """Return keys of records that are scored and have no label yet."""
    name = suite.client.training.use_case(USE_CASE).record_key
    return [str(record[name]) for record in suite.records[LABELLED : LABELLED + 5]]


def _taken(page: Page, name: str, folder: Path) -> Path:
    with page.expect_download() as download:
        page.get_by_role("link", name=name).click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path
