"""Expand and contract: what a revision may do, and what it says that it does."""

from __future__ import annotations

import pytest

from crispml_core.adapters.sql.schema import migrate
from crispml_core.adapters.sql.schema.revision import REVISION
from tests.unit.adapters.sql.additive import not_additive

STEPS = migrate.pending(None)
BEFORE = dict(
    zip([s.revision for s in STEPS], ["base", *(s.revision for s in STEPS)], strict=False)
)


def of_kind(kind):
    return [step.revision for step in STEPS if step.kind == kind]


def test_revisions_count_up_to_the_one_that_services_know():
    assert [step.revision for step in STEPS] == [f"{n + 1:04}" for n in range(int(REVISION))]


@pytest.mark.parametrize("revision", of_kind("expand"))
@pytest.mark.parametrize("url", ["postgresql://", "db2+ibm_db://"])
def test_an_expansion_only_adds(revision, url):
    if url.startswith("db2"):
        pytest.importorskip("ibm_db_sa")
    assert not_additive(migrate.statements(url, BEFORE[revision], revision)) == []


def test_a_contraction_names_the_earlier_expansion_that_it_presupposes():
    for step in STEPS:
        assert (step.presupposes is not None) == (step.kind == "contract")
        if step.presupposes is not None:
            assert step.presupposes in of_kind("expand")
            assert step.presupposes < step.revision


def test_tables_were_made_anew_only_before_the_rule():
    assert of_kind("rebuild") == ["0002", "0003"]


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE runs DROP COLUMN owner",
        "ALTER TABLE runs RENAME COLUMN owner TO holder",
        "ALTER TABLE runs ALTER COLUMN owner SET DATA TYPE VARCHAR(256)",
        "ALTER TABLE runs ADD COLUMN priority INT NOT NULL",
        "ALTER TABLE runs ADD CONSTRAINT uq_runs_request_id UNIQUE (request_id)",
        "CREATE UNIQUE INDEX uq_runs_request_id ON runs (request_id)",
        "DROP TABLE deliveries",
        "DROP VIEW scores",
        "UPDATE runs SET owner = ''",
        "DELETE FROM runs",
    ],
)
def test_what_takes_away_or_changes_is_seen(statement):
    assert not_additive(f"-- a comment\nCREATE TABLE t (a INT);\n{statement};") == [statement]


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE runs ADD COLUMN priority INT",
        "ALTER TABLE runs ADD COLUMN priority INT NOT NULL WITH DEFAULT 0",
        "CREATE INDEX ix_runs_owner ON runs (owner)",
        "CREATE TABLE t (a INT); CREATE UNIQUE INDEX uq_t_a ON t (a)",
        "ALTER TABLE runs ADD COLUMN a INT; CREATE UNIQUE INDEX uq_runs_a ON runs (a)",
        "CREATE VIEW v AS SELECT id FROM runs",
    ],
)
def test_what_adds_is_let_through(statement):
    assert not_additive(f"{statement};") == []
