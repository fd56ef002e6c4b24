"""The audit log of a running installation: kept by itself, and whole after all that deletes.

Nobody asks for seals or signatures. Rows that grew too old are deleted by a rule, a person is
erased, both on the command line; then an auditor verifies, with the services and without them, and
finds what somebody changes afterwards.
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from crispml_core.adapters.sql.databases.engine import make_engine
from crispml_core.adapters.sql.scores.ledger import SqlScoreLedger
from crispml_core.cli.services import Services, local_settings, make_stores
from crispml_core.domain.events import EventKind, ServingEvent
from crispml_core.domain.identifiers import least_id, utc_now
from tests.e2e.test_erasure import PATIENT, USE_CASE, other, record, write_patients

pytestmark = pytest.mark.trial


@dataclass
class Installation:
    """Services that authenticate, and the command line of whoever has their folder."""

    folder: Path
    services: Services
    heads: list[dict[str, Any]]
    """The signed heads that were there before anybody asked for one."""

    @property
    def database(self) -> str:
        return f"sqlite:///{self.folder / 'crispml.db'}"

    def crispml(self, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "crispml_core.cli", *arguments],
            env=os.environ
            | {
                "CRISPML_API_KEY": self.services.key,
                "CRISPML_TRAINING_URL": self.services.urls["training"],
                "CRISPML_SCORING_URL": self.services.urls["scoring"],
            },
            cwd=self.folder,
            input=given,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def told(self, *arguments: str, given: str = "") -> Any:
        done = self.crispml(*arguments, "--json", given=given)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)

    def verified(self, *arguments: str) -> dict[str, dict[str, Any]]:
        found = self.told("audit", "verify", *arguments)
        assert found["valid"] is True
        return {table["what"]: table for table in found["checked"]}

    def alone(self) -> tuple[str, ...]:
        trusted = self.folder / "signing" / "trusted" / "dev"
        return ("--database-url", self.database, "--trusted", str(trusted))


def add_old_events(database: str, number: int) -> None:
    engine = make_engine(database)
    try:
        moments = [utc_now() - timedelta(days=100, minutes=n) for n in range(number)]
        events = [
            ServingEvent(
                kind=EventKind.REFUSED, code="x", occurred_at=moment, event_id=least_id(moment)
            )
            for moment in moments
        ]
        SqlScoreLedger(engine).append([], events)
    finally:
        engine.dispose()


def signed_by_itself(client: Any) -> list[dict[str, Any]]:
    """Wait until everything that was scored is sealed and a head behind it is signed."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        seals = list(client.training.audit_entries(action="seal"))
        sealed = {one["table"] for entry in seals for one in entry["detail"]["seals"]}
        heads = list(client.training.audit_heads())
        wanted = {"score_groups", "serving_events", "alias_events", "reports"}
        if heads and sealed >= wanted and heads[-1]["sequence"] >= seals[-1]["sequence"]:
            return heads
        time.sleep(0.2)
    raise AssertionError(f"after half a minute only {sealed} are sealed, with {len(heads)} heads")


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("audited")
    write_patients(folder / "patients.csv")
    settings = local_settings(folder, [USE_CASE]) | {
        "PATIENTS_CSV": str(folder / "patients.csv"),
        "CRISPML_AUTH__MODE": "required",
        "CRISPML_SIGNING__MODE": "required",
        "CRISPML_AUDIT__INTERVAL_S": "1",
    }
    make_stores(settings)
    with Services(folder, settings) as services, services.client() as client:
        assert client.training.wait(client.training.cycle("patients", promote=True))
        client.scoring.score("patients", [record(0), *(other(n) for n in range(20))])
        client.scoring.verify("patients")
        add_old_events(settings["CRISPML_DATABASE__URL"], 3)
        yield Installation(folder, services, signed_by_itself(client))


@pytest.fixture(scope="module")
def after(installation: Installation) -> Installation:
    """The installation after a rule of retention and an erasure."""
    deleted = installation.told("retention", "run")
    assert {each["table"]: each["rows"] for each in deleted["rules"]}["serving_events"] == 3
    erased = installation.told("subjects", "erase", "--reason", "case 4711", given=PATIENT)
    assert erased["is_new"] is True
    installation.told("audit", "seal")
    return installation


def test_the_service_seals_and_signs_without_being_asked(installation: Installation) -> None:
    assert len(installation.heads) >= 1
    log = installation.services.log("training").read_text()
    assert "audit_head_signed" in log
    assert installation.heads[-1]["digest"] in log, "who collects logs has it too"


def test_after_retention_and_erasure_everything_is_whole(after: Installation) -> None:
    first = after.heads[0]
    kept = ("--head", f"{first['sequence']}:{first['digest']}")

    for way in ((), after.alone()):
        found = after.verified(*way, *kept)
        assert found["serving_events"]["pruned"] == 3
        assert found["prunings"]["rows"] >= 1
        assert found["erasures"]["rows"] == 1
        assert found["score_rows"]["rows"] == 21, "the scores of the erased are as they were"
        assert found["audit_heads"]["rows"] >= 2


def test_who_asked_for_it_is_in_the_log_and_the_person_is_not(after: Installation) -> None:
    exported = after.crispml("audit", "export")
    assert exported.returncode == 0, exported.stderr

    entries = [json.loads(line) for line in exported.stdout.splitlines()]
    asked = {(entry["actor"], entry["action"]) for entry in entries}
    assert ("key:settings", "follow_retention") in asked
    assert ("key:settings", "erase_subject") in asked
    assert "kanaria" not in exported.stdout


def test_a_key_of_a_person_that_somebody_takes_off_a_score_is_missed(after: Installation) -> None:
    """Without it nobody would find the score when the person asks what is held."""
    with closing(sqlite3.connect(after.folder / "crispml.db", timeout=20)) as database:
        (place, key), *_ = database.execute(
            "SELECT place, subject_key_id FROM score_rows WHERE subject_key_id IS NOT NULL"
        ).fetchall()
        change = "UPDATE score_rows SET subject_key_id = ? WHERE place = ?"
        with database:
            database.execute(change, (None, place))
        try:
            for way in ((), after.alone()):
                done = after.crispml("audit", "verify", *way)
                assert done.returncode == 1
                assert "the score or its input was altered" in done.stderr
        finally:
            with database:
                database.execute(change, (key, place))
    assert after.verified()
