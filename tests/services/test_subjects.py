"""Subject access and erasure over REST."""

from __future__ import annotations

import io
from typing import Any
from urllib.parse import quote

import pyarrow as pa
import pytest

from crispml_core.domain.datasets import Stage
from crispml_core.domain.errors import StoreUnavailable
from crispml_core.domain.identifiers import utc_now
from crispml_core.domain.labels import Label
from crispml_core.domain.subjects import SubjectKey

SUBJECTS = "/api/v1/subjects"
PERSON = "kanaria zwitscherling/7391"
HEADER = {"Crispml-Subject": quote(PERSON, safe="")}


@pytest.fixture
def known(training: Any, toy: Any) -> Any:
    """A training service that holds a label, a row of a data set and a key of a person."""
    subjects = training.parts.subjects
    label = Label(value="yes", label_time=utc_now(), record_key=PERSON)
    subjects.labels.add(toy.name, [label])
    writer = subjects.datasets.writer(toy.name, Stage.RAW)
    writer.write(pa.RecordBatch.from_pydict({toy.record_key: [PERSON, "another"]}))
    writer.publish()
    key_id = subjects.vault.identify(PERSON)
    subjects.keys.add([SubjectKey(subject_key_id=key_id, wrapped_key="w", created_at=utc_now())])
    return training


def test_everything_about_a_person_is_one_document(known: Any, toy: Any) -> None:
    response = known.client.get(f"{SUBJECTS}/-", headers=HEADER)

    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    found = response.json()
    assert found["kind"] == "subject"
    assert [label["record_key"] for label in found["labels"]] == [PERSON]
    assert [row["row"] for row in found["data_sets"]] == [{toy.record_key: PERSON}]
    assert "another" not in response.text


def test_an_erasure_is_certified_once(known: Any) -> None:
    first = known.client.delete(f"{SUBJECTS}/-", headers=HEADER, params={"reason": "case 4711"})
    second = known.client.delete(f"{SUBJECTS}/-", headers=HEADER)

    assert (first.status_code, second.status_code) == (200, 200)
    assert (first.json()["is_new"], second.json()["is_new"]) == (True, False)
    certificate = first.json()["certificate"]
    assert second.json()["certificate"] == certificate
    assert certificate["reason"] == "case 4711"
    assert certificate["signature"]["key_id"]
    assert PERSON not in first.text
    subjects = known.parts.subjects
    key_id = subjects.vault.identify(PERSON)
    assert subjects.keys.find([key_id])[key_id].is_destroyed
    assert known.client.get(f"{SUBJECTS}/-", headers=HEADER).json()["is_erased"] is True


def test_a_person_can_be_named_in_the_address(training: Any) -> None:
    named = training.client.get(f"{SUBJECTS}/anna")
    in_header = training.client.get(f"{SUBJECTS}/-", headers={"Crispml-Subject": "anna"})

    assert named.json()["subject_key_id"] == in_header.json()["subject_key_id"]


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("-", {}),
        ("-", {"Crispml-Subject": ""}),
        ("-", {"Crispml-Subject": "x" * 256}),
        ("-", {"Crispml-Subject": "%00"}),
        ("-", {"Crispml-Subject": "%ff"}),
        ("%00", {}),
        ("x" * 256, {}),
        ("anna", {"Crispml-Subject": "anna"}),
    ],
)
def test_a_person_is_named_once_and_well(training: Any, path: str, headers: Any) -> None:
    for verb in ("GET", "DELETE"):
        response = training.client.request(verb, f"{SUBJECTS}/{path}", headers=headers)
        assert response.status_code == 422


def test_nobody_reads_a_name_anywhere_else(known: Any, log: io.StringIO) -> None:
    known.client.get(f"{SUBJECTS}/-", headers=HEADER)
    known.client.get(f"{SUBJECTS}/{quote('kanaria zwitscherling')}")
    known.client.delete(f"{SUBJECTS}/{quote('kanaria zwitscherling')}")
    known.client.delete(f"{SUBJECTS}/-", headers=HEADER)

    entries = known.parts.audit.log.kept
    actions = [entry.event.action for entry in entries]
    assert actions.count("get_subject") == 2
    assert actions.count("erase_subject") == 4  # asked and done, each
    metrics = known.client.get("/metrics").text
    for text in (log.getvalue(), metrics, str(entries)):
        assert "kanaria" not in text
        assert "zwitscher" not in text


def test_while_the_database_is_away_nothing_is_claimed(
    known: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise StoreUnavailable("the database does not answer")

    monkeypatch.setattr(known.parts.subjects.erasures, "commit", fail)
    response = known.client.delete(f"{SUBJECTS}/-", headers=HEADER)

    assert response.status_code == 503
    key_id = known.parts.subjects.vault.identify(PERSON)
    assert not known.parts.subjects.keys.find([key_id])[key_id].is_destroyed
