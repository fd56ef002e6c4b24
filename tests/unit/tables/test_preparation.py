from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from crispml_core.domain.errors import UseCaseError
from crispml_core.domain.use_case import Derive, UseCase
from crispml_core.tables.frames import to_frame
from crispml_core.tables.preparation import prepare


@pytest.fixture
def frame(toy: UseCase, toy_rows: Any) -> pd.DataFrame:
    return to_frame(toy_rows(5), (*toy.fields, toy.target.field))


def with_function(toy: UseCase, function: Callable[[Any], Any]) -> UseCase:
    return replace(toy, prepare=function, segments=())


def test_declared_steps_are_computed_in_order(toy: UseCase, frame: pd.DataFrame) -> None:
    steps = (
        Derive("price", "amount / items"),
        Derive("cheap", "price < 50"),
        Derive("kind", "where(cheap, 'cheap', channel)"),
        Derive("gap", "log(amount - amount)"),
    )
    prepared = prepare(replace(toy, prepare=steps), frame)
    assert prepared["price"].tolist() == (frame["amount"] / frame["items"]).tolist()
    assert prepared["cheap"].dtype == bool
    assert prepared["kind"].dtype == "str"
    assert prepared["gap"].isna().all()
    assert list(frame.columns) == [*toy.schema.names, "returned"]


def test_a_function_gives_the_prepared_frame(toy: UseCase, frame: pd.DataFrame) -> None:
    use_case = with_function(toy, lambda rows: rows.assign(price=rows["amount"] / rows["items"]))
    prepared = prepare(use_case, frame)
    assert prepared["price"].tolist() == (frame["amount"] / frame["items"]).tolist()
    assert prepared["returned"].tolist() == frame["returned"].tolist()


def test_a_function_never_sees_the_target(toy: UseCase, frame: pd.DataFrame) -> None:
    seen: list[list[str]] = []
    use_case = with_function(toy, lambda rows: seen.append(list(rows.columns)) or rows)
    prepare(use_case, frame)
    prepare(use_case, frame.drop(columns="returned"))
    assert seen == [list(toy.schema.names)] * 2


def mutate(rows: pd.DataFrame) -> pd.DataFrame:
    rows["amount"] = 0.0
    return rows


def mutate_one_cell(rows: pd.DataFrame) -> pd.DataFrame:
    rows.loc[0, "amount"] = 0.0
    return rows.copy()


def mutate_below_pandas(rows: pd.DataFrame) -> pd.DataFrame:
    rows["amount"].array[0] = 0.0
    return rows.copy()


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (mutate_below_pandas, "changes its input"),
        (mutate, "changes its input"),
        (mutate_one_cell, "changes its input"),
        (lambda rows: rows.iloc[:-1], "returns 4 rows for 5"),
        (lambda rows: pd.concat([rows, rows]), "returns 10 rows for 5"),
        (lambda rows: rows.iloc[::-1], "order or the index"),
        (lambda rows: rows.set_index("order_id", drop=False), "order or the index"),
        (lambda rows: rows.assign(order_id="x"), "changes the record key"),
        (lambda rows: rows.drop(columns="order_id"), "changes the record key"),
        (lambda rows: rows.assign(amount=rows["amount"] / 2), "changes or drops the field amount"),
        (lambda rows: rows.drop(columns="note"), "changes or drops the field note"),
        (lambda rows: rows.assign(crispml_split="train"), "must not start with crispml_"),
        (lambda rows: rows.assign(returned="yes"), "which is the target"),
        (lambda rows: rows.rename(columns={"amount": "the amount"}), "names must match"),
        (lambda rows: rows.rename(columns={"amount": "items"}), "two columns of the same name"),
        (lambda rows: rows.to_numpy(), "must return a pandas DataFrame, not ndarray"),
        (lambda rows: None, "must return a pandas DataFrame, not NoneType"),
    ],
)
def test_a_function_must_leave_the_rows_alone(
    toy: UseCase, frame: pd.DataFrame, function: Callable[[Any], Any], reason: str
) -> None:
    before = frame.copy()
    with pytest.raises(UseCaseError, match=reason) as caught:
        prepare(with_function(toy, function), frame)
    assert caught.value.step == "prepare"
    pd.testing.assert_frame_equal(frame, before)


def failing(rows: pd.DataFrame) -> pd.DataFrame:
    raise ValueError(f"cannot convert {rows['order_id'].iloc[0]}")


class FailingClass:
    def __call__(self, rows: pd.DataFrame) -> pd.DataFrame:
        return rows.assign(x=rows["absent"])


@pytest.mark.parametrize(
    ("function", "name"), [(failing, "ValueError"), (FailingClass(), "KeyError")]
)
def test_an_error_is_told_by_class_and_line_without_data(
    toy: UseCase, frame: pd.DataFrame, function: Any, name: str
) -> None:
    with pytest.raises(UseCaseError, match=rf"{name} at line \d+ of test_preparation.py") as caught:
        prepare(with_function(toy, function), frame)
    assert "O-0000" not in caught.value.message
    assert "absent" not in caught.value.message


def test_an_infinite_result_is_missing(toy: UseCase, frame: pd.DataFrame) -> None:
    prepared = prepare(replace(toy, prepare=(Derive("r", "amount / (items - items)"),)), frame)
    assert np.isnan(prepared["r"]).all()
