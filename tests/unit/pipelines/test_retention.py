"""Following the rules of retention."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from crispml_core.domain.retention import Retained, RetentionRule
from crispml_core.pipelines.retention import Retention
from crispml_core.testing.fakes.retention_store import AgingRow, FakeRetentionStore

NOW = datetime(2026, 5, 1, tzinfo=UTC)
RULES = (
    RetentionRule(table=Retained.LABELS, days=10),
    RetentionRule(table=Retained.REPORTS, days=20),
)


class World:
    """Rows by table, with their ages in days."""

    def __init__(self, **ages):
        self.rows = {
            Retained(table): {
                f"{number}": NOW - timedelta(days=days) for number, days in enumerate(found)
            }
            for table, found in ages.items()
        }
        self.store = FakeRetentionStore({table: self._shelf(table) for table in self.rows})
        self.retention = Retention(RULES, self.store, lambda: NOW)

    def _shelf(self, table):
        rows = self.rows[table]
        return lambda: [
            AgingRow(key, moment, "credit", lambda key=key: rows.pop(key))
            for key, moment in rows.items()
        ]

    def left(self):
        return {table.value: len(rows) for table, rows in self.rows.items()}


@pytest.fixture
def world():
    return World(labels=[5] * 3 + [11] * 2500, reports=[5, 21])


def test_a_look_deletes_nothing(world):
    outcome = world.retention.look()

    assert [(rule.table, rule.rows, rule.complete) for rule in outcome.rules] == [
        ("labels", 2500, False),
        ("reports", 1, False),
    ]
    assert (outcome.dry_run, outcome.complete) == (True, False)
    assert world.left() == {"labels": 2503, "reports": 2}


def test_what_is_too_old_goes_in_steps(world):
    steps = []

    outcome = world.retention.follow(on_step=lambda pruning: steps.append(pruning.rows))

    assert steps == [1000, 1000, 500, 1]
    assert [rule.rows for rule in outcome.rules] == [2500, 1]
    assert (outcome.dry_run, outcome.complete) == (False, True)
    assert world.left() == {"labels": 3, "reports": 1}


def test_it_can_be_called_again(world):
    world.retention.follow()

    again = world.retention.follow()

    assert [rule.rows for rule in again.rules] == [0, 0]
    assert again.complete
    assert len(world.store.prunings()) == 4


def test_it_begins_no_step_when_its_time_is_up(world):
    outcome = world.retention.follow(within_s=0)

    assert not outcome.complete
    assert world.left() == {"labels": 2503, "reports": 2}
