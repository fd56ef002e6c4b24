"""Hyperparameters take what is declared and nothing else."""

import math

import pytest

from crispml_core.domain.algorithms import Algorithm, Hyperparameter
from crispml_core.domain.errors import InvalidInput

RATE = Hyperparameter("rate", 0.1, 0.001, 1.0)
LEAVES = Hyperparameter("leaves", 15, 2, 100)
DEPTH = Hyperparameter("depth", None, 1, 100, search=(None, 8, 16))
LOSS = Hyperparameter("loss", "log", values=("log", "hinge"))
BALANCED = Hyperparameter("balanced", False)
POWER = Hyperparameter("power", 1, values=(1, 2))


@pytest.mark.parametrize(
    ("parameter", "given", "kept"),
    [
        (RATE, 0.5, 0.5),
        (RATE, 1, 1),
        (LEAVES, 20.0, 20),
        (DEPTH, None, None),
        (DEPTH, 5, 5),
        (LOSS, "hinge", "hinge"),
        (BALANCED, True, True),
        (POWER, 2.0, 2),
    ],
)
def test_an_allowed_value_is_kept_in_the_kind_that_is_declared(parameter, given, kept):
    found = parameter.check(given)
    assert (found, type(found)) == (kept, type(kept))


@pytest.mark.parametrize(
    ("parameter", "given", "says"),
    [
        (RATE, 2, "rate must be between 0.001 and 1"),
        (RATE, 0, "must be between"),
        (RATE, math.nan, "must be between"),
        (RATE, math.inf, "must be between"),
        (RATE, True, "must be a number"),
        (RATE, "0.5", "must be a number"),
        (RATE, None, "must be a number"),
        (RATE, [0.5], "must be a number"),
        (RATE, 10**400, "must be between"),
        (LEAVES, 2.5, "must be a whole number"),
        (Hyperparameter("n", 1), 2**63, "must be a whole number of 64 bits"),
        (DEPTH, 2.5, "must be a whole number"),
        (LOSS, "squared", "must be one of 'log', 'hinge'"),
        (LOSS, ["log"], "must be one of"),
        (BALANCED, 1, "must be a bool"),
        (POWER, True, "must be one of 1, 2"),
        (Hyperparameter("n", 1, minimum=0), -1, "must be at least 0"),
        (Hyperparameter("n", 1, maximum=5), 6, "must be at most 5"),
        (Hyperparameter("n", 1), math.inf, "must be finite"),
    ],
)
def test_another_value_is_refused_without_being_repeated(parameter, given, says):
    with pytest.raises(InvalidInput, match=says):
        parameter.check(given)


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ({"default": 5, "maximum": 4}, "must be at most 4"),
        ({"default": 1, "search": (1, "x")}, "must be a number"),
        ({"default": 1, "scale": "log"}, "the scale log needs a minimum above 0"),
        ({"default": 1, "minimum": 2, "maximum": 1}, "minimum is larger than maximum"),
    ],
)
def test_a_declaration_that_breaks_its_own_rules_is_refused(facts, says):
    with pytest.raises(InvalidInput, match=says):
        Hyperparameter("n", **facts)


def an_algorithm(*hyperparameters):
    return Algorithm(name="tree", curate=object, estimator=object, hyperparameters=hyperparameters)


def test_what_is_not_given_keeps_its_default():
    algorithm = an_algorithm(RATE, LEAVES)
    assert algorithm.complete({"leaves": 3}) == {"rate": 0.1, "leaves": 3}
    assert algorithm.complete(None) == {"rate": 0.1, "leaves": 15}


def test_an_unknown_hyperparameter_gets_a_hint():
    with pytest.raises(InvalidInput, match=r"did you mean 'leaves'\?\); known: rate, leaves"):
        an_algorithm(RATE, LEAVES).complete({"leafs": 3})


def test_a_hyperparameter_is_declared_once():
    with pytest.raises(InvalidInput, match="declared twice"):
        an_algorithm(RATE, RATE)


@pytest.mark.parametrize("name", ["Tree", "a tree", "", "-a"])
def test_the_name_of_an_algorithm_fits_into_a_url(name):
    with pytest.raises(InvalidInput, match="the name of an algorithm"):
        Algorithm(name=name, curate=object, estimator=object)
