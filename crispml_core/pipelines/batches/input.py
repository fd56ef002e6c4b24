"""The first half of a batch: its records are read once, checked, and written down as a plan."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from crispml_core.domain.batches import BatchPlan, source_changed
from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.sources import Selection
from crispml_core.domain.use_case import UseCase
from crispml_core.pipelines.batches.requests import BatchJob, OpenQuery
from crispml_core.ports.batch_store import BatchInput, BatchStore, BatchWork
from crispml_core.tables.batch_check import BatchCheck
from crispml_core.tables.findings import Findings
from crispml_core.tables.schema import arrow_schema

if TYPE_CHECKING:
    import pyarrow as pa

# The share of a run that reading and checking takes, for its progress.
CHECK_SHARE = 0.2

Report = Callable[[float, str], None]
Check = Callable[[BatchInput], Findings]


def opened(job: BatchJob, store: BatchStore, work: BatchWork) -> BatchInput:
    """Open the records of a job; those of a query are the copy that its run keeps."""
    return work.open_input() if job.parquet is None else store.open_source(job.parquet)


def checked_input(
    use_case: UseCase,
    job: BatchJob,
    store: BatchStore,
    work: BatchWork,
    open_query: OpenQuery,
    check: Check,
    progress: Report,
) -> tuple[BatchInput, BatchPlan]:
    """Return the records of a job, all of which keep the schema, and the plan of the run.

    A query is copied, so that a run that is taken up again reads the same rows.

    Parameters
    ----------
    check : callable
        Returns what is wrong with the records of a source, whose columns are the right ones.

    Raises
    ------
    InvalidRecords
        If a record breaks a rule; the first findings are said.
    Conflict
        If the source is not what the plan says.
    """
    plan = work.plan()
    if plan is None:
        if job.query is not None and job.connection is not None:
            selected = open_query(use_case, job.query, job.connection).read(Selection())
            work.keep_input(arrow_schema(use_case.schema), _fit(use_case, selected, progress))
            source = opened(job, store, work)
        else:
            source = opened(job, store, work)
            names = BatchCheck(use_case.schema, use_case.target.name).names(source.names)
            names.raise_if_any()
            check(source).raise_if_any()
        if not source.rows:
            raise InvalidInput("source: there are no records in it")
        plan = BatchPlan(source=source.identity(), rows=source.rows)
        work.keep_plan(plan)
        return source, plan
    source = opened(job, store, work)
    if source.identity() != plan.source:
        raise source_changed()
    return source, plan


def repeating(use_case: UseCase) -> list[str]:
    """Return the text columns whose values come many times."""
    return [
        field.name
        for field in use_case.schema
        if field.type in ("category", "string") and field.name != use_case.record_key
    ]


def _fit(
    use_case: UseCase, selected: Iterator[pa.RecordBatch], progress: Report
) -> Iterator[pa.RecordBatch]:
    """Yield batches of the record schema; after a finding only the rest of them is looked for."""
    check = BatchCheck(use_case.schema, use_case.target.name)
    findings, rows = Findings(), 0
    for batch in selected:
        if not rows:
            check.names(batch.schema.names).raise_if_any()
        fit, found = check.check(batch, rows)
        findings.extend(found)
        rows += len(batch)
        progress(0.0, f"read {rows} records")
        if not findings:
            yield fit
    findings.raise_if_any()
