"""Methods 1 to 3 between the stores: each takes ids and gives ids."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import pyarrow as pa

from crispml_core.domain.catalogue import Sensitivity
from crispml_core.domain.datasets import SUBJECT_COLUMN, DataSet, Stage
from crispml_core.domain.expressions import Expression
from crispml_core.domain.models import Artefact, ArtefactKind
from crispml_core.domain.sources import Selection, Statement, source_kind
from crispml_core.methods.data_curation import DataCuration
from crispml_core.methods.data_ingestion import DataIngestion
from crispml_core.methods.data_preparation import DataPreparation
from crispml_core.pipelines.anonymity import PrivacyGuard
from crispml_core.pipelines.catalogue import Catalogue
from crispml_core.pipelines.matrices import store_matrix
from crispml_core.pipelines.prepared_parts import Elsewhere, rows_of
from crispml_core.pipelines.private_data import subject_field
from crispml_core.pipelines.recorder import Step
from crispml_core.pipelines.workplace import Workplace

CURATION_FILE = "curation.skops"


def ingest(
    work: Workplace, selection: Selection, upload_id: str | None, said: dict[str, Any]
) -> DataSet:
    """Read the source, or an upload, into a raw data set.

    Parameters
    ----------
    said : dict
        What the request says about the data, see `crispml_core.domain.catalogue.DESCRIPTIVE`.
    """
    name = work.use_case.name
    with work.recorder.method("data-ingestion") as step:
        selection = replace(selection, where=_allowed(work.declared.pool, selection.where))
        source = work.stores.open_source(work.declared, upload_id)
        statement = source.explain(selection)
        expected = None if statement is None else statement.expected_rows
        # Without an order a database limits as it likes: only the whole surely holds the same keys.
        everything = replace(selection, sample=1.0, limit=None)
        batches = DataIngestion(work.declared).run(
            source.read(selection), reread=lambda: source.read(everything)
        )
        guard = PrivacyGuard(work.use_case.privacy)
        writer = work.stores.datasets.writer(name, Stage.RAW, work.run_id)
        try:
            for batch in work.data.in_pool(batches):
                stored = work.data.hidden(batch)
                writer.write(stored)
                guard.add(stored)
                step.rows += stored.num_rows
                step.progress(*_read_so_far(step.rows, expected))
            guard.check()
            dataset = writer.publish(
                parameters=_origin(work, selection, upload_id, statement),
                **said | {"sensitivity": said["sensitivity"] or Sensitivity.INTERNAL.value},
            )
        finally:
            writer.discard()
            if upload_id is not None:
                work.stores.drop_upload(upload_id)
        # The same data may have been there already, and described in other words.
        catalogue = Catalogue(work.stores.datasets, work.stores.notes)
        catalogue.say_again(dataset.id, said, f"run {work.run_id}")
        step.output = {"dataset_id": dataset.id}
        _tell_erased(work, step)
        if statement is not None:
            step.output["in_database"] = list(statement.in_database)
    return dataset


def _allowed(pool: Expression | None, where: Expression | None) -> Expression | None:
    """Return the condition on rows that are asked for and may be seen here."""
    if pool is None or where is None:
        return where if pool is None else pool
    return pool & where


def _tell_erased(work: Workplace, step: Step) -> None:
    """Say how many rows were left out because their persons are erased."""
    if work.data.erased:
        step.output["erased_rows"] = work.data.erased


def _read_so_far(rows: int, expected: int | None) -> tuple[float, str]:
    """Return how far reading is, as far as anybody knows."""
    if not expected:
        return 0.5, f"{rows} rows read"
    return min(0.99, rows / expected), f"{rows} rows read of about {expected}"


def _origin(
    work: Workplace, selection: Selection, upload_id: str | None, statement: Statement | None
) -> dict[str, Any]:
    """Say where raw data come from; a filter may name values, so only that there is one."""
    asked = (
        {}
        if statement is None
        else {
            "sql": statement.sql,
            "in_database": list(statement.in_database),
            "while_reading": list(statement.while_reading),
        }
    )
    return asked | {
        "source": source_kind(work.use_case.source, upload_id),
        "filtered": selection.where is not None,
        **({"masked": True} if work.declared.privacy.training else {}),
        "sample": selection.sample,
        "limit": selection.limit,
        "seed": selection.seed,
    }


def prepare(work: Workplace, raw_id: str, seed: int) -> DataSet:
    """Prepare a raw data set and split it."""
    name = work.use_case.name
    with work.recorder.method("data-preparation") as step:
        total = max(1, work.stores.datasets.get(raw_id).rows)
        batches = work.data.records(work.stores.datasets.batches(raw_id))
        method = DataPreparation(work.use_case)
        # Raw data may be older than what the use case asks for now.
        guard = PrivacyGuard(work.use_case.privacy)
        writer = work.stores.datasets.writer(name, Stage.PREPARED, work.run_id)
        try:
            with rows_of(work, step, raw_id, seed) as elsewhere:
                for batch in _with_subjects(method, batches, seed, elsewhere):
                    guard.add(batch)
                    writer.write(work.data.sealed(batch, work.data.personal(batch.schema.names)))
                    step.rows += batch.num_rows
                    step.progress(step.rows / total)
            guard.check()
            dataset = writer.publish(
                parents=(raw_id,),
                parameters={"seed": seed, "use_case_digest": work.use_case.digest},
            )
        finally:
            writer.discard()
        step.output = {"dataset_id": dataset.id}
        _tell_erased(work, step)
    return dataset


def _with_subjects(
    method: DataPreparation,
    batches: Iterable[pa.RecordBatch],
    seed: int,
    elsewhere: Elsewhere | None,
) -> Iterator[pa.RecordBatch]:
    """Prepare rows; the ids of their data subjects pass by, which no preparation looks at."""
    if elsewhere is not None:  # not where there are any
        yield from method.run(batches, seed=seed, elsewhere=elsewhere)
        return
    waiting: deque[pa.Array | None] = deque()

    def records() -> Iterator[pa.RecordBatch]:
        for batch in batches:
            has = SUBJECT_COLUMN in batch.schema.names
            waiting.append(batch.column(SUBJECT_COLUMN) if has else None)
            yield batch.drop_columns([SUBJECT_COLUMN]) if has else batch

    for prepared in method.run(records(), seed=seed):
        subjects = waiting.popleft()
        if subjects is not None:
            prepared = prepared.append_column(subject_field(), subjects)
        yield prepared


def curate(work: Workplace, prepared_id: str, algorithm: str) -> Artefact:
    """Fit the curation of an algorithm and store it with the matrix it makes."""
    with work.recorder.method("data-curation", algorithm) as step:
        prepared = work.prepared(prepared_id)
        method = DataCuration(work.use_case, work.use_case.algorithm(algorithm))
        transformer, curated = method.run(prepared)
        step.progress(0.5)
        content, types = work.stores.codec(work.use_case).dumps(transformer)
        curated_id = store_matrix(work, curated, prepared, prepared_id, algorithm)
        step.rows = len(curated.X)
        artefact = work.publish(
            ArtefactKind.CURATION,
            parents=(prepared_id, curated_id),
            facts={
                "algorithm": algorithm,
                "raw_id": work.stores.datasets.get(prepared_id).parents[0],
                "prepared_id": prepared_id,
                "curated_id": curated_id,
                "trusted_types": types,
            },
            files={CURATION_FILE: content},
        )
        step.output = {"curation_id": artefact.id, "dataset_id": curated_id}
    return artefact
