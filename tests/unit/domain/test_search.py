"""A search tries what was declared, the start first, and nothing twice."""

import pytest

from crispml_core.domain.algorithms import Hyperparameter
from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.search import MAX_CANDIDATES, Search, candidates, parse_search

C = Hyperparameter("C", 1.0, 1e-3, 1e3, search=(0.1, 1.0), scale="log")
LEAVES = Hyperparameter("leaves", 15, 2, 20, search=(7, 15))
FIXED = Hyperparameter("max_iter", 100, 1, 1000)
START = {"C": 1.0, "leaves": 15, "max_iter": 50}


def test_a_grid_is_every_combination_after_the_start():
    found = candidates(Search("grid"), (C, LEAVES, FIXED), START, seed=0)
    assert found[0] == START
    assert len(found) == 4
    assert all(one["max_iter"] == 50 for one in found)


def test_random_draws_stay_in_range_and_depend_on_the_seed():
    search = Search("random", iterations=200)
    found = candidates(search, (C, LEAVES), START, seed=1)
    assert found == candidates(search, (C, LEAVES), START, seed=1)
    assert found != candidates(search, (C, LEAVES), START, seed=2)
    assert all(1e-3 <= one["C"] <= 1e3 for one in found)
    assert all(type(one["leaves"]) is int and 2 <= one["leaves"] <= 20 for one in found)
    # On the log scale half of the draws lie below 1.
    assert 60 < sum(one["C"] < 1 for one in found) < 140


def test_a_choice_is_drawn_from_its_search_values():
    depth = Hyperparameter("depth", None, 1, 100, search=(None, 8))
    found = candidates(Search("random", iterations=50), (depth,), {"depth": None}, seed=0)
    assert found == [{"depth": None}, {"depth": 8}]


def test_a_grid_that_is_too_large_names_the_other_kind():
    many = Hyperparameter("n", 1, 0, 1000, search=tuple(range(MAX_CANDIDATES + 1)))
    with pytest.raises(InvalidInput, match="use kind random"):
        candidates(Search("grid"), (many,), {"n": 1}, seed=0)


def test_without_search_values_there_is_nothing_to_search():
    with pytest.raises(InvalidInput, match="declares search values"):
        candidates(Search(), (FIXED,), START, seed=0)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("grid", "search must be an object"),
        ({"kind": "bayes"}, "search.kind must be grid or random"),
        ({"kind": ["grid"]}, "search.kind must be grid or random"),
        ({"folds": 1}, "search.folds must be a whole number from 2 to 20"),
        ({"folds": True}, "search.folds"),
        ({"folds": 3.0}, "search.folds"),
        ({"iterations": 501}, "search.iterations must be a whole number from 1 to 500"),
        ({"flods": 3}, r"unknown entry \(did you mean 'folds'\?\)"),
    ],
)
def test_a_wrong_search_is_refused(given, says):
    with pytest.raises(InvalidInput, match=says):
        parse_search(given)


def test_a_search_is_read_and_knows_its_scorer():
    assert parse_search(None) is None
    search = parse_search({"kind": "random", "iterations": 3})
    assert (search.kind, search.iterations, search.folds) == ("random", 3, 5)
    assert search.scorer("regression") == "neg_root_mean_squared_error"
    assert Search(scoring="r2").scorer("regression") == "r2"
    with pytest.raises(InvalidInput, match=r"search\.scoring must be one of roc_auc"):
        Search(scoring="r2").scorer("binary")
