"""Score groups as columns of their tables, and back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Column, Row, select

from crispml_core.adapters.sql.schema.idempotency import key_digest
from crispml_core.adapters.sql.schema.tables import score_groups, score_rows
from crispml_core.adapters.sql.schema.values import as_text, either
from crispml_core.domain.scores import Encoding, Score, ScoreGroup, ScoreRows, score_id

GROUP_COLUMNS: tuple[Column[Any], ...] = tuple(
    column for column in score_groups.columns if column is not score_groups.c.group_no
)
ROWS_OF_GROUP = select(
    score_rows.c.record_key,
    score_rows.c.prediction,
    score_rows.c.prediction_number,
    score_rows.c.probability,
    score_rows.c.by_class,
    score_rows.c.segments,
    score_rows.c.request_id,
    score_rows.c.details,
    score_rows.c.subject_key_id,
).order_by(score_rows.c.place)

_encode = msgspec.json.encode
_decode = msgspec.json.Decoder(tuple[float, ...]).decode


def group_values(group: ScoreGroup) -> tuple[Any, ...]:
    """Return the values of `GROUP_COLUMNS`."""
    return (
        group.group_id,
        group.writer_id,
        group.sequence,
        group.use_case,
        group.model,
        group.version,
        group.alias,
        group.created_at,
        group.rows,
        group.classes,
        group.encoding.value,
        group.fallback,
        _of_all(group.scores.segments, group.rows),
        _of_all(group.scores.request_ids, group.rows),
        group.root,
        group.previous_root,
        group.idempotency_key,
        key_digest((group.use_case,), group.idempotency_key),
        group.fingerprint,
        group.row_digests,
        group.inputs,
        group.shadow_of,
    )


def row_columns(group: ScoreGroup) -> dict[str, Sequence[Any]]:
    """Return the columns of `score_rows` but the place that are not null throughout."""
    rows = group.scores
    columns: dict[str, Sequence[Any]] = {
        "record_key": rows.record_keys,
        "prediction": rows.predictions,
        "probability": rows.probabilities,
    }
    for name, values in (("segments", rows.segments), ("request_id", rows.request_ids)):
        if _of_all(values, len(rows)) is None:
            columns[name] = values
    if len(rows) and not isinstance(rows.predictions[0], str):
        columns["prediction"] = list(map(as_text, rows.predictions))
        columns["prediction_number"] = list(map(float, rows.predictions))
    if rows.by_class is not None:
        columns["by_class"] = [_encode(values).decode() for values in rows.by_class]
    if rows.details is not None:
        columns["details"] = rows.details
    if rows.subject_key_ids is not None:
        columns["subject_key_id"] = rows.subject_key_ids
    return columns


def _of_all(values: list[str], rows: int) -> str | None:
    """Return the value that all rows have, or None."""
    return values[0] if values and values.count(values[0]) == rows else None


def to_group(row: Row[Any], rows: Sequence[Row[Any]]) -> ScoreGroup:
    """Build a group from its row and the rows of its scores, in order; see `ROWS_OF_GROUP`."""
    return ScoreGroup(
        group_id=row.group_id,
        writer_id=row.writer_id,
        sequence=row.sequence,
        use_case=row.use_case,
        model=row.model,
        version=row.version,
        alias=row.alias,
        created_at=row.created_at,
        classes=row.classes,
        scores=_to_rows(row, rows),
        inputs=row.inputs,
        encoding=Encoding(row.encoding),
        row_digests=row.row_digests,
        root=row.root,
        previous_root=row.previous_root,
        fallback=row.fallback,
        idempotency_key=row.idempotency_key,
        fingerprint=row.fingerprint,
        shadow_of=row.shadow_of,
    )


def to_score(row: Row[Any]) -> Score:
    """Build a score from a row of `crispml_core.adapters.sql.scores.search.SCORES`."""
    as_rows = ScoreRows(
        record_keys=[row.record_key],
        predictions=[either(row.prediction, row.prediction_number)],
        probabilities=[row.probability],
        segments=[row.segments],
        request_ids=[row.request_id],
        by_class=None if row.by_class is None else [_decode(row.by_class)],
    )
    return Score(
        score_id=row.early_id or score_id(row.group_id, row.row_number),
        group_id=row.group_id,
        row=row.row_number,
        record_key=row.record_key,
        use_case=row.use_case,
        model=row.model,
        version=row.version,
        prediction=as_rows.predictions[0],
        probability=row.probability,
        scored_at=row.created_at,
        request_id=row.request_id,
        probabilities=as_rows.probability_of_classes(0, row.classes),
        segments=msgspec.json.decode(row.segments),
        details=msgspec.json.decode(row.details) if row.details else {},
    )


def _to_rows(group: Row[Any], rows: Sequence[Row[Any]]) -> ScoreRows:
    columns: Iterable[Sequence[Any]] = zip(*rows, strict=True) if rows else [()] * 9
    keys, texts, numbers, probabilities, by_class, segments, request_ids, *rest = columns
    details, subjects = rest
    return ScoreRows(
        record_keys=list(keys),
        predictions=list(map(_as_stored, texts, numbers)),
        probabilities=list(probabilities),
        segments=_own(segments, group.segments),
        request_ids=_own(request_ids, group.request_id),
        by_class=list(map(_decode, by_class)) if by_class[:1] not in ((), (None,)) else None,
        details=list(details) if any(text is not None for text in details) else None,
        subject_key_ids=list(subjects) if any(subjects) else None,
    )


def _as_stored(text: str, number: float | None) -> str | float:
    """Return the number, which the digest of the row is over, unless the text says another one."""
    return text if number is None or text != as_text(number) else number


def _own(values: Sequence[str | None], of_group: str | None) -> list[str]:
    """Return what each row has, which may be what its group says."""
    return [of_group or "" if value is None else value for value in values]
