"""Events have the shape of OpenLineage 2-0-2: written down here as its schema asks for it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from crispml_core.domain.datasets import Column, DataSet, Stage, StoredFile
from crispml_core.domain.openlineage import run_events
from crispml_core.domain.runs import MethodTiming, Run, RunError, RunStatus

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
RAW = DataSet(
    id="raw",
    use_case="credit",
    stage=Stage.RAW,
    rows=10,
    columns=(Column("age", "int64", "ab" * 32),),
    content_digest="c",
    created_at=START,
    files=(StoredFile("part-0.parquet", 123, "d"),),
)
PREPARED = replace(RAW, id="prepared", stage=Stage.PREPARED, parents=("raw", "gone"))
DATASETS = {"raw": RAW, "prepared": PREPARED}


def step(method: str, **changes: Any) -> MethodTiming:
    given: dict[str, Any] = {
        "method": method,
        "status": RunStatus.SUCCEEDED,
        "started_at": START,
        "seconds": 2.0,
    }
    return MethodTiming(**given | changes)


def run(**changes: Any) -> Run:
    given: dict[str, Any] = {
        "id": "01930000-0000-7000-8000-abcdef000000",
        "use_case": "credit",
        "method": "cycle",
        "status": RunStatus.SUCCEEDED,
        "parameters": {"where": "name == 'SECRET'"},
        "created_at": START,
        "timeout_s": 60.0,
        "started_at": START,
        "finished_at": START + timedelta(seconds=9),
        "steps": (
            step("data-ingestion", output={"dataset_id": "raw"}),
            step("data-preparation", output={"dataset_id": "prepared"}),
            step("model-training", algorithm="linear", output={"model_id": "m"}),
        ),
    }
    return Run(**given | changes)


def events_of(one: Run) -> list[dict[str, Any]]:
    found = run_events(one, "crispml.test", DATASETS.get)
    decoded: list[dict[str, Any]] = json.loads(msgspec.json.encode(list(found)))
    return decoded


def check_facets(facets: dict[str, Any], known: dict[str, set[str]]) -> None:
    """Every facet is known, names its producer and schema, and has what that schema requires."""
    for name, facet in facets.items():
        assert set(facet) >= {"_producer", "_schemaURL"} | known[name], name
        assert re.fullmatch(
            r"https://openlineage\.io/spec/facets/\d+-\d+-\d+/(\w+)\.json#/\$defs/\1",
            facet["_schemaURL"],
        )


def check(event: dict[str, Any]) -> None:
    """Check one event against the parts of the specification that it uses."""
    assert set(event) == {
        *("eventType", "eventTime", "run", "job", "inputs", "outputs", "producer", "schemaURL"),
    }
    assert event["eventType"] in {"START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER"}
    assert datetime.fromisoformat(event["eventTime"]).tzinfo is not None
    assert re.match(r"^[a-z][a-z0-9+.-]*:", event["producer"])
    assert event["schemaURL"].endswith("/spec/2-0-2/OpenLineage.json#/$defs/RunEvent")
    assert str(UUID(event["run"]["runId"])) == event["run"]["runId"]
    check_facets(
        event["run"]["facets"],
        {"parent": {"run", "job"}, "errorMessage": {"message", "programmingLanguage"}},
    )
    assert event["job"]["namespace"]
    assert event["job"]["name"]
    for dataset in (*event["inputs"], *event["outputs"]):
        assert dataset["namespace"]
        assert dataset["name"]
        check_facets(dataset["facets"], {"schema": {"fields"}, "dataSource": {"name", "uri"}})
        assert all(
            {"name", "type"} <= set(field) for field in dataset["facets"]["schema"]["fields"]
        )
    for dataset in event["outputs"]:
        check_facets(dataset["outputFacets"], {"outputStatistics": {"rowCount", "size"}})


@pytest.mark.parametrize(
    ("status", "end"),
    [
        (RunStatus.SUCCEEDED, "COMPLETE"),
        (RunStatus.FAILED, "FAIL"),
        (RunStatus.CANCELLED, "ABORT"),
    ],
)
def test_each_run_starts_and_ends_once_in_the_shape_of_the_specification(
    status: RunStatus, end: str
) -> None:
    error = RunError(code="x", message="it broke") if status is RunStatus.FAILED else None
    events = events_of(run(status=status, error=error))
    for event in events:
        check(event)
    by_run: dict[str, list[str]] = {}
    for event in events:
        by_run.setdefault(event["run"]["runId"], []).append(event["eventType"])
    assert len(by_run) == 4
    whole = run().id
    assert by_run.pop(whole) == ["START", end]
    assert list(by_run.values()) == [["START", "COMPLETE"]] * 3
    told = events[-1]["run"]["facets"].get("errorMessage", {}).get("message")
    assert told == ("it broke" if error else None)
    assert "SECRET" not in json.dumps(events)


def test_a_method_names_its_run_its_inputs_and_its_outputs() -> None:
    events = events_of(run())
    (done,) = [
        event
        for event in events
        if event["job"]["name"] == "credit.data-preparation" and event["eventType"] == "COMPLETE"
    ]
    assert done["run"]["facets"]["parent"]["run"] == {"runId": run().id}
    assert [dataset["name"] for dataset in done["inputs"]] == ["credit.raw.raw"]
    (output,) = done["outputs"]
    assert output["name"] == "credit.prepared.prepared"
    assert output["outputFacets"]["outputStatistics"]["rowCount"] == 10
    (field,) = output["facets"]["schema"]["fields"]
    assert field == {"name": "age", "type": "int64", "description": f"sha256 {'ab' * 32}"}
    names = {event["job"]["name"] for event in events}
    assert "credit.model-training.linear" in names


def test_the_same_run_gives_the_same_events_and_one_that_waits_gives_none() -> None:
    assert events_of(run()) == events_of(run())
    assert events_of(run(status=RunStatus.QUEUED, started_at=None, finished_at=None)) == []
    live = events_of(run(status=RunStatus.RUNNING, finished_at=None, steps=()))
    assert [event["eventType"] for event in live] == ["START"]
