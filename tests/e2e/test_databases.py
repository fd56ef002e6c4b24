"""The services themselves on each database: the same data give the same verified report."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from crispml_core.cli.services import Services, local_settings, make_stores
from crispml_core.cli.tour import take_tour
from tests.databases import params
from tests.servers import own_database, own_schema, upgraded

USE_CASE = f"{Path(__file__).parent / 'use_cases' / 'patience.py'}:patience"
URLS = {
    "sqlite": lambda folder: f"sqlite:///{folder / 'crispml.db'}",
    "postgresql": lambda folder: own_database("services"),
    "db2": lambda folder: own_schema("services"),
}
# What is made anew each time: moments, ids and what is named after them.
_MADE = re.compile(
    r"\d{4}-\d\d-\d\dT[\d:.]+Z?|[0-9a-f]{8}-[0-9a-f-]{27}|\d{8}-\d{6}-[0-9a-f]{8}|\b[0-9a-f]{64}\b"
)


@pytest.fixture(scope="module")
def verified(tmp_path_factory):
    """Returns the report of the services on a kind of database; on each they run once."""

    @cache
    def report(kind: str) -> dict[str, Any]:
        folder = tmp_path_factory.mktemp(kind)
        settings = local_settings(folder, [USE_CASE], upgraded(URLS[kind](folder)))
        make_stores(settings)
        with (
            Services(folder, settings) as services,
            services.client() as client,
        ):
            tour = take_tour(client, "patience", seed=3, report=lambda share, stage: None)
            (made,) = client.scoring.reports(use_case="patience")
            kept = client.scoring.report(made.id)
            assert [run.status.value for run in client.training.runs()] == ["succeeded"]
            assert kept.content["kpis"] == tour.verified_kpis
        found: dict[str, Any] = kept.content
        return found

    return report


def same(value: Any) -> Any:
    """Return a report without what is made anew each time."""
    if isinstance(value, dict):
        # How long labels were on their way is a time, too.
        return {key: same(each) for key, each in value.items() if key != "lag"}
    if isinstance(value, list):
        return [same(each) for each in value]
    return _MADE.sub("…", value) if isinstance(value, str) else value


@pytest.mark.parametrize("kind", params("postgresql", "db2"))
def test_a_cycle_and_its_scores_verify_to_the_report_that_sqlite_gives(verified, kind):
    assert verified("sqlite")["labelled"] > 10
    assert same(verified(kind)) == same(verified("sqlite"))
