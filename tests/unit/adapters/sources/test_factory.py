from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from crispml_core.adapters.sources import build_source
from crispml_core.domain.errors import InvalidInput, UnsupportedContent, UseCaseError
from crispml_core.domain.expressions import parse
from crispml_core.domain.sources import CsvSource, ParquetSource, Selection, SqlSource
from crispml_core.domain.use_case import UseCase


class Own:
    def __init__(self, *batches: Any) -> None:
        self.batches = batches

    def read(self, selection: Selection) -> Iterator[Any]:
        self.selection = selection
        yield from self.batches


class Broken:
    def read(self, selection: Selection) -> Iterator[Any]:
        yield pa.record_batch({"a": [1]})
        raise KeyError("hunter2")


def test_a_class_of_the_use_case_is_read_and_told_the_selection(toy: UseCase) -> None:
    own = Own(pa.record_batch({"a": [1]}))
    selection = Selection(limit=3)
    found = list(build_source(replace(toy, source=own), {}).read(selection))
    assert [batch.to_pydict() for batch in found] == [{"a": [1]}]
    assert own.selection is selection


@pytest.mark.parametrize(
    ("own", "reason"), [(Own("no batch"), "must yield pyarrow.RecordBatch"), (Broken(), "KeyError")]
)
def test_a_class_that_fails_is_an_error_of_the_use_case(
    toy: UseCase, own: Any, reason: str
) -> None:
    with pytest.raises(UseCaseError, match=reason) as caught:
        list(build_source(replace(toy, source=own), {}).read(Selection()))
    assert "hunter2" not in caught.value.message


def test_what_is_no_source_is_refused(toy: UseCase) -> None:
    with pytest.raises(UseCaseError, match="object with a method read"):
        build_source(replace(toy, source="toy.csv"), {})


def test_an_upload_replaces_the_declared_source(
    toy: UseCase, tmp_path: Path, toy_rows: Any
) -> None:
    rows = toy_rows(20)
    pq.write_table(rows, tmp_path / "upload.parquet")
    pa_csv.write_csv(rows, tmp_path / "upload.csv", pa_csv.WriteOptions(delimiter=";"))
    declared = (
        (SqlSource("SELECT 1", url="sqlite://"), "upload.parquet"),
        (ParquetSource("absent"), "upload.parquet"),
        (CsvSource("absent", delimiter=";"), "upload.csv"),
    )
    for source, name in declared:
        reader = build_source(replace(toy, source=source), {}, tmp_path / name)
        assert sum(batch.num_rows for batch in reader.read(Selection())) == 20


def test_an_upload_of_another_kind_is_refused(toy: UseCase, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedContent, match=r"\.csv or \.parquet"):
        build_source(toy, {}, tmp_path / "upload.xlsx")


@pytest.mark.parametrize(
    "source", [CsvSource("x.csv"), ParquetSource("x"), SqlSource("SELECT 1", url="sqlite://")]
)
@pytest.mark.parametrize(
    ("where", "reason"),
    [
        ("amount + 1", "must be a condition"),
        ("price > 1", "unknown field"),
        ("channel > 1", "needs a number"),
    ],
)
def test_a_filter_must_be_a_condition_on_declared_fields(
    toy: UseCase, source: Any, where: str, reason: str
) -> None:
    reader = build_source(replace(toy, source=source), {})
    with pytest.raises(InvalidInput, match=reason):
        reader.read(Selection(where=parse(where)))
