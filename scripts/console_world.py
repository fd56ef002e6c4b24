"""Services with something to look at: a model that was made twice, scored, labelled and verified.

Both the tests of the console and its screenshots look at it.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from crispml_core.cli.services import CONSOLE, PLANS, Services, local_settings, make_stores
from crispml_core.client import CrispMLClient

CREDIT = Path(__file__).parents[1] / "examples" / "german_credit"
USE_CASE = "german_credit"
# A report tells no KPI of fewer than 50 labels, and none of a group of fewer than 30.
SCORED, LABELLED = 240, 200
_RECORDS, _WAIT_S = 280, 240.0


@dataclass(frozen=True)
class World:
    """The three services and what was done with them.

    Parameters
    ----------
    url : str
        Address of the console.
    records : list of dict
        Valid records; the first `SCORED` are scored, the first `LABELLED` of them labelled.
    actuals : list
        Their truth, in the same order.
    """

    url: str
    services: Services
    client: CrispMLClient
    admin_key: str
    records: list[dict[str, Any]]
    actuals: list[Any]

    def key(self, *grants: str, name: str = "visitor") -> str:
        """Return a new API key with some grants; one of the same name opens nothing any more."""
        training = self.client.training
        for known in training.api_keys():
            if known.name == name and known.revoked_at is None:
                training.revoke_api_key(known.key_id)
        return training.new_api_key(name, grants).key


def settled(page: Page) -> None:
    """Wait until a page is connected and everything that it asked for is there."""
    page.locator("body.connected").wait_for(state="attached")
    for on_its_way in ("html.shiny-busy", ".recalculating", ".bones"):
        page.locator(on_its_way).first.wait_for(state="detached")


@contextmanager
def console_world(folder: Path) -> Iterator[World]:
    """Start the services below `folder`, fill them, and stop them."""
    settings = {
        **local_settings(folder, [f"{CREDIT / 'use_case.py'}:{USE_CASE}"]),
        "CRISPML_AUTH__MODE": "required",
        "CRISPML_SIGNING__MODE": "required",
    }
    make_stores(settings)
    with Services(folder, settings, (*PLANS, CONSOLE)) as services, services.client() as client:
        records, actuals = _records(client)
        world = World(services.urls[CONSOLE.name], services, client, services.key, records, actuals)
        _fill(world)
        yield world


def _fill(world: World) -> None:
    training, scoring = world.client.training, world.client.scoring
    training.wait(training.cycle(USE_CASE, promote=True, seed=1), timeout_s=_WAIT_S)
    training.wait(training.cycle(USE_CASE, promote=False, seed=2), timeout_s=_WAIT_S)
    scoring.score(USE_CASE, world.records[:SCORED])
    key = training.use_case(USE_CASE).record_key
    pairs = zip(world.records[:LABELLED], world.actuals[:LABELLED], strict=True)
    scoring.label(
        USE_CASE, [{"record_key": record[key], "label": truth} for record, truth in pairs]
    )
    scoring.verify(USE_CASE)


def _records(client: CrispMLClient) -> tuple[list[dict[str, Any]], list[Any]]:
    """Return records of the example as a caller sends them, and their truth."""
    use_case = client.training.use_case(USE_CASE)
    with (CREDIT / "german_credit.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))[:_RECORDS]
    records = [
        {
            field.name: _value(field.type, row[field.name])
            for field in use_case.fields
            if row.get(field.name)
        }
        for row in rows
    ]
    return records, [row[use_case.target.name] for row in rows]


def _value(kind: str, text: str) -> Any:
    if kind == "integer":
        return int(text)
    return float(text) if kind == "number" else text
