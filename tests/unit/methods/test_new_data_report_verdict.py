"""What a verification report concludes, and what it refuses to conclude."""

import itertools
import json

import numpy as np
import pytest

from crispml_core.domain.fairness import Fairness
from crispml_core.domain.monitoring import Monitoring
from crispml_core.domain.targets import Gate, Target
from crispml_core.monitoring.conformal import fit_conformal
from crispml_core.monitoring.ranking import auc
from tests.unit.methods.test_new_data_report import (
    BINARY,
    MULTICLASS,
    REGRESSION,
    binary_scores,
    score,
    use_case,
    verify,
)

RISK = Target("risk", "binary", ("good", "bad"), "bad")


def big(labels="all", n=3_000, seed=1):
    """Return scores whose probabilities are right, the chance of a label of each, and the AUC."""
    rng = np.random.default_rng(seed)
    p = rng.random(n)
    y = rng.random(n) < p
    chance = {
        "all": np.ones(n),
        "by chance": np.full(n, 0.5),
        "mostly the low ones": np.where(p < 0.5, 0.9, 0.2),
        "accepted only": (p < 0.5).astype(float),
    }[labels]
    seen = rng.random(n) < chance
    names = ("good", "bad")
    rows = [
        score(
            number,
            names[int(p[number] >= 0.5)],
            names[int(y[number])] if seen[number] else None,
            probability=float(p[number]),
        )
        for number in range(n)
    ]
    return rows, chance, auc(y.astype(int), p)


def gate(minimum):
    return use_case(RISK, gates=(Gate("auc", minimum=minimum),))


@pytest.mark.parametrize("labels", ["all", "by chance"])
def test_plain_kpis_decide_when_every_kind_of_score_gets_labels_alike(labels):
    rows, _, truth = big(labels)
    content = verify(gate(0.7), rows)
    assert content["verdict"]["basis"] == "realised"
    assert (content["verdict"]["overall"], content["gates"][0]["verdict"]) == ("met", "met")
    assert content["gates"][0]["low"] < truth < content["gates"][0]["high"]


@pytest.mark.parametrize(
    ("minimum", "verdict"), [(0.7, "met"), (0.83, "undecided"), (0.95, "not met")]
)
def test_a_gate_is_decided_by_the_whole_interval(minimum, verdict):
    content = verify(gate(minimum), big()[0])
    assert content["gates"][0]["verdict"] == content["verdict"]["overall"] == verdict
    assert any("do not decide" in note for note in content["notes"]) == (verdict == "undecided")


def test_labels_that_depend_on_the_score_are_weighted_and_it_is_said():
    rows, _, truth = big("mostly the low ones", n=6_000)
    content = verify(gate(0.7), rows)
    assert content["selection"]["depends"]
    assert content["verdict"]["basis"] == "weighted"
    found = content["verdict"]["kpis"]["auc"]
    assert abs(found["value"] - truth) < abs(content["kpis"]["auc"]["value"] - truth)
    assert any("no fair sample" in note for note in content["notes"])


def test_logged_propensities_decide_when_every_label_has_one():
    rows, chance, truth = big("mostly the low ones", n=6_000)
    logged = [
        row | {"propensity": float(c) if row["label"] else None}
        for row, c in zip(rows, chance, strict=True)
    ]
    content = verify(gate(0.7), logged)
    assert content["weighted"]["propensities"] == "logged"
    assert content["verdict"]["basis"] == "weighted"
    found = content["verdict"]["kpis"]["auc"]
    assert found["low"] < truth < found["high"]


def test_a_use_case_declares_how_seldom_a_label_may_be():
    rows, _, _ = big("mostly the low ones", n=6_000)
    strict = use_case(RISK, monitoring=Monitoring(propensity_floor=0.3))
    weighted = verify(strict, rows)["weighted"]
    assert weighted["status"] == "not identifiable"
    assert "the propensity is below 0.3" in weighted["reason"]


def test_where_rejected_cases_never_get_labels_the_verdict_does_not_pretend():
    rows, _, truth = big("accepted only")
    content = verify(gate(0.7), rows)
    verdict = content["verdict"]
    assert (content["weighted"]["status"], verdict["basis"]) == ("not identifiable", "bounds")
    assert "not identifiable" in verdict["why"]
    bounds = verdict["kpis"]["auc"]
    assert bounds["low"] < truth < bounds["high"]
    assert content["gates"][0]["verdict"] == "undecided"
    # The plain value is a good deal off, and what the probabilities let expect is not.
    assert abs(content["kpis"]["auc"]["value"] - truth) > 0.05
    assert abs(content["estimated"]["combined"]["kpis"]["auc"]["value"] - truth) < 0.03


def test_few_labels_among_many_scores_decide_nothing_in_silence():
    rows, _, _ = big(n=400)
    few = [row if n < 40 else row | {"label": None} for n, row in enumerate(rows)]
    content = verify(gate(0.7), few)
    assert content["verdict"]["basis"] == "bounds"
    assert content["gates"][0]["verdict"] == "undecided"


def test_a_trend_is_visible_in_the_parts_of_the_window():
    rng = np.random.default_rng(0)
    rows = []
    for number in range(4_000):
        p = float(rng.random())
        chance = p if number < 2_000 else 0.5
        label = "bad" if rng.random() < chance else "good"
        rows.append(score(number, "bad" if p > 0.5 else "good", label, probability=p))
    parts = verify(BINARY, rows)["periods"]
    assert sum(part["scored"] for part in parts) == 4_000
    assert all(a["end"] == b["start"] for a, b in itertools.pairwise(parts))
    shown = [part["kpis"]["auc"]["value"] for part in parts if part["kpis"]]
    assert len(shown) > 3
    assert shown[0] > 0.75
    assert np.mean(shown[-4:-1]) < 0.6


def test_labels_of_the_newest_scores_that_are_still_to_come_are_spoken_of():
    _, _, rows = binary_scores(n=4_000, labelled=4_000)
    late = [row if n < 3_000 else row | {"label": None} for n, row in enumerate(rows)]
    assert any("still to come" in note for note in verify(BINARY, late)["notes"])
    assert not any("still to come" in note for note in verify(BINARY, rows)["notes"])


def test_stored_intervals_are_held_against_the_truth_by_version():
    rng = np.random.default_rng(0)
    truth, noise = rng.normal(size=2_000), rng.normal(size=2_000)
    table = fit_conformal("regression", truth[:1_000], (truth + noise)[:1_000])
    rows = [
        score(n, truth[n] + scale * noise[n], truth[n], version=version)
        for version, scale in (("v1", 1.0), ("v2", 3.0))
        for n in range(1_000, 2_000)
    ]
    content = verify(REGRESSION, rows, conformal={"v1": table, "v2": table})
    first, second = content["intervals"]
    assert (first["version"], first["inside"]) == ("v1", True)
    assert (second["version"], second["inside"]) == ("v2", False)
    wide, narrow = (part["levels"][1]["counted"] for part in (first, second))
    assert wide["coverage"]["low"] < 0.9 < wide["coverage"]["high"]
    assert narrow["coverage"]["high"] < 0.9
    assert wide["interval_score"]["value"] < narrow["interval_score"]["value"]
    assert any("version v2" in note and "left its band" in note for note in content["notes"])


@pytest.mark.parametrize("labelled", [False, True])
@pytest.mark.parametrize("case", [BINARY, MULTICLASS, REGRESSION], ids=lambda c: c.target.task)
def test_a_single_score_gives_a_report(case, labelled):
    text = "1.5" if case is REGRESSION else case.target.classes[0]
    row = score(0, text, text if labelled else None) | {
        "probability": 0.3 if case is BINARY else None,
        "probabilities": json.dumps({"a": 0.5, "b": 0.3, "c": 0.2}),
    }
    content = verify(case, [row])
    assert (content["scored"], content["labelled"]) == (1, int(labelled))
    assert content["verdict"]["basis"] == ("realised" if labelled else "nothing")
    assert any("no basis" in note for note in content["notes"]) == labelled


def test_one_class_only_leaves_what_can_be_said():
    rows = [row | {"label": "good"} for row in big(n=200)[0]]
    content = verify(gate(0.7), rows)
    assert content["kpis"]["auc"]["value"] is None
    assert content["kpis"]["accuracy"]["value"] is not None
    assert content["gates"][0]["verdict"] == "undecided"
    assert any("of one class" in note for note in content["notes"])


def test_labels_whose_class_is_none_any_more_make_no_kpi():
    rows = [row | {"label": "CANARY"} for row in big(n=100)[0]]
    content = verify(gate(0.7), rows)
    assert (content["unusable"], content["verdict"]["basis"]) == (100, "nothing")
    assert any("can be compared" in note for note in content["notes"])
    assert "CANARY" not in json.dumps(content)


def test_fairness_is_looked_at_by_what_the_use_case_declares():
    rng = np.random.default_rng(0)
    rows = []
    for number in range(4_000):
        p = float(rng.random())
        # Every second one is decided against from a lower probability on.
        decided = "bad" if p > (0.3 if number % 2 else 0.6) else "good"
        rows.append(score(number, decided, "bad" if rng.random() < p else "good", probability=p))
    watched = Monitoring(fairness=(Fairness(segment="sex", favourable="good", reference="m"),))
    content = verify(use_case(RISK, monitoring=watched), rows)
    (attribute,) = content["fairness"]["attributes"]
    assert attribute["verdict"] == "unfair"
    assert any("treated unequally" in note for note in content["notes"])
    assert verify(BINARY, rows)["fairness"] is None


def test_labels_that_depend_on_a_segment_are_weighted_although_the_score_does_not_show_it():
    rng = np.random.default_rng(2)
    rows, y, scores = [], [], []
    for number in range(6_000):
        p = float(rng.random())
        known = number % 2  # of one sex the model knows something, and it gets labels more often
        bad = rng.random() < (p if known else 0.5)
        seen = rng.random() < (0.9 if known else 0.2)
        label = ("good", "bad")[int(bad)] if seen else None
        rows.append(score(number, "bad" if p >= 0.5 else "good", label, probability=p))
        y.append(int(bad))
        scores.append(p)
    truth = auc(np.array(y), np.array(scores))
    content = verify(gate(0.7), rows)
    assert content["selection"]["depends"] is False
    assert content["kpis"]["auc"]["low"] > 0.7 > truth
    verdict = content["verdict"]
    assert (verdict["basis"], verdict["overall"]) == ("weighted", "undecided")
    assert "depends on the segment sex" in verdict["why"]
    assert verdict["kpis"]["auc"]["low"] < truth < verdict["kpis"]["auc"]["high"]
    assert any("depends on the segment sex" in note for note in content["notes"])


def test_logged_propensities_that_cannot_be_used_do_not_give_way_to_the_plain_kpis():
    rng = np.random.default_rng(3)
    rows = []
    for number, row in enumerate(big(n=4_000)[0]):
        chance = 0.9 if rng.random() < 0.5 else 0.002  # by what nothing that is stored shows
        seen = rng.random() < chance or number == 0
        rows.append(row if seen else row | {"label": None})
        rows[-1] = rows[-1] | {"propensity": chance if seen else None}
    rows[0] = rows[0] | {"propensity": 0.002}
    content = verify(gate(0.7), rows)
    assert content["selection"]["depends"] is False
    assert content["weighted"]["propensities"] == "logged"
    assert "below 0.01" in content["weighted"]["reason"]
    assert (content["verdict"]["basis"], content["verdict"]["overall"]) == ("bounds", "undecided")


@pytest.mark.parametrize("labels", ["all", "accepted only"])
def test_who_is_refused_and_never_seen_again_is_no_proof_of_equal_opportunity(labels):
    rng = np.random.default_rng(0)
    rows = []
    for number in range(4_000):
        p = float(rng.random())
        decided = "bad" if p > (0.3 if number % 2 else 0.6) else "good"
        label = "bad" if rng.random() < p else "good"
        seen = labels == "all" or decided == "good"
        rows.append(score(number, decided, label if seen else None, probability=p))
    declared = Fairness(
        segment="sex", favourable="good", reference="m", criteria=["equal_opportunity"]
    )
    content = verify(use_case(RISK, monitoring=Monitoring(fairness=(declared,))), rows)
    (attribute,) = content["fairness"]["attributes"]
    found = next(group for group in attribute["groups"] if group["group"] == "f")
    part = found["compared"]["equal_opportunity"]
    if labels == "all":
        assert (attribute["verdict"], part["verdict"]) == ("unfair", "unfair")
    else:
        assert part["value"] == 0.0  # every label is that of a case that was accepted
        assert (attribute["verdict"], part["verdict"]) == ("undecided", "undecided")
        assert "labels came for some kinds of scores only" in attribute["reasons"][0]
