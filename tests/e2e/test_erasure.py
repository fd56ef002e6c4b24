"""After the erasure of a person nothing of them can be read, and all the rest is as it was.

A canary is trained on, scored one by one, in a batch and while the database is away, labelled,
reported and carried in a bundle. Then it is erased, and looked for in every file of the world: in
pages of the database, journals, logs, data sets, versions, bundles, reports and dumps.
"""

from __future__ import annotations

import csv
import io
import json
import sqlite3
import struct
import time
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from crispml_core.adapters.secret_keys import read_keys
from crispml_core.adapters.sql.databases.engine import make_engine
from crispml_core.adapters.sql.scores.ledger import SqlScoreLedger
from crispml_core.adapters.sql.subject_keys import SqlSubjectKeys
from crispml_core.cli.services import Services, local_settings, make_stores
from crispml_core.domain.identifiers import utc_now
from crispml_core.serving.stored_inputs import stored_rows
from crispml_core.serving.subject_vault import SubjectVault
from tests.spellings import spellings

USE_CASE = f"{Path(__file__).parent / 'use_cases' / 'patients.py'}:patients"
PATIENT, VISIT = "kanaria-7391", "besuch-kanaria"
CANARY = {
    "patient": PATIENT,
    "name": "Kanaria Zwitscherling",
    "street": "Zwitscherlingsgasse 73",
    "phone": "0739-1826-5",
    "income": 7391826.5,
    "region": "north",
}
CLEAR = ("kanaria", "Zwitscherling", "0739-1826-5", "7391826", "7391826.5")


def record(number: int | str) -> dict[str, Any]:
    return {"visit": f"{VISIT}-{number}", **CANARY}


def other(number: int) -> dict[str, Any]:
    return {
        "visit": f"v-{number}",
        "patient": f"p-{number}",
        "name": f"n-{number}",
        "street": f"Weg {number}",
        "phone": f"{number}",
        "income": 2000.0 + number,
        "region": "south",
    }


def write_patients(file: Path) -> None:
    """Write training data of many patients; the canary was here twice."""
    chance = np.random.default_rng(7)
    with file.open("w", newline="") as target:
        writer = csv.DictWriter(target, [*record(0), "bad"])
        writer.writeheader()
        for number in range(600):
            income = float(np.round(chance.lognormal(8, 0.5), 2))
            bad = int(chance.random() < 1 / (1 + np.exp((income - 3000) / 500)))
            writer.writerow({**other(number), "income": income, "bad": bad})
        for number in ("a", "b"):
            writer.writerow({**record(number), "bad": 0})


def as_csv(records: list[dict[str, Any]]) -> bytes:
    written = io.StringIO()
    writer = csv.DictWriter(written, list(records[0]))
    writer.writeheader()
    writer.writerows(records)
    return written.getvalue().encode()


def found_in(folder: Path, values: set[bytes]) -> set[str]:
    """Return the files below a folder that have one of some values in their bytes."""
    files = [file for file in folder.rglob("*") if file.is_file()]
    return {
        str(file.relative_to(folder))
        for file in files
        if any(value in (content := file.read_bytes()) for value in values) and content
    }


def dump(database: Path) -> bytes:
    with closing(sqlite3.connect(database)) as connection:
        return "\n".join(connection.iterdump()).encode()


class World:
    """The services, and what they have of the canary."""

    def __init__(self, folder: Path, source: Path, client: Any) -> None:
        self.folder, self.source, self.client = folder, source, client
        self.database = folder / "crispml.db"
        self.out = folder / "out"
        self.out.mkdir()
        assert client.training.wait(client.training.cycle("patients", promote=True))
        self.start = utc_now() - timedelta(hours=1)
        self.scored = self._score()
        self._label()
        self.until = utc_now()
        self.report = self.verified()
        (self.out / "report.json").write_text(json.dumps(self.report.content))
        version = next(iter(client.training.versions("patients"))).version
        client.training.export_bundle("patients", version, self.out / "patients.bundle")

    def _score(self) -> list[str]:
        scoring = self.client.scoring
        answers = [scoring.score("patients", [record(0)])]
        answers.append(scoring.score("patients", [other(n) for n in range(50)] + [record(1)]))
        with closing(sqlite3.connect(self.database, isolation_level=None)) as away:
            away.execute("BEGIN IMMEDIATE")
            answers.append(scoring.score("patients", [record(2)]))
            journal = b"".join(file.read_bytes() for file in (self.folder / "journal").iterdir())
            assert not any(value in journal for text in CLEAR for value in spellings(text))
            assert b"enc1." in journal
        return [score.score_id for answer in answers for score in answer.scores]

    def _label(self) -> None:
        labels = [
            {"record_key": f"{VISIT}-{number}", "label": "0", "label_time": utc_now().isoformat()}
            for number in range(3)
        ]
        labels += [
            {"record_key": f"v-{n}", "label": str(n % 2), "label_time": utc_now().isoformat()}
            for n in range(50)
        ]
        until = time.monotonic() + 20
        while not all(self._is_stored(score_id) for score_id in self.scored):
            assert time.monotonic() < until, "the journal did not come home"
            time.sleep(0.1)
        self.client.scoring.label("patients", labels)

    def _is_stored(self, score_id: str) -> bool:
        try:
            return bool(self.client.scoring.stored_score(score_id))
        except Exception:
            return False

    def verified(self) -> Any:
        """Make the report of the period, as of its end."""
        return self.client.scoring.verify(
            "patients", start=self.start, end=self.until, as_of=self.until
        )

    def dossier(self, place: int, at: datetime | None = None) -> dict[str, Any]:
        found: dict[str, Any] = self.client.scoring.dossier(self.scored[place], at=at)
        return found

    def key(self) -> tuple[str, bytes]:
        """Return the key of the canary: as it is stored, and as it decrypts."""
        engine = make_engine(f"sqlite:///{self.database}")
        try:
            master = read_keys(self.folder / "privacy" / "master.key", "x")
            vault = SubjectVault(master, SqlSubjectKeys(engine))
            (key,) = SqlSubjectKeys(engine).find([vault.identify(PATIENT)]).values()
            assert key.wrapped_key is not None
            plain = vault._opened(key)
            assert isinstance(plain, bytes)
            return key.wrapped_key, plain
        finally:
            engine.dispose()


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    source = tmp_path_factory.mktemp("source") / "patients.csv"
    folder = tmp_path_factory.mktemp("erasure")
    write_patients(source)
    settings = local_settings(folder, [USE_CASE]) | {
        "PATIENTS_CSV": str(source),
        "CRISPML_LOG__FILE": str(folder / "all.log"),
        "CRISPML_LOG__LEVEL": "DEBUG",
        "CRISPML_SCORING__COMMIT_TIMEOUT_S": "0.3",
    }
    make_stores(settings)
    with Services(folder, settings) as services, services.client() as client:
        yield World(folder, source.parent, client)


@pytest.fixture(scope="module")
def erased(world):
    """What was before the erasure, and its answer."""
    before = {
        "held": world.client.training.subject(PATIENT),
        "dossier": world.dossier(0),
        "as_of": [world.dossier(place, world.until) for place in (0, 5, -1)],
        "key": world.key(),
        "dump": dump(world.database),
    }
    wrapped, _ = before["key"]
    assert found_in(world.folder, {wrapped.encode()}), "a key that lives is in the database"
    answer = world.client.training.erase_subject(PATIENT, reason="case 4711")
    (world.out / "certificate.json").write_text(json.dumps(answer["certificate"]))
    (world.out / "dump.sql").write_bytes(dump(world.database))
    return before, answer


def test_before_it_everything_of_the_person_can_be_had(erased):
    before, _ = erased
    held = before["held"]

    assert len(held["scores"]) == 3
    assert {score["input"]["street"] for score in held["scores"]} == {CANARY["street"]}
    assert {score["input"]["income"] for score in held["scores"]} == {CANARY["income"]}
    assert len(held["labels"]) == 3
    raw = [row["row"] for row in held["data_sets"] if "street" in row["row"]]
    assert {row["street"] for row in raw} == {CANARY["street"]}
    assert before["dossier"]["input"]["phone"] == CANARY["phone"]


def test_no_file_has_a_clear_value(world, erased):
    values = {spelled for text in CLEAR for spelled in spellings(text)}
    values |= {struct.pack(order + "d", CANARY["income"]) for order in "<>"}

    assert found_in(world.source, values) == {"patients.csv"}, "the search finds what is there"
    assert found_in(world.folder, values) == set()


def test_nothing_that_is_compressed_has_a_clear_value(world, erased):
    engine = make_engine(f"sqlite:///{world.database}")
    groups = list(SqlScoreLedger(engine).groups_between("patients", start=None, end=None))
    engine.dispose()
    inputs = [stored_rows(group)[1] for group in groups]
    tables = [pq.read_table(file).to_pylist() for file in world.folder.rglob("*.parquet")]

    unpacked = f"{inputs} {tables}"
    assert "enc1." in f"{inputs}"
    assert "Weg 7" not in f"{inputs}", "others are encrypted too"
    assert len(tables) >= 3
    assert not [text for text in CLEAR if text in unpacked]


def test_no_file_has_the_key(world, erased):
    before, answer = erased
    wrapped, plain = before["key"]

    assert answer["files_are_clean"] is True
    assert found_in(world.folder, {wrapped.encode(), plain, plain.hex().encode()}) == set()
    assert wrapped.encode() in before["dump"], "a dump of before has it: keep none for long"


def test_what_was_encrypted_is_erased_wherever_it_is_shown(world, erased):
    for place in (0, -2, -1):
        found = world.dossier(place)
        assert found["input"]["street"] == {"privacy": "erased"}
        assert found["chain"]["verified"] is True
    held = world.client.training.subject(PATIENT)
    assert held["is_erased"] is True
    shown = json.dumps([*held["scores"], *held["data_sets"]])
    assert not any(text in shown for text in CLEAR)


def test_the_dossier_of_a_moment_stays_the_same_but_for_the_erased_cells(world, erased):
    before, _ = erased
    again = [world.dossier(place, world.until) for place in (0, 5, -1)]

    for whole in (before["as_of"][0], before["as_of"][2]):
        for field in ("street", "phone", "income"):
            assert whole["input"][field] == CANARY[field]
            whole["input"][field] = {"privacy": "erased"}
    assert json.dumps(again) == json.dumps(before["as_of"])


def test_others_stay_readable(world, erased):
    assert world.client.training.subject("p-7")["scores"][0]["input"]["street"] == "Weg 7"


def test_the_report_of_the_period_is_the_same_to_the_byte(world, erased):
    again = world.verified()

    assert again.digest == world.report.digest
    assert json.dumps(again.content) == json.dumps(world.report.content)
    assert world.client.scoring.report(world.report.id).content == world.report.content


def test_what_comes_later_is_not_readable_either(world, erased):
    time.sleep(1)
    answer = world.client.scoring.score("patients", [record("later")])

    found = world.client.scoring.dossier(answer.scores[0].score_id)
    assert found["input"]["street"] == {"privacy": "erased"}


def test_the_certificate_names_what_it_did(world, erased):
    _, answer = erased
    certificate = answer["certificate"]

    found = certificate["use_cases"]["patients"]
    assert (found["scores"], found["labels"]) == (3, 3)
    assert found["fields"]["encrypt"] == ["street", "phone", "income"]
    assert certificate["data_sets"]
    assert all(dataset["ends_with_key"] for dataset in certificate["data_sets"])
    again = world.client.training.erase_subject(PATIENT)
    assert (again["is_new"], again["certificate"]) == (False, certificate)
