import json

import numpy as np
import pytest
from scipy.stats import binom

from crispml_core import Fairness
from crispml_core.monitoring.fairness import fairness
from crispml_core.tables.groupings import Grouping

SEX = Fairness(segment="sex", favourable="good", reference="male")


def world(n, seed=0, bias=0.0, shares=(0.4, 0.6)):
    """Applicants whose score does not know the sex; decisions are `bias` harder on women."""
    rng = np.random.default_rng(seed)
    sex = rng.choice(2, n, p=shares)
    z = rng.normal(size=n)
    p_bad = 1 / (1 + np.exp(-z))
    y = (rng.random(n) < p_bad).astype(int)
    decision = (z + bias * (sex == 0) > 0.3).astype(int)
    return p_bad, decision, y, sex


def report(
    p, decision, y, sex, *, labelled=None, declared=(SEX,), names=("female", "male"), **more
):
    return fairness(
        declared,
        "binary",
        p,
        decision,
        y,
        np.ones(len(y), bool) if labelled is None else labelled,
        {"sex": Grouping(names, sex), "town": Grouping(names, sex)},
        classes=("good", "bad"),
        **more,
    )


def only(found):
    (attribute,) = found["attributes"]
    return attribute


def test_a_biased_decision_is_unfair_and_says_in_what():
    found = only(report(*world(4000, bias=0.8)))
    assert found["verdict"] == "unfair"
    women, men = found["groups"]
    impact = women["compared"]["disparate_impact"]
    rates = [part["rates"]["selection_rate"]["value"] for part in (women, men)]
    assert impact["value"] == pytest.approx(rates[0] / rates[1])
    assert impact["value"] < 0.8
    assert impact["verdict"] == "unfair"
    assert women["compared"]["equal_opportunity"]["verdict"] == "unfair"
    # The scores are right for both, only the decisions are not.
    assert women["compared"]["calibration"]["verdict"] != "unfair"
    assert any(reason.startswith("female: disparate_impact") for reason in found["reasons"])
    assert "compared" not in men
    json.dumps(found, allow_nan=False)


def test_equal_treatment_of_many_is_fair_and_of_few_undecided():
    assert only(report(*world(20_000)))["verdict"] == "fair"
    few = only(report(*world(150)))
    assert few["verdict"] == "undecided"
    assert any("leave it open" in reason for reason in few["reasons"])


def test_a_significant_difference_within_what_is_tolerated_is_fair():
    found = only(report(*world(200_000, bias=0.03)))
    impact = found["groups"][0]["compared"]["disparate_impact"]
    assert impact["p_adjusted"] < 0.001
    assert impact["verdict"] == "fair"


def test_a_large_difference_that_chance_makes_is_undecided():
    sex = np.repeat([0, 1], [12, 12])
    decision = np.concatenate([np.repeat([0, 1], [5, 7]), np.repeat([0, 1], [8, 4])])
    found = only(report(np.full(24, 0.5), decision, decision, sex))
    impact = found["groups"][0]["compared"]["disparate_impact"]
    assert impact["value"] == pytest.approx(5 / 8)
    assert impact["verdict"] == "undecided"


@pytest.mark.slow
def test_equal_treatment_is_seldom_called_unfair():
    """Ten groups and three criteria; without correction nearly every run would raise an alarm."""
    runs, alarms, naive = 100, 0, 0
    names = tuple("abcdefghij")
    strict = Fairness(segment="sex", favourable="good", ratio=0.99, difference=0.01)
    for seed in range(runs):
        p, decision, y, _ = world(2000, seed)
        group = np.random.default_rng(seed).integers(0, 10, 2000)
        found = only(report(p, decision, y, group, declared=(strict,), names=names))
        alarms += found["verdict"] == "unfair"
        naive += any(
            part["p_value"] < 0.05
            for row in found["groups"]
            for part in row.get("compared", {}).values()
        )
    assert alarms <= binom.ppf(0.999, runs, 0.05)
    assert naive > runs / 2


def test_all_attributes_share_one_correction():
    data = world(1000, bias=0.3)
    alone = report(*data)
    both = report(*data, declared=(SEX, Fairness(segment="town", favourable="good")))
    assert both["tests"] == 2 * alone["tests"] == 6
    one, other = (
        part["attributes"][0]["groups"][0]["compared"]["disparate_impact"] for part in (alone, both)
    )
    assert one["p_value"] == other["p_value"]
    assert one["p_adjusted"] < other["p_adjusted"]


def test_without_labels_there_is_disparate_impact_and_nothing_else():
    found = only(report(*world(4000, bias=0.8), labelled=np.zeros(4000, bool)))
    women = found["groups"][0]
    assert set(women["compared"]) == {"disparate_impact"}
    assert women["rates"]["true_positive_rate"]["value"] is None
    assert women["calibration"] is None
    assert found["verdict"] == "unfair"


def test_what_stands_where_there_is_no_label_does_not_matter():
    p, decision, y, sex = world(2000)
    labelled = np.arange(2000) % 3 > 0
    assert report(p, decision, y, sex, labelled=labelled) == report(
        p, decision, np.where(labelled, y, -1), sex, labelled=labelled
    )


def test_the_order_of_the_rows_changes_no_bit():
    p, decision, y, sex = world(3000, bias=0.3)
    mixed = np.random.default_rng(0).permutation(3000)
    assert report(p, decision, y, sex) == report(p[mixed], decision[mixed], y[mixed], sex[mixed])


def test_scores_that_promise_one_group_too_much_are_found():
    p, decision, y, sex = world(20_000)
    worse = np.where((sex == 0) & (np.random.default_rng(1).random(20_000) < 0.15), 1, y)
    found = only(report(p, decision, worse, sex))
    women, men = found["groups"]
    assert women["compared"]["calibration"]["verdict"] == "unfair"
    assert women["calibration"]["p_value"] < 1e-6 < men["calibration"]["p_value"]
    slope = men["calibration"]["slope"]
    assert slope["low"] < 1 < slope["high"]
    assert women["calibration"]["observed_minus_promised"]["high"] < 0


def test_small_groups_are_withheld_and_do_not_follow_from_the_others():
    p, decision, y, _ = world(1000)
    group = np.repeat([0, 1, 2, 3], [600, 300, 60, 40])
    labelled = np.ones(1000, bool)
    labelled[np.flatnonzero(group == 1)[20:]] = False
    declared = (Fairness(segment="sex", favourable="good"),)
    found = only(
        report(
            p,
            decision,
            y,
            group,
            names=tuple("abcd"),
            declared=declared,
            labelled=labelled,
            min_group=50,
        )
    )
    a, b, c, d = found["groups"]
    assert found["reference"] == "a"
    assert [part["suppressed"] for part in (a, b, c, d)] == [False, False, True, True]
    assert (c["n"], d["n"], found["suppressed"]) == ("withheld", "<50", 2)
    # Of b there are many scores and few labels: its truth is withheld, with that of c and d.
    assert set(b["compared"]) == {"disparate_impact"}
    assert b["labelled"] is None
    assert a["labelled"] == 600


def test_a_reference_with_too_few_records_leaves_it_open():
    found = only(report(*world(60, shares=(0.9, 0.1)), min_group=20))
    assert found["verdict"] == "undecided"
    assert "the reference male has too few records" in found["reasons"]
    empty = only(report(*(part[:0] for part in world(10))))
    assert (empty["verdict"], empty["groups"]) == ("undecided", [])


def test_several_classes_are_looked_at_one_by_one():
    rng = np.random.default_rng(0)
    P = rng.dirichlet([2, 2, 2], 6000)
    y = (rng.random((6000, 1)) > P.cumsum(axis=1)).sum(axis=1)
    sex = rng.integers(0, 2, 6000)
    decision = np.where((sex == 0) & (P.argmax(axis=1) == 2), 0, P.argmax(axis=1))
    declared = [Fairness(segment="sex", favourable=name) for name in ("a", "b", "c")]
    found = fairness(
        declared,
        "multiclass",
        P,
        decision,
        y,
        np.ones(6000, bool),
        {"sex": Grouping(("female", "male"), sex)},
        classes=("a", "b", "c"),
    )["attributes"]
    assert [part["verdict"] for part in found] == ["unfair", "fair", "unfair"]


def test_numbers_are_compared_by_their_mean_residual():
    rng = np.random.default_rng(0)
    sex, prediction = rng.integers(0, 2, 5000), rng.normal(size=5000)
    y = prediction + rng.normal(size=5000) + 0.5 * (sex == 0)

    def judged(truth):
        (found,) = fairness(
            [Fairness(segment="sex")],
            "regression",
            prediction,
            None,
            truth,
            np.ones(5000, bool),
            {"sex": Grouping(("female", "male"), sex)},
        )["attributes"]
        return found

    found = judged(y)
    part = next(row for row in found["groups"] if "compared" in row)["compared"]["mean_residual"]
    assert abs(part["value"]) == pytest.approx(0.5 / y.std(), abs=0.06)
    assert found["verdict"] == "unfair"
    assert judged(y - 0.5 * (sex == 0))["verdict"] == "fair"
