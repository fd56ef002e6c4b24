"""One request, two versions: its records are divided by the share of the challenger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from itertools import compress, count
from typing import TYPE_CHECKING, Any, TypeAlias

from crispml_core.domain.scores import ScoreRows
from crispml_core.serving.scored import ScoreCall, Scored

if TYPE_CHECKING:
    import pyarrow as pa

    Records: TypeAlias = Sequence[tuple[Any, ...]] | pa.RecordBatch


def divided(records: Records, taken: Sequence[bool]) -> tuple[Records, Records]:
    """Return the records that are not taken, and those that are; both in their order."""
    left = [not each for each in taken]
    if isinstance(records, Sequence):
        return list(compress(records, left)), list(compress(records, taken))
    import pyarrow as pa

    return records.filter(pa.array(left)), records.filter(pa.array(list(taken)))


def call_of_rest(call: ScoreCall) -> ScoreCall:
    """Return the call for the records that the challenger takes from a divided request.

    An idempotency key belongs to one group, so the second one has a key made of the first.
    """
    if call.idempotency_key is None:
        return call
    digest = sha256(call.idempotency_key.encode()).hexdigest()
    return replace(call, idempotency_key=f"{digest}.challenger")


def rest_of(records: Records, key: int, stored: Sequence[str]) -> list[bool]:
    """Return for each record whether it is none of those that are stored already."""
    known = set(stored)
    keys = (
        (record[key] for record in records)
        if isinstance(records, Sequence)
        else records.column(key).to_pylist()
    )
    return [str(each) not in known for each in keys]


def merged(left: Scored, right: Scored, taken: Sequence[bool]) -> Scored:
    """Return the answers of both versions in the order of the records.

    Its facts are those of `left`; each score names its own version.
    """
    sides = (left, right)
    numbers = (count(), count())
    order = [(side, next(numbers[side])) for side in map(int, taken)]

    def column(name: str) -> Any:
        columns = [getattr(scored.scores, name) for scored in sides]
        if columns[0] is None and columns[1] is None:
            return None
        filled = [
            [None] * len(scored.scores) if values is None else values
            for values, scored in zip(columns, sides, strict=True)
        ]
        return [filled[side][row] for side, row in order]

    ids, versions = [scored.score_ids() for scored in sides], [left.version, right.version]
    return replace(
        left,
        scores=ScoreRows(
            record_keys=column("record_keys"),
            predictions=column("predictions"),
            probabilities=column("probabilities"),
            segments=column("segments"),
            request_ids=column("request_ids"),
            by_class=column("by_class"),
            details=column("details"),
        ),
        fallback=left.fallback or right.fallback,
        durability=left.durability if left.durability == right.durability else "journal",
        replayed=left.replayed and right.replayed,
        ids=[ids[side][row] for side, row in order],
        versions=[versions[side] for side, _ in order],
    )


def named(scored: Scored) -> Scored:
    """Return an answer of one version, each score of which names it as those of two do."""
    rows = len(scored.scores)
    return replace(scored, ids=scored.score_ids(), versions=[scored.version] * rows)
