import numpy as np
import pytest
from scipy.stats import chi2_contingency

from crispml_core.monitoring.label_pattern import labels_at_random


def test_labels_that_do_not_depend_on_the_score_seldom_look_as_if():
    rng = np.random.default_rng(0)
    found = [labels_at_random(rng.random(400), rng.random(400) < 0.3) for _ in range(200)]
    # 5 % of 200, and three standard deviations.
    assert sum(part["p_value"] < 0.05 for part in found) <= 19


def test_labels_of_low_scores_only_are_found_with_their_size():
    rng = np.random.default_rng(0)
    score = rng.random(2000)
    labelled = rng.random(2000) < 0.8 - 0.6 * score
    found = labels_at_random(score, labelled)
    assert found["depends"]
    assert found["effect"] > 0.2
    assert found["deciles"][0]["rate"]["value"] > 0.6 > found["deciles"][-1]["rate"]["value"]
    table = [
        [part["labelled"] for part in found["deciles"]],
        [part["n"] - part["labelled"] for part in found["deciles"]],
    ]
    assert found["p_value"] == pytest.approx(chi2_contingency(table, correction=False).pvalue)
    assert sum(part["n"] for part in found["deciles"]) == 2000


def test_a_significant_but_tiny_dependence_is_none():
    score = np.linspace(0, 1, 200_000)
    rng = np.random.default_rng(0)
    found = labels_at_random(score, rng.random(200_000) < 0.5 + 0.02 * score)
    assert found["p_value"] < 0.05
    assert not found["depends"]


@pytest.mark.parametrize("labelled", [np.zeros(50, bool), np.ones(50, bool)])
def test_without_labels_or_with_all_there_is_nothing_to_compare(labelled):
    found = labels_at_random(np.linspace(0, 1, 50), labelled)
    assert (found["p_value"], found["effect"], found["depends"]) == (None, None, None)
    assert len(found["deciles"]) == 10


def test_equal_scores_stay_together():
    found = labels_at_random(np.repeat([0.2, 0.9], 50), np.arange(100) % 2 == 0)
    assert [(part["from"], part["to"], part["n"]) for part in found["deciles"]] == [
        (0.2, 0.2, 50),
        (0.9, 0.9, 50),
    ]
    assert labels_at_random(np.empty(0), np.empty(0, bool))["deciles"] == []
