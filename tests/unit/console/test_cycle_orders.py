"""A form becomes the call of a method, or says at each field what must change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from crispml_console.pages.cycle.choices import Choices
from crispml_console.pages.cycle.fields import hyper_hint, hyper_ids, hyper_value, marks_of
from crispml_console.pages.cycle.orders import order
from crispml_console.parts.filled import Filled, WrongInput
from crispml_console.service.call import Call
from crispml_core.client import (
    AlgorithmInfo,
    Hyperparameter,
    InvalidInput,
    Problem,
    RequestRefused,
    UseCaseInfo,
)
from crispml_core.domain.targets import Target

LINE = AlgorithmInfo(
    name="line",
    hyperparameters=(
        Hyperparameter("C", 0.1, minimum=0.001, maximum=10),
        Hyperparameter("penalty", "l2", values=("l1", "l2", None)),
    ),
)
TREE = AlgorithmInfo(
    name="tree",
    hyperparameters=(
        Hyperparameter("depth", 3, minimum=1, maximum=20),
        Hyperparameter("is_balanced", False),
        Hyperparameter("leaves", None, minimum=2, search=(4, 8)),
    ),
)
USE_CASE = UseCaseInfo(
    name="churn",
    task="binary",
    target=Target("gone", "binary", ("no", "yes"), "yes"),
    record_key="id",
    fields=(),
    algorithms=(LINE, TREE),
)
DEFAULTS: dict[str, Any] = {
    "f_algorithms": ["line", "tree"],
    "f_sample": "1",
    "f_seed": "0",
    "f_search_kind": "",
    "f_hyper_0_0": "0.1",
    "f_hyper_0_1": "l2",
    "f_hyper_1_0": "3",
    "f_hyper_1_1": "false",
    "f_hyper_1_2": "",
}


def asked(method: str, **fields: Any) -> Call[Any]:
    filled = Filled({**DEFAULTS, **fields}.get)
    return order(method, USE_CASE, filled, Choices())


def given(call: Call[Any]) -> dict[str, Any]:
    return {name: value for name, value in call.kwargs.items() if value is not None}


def wrong(method: str, **fields: Any) -> dict[str, str]:
    with pytest.raises(WrongInput) as raised:
        asked(method, **fields)
    return raised.value.fields


def test_an_untouched_form_asks_for_nothing_but_the_defaults():
    assert given(asked("cycle")) == {"seed": 0}


def test_only_what_was_changed_is_sent():
    call = asked(
        "cycle",
        f_algorithms=["tree"],
        f_hyper_1_0="5",
        f_hyper_1_1="true",
        f_hyper_0_0="2",
        f_where="age > 18",
        f_sample="0.5",
        f_limit="100",
        f_then="challenge",
        f_search_kind="random",
        f_search_folds="3",
        f_search_iterations="7",
        f_search_scoring="",
    )
    assert given(call) == {
        "algorithms": ["tree"],
        "hyperparameters": {"tree": {"depth": 5, "is_balanced": True}},
        "where": "age > 18",
        "sample": 0.5,
        "limit": 100,
        "seed": 0,
        "challenge": True,
        "search": {"kind": "random", "folds": 3, "iterations": 7},
    }


def test_a_cycle_from_a_data_set_selects_nothing_of_the_source():
    assert given(asked("cycle", f_dataset_id="raw", f_where="age > 18")) == {
        "dataset_id": "raw",
        "seed": 0,
    }


def test_every_wrong_field_is_named_at_once():
    found = wrong(
        "cycle", f_algorithms=["line"], f_hyper_0_0="-1", f_sample="much", f_limit="1.5", f_seed="x"
    )
    assert set(found) == {"f_hyper_0_0", "f_sample", "f_limit", "f_seed"}
    assert found["f_hyper_0_0"] == "hyperparameter C must be between 0.001 and 10"
    assert "much" not in str(found)


def test_a_cycle_needs_an_algorithm_and_a_step_what_the_one_before_made():
    assert set(wrong("cycle", f_algorithms=[])) == {"f_algorithms"}
    assert set(wrong("data-preparation")) == {"f_dataset_id"}
    assert set(wrong("model-persist", f_report_id="gone")) == {"f_report_id"}


def test_a_file_is_sent_instead_of_the_source():
    chosen = [{"name": "June.CSV", "datapath": "/tmp/0.csv", "size": 3}]
    call = asked("data-ingestion", f_from="file", f_file=chosen, f_tags="a, b,")
    assert call.args[1] == Path("/tmp/0.csv")
    assert given(call) == {"content_type": "text/csv", "tags": ["a", "b"]}
    assert set(wrong("data-ingestion", f_from="file")) == {"f_file"}
    chosen[0]["name"] = "june.xlsx"
    assert set(wrong("data-ingestion", f_from="file", f_file=chosen)) == {"f_file"}


def test_a_period_is_read_in_utc_where_no_zone_is_named():
    call = asked("new-data-report", f_from="2026-11-01", f_to="2026-11-02T00:00+02:00")
    assert call.kwargs["start"].isoformat() == "2026-11-01T00:00:00+00:00"
    assert call.kwargs["end"].isoformat() == "2026-11-02T00:00:00+02:00"
    assert set(wrong("new-data-report", f_as_of="yesterday")) == {"f_as_of"}


@pytest.mark.parametrize(
    ("place", "text", "value"),
    [
        (0, "4", 4),
        (0, None, 3),
        (1, "true", True),
        (2, None, None),
        (2, "6", 6),
    ],
)
def test_a_hyperparameter_is_read_by_its_declared_type(place: int, text: str | None, value: object):
    assert hyper_value(TREE.hyperparameters[place], text) == value


def test_a_choice_may_be_none_and_nothing_else_than_declared():
    penalty = LINE.hyperparameters[1]
    assert hyper_value(penalty, None) is None
    assert hyper_value(penalty, "l1") == "l1"
    with pytest.raises(InvalidInput, match="must be one of"):
        hyper_value(penalty, "l3")


def test_a_hint_says_what_is_declared():
    assert hyper_hint(TREE.hyperparameters[0]) == "whole number, 1 to 20; default 3"
    assert hyper_hint(TREE.hyperparameters[2]) == "whole number, 2 or more; default none"
    assert hyper_hint(LINE.hyperparameters[1]) == "default l2"


def test_what_a_service_refuses_is_marked_at_its_field():
    def refused(detail: str, *problems: Problem) -> dict[str, str]:
        error = RequestRefused(detail, status=422, code="invalid_input", errors=problems)
        return marks_of(error, USE_CASE.algorithms)

    folds = Problem("range", "search.folds: too few", "search.folds")
    assert refused("search.folds: too few", folds) == {"f_search_folds": "search.folds: too few"}
    assert set(refused("an expression reads an unknown field")) == {"f_where"}
    depth = hyper_ids(USE_CASE.algorithms)["tree", "depth"]
    assert set(refused("hyperparameter depth must be between 1 and 20")) == {depth}
    assert set(refused("dataset_id is not a raw data set of churn")) == {"f_dataset_id"}
