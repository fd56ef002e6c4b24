"""A raw data set is its content; a derived one also its lineage."""

import pytest

from crispml_core.domain.datasets import Stage, dataset_id


def an_id(stage=Stage.PREPARED, use_case="toy", content="c", parents=("p",), **parameters):
    return dataset_id(use_case, stage, content, parents, parameters)


def test_raw_data_are_the_same_wherever_they_come_from():
    one = an_id(Stage.RAW, parents=(), where="a > 1")
    assert one == an_id(Stage.RAW, parents=("x",), seed=3)
    assert one != an_id(Stage.RAW, content="other")
    assert one != an_id(Stage.RAW, use_case="other")


@pytest.mark.parametrize(
    "change",
    [
        {"content": "d"},
        {"parents": ("q",)},
        {"seed": 2},
        {"stage": Stage.CURATED},
        {"use_case": "tox"},
    ],
)
def test_a_derived_data_set_counts_content_lineage_and_parameters(change):
    assert an_id(**{"seed": 1} | change) != an_id(seed=1)


def test_the_order_of_parameters_does_not_matter():
    assert an_id(a=1, b=2) == an_id(b=2, a=1)
    assert len(an_id()) == 32
