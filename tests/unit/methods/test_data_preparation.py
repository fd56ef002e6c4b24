from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from crispml_core.domain.datasets import SPLIT_COLUMN
from crispml_core.domain.errors import InvalidInput, UseCaseError
from crispml_core.domain.use_case import Derive, UseCase
from crispml_core.methods.data_preparation import DataPreparation
from crispml_core.tables.schema import is_shown
from crispml_core.tables.split import assign_split


def run(use_case: UseCase, table: pa.Table, chunk: int = 50, seed: int = 0) -> pa.Table:
    batches = table.combine_chunks().to_batches(max_chunksize=chunk)
    return pa.Table.from_batches(list(DataPreparation(use_case).run(batches, seed=seed)))


def price(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(price=rows["amount"] / rows["items"])


def test_raw_columns_stay_and_derived_ones_and_the_split_follow(
    toy: UseCase, toy_rows: Any
) -> None:
    table = toy_rows(200)
    prepared = run(toy, table)
    assert prepared.schema.names == [*table.schema.names, "price", SPLIT_COLUMN]
    assert prepared.select(table.schema.names).equals(table)
    keys = table.column("order_id").combine_chunks()
    assert prepared.column(SPLIT_COLUMN).to_pylist() == assign_split(keys, 0, toy.split).to_pylist()


@pytest.mark.parametrize("chunk", [1, 7, 1000])
def test_chunks_do_not_matter(toy: UseCase, toy_rows: Any, chunk: int) -> None:
    table = toy_rows(100)
    assert run(toy, table, chunk).equals(run(toy, table))


def test_steps_and_a_function_that_say_the_same_give_the_same(toy: UseCase, toy_rows: Any) -> None:
    table = toy_rows(100)
    by_function = run(replace(toy, prepare=price), table)
    assert by_function.select(["price"]).equals(run(toy, table).select(["price"]))
    assert by_function.column("returned").equals(table.column("returned"))


def test_the_seed_changes_the_split(toy: UseCase, toy_rows: Any) -> None:
    table = toy_rows(100)
    assert run(toy, table, seed=0).column(SPLIT_COLUMN) != run(toy, table, seed=1).column(
        SPLIT_COLUMN
    )


def test_a_derived_type_follows_from_the_expression(toy: UseCase, toy_rows: Any) -> None:
    steps = (
        Derive("gap", "log(items - items)"),
        Derive("large", "amount > 500"),
        Derive("text", "coalesce(note, channel)"),
    )
    prepared = run(replace(toy, prepare=steps, segments=()), toy_rows(100), chunk=1)
    kinds = [str(prepared.schema.field(step.name).type) for step in steps]
    assert kinds == ["double", "bool", "string"]
    assert prepared.column("gap").null_count == 100


def sometimes_text(rows: pd.DataFrame) -> pd.DataFrame:
    late = rows["order_id"].iloc[0] >= "O-000050"
    return rows.assign(odd="text" if late else 1.0)


def sometimes_more(rows: pd.DataFrame) -> pd.DataFrame:
    late = rows["order_id"].iloc[0] >= "O-000050"
    return rows.assign(more=1.0) if late else rows


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (sometimes_text, "column odd does not fit the type double"),
        (sometimes_more, "other columns for later rows"),
        (lambda rows: rows.assign(odd=[{}] * len(rows)), "column odd is of the type object"),
    ],
)
def test_a_function_must_give_the_same_types_for_all_rows(
    toy: UseCase, toy_rows: Any, function: Any, reason: str
) -> None:
    with pytest.raises(UseCaseError, match=reason):
        run(replace(toy, prepare=function, segments=()), toy_rows(100))


def test_a_split_without_rows_is_refused(toy: UseCase, toy_rows: Any) -> None:
    with pytest.raises(InvalidInput, match=r"the split \w+ got no rows"):
        run(toy, toy_rows(2))


def test_a_train_split_that_lacks_a_class_is_refused(toy: UseCase, toy_rows: Any) -> None:
    table = toy_rows(100)
    keys = table.column("order_id").combine_chunks()
    split = assign_split(keys, 0, toy.split).to_pylist()
    truth = pa.array(["no" if name == "train" else "yes" for name in split])
    table = table.set_column(table.schema.get_field_index("returned"), "returned", truth)
    with pytest.raises(InvalidInput, match="train has no row of the class yes"):
        run(toy, table)


def test_regression_needs_no_classes(toy_regression: UseCase, toy_days_rows: Any) -> None:
    assert run(toy_regression, toy_days_rows(50)).num_rows == 50


@pytest.mark.parametrize("prepare", [(Derive("price", "amount / items"),), price])
def test_what_is_made_of_a_private_field_is_private(
    toy: UseCase, toy_rows: Any, prepare: Any
) -> None:
    fields = tuple(
        replace(field, privacy="encrypt") if field.name == "amount" else field
        for field in toy.fields
    )
    use_case = replace(toy, fields=fields, prepare=prepare, segments=())
    schema = run(use_case, toy_rows(200)).schema
    assert {column.name for column in schema if not is_shown(column)} == {"amount", "note", "price"}
