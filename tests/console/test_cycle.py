"""The nine methods are run by clicking, and whatever goes wrong says what to do."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from scripts.console_world import USE_CASE, World, settled

LONG_MS = 90_000


def card(page: Page, name: str) -> Locator:
    return page.locator(f"#card-{name}")


def choose(page: Page, step: str) -> None:
    """Choose a step, and wait for its form."""
    page.locator("label", has=page.get_by_role("radio", name=step)).click()
    expect(page.get_by_role("heading", name=f"Run: {step.lower()}")).to_be_visible()
    settled(page)


def test_the_whole_cycle_runs_and_its_address_can_be_shared(
    visit: Callable[..., Page], suite: World
):
    page = visit(f"cycle?use_case={USE_CASE}")
    page.get_by_label("At most rows").fill("400")
    page.get_by_label("gradient_boosting").uncheck()
    page.get_by_role("button", name="Run whole cycle").click()
    expect(page.get_by_role("progressbar", name="Progress of the run")).to_be_visible()
    expect(card(page, "run")).to_contain_text("the run succeeded", timeout=LONG_MS)
    expect(page.get_by_role("radio", name="Persist done")).to_be_attached()
    versions = page.get_by_role("table", name="Versions of the run")
    expect(versions.get_by_role("row")).to_have_count(2)
    expect(versions).to_contain_text("logistic_regression")

    page.goto(page.url + "&step=model-report")
    expect(card(page, "result").locator(".plot")).to_have_count(6)
    expect(card(page, "run")).to_contain_text("limit")
    newest = next(suite.client.training.runs(use_case=USE_CASE, method="cycle"))
    assert newest.parameters["limit"] == 400
    assert newest.parameters["algorithms"] == ["logistic_regression"]
    assert newest.id in page.url


def test_steps_run_one_by_one_each_with_what_the_one_before_made(
    visit: Callable[..., Page], suite: World
):
    page = visit(f"cycle?use_case={USE_CASE}")
    choose(page, "Ingest")
    page.get_by_label("At most rows").fill("345")
    page.get_by_role("button", name="Run “ingest”").click()
    page.get_by_role("button", name="Go on with 2 Prepare").click()
    page.get_by_role("button", name="Run “prepare”").click()
    page.get_by_role("button", name="Go on with 3 Curate").click()
    expect(page.get_by_role("radio", name="Ingest done earlier")).to_be_attached()
    expect(page.get_by_label("Prepared data set")).to_contain_text("345 rows")

    choose(page, "Prepare")
    rows = card(page, "result").get_by_role("table", name="Rows of the data set")
    page.get_by_label("Split").select_option("test")
    expect(rows.get_by_role("cell", name="test", exact=True).first).to_be_visible()
    expect(rows.get_by_role("cell", name="train", exact=True)).to_have_count(0)
    first = rows.get_by_role("row").nth(1).get_by_role("cell").first
    key = first.inner_text()
    card(page, "result").get_by_role("button", name="Next").click()
    expect(card(page, "result")).to_contain_text("page 2")
    expect(first).not_to_have_text(key)


def test_what_is_wrong_is_said_at_its_field(visit: Callable[..., Page]):
    page = visit(f"cycle?use_case={USE_CASE}")
    share, where = page.get_by_label("Share"), page.get_by_label("Where")
    share.fill("half")
    page.get_by_text("Hyperparameters of logistic_regression").click()
    strength = page.get_by_label("C", exact=True)
    strength.fill("-1")
    page.get_by_role("button", name="Run whole cycle").click()
    expect(share).to_have_accessible_error_message("Share must be a number, for example 0.5")
    expect(strength).to_have_accessible_error_message(
        "hyperparameter C must be between 0.0001 and 1000"
    )
    expect(share).to_be_focused()

    share.fill("1")
    strength.fill("0.1")
    where.fill("shoe_size > 40")
    page.get_by_role("button", name="Run whole cycle").click()
    expect(where).to_have_attribute("aria-invalid", "true")
    expect(where).to_have_accessible_error_message(
        re.compile("an expression reads an unknown field; known: .*credit_amount")
    )
    expect(share).not_to_have_attribute("aria-invalid", "true")


def test_a_failed_run_says_where_why_and_what_to_do_and_is_repeated_with_changes(
    visit: Callable[..., Page], suite: World
):
    training = suite.client.training
    failed = training.cycle(USE_CASE, limit=40, seed=7, search={"kind": "grid", "folds": 20})
    page = visit(f"cycle?use_case={USE_CASE}&run={failed.id}")
    problem = card(page, "run").locator(".problem")
    expect(problem).to_contain_text("The run failed at step 4 Train", timeout=LONG_MS)
    expect(problem).to_contain_text("search.folds is 20, but a class has fewer rows")
    expect(problem).to_contain_text("Change the parameter that is named, and repeat the run.")
    expect(problem).to_contain_text(failed.request_id)
    expect(page.get_by_role("radio", name="Train failed")).to_be_attached()

    page.get_by_label("Status").select_option("succeeded")
    runs = page.get_by_role("table", name="Runs of the use case")
    expect(runs.get_by_text("failed")).to_have_count(0)
    page.get_by_label("Status").select_option("failed")
    expect(runs.get_by_role("link", name=failed.id[-6:])).to_be_visible()

    page.get_by_role("button", name="Repeat with changes").click()
    expect(page.get_by_label("At most rows")).to_have_value("40")
    expect(page.get_by_label("Folds")).to_have_value("20")
    expect(page.get_by_label("Seed")).to_have_value("7")


def test_a_run_is_cancelled_after_a_question(visit: Callable[..., Page], suite: World):
    run = suite.client.training.cycle(USE_CASE)
    page = visit(f"cycle?use_case={USE_CASE}&run={run.id}")
    page.get_by_role("button", name="Cancel the run").click()
    page.get_by_role("button", name="No").click()
    assert not suite.client.training.run(run.id).cancel_requested
    page.get_by_role("button", name="Cancel the run").click()
    page.get_by_role("button", name="Yes, do it").click()
    expect(card(page, "run")).to_contain_text("The run was cancelled", timeout=LONG_MS)
    expect(page.get_by_role("button", name="Cancel the run")).to_have_count(0)


def test_who_may_only_read_sees_everything_but_rows_and_starts_nothing(
    visit: Callable[..., Page], suite: World
):
    page = visit(f"cycle?use_case={USE_CASE}", key=suite.key("viewer", name="vera"))
    expect(page.get_by_text("You may look at runs, but not start this.")).to_be_visible()
    expect(page.get_by_role("button", name="Run whole cycle")).to_have_count(0)
    expect(page.get_by_role("button", name="Repeat with changes")).to_have_count(0)
    page.get_by_role("radio", name="Whole cycle").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("heading", name="Result: ingest")).to_be_visible()
    expect(page.get_by_role("table", name="Profile of the columns")).to_contain_text(
        "credit_amount"
    )
    expect(page.get_by_text("Rows are shown to those who may read data.")).to_be_visible()
    assert page.get_by_role("table", name="Rows of the data set").count() == 0


def test_the_scores_of_a_period_are_verified_from_here(visit: Callable[..., Page], suite: World):
    page = visit(f"cycle?use_case={USE_CASE}&step=new-data-report")
    page.get_by_label("From").fill("a while ago")
    page.get_by_role("button", name="Run “verify”").click()
    expect(page.get_by_label("From")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("From").fill("2026-01-01")
    page.get_by_role("button", name="Run “verify”").click()
    whole = page.get_by_role("link", name="The whole report")
    expect(whole).to_be_visible()
    report = next(suite.client.scoring.reports(use_case=USE_CASE))
    assert report.id in str(whole.get_attribute("href"))
