"""What every count of scores does."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from crispml_core.adapters.sql.databases.engine import writing
from crispml_core.adapters.sql.schema.tables import score_groups


@pytest.fixture
def scored(stores):
    """Scores of two versions and aliases in March and April."""
    stores.score("a", "b", version="v1")
    stores.clock.now = datetime(2026, 3, 31, 23, 59, 59, 999999, UTC)
    stores.score("c", version="v1")
    stores.score("d", version="v1", alias=None)
    stores.clock.now = datetime(2026, 4, 1, tzinfo=UTC)
    stores.score("e", "f", "g", version="v1")
    stores.score("h", version="v2", alias="challenger")
    stores.score("i", version="v1", use_case="churn")
    return stores


def told(counts):
    return [(count.version, count.alias, count.month, count.scores) for count in counts]


def test_scores_are_counted_by_version_alias_and_month(scored):
    assert told(scored.counts.by_month("credit")) == [
        ("v1", None, "2026-03", 1),
        ("v1", "champion", "2026-03", 3),
        ("v1", "champion", "2026-04", 3),
        ("v2", "challenger", "2026-04", 1),
    ]
    march = scored.counts.by_month("credit", version="v1", alias="champion")[0]
    assert march.first == datetime(2026, 3, 1, 12, 0, 0, 123456, UTC)
    assert march.last == datetime(2026, 3, 31, 23, 59, 59, 999999, UTC)


def test_conditions_and_the_half_open_window_hold(scored):
    april = datetime(2026, 4, 1, tzinfo=UTC)
    assert told(scored.counts.by_month("credit", alias="challenger")) == [
        ("v2", "challenger", "2026-04", 1)
    ]
    assert sum(c.scores for c in scored.counts.by_month("credit", end=april)) == 4
    assert sum(c.scores for c in scored.counts.by_month("credit", start=april)) == 4
    assert scored.counts.by_month("nobody") == []


@pytest.mark.needs("tables")
def test_more_than_two_thousand_million_scores_are_counted(stores):
    """Db2 adds what is INTEGER as INTEGER."""
    stores.score("a")
    stores.score("b")
    with writing(stores.counts._engine) as connection:
        connection.execute(score_groups.update().values(row_count=2_000_000_000))

    (found,) = stores.counts.by_month("credit")

    assert found.scores == 4_000_000_000
