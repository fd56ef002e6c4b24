"""The page of a story: a timeline that can be read without a browser's help."""

from datetime import UTC, datetime, timedelta

from msgspec import to_builtins

from crispml_core.cli.story.telling import Month, Story
from crispml_core.reporting.story_page import render_story

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script>"


def month(number, auc, champion="v1", drifted=()):
    kpi = None if auc is None else {"value": auc, "low": auc - 0.05, "high": auc + 0.05}
    start = BEGIN + timedelta(days=30 * (number - 1))
    return Month(
        number=number, start=start, champion=champion, scored=800, kpi=kpi, drifted=list(drifted)
    )


def story(*months, after="v1"):
    told = Story(use_case="credit", champion_before="v1", drift_planted_at=months[2].start)
    told.months, told.champion_after = list(months), after
    return told


def test_the_turning_points_are_those_of_the_months():
    told = story(
        month(1, 0.80),
        month(2, 0.78),
        month(3, 0.60, drifted=["amount"]),
        month(4, 0.58, drifted=["amount"]),
        month(5, 0.74, "v2"),
        month(6, None, "v2"),
        after="v2",
    )
    assert (told.kpi_before, told.kpi_drifted, told.kpi_recovered) == (0.78, 0.58, 0.74)


def test_a_story_without_a_winner_has_not_recovered():
    told = story(month(1, 0.8), month(2, 0.8), month(3, 0.6))
    assert told.kpi_recovered is None
    assert told.summary()["kpi_drifted"] == 0.6


def test_the_page_draws_the_months_and_escapes_what_it_is_told():
    told = story(month(1, 0.8), month(2, 0.79), month(3, 0.6, drifted=["amount"]), month(4, None))
    told.months[2].events.append(HOSTILE)
    page = render_story(to_builtins(told.summary()))
    assert page.count("<svg") == 1
    assert "month 3: 0.6" in page
    assert HOSTILE not in page
