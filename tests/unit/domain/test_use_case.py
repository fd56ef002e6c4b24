"""A use case that contradicts itself does not come into being."""

from dataclasses import replace

import pytest

from crispml_core import Algorithm, CostMatrix, Derive, Field, Segment, Split, Target
from crispml_core.domain.errors import InvalidInput, NotFound
from crispml_core.domain.expressions import Kind

ONE = Algorithm(name="one", curate=object, estimator=object)
NUMBER = Target("days", "regression")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"name": "My Case"}, "the name of a use case must match"),
        ({"algorithms": ()}, "declare at least one algorithm"),
        ({"algorithms": (ONE, ONE)}, "algorithm one is declared twice"),
        ({"segments": (Segment("channel"),) * 2}, "segment channel is declared twice"),
        ({"target": replace(NUMBER, name="items")}, "the target items must not be among"),
        ({"record_key": "nothing"}, "record_key 'nothing' is not among the fields"),
        ({"subject_key": "nothing"}, "subject_key is not among the fields"),
        ({"target": NUMBER}, "a cost matrix needs a binary target"),
        ({"prepare": (Derive("items", "amount + 1"),)}, "prepared field items is declared twice"),
        ({"prepare": (Derive("returned", "amount + 1"),)}, "returned is declared twice"),
        ({"prepare": (Derive("crispml_x", "amount + 1"),)}, "not start with crispml_"),
        ({"prepare": (Derive("a b", "amount + 1"),)}, "derived field 'a b' must match"),
        ({"prepare": (Derive("x", "amuont + 1"),)}, "derived field x: .*did you mean 'amount'"),
        ({"prepare": (Derive("x", "amount + channel"),)}, "derived field x: .*needs a number"),
        ({"segments": (Segment("chanel"),)}, "did you mean 'channel'"),
        ({"segments": (Segment("channel", bins=(1,)),)}, "is not a number"),
    ],
)
def test_a_contradiction_is_refused(toy, changes, says):
    with pytest.raises(InvalidInput, match=says):
        replace(toy, **changes)


@pytest.mark.parametrize("shares", [(0.5, 0.5, 0.5), (1.0, 0.0, 0.0), (1.2, -0.1, -0.1)])
def test_the_shares_of_a_split_sum_to_one(shares):
    with pytest.raises(InvalidInput, match="sum to 1"):
        Split(*shares)


def test_a_derived_field_may_read_one_before_it_and_none_after_it(toy):
    steps = (Derive("price", "amount / items"), Derive("cheap", "price < 50"))
    assert replace(toy, prepare=steps).kinds["cheap"] is Kind.TRUTH
    with pytest.raises(InvalidInput, match="unknown field"):
        replace(toy, prepare=steps[::-1])


def test_keys_target_and_split_are_never_features(toy):
    never = ("order_id", "returned", "crispml_split", "crispml_subject")
    assert toy.not_features == never
    assert replace(toy, subject_key="note").not_features == ("note", *never)


def test_without_a_cost_matrix_both_mistakes_cost_the_same(toy):
    assert replace(toy, cost_matrix=None).costs == CostMatrix(1.0, 1.0)
    assert toy.costs.false_negative == 3


def test_an_unknown_algorithm_lists_the_known_ones(toy):
    with pytest.raises(NotFound, match="known: linear"):
        toy.algorithm("nothing")


def test_lists_become_tuples(toy):
    listed = replace(toy, fields=list(toy.fields), gates=list(toy.gates))
    assert isinstance(listed.fields, tuple)
    assert listed.fields[0] == Field("order_id", "string", "Number of the order.", max_length=20)
