"""Everything that is held about a data subject: one JSON document, written as it comes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import msgspec
import pyarrow as pa

from crispml_core.domain.datasets import SUBJECT_COLUMN
from crispml_core.domain.erasures import HeldScore
from crispml_core.domain.scores import Encoding
from crispml_core.domain.subjects import Hidden
from crispml_core.domain.use_case import UseCase
from crispml_core.pipelines.private_data import PrivateData
from crispml_core.pipelines.sealed_columns import is_sealed
from crispml_core.pipelines.subjects.finding import labels_of, rows_of, scores_of
from crispml_core.pipelines.subjects.stores import SubjectStores
from crispml_core.serving.stored_inputs import unpack_rows

SCHEMA_VERSION = 1
_encode = msgspec.json.encode
_ERASED = {"privacy": Hidden.ERASED.value}


def held_about(stores: SubjectStores, subject: str) -> Iterator[bytes]:
    """Yield a JSON document: the scores of a subject with their inputs, labels, rows, erasures.

    Encrypted values are readable while the key of the subject lives; afterwards they are
    ``erased``. Nothing is in memory but a score, a label or a batch of rows at a time, and the ids
    of the scores. A document that ends early is no JSON.
    """
    key_id = stores.vault.identify(subject)
    facts = {
        "schema_version": SCHEMA_VERSION,
        "kind": "subject",
        "subject_key_id": key_id,
        "is_erased": bool(stores.erasures.of_subject(key_id)),
        "use_cases": sorted(stores.use_cases),
    }
    yield _encode(facts)[:-1]
    scores: list[tuple[str, str, str]] = []

    def of_scores() -> Iterator[Any]:
        for held in scores_of(stores, subject):
            score = held.score
            scores.append((score.use_case, score.score_id, score.record_key))
            inputs = _inputs(stores, held)
            yield {"score": score, "input": inputs, "is_shadow": held.is_shadow}

    yield from _list("scores", of_scores())
    yield from _list("labels", labels_of(stores, subject, scores))
    yield from _list("data_sets", _rows(stores, subject))
    yield from _list("erasures", iter(stores.erasures.of_subject(key_id)))
    yield b"}"


def _list(name: str, items: Iterator[Any]) -> Iterator[bytes]:
    yield f',"{name}":['.encode()
    for number, item in enumerate(items):
        yield (b"," if number else b"") + _encode(item)
    yield b"]"


def _rows(stores: SubjectStores, subject: str) -> Iterator[Any]:
    for dataset, batch in rows_of(stores, subject):
        for row in _readable(stores, stores.use_cases[dataset.use_case], batch):
            row.pop(SUBJECT_COLUMN, None)
            yield {"dataset_id": dataset.id, "use_case": dataset.use_case, "row": row}


def _readable(
    stores: SubjectStores, use_case: UseCase, batch: pa.RecordBatch
) -> list[dict[str, Any]]:
    """Return rows of one person with what is encrypted decrypted, as long as its key lives."""
    if SUBJECT_COLUMN not in batch.schema.names:
        return list(batch.to_pylist())
    # It leaves rows of erased persons out.
    opened = PrivateData(use_case, stores.privacy).open(batch)
    if opened.num_rows:
        return list(opened.to_pylist())
    sealed = [field.name for field in batch.schema if is_sealed(field)]
    return [row | dict.fromkeys(sealed, _ERASED) for row in batch.to_pylist()]


def _inputs(stores: SubjectStores, held: HeldScore) -> dict[str, Any]:
    """Return the stored fields of a record, readable as far as the key of its person lives."""
    names, rows = _unpacked(held.inputs, held.encoding)
    values = dict(zip(names, rows[held.score.row], strict=True))
    use_case = stores.use_cases.get(held.score.use_case)
    return stores.privacy.open(use_case, values, held.subject_key_id)


@lru_cache(maxsize=4)
def _unpacked(content: bytes, encoding: Encoding) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
    """Return the stored fields of a group; its scores come one after the other."""
    if encoding is Encoding.ROWS:
        return unpack_rows(content)
    from crispml_core.tables.row_images import unpack_arrow

    return unpack_arrow(content)
