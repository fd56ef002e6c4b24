"""A timer follows the rules of retention without a service."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from crispml_core.adapters.sql.databases.engine import make_engine
from crispml_core.adapters.sql.event_log import SqlEventLog
from crispml_core.adapters.sql.scores.ledger import SqlScoreLedger
from crispml_core.domain.events import EventKind, ServingEvent
from crispml_core.domain.identifiers import least_id, utc_now
from tests.servers import upgraded


@pytest.fixture
def database(tmp_path: Any) -> str:
    """A database with an event of each age."""
    url = upgraded(f"sqlite:///{tmp_path / 'crispml.db'}")
    engine = make_engine(url)
    moments = [utc_now() - timedelta(days=days) for days in (1, 8, 100)]
    events = [
        ServingEvent(
            kind=EventKind.REFUSED, code="x", occurred_at=moment, event_id=least_id(moment)
        )
        for moment in moments
    ]
    SqlScoreLedger(engine).append([], events)
    engine.dispose()
    return url


def follow(database: str, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "crispml_training.retention", *arguments],
        env=os.environ | {"CRISPML_DATABASE__URL": database} | settings,
        capture_output=True,
        text=True,
    )


def left(database: str) -> int:
    engine = make_engine(database)
    try:
        return len(SqlEventLog(engine).find())
    finally:
        engine.dispose()


def test_the_program_deletes_what_the_settings_say(database: str) -> None:
    looked = follow(database, "--dry-run")
    assert looked.returncode == 0, looked.stderr
    assert {rule["table"]: rule["rows"] for rule in json.loads(looked.stdout)["rules"]} == {
        "serving_events": 1,
        "deliveries": 0,
    }
    assert left(database) == 3

    done = follow(database, CRISPML_RETENTION__SERVING_EVENTS_DAYS="7")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["complete"] is True
    assert left(database) == 1


def test_the_cronjob_of_the_docs_calls_it(database: str) -> None:
    docs = (Path(__file__).parents[2] / "docs" / "retention.md").read_text(encoding="utf-8")
    job = yaml.safe_load(docs.partition("```yaml\n")[2].partition("```")[0])

    assert (job["kind"], job["spec"]["concurrencyPolicy"]) == ("CronJob", "Forbid")
    (container,) = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    python, *arguments = container["command"]
    assert python == "python"
    done = subprocess.run(
        [sys.executable, *arguments],
        env=os.environ | {"CRISPML_DATABASE__URL": database},
        capture_output=True,
    )
    assert done.returncode == 0
    assert left(database) == 2


def test_it_says_in_a_sentence_what_is_wrong(database: str) -> None:
    missing = follow(f"{database}.not-there")
    wrong = follow(database, CRISPML_RETENTION__USE_CASES='{"credit": {"audit": 3}}')

    assert (missing.returncode, wrong.returncode) == (1, 1)
    assert len(missing.stderr.strip().splitlines()) == 1
    assert "known: labels, scores" in wrong.stderr
    assert "Traceback" not in missing.stderr + wrong.stderr
