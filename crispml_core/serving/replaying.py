"""Stored scores once more: the inputs of a group go the way again that they went then."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.fields import RecordSchema
from crispml_core.domain.scores import Encoding, ScoreGroup
from crispml_core.ports.scorer import Answers, Scorer
from crispml_core.serving.stored_inputs import unpack_rows
from crispml_core.tables import parsing

if TYPE_CHECKING:
    import pyarrow as pa

_READERS: dict[str, Callable[[str], Any]] = {"date": parsing.day, "datetime": parsing.moment}


def check_replayable(schema: RecordSchema) -> None:
    """Raise `InvalidInput` if the ledger has not all that a version is asked with."""
    missing = [name for name in schema.names if name not in schema.clear]
    if missing:
        raise InvalidInput(
            "nothing can be replayed: by their privacy policy the ledger keeps no values of "
            f"{', '.join(missing)}"
        )


def replay_group(scorer: Scorer, schema: RecordSchema, group: ScoreGroup) -> Answers:
    """Return what a version says about the records of a group.

    Rows are answered as rows and columns as columns, so that a compiled version gives the same
    answers to the last bit as it did then.

    Raises
    ------
    InvalidInput
        If the group has other fields than the schema, because it is from another definition of the
        use case.
    """
    if group.encoding is Encoding.ROWS:
        names, rows = unpack_rows(group.inputs)
        _check_names(names, schema)
        return scorer.answer_rows(_records(rows, schema))
    batch = _columns(group.inputs, schema)
    return scorer.answer_columns(batch)


def _records(rows: list[tuple[Any, ...]], schema: RecordSchema) -> list[tuple[Any, ...]]:
    """Return stored rows as records: dates and moments are text in the ledger."""
    readers = [
        (place, _READERS[field.type])
        for place, field in enumerate(schema)
        if field.type in _READERS
    ]
    if not readers:
        return rows
    records = []
    for row in rows:
        values = list(row)
        for place, read in readers:
            if values[place] is not None:
                values[place] = read(values[place])
        records.append(tuple(values))
    return records


def _columns(content: bytes, schema: RecordSchema) -> pa.RecordBatch:
    import pyarrow as pa

    from crispml_core.tables.schema import arrow_schema

    table = pa.ipc.open_stream(content).read_all()
    _check_names(tuple(table.schema.names), schema)
    whole = table.cast(arrow_schema(schema)).combine_chunks()
    return whole.to_batches()[0] if len(whole) else pa.RecordBatch.from_pylist([], whole.schema)


def _check_names(names: tuple[str, ...], schema: RecordSchema) -> None:
    if names != tuple(schema.names):
        raise InvalidInput(
            "the window has scores from another definition of the use case, with other fields: "
            "replay a window of the present one"
        )
