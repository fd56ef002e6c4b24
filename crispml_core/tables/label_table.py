"""Labels as Arrow batches: what the store takes, however many there are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

import pyarrow as pa

from crispml_core.domain.labels import Label
from crispml_core.tables.label_size import BATCH_ROWS

MOMENT = pa.timestamp("us", "UTC")
LABELS = pa.schema(
    [
        ("score_id", pa.string()),
        ("record_key", pa.string()),
        ("scored_until", MOMENT),
        # A class, or a number in the digits that Python gives it: equal numbers have equal texts.
        ("value_text", pa.string()),
        ("value_number", pa.float64()),
        ("label_time", MOMENT),
        ("source", pa.string()),
        ("propensity", pa.float64()),
    ]
)
"""The columns of validated labels; see `crispml_core.domain.labels.Label`."""


def from_labels(labels: Sequence[Label]) -> pa.RecordBatch:
    """Return labels as one batch."""
    values = [label.value for label in labels]
    columns = {
        name: [getattr(label, name) for label in labels]
        for name in ("score_id", "record_key", "scored_until", "label_time", "source", "propensity")
    }
    columns["value_text"] = [v if isinstance(v, str) else str(float(v)) for v in values]
    columns["value_number"] = [None if isinstance(v, str) else float(v) for v in values]
    return pa.RecordBatch.from_pydict(columns, schema=LABELS)


def to_labels(batch: pa.RecordBatch) -> list[Label]:
    """Return the labels of a batch."""
    return [
        Label(
            value=row["value_text"] if row["value_number"] is None else row["value_number"],
            label_time=row["label_time"],
            score_id=row["score_id"],
            record_key=row["record_key"],
            scored_until=row["scored_until"],
            source=row["source"],
            propensity=row["propensity"],
        )
        for row in batch.to_pylist()
    ]


def in_batches(labels: Sequence[Label]) -> Iterator[pa.RecordBatch]:
    """Yield labels in batches of at most `BATCH_ROWS`."""
    source = iter(labels)
    while part := list(islice(source, BATCH_ROWS)):
        yield from_labels(part)
