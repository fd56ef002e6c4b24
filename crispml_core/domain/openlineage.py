"""Runs as OpenLineage events: a run starts, and it completes, fails or is aborted.

The events follow the specification 2-0-2 of OpenLineage (``RunEvent``) and its standard facets
``parent``, ``schema``, ``dataSource``, ``errorMessage`` and ``outputStatistics``. A method of a
run is a run of its own with the run as its ``parent``. No value of a record is in them. They are
made from what the services tell, so making them can never fail a run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid5

from crispml_core.domain.datasets import DataSet
from crispml_core.domain.runs import MethodTiming, Run, RunStatus

PRODUCER = "urn:crispml"
"""Who made the events; an address would be one that a reader may try to open."""
_SPEC = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
_FACETS = {
    "schema": "1-2-0/SchemaDatasetFacet.json#/$defs/SchemaDatasetFacet",
    "dataSource": "1-0-1/DatasourceDatasetFacet.json#/$defs/DatasourceDatasetFacet",
    "parent": "1-2-0/ParentRunFacet.json#/$defs/ParentRunFacet",
    "errorMessage": "1-0-1/ErrorMessageRunFacet.json#/$defs/ErrorMessageRunFacet",
    "outputStatistics": (
        "1-0-2/OutputStatisticsOutputDatasetFacet.json#/$defs/OutputStatisticsOutputDatasetFacet"
    ),
}
_ENDS = {
    RunStatus.SUCCEEDED: "COMPLETE",
    RunStatus.FAILED: "FAIL",
    RunStatus.CANCELLED: "ABORT",
}
FindDataSet = Callable[[str], DataSet | None]
"""Gives a data set by its id, or None."""


def run_events(run: Run, namespace: str, find: FindDataSet) -> Iterator[dict[str, Any]]:
    """Yield the events of a run that has started, and those of its methods, in order of time.

    Parameters
    ----------
    namespace : str
        Where the jobs and data sets live, for example ``crispml.prod``.
    find : callable
        Gives the data sets that the run names.
    """
    if run.started_at is None:
        return
    job = {"namespace": namespace, "name": f"{run.use_case}.{run.method}", "facets": {}}
    whole: dict[str, Any] = {"runId": run.id, "facets": {}}
    yield _event("START", run.started_at, whole, job)
    for number, step in enumerate(run.steps):
        yield from _step_events(run, step, number, namespace, find)
    if run.status in _ENDS and run.finished_at is not None:
        facets = {}
        if run.error is not None:
            said = {"message": run.error.message, "programmingLanguage": "PYTHON"}
            facets["errorMessage"] = _facet("errorMessage", said)
        yield _event(_ENDS[run.status], run.finished_at, {"runId": run.id, "facets": facets}, job)


def _step_events(
    run: Run, step: MethodTiming, number: int, namespace: str, find: FindDataSet
) -> Iterator[dict[str, Any]]:
    name = f"{run.use_case}.{step.method}"
    if step.algorithm is not None:
        name += f".{step.algorithm}"
    parent = {
        "run": {"runId": run.id},
        "job": {"namespace": namespace, "name": f"{run.use_case}.{run.method}"},
    }
    one = {
        # The same run always gives the same ids: an event that is sent twice is one event.
        "runId": str(uuid5(UUID(run.id), f"{number}.{step.method}")),
        "facets": {"parent": _facet("parent", parent)},
    }
    job = {"namespace": namespace, "name": name, "facets": {}}
    made = [step.output[key] for key in ("dataset_id",) if isinstance(step.output.get(key), str)]
    outputs = [found for name in made if (found := find(name)) is not None]
    inputs = [
        found for output in outputs for name in output.parents if (found := find(name)) is not None
    ]
    given = [_dataset(namespace, dataset) for dataset in inputs]
    yield _event("START", step.started_at, one, job, given)
    yield _event(
        _ENDS.get(step.status, "OTHER"),
        step.started_at + timedelta(seconds=step.seconds),
        one,
        job,
        given,
        [_dataset(namespace, dataset, is_output=True) for dataset in outputs],
    )


def _event(
    kind: str,
    moment: Any,
    run: Mapping[str, Any],
    job: Mapping[str, Any],
    inputs: list[dict[str, Any]] | None = None,
    outputs: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    return {
        "eventType": kind,
        "eventTime": moment.isoformat(),
        "run": dict(run),
        "job": dict(job),
        "inputs": inputs or [],
        "outputs": outputs or [],
        "producer": PRODUCER,
        "schemaURL": _SPEC,
    }


def _dataset(namespace: str, dataset: DataSet, *, is_output: bool = False) -> dict[str, Any]:
    fields = [
        # The digest is the standard's only place for what a column holds without telling it.
        {"name": column.name, "type": column.type, "description": f"sha256 {column.digest}"}
        for column in dataset.columns
    ]
    source = {"name": f"{namespace} registry", "uri": f"urn:crispml:{namespace}"}
    found: dict[str, Any] = {
        "namespace": namespace,
        "name": f"{dataset.use_case}.{dataset.stage.value}.{dataset.id}",
        "facets": {
            "schema": _facet("schema", {"fields": fields}),
            "dataSource": _facet("dataSource", source),
        },
    }
    if is_output:
        statistics = {"rowCount": dataset.rows, "size": sum(file.size for file in dataset.files)}
        found["outputFacets"] = {"outputStatistics": _facet("outputStatistics", statistics)}
    return found


def _facet(name: str, content: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "_producer": PRODUCER,
        "_schemaURL": f"https://openlineage.io/spec/facets/{_FACETS[name]}",
        **content,
    }
