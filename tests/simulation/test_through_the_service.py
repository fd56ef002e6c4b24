"""The planted facts once more, from records and labels by REST to the words of the reports."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import (
    accuracy_score,
    f1_score,
    mean_absolute_error,
    r2_score,
    root_mean_squared_error,
)

from benchmarks.simulation.missing import EXPLORED
from benchmarks.simulation.world import BASE, WEIGHTS, Planted, month, sigmoid
from crispml_core.monitoring.ranking import auc
from tests.simulation.planted_service import truth_of

pytestmark = pytest.mark.proof

ROWS = 4_000


def values(found):
    return [found[name] for name in ("low", "value", "high")]


@pytest.mark.parametrize("seed", [1, 2])
def test_labels_of_accepted_cases_alone_decide_no_gate_although_the_plain_kpi_would(planted, seed):
    service, cases = planted(), month(seed, ROWS)
    ids, p, refused = service.score(cases)
    service.label(ids, truth_of(cases, "binary", 0), ~refused)
    made = service.report()
    content, truth = made["content"], auc(cases.y, p)

    # Who looks at the labels that came sees a gate broken that is kept.
    assert truth > 0.77
    assert content["kpis"]["auc"]["high"] < 0.75
    assert content["kpis"]["recall"]["value"] == 0
    verdict = content["verdict"]
    assert (verdict["basis"], verdict["overall"]) == ("bounds", "undecided")
    assert [gate["verdict"] for gate in content["gates"]] == ["undecided"]
    assert "not identifiable" in verdict["why"]
    hits = refused == cases.y
    for name, real in (
        ("auc", truth),
        ("accuracy", hits.mean()),
        ("recall", hits[cases.y == 1].mean()),
    ):
        bounds = verdict["kpis"][name]
        assert bounds["low"] <= real <= bounds["high"]
    expected = content["estimated"]["combined"]["kpis"]["auc"]["value"]
    assert abs(expected - truth) < 0.03
    assert any("no fair sample" in note for note in content["notes"])
    (attribute,) = content["fairness"]["attributes"]
    assert attribute["verdict"] == "undecided"
    page = service.page(made)
    assert 'Verdict: <span class="undecided">' in page
    assert "not identifiable" in page


@pytest.mark.parametrize("seed", [1, 2])
def test_logged_propensities_give_back_the_kpi_of_all_cases(planted, seed):
    service, cases = planted(), month(seed, ROWS)
    ids, p, refused = service.score(cases)
    chance = np.where(refused, EXPLORED, 1.0)
    service.label(
        ids, truth_of(cases, "binary", 0), np.random.default_rng(seed).random(ROWS) < chance, chance
    )
    content, truth = service.report()["content"], auc(cases.y, p)

    assert content["weighted"]["propensities"] == "logged"
    assert (content["verdict"]["basis"], content["verdict"]["overall"]) == ("weighted", "met")
    low, value, high = values(content["verdict"]["kpis"]["auc"])
    assert low < truth < high
    assert abs(value - truth) < abs(content["kpis"]["auc"]["value"] - truth)


def test_a_group_that_the_model_never_saw_is_found_to_be_promised_too_little(planted):
    service, cases = planted(), month(3, ROWS)
    of_b = cases.group == "b"
    happens = sigmoid(BASE + cases.x @ WEIGHTS + 0.8 * of_b)
    y = (np.random.default_rng(3).random(ROWS) < happens).astype(int)
    told = truth_of(replace(cases, y=y), "binary", 3)
    ids, p, _ = service.score(cases)
    service.label(ids, told, np.ones(ROWS, bool))
    content = service.report()["content"]

    (attribute,) = content["fairness"]["attributes"]
    assert attribute["verdict"] == "unfair"
    (found,) = (group for group in attribute["groups"] if group["group"] == "b")
    assert found["compared"]["calibration"]["verdict"] == "unfair"
    observed = y[of_b].mean() - p[of_b].mean() - (y[~of_b].mean() - p[~of_b].mean())
    assert found["compared"]["calibration"]["value"] == pytest.approx(observed)
    assert any("treated unequally" in note for note in content["notes"])
    # The same people of the other group get the same answers.
    cases.group[:100] = np.where(of_b[:100], "a", "b")
    again = service.score(cases.take(np.arange(100)), "other")[1]
    assert (again == p[:100]).all()


def test_groups_that_are_alike_are_called_fair(planted):
    service, cases = planted(), month(4, 12_000)
    ids, _, _ = service.score(cases)
    service.label(ids, truth_of(cases, "binary", 0), np.ones(len(ids), bool))
    content = service.report()["content"]
    assert [found["verdict"] for found in content["fairness"]["attributes"]] == ["fair"]
    assert content["verdict"]["basis"] == "realised"


def test_drift_of_one_group_is_found_in_that_group_and_in_labels_and_predictions(planted):
    service = planted()
    quiet, moved = month(5, 6_000), month(6, 6_000, Planted(shift=1.2))
    cases = quiet.take(np.flatnonzero(quiet.group == "a"))
    drifted = moved.take(np.flatnonzero(moved.group == "b"))
    ids, _, _ = service.score(cases)
    assert service.drift(segment="group=a")["alerts"] == []
    more, _, _ = service.score(drifted, "moved")
    told = [*truth_of(cases, "binary", 5), *truth_of(drifted, "binary", 6)]
    service.label([*ids, *more], told, np.ones(len(told), bool))

    def alerting(**asked):
        return {alert["field"] for alert in service.drift(**asked)["alerts"]}

    assert alerting(segment="group=a") == set()
    assert alerting(segment="group=b") >= {"x0", "prediction_probability"}
    assert not alerting(segment="group=b") & {"x1", "x2", "x3"}
    everyone = service.drift()
    roles = {field["field"]: field["role"] for field in everyone["fields"] if field["alert"]}
    assert roles["x0"] == "input"
    assert roles["prediction_probability"] == "prediction"
    shares = next(field for field in everyone["fields"] if field["role"] == "label")
    assert shares["rows"] == len(ids) + len(more)


def test_labels_that_drift_are_an_alert_of_their_own(planted):
    service, cases = planted(), month(7, ROWS)
    ids, _, _ = service.score(cases)
    turned = np.where(np.random.default_rng(7).random(ROWS) < 0.3, 1, cases.y)
    told = truth_of(replace(cases, y=turned), "binary", 7)
    service.label(ids, told, np.ones(ROWS, bool))
    alerts = service.drift()["alerts"]
    assert {alert["role"] for alert in alerts} == {"label"}
    assert alerts[0]["moved"][0]["value"] in ("yes", "no")


@pytest.mark.parametrize("noise", [1.0, 2.0])
def test_intervals_of_numbers_hold_what_they_promised_until_the_world_is_noisier(planted, noise):
    service, cases = planted("regression"), month(8, ROWS)
    scores = service.ask(cases)
    truth = truth_of(cases, "regression", 8, noise)
    service.label([score["score_id"] for score in scores], truth, np.ones(ROWS, bool))
    content = service.report()["content"]

    said = [score["prediction"] for score in scores]
    for name, oracle in (
        ("mae", mean_absolute_error),
        ("rmse", root_mean_squared_error),
        ("r2", r2_score),
    ):
        assert content["kpis"][name]["value"] == pytest.approx(oracle(truth, said))
    (found,) = content["intervals"]
    assert found["inside"] == (noise == 1.0)
    at = {level["level"]: level["counted"]["coverage"]["value"] for level in found["levels"]}
    assert (abs(at[0.9] - 0.9) < 0.03) == (noise == 1.0)
    gate = content["gates"][0]["verdict"]
    assert gate == ("met" if noise == 1.0 else "not met")
    (attribute,) = content["fairness"]["attributes"]
    assert attribute["criteria"] == ["mean_residual"]
    assert attribute["verdict"] != "unfair"


def test_several_classes_are_verified_and_what_is_missing_is_expected(planted):
    service, cases = planted("multiclass"), month(9, ROWS)
    scores = service.ask(cases)
    truth = np.array(truth_of(cases, "multiclass", 9))
    seen = np.random.default_rng(9).random(ROWS) < 0.5
    service.label([score["score_id"] for score in scores], truth.tolist(), seen)
    content = service.report()["content"]

    said = np.array([score["prediction"] for score in scores])
    kpis = content["kpis"]
    assert kpis["accuracy"]["value"] == pytest.approx(accuracy_score(truth[seen], said[seen]))
    macro = f1_score(truth[seen], said[seen], average="macro")
    assert kpis["macro_f1"]["value"] == pytest.approx(macro)
    assert content["verdict"]["basis"] == "realised"
    combined = content["estimated"]["combined"]["kpis"]["accuracy"]
    assert combined["low"] < accuracy_score(truth, said) < combined["high"]
