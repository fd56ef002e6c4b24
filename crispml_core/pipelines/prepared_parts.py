"""The preparation of a data set part by part, by the workers of a cluster.

A worker reads a part of the raw data from the volume and leaves the prepared rows there; whoever
puts them together has them in the order of the parts. So none of them holds more than a few
batches, and the rows are those that one process would have made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pyarrow as pa

from crispml_core.methods.data_preparation import PreparedRows
from crispml_core.pipelines.recorder import Step
from crispml_core.pipelines.workbench import Workbench
from crispml_core.pipelines.workplace import Workplace

Elsewhere = Callable[[pa.Schema], Iterable[pa.RecordBatch]]


@dataclass(frozen=True)
class PreparationJob:
    """What every part of a preparation has in common."""

    raw_id: str
    seed: int
    schema: pa.Schema
    place: str


@contextmanager
def rows_of(work: Workplace, step: Step, raw_id: str, seed: int) -> Iterator[Elsewhere | None]:
    """Give what yields the prepared rows from elsewhere; None if they are prepared here.

    Data that are encrypted for their subjects are: nothing of them lies in clear on a volume.
    """
    stores = work.stores
    if stores.compute.is_here or work.data.needs_keys:
        yield None
        return
    place = stores.files.start(work.run_id)

    def rows(schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        task = work.task(prepare_part, PreparationJob(raw_id, seed, schema, place))
        parts = range(stores.datasets.parts(raw_id))
        for part in stores.compute.map(task, parts, look=step.look):
            yield from stores.files.take(place, part)

    try:
        yield rows
    finally:
        stores.files.discard(place)


def prepare_part(bench: Workbench, job: PreparationJob, part: int) -> int:
    """Prepare a part of the raw data, and return its number."""
    raw = bench.shared.datasets.batches(job.raw_id, part=part)
    rows = PreparedRows(bench.use_case, job.seed, job.schema)
    bench.shared.files.write(job.place, part, map(rows, bench.data.records(raw)))
    return part
