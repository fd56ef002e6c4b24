import json
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crispml_core.domain.conformal import ConformalRule, ConformalTable
from crispml_core.domain.errors import InvalidInput


def table(n, kind="label_set"):
    """A table that keeps every rank; the score of a rank is its share of n."""
    ranks = tuple(range(1, n + 1))
    return ConformalTable(kind, n, ranks, tuple(rank / n for rank in ranks))


@pytest.mark.parametrize(
    ("n", "level", "rank"),
    # The ceiling of (n + 1) * level; in floats (9 + 1) * 0.9 and 100 * 0.55 would go astray.
    [(9, 0.9, 9), (99, 0.9, 90), (99, 0.55, 55), (100, 0.9, 91), (19, 0.95, 19), (1, 0.5, 1)],
)
def test_a_level_takes_the_finite_sample_quantile(n, level, rank):
    assert table(n).rank_of(level) == rank
    assert table(n).at(level).bound == rank / n


@given(st.integers(1, 5000), st.integers(500, 999))
def test_no_level_gets_less_than_it_promises(n, per_mille):
    given_level = per_mille / 1000
    level = Fraction(per_mille, 1000)
    thinned = ConformalTable("interval", n, (max(1, n // 2), n), (1.0, 2.0))
    if level > Fraction(n, n + 1):
        with pytest.raises(InvalidInput):
            thinned.at(given_level)
    else:
        rule = thinned.at(given_level)
        assert Fraction(rule.kept, n + 1) >= level
        assert Fraction(rule.rank - 1, n + 1) < level


@pytest.mark.parametrize("level", [0.999, 1.0, 1.5, 0.49, 0.0, -1.0, float("nan"), float("inf")])
def test_a_level_out_of_reach_is_refused_with_the_highest_one(level):
    with pytest.raises(InvalidInput, match=r"between 0\.5 and 0\.99; .* 99 records") as refused:
        table(99).at(level)
    assert str(level) not in str(refused.value)


def test_the_highest_level_is_never_rounded_up():
    for n in range(1, 2000):
        highest = table(n).highest_level
        assert Fraction(str(highest)) <= Fraction(n, n + 1)
        if highest >= 0.5:
            table(n).at(highest)


def test_a_table_comes_back_from_json_as_it_was():
    one = ConformalTable("interval", 3, (2, 3), (0.1 + 0.2, 1e-300))
    assert ConformalTable.from_dict(json.loads(json.dumps(one.to_dict()))) == one


@pytest.mark.parametrize(
    ("probabilities", "left", "refer"),
    [
        ({"a": 0.8, "b": 0.1, "c": 0.1}, ["a"], False),
        ({"a": 0.45, "b": 0.5, "c": 0.05}, ["a", "b"], True),
        ({"a": 0.3, "b": 0.35, "c": 0.35}, [], True),
    ],
)
def test_a_label_set_that_is_not_one_class_is_referred(probabilities, left, refer):
    rule = ConformalRule("label_set", 0.9, 90, 90, 0.6)
    assert rule.details(probabilities) == {"level": 0.9, "set": left, "refer": refer}


def test_a_class_on_the_bound_belongs_to_the_set_whatever_the_runtime_rounds():
    rule = ConformalRule("label_set", 0.9, 90, 90, 0.7)
    assert rule.label_set({"a": 0.3, "b": 0.3 - 1e-9, "c": 0.299}) == ("a", "b")


def test_an_interval_lies_around_the_number():
    rule = ConformalRule("interval", 0.8, 8, 8, 2.5)
    assert rule.details(number=10.0) == {"level": 0.8, "low": 7.5, "high": 12.5}
