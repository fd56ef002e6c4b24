import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from crispml_core.domain.algorithms import Algorithm
from crispml_core.domain.fairness import Fairness
from crispml_core.domain.fields import Field
from crispml_core.domain.monitoring import Monitoring
from crispml_core.domain.reports import ReportQuestion
from crispml_core.domain.targets import CostMatrix, Gate, Segment, Target
from crispml_core.domain.use_case import UseCase
from crispml_core.methods.new_data_report import NewDataReport
from crispml_core.monitoring.ranking import auc
from crispml_core.monitoring.verification import missing_labels
from crispml_core.tables.joined import joined_arrays

START = datetime(2025, 3, 1, tzinfo=UTC)
INSTANT = pa.timestamp("us", "UTC")
SCHEMA = pa.schema(
    {
        "score_id": pa.string(),
        "record_key": pa.string(),
        "version": pa.string(),
        "prediction": pa.string(),
        "probability": pa.float64(),
        "probabilities": pa.string(),
        "segments": pa.string(),
        "scored_at": INSTANT,
        "label": pa.string(),
        "label_time": INSTANT,
        "received_at": INSTANT,
        "propensity": pa.float64(),
    }
)


def use_case(target, **more):
    return UseCase(
        name="loans",
        target=target,
        record_key="id",
        fields=(Field("id", "string"), Field("sex", "string")),
        source=None,
        algorithms=(Algorithm(name="rule", curate=object, estimator=object),),
        segments=(Segment("sex"),),
        **more,
    )


BINARY = use_case(
    Target("risk", "binary", ("good", "bad"), "bad"),
    cost_matrix=CostMatrix(false_positive=1.0, false_negative=5.0),
    gates=(Gate("auc", minimum=0.5),),
)
MULTICLASS = use_case(Target("grade", "multiclass", ("a", "b", "c")))
REGRESSION = use_case(Target("loss", "regression"))


def score(number, prediction, label, *, lag_s=60.0, **more):
    at = START + timedelta(minutes=number)
    labelled = None if label is None else at + timedelta(seconds=lag_s)
    return {
        "score_id": f"{number:06}",
        "record_key": f"r{number}",
        "version": "v1",
        "prediction": str(prediction),
        "probability": None,
        "probabilities": None,
        "segments": json.dumps({"sex": "f" if number % 2 else "m"}),
        "scored_at": at,
        "label": None if label is None else str(label),
        "label_time": labelled,
        "received_at": labelled,
    } | more


def binary_scores(n=200, labelled=200, threshold=0.4):
    rng = np.random.default_rng(0)
    p = rng.random(n)
    y = (rng.random(n) < p).astype(int)
    names = ("good", "bad")
    rows = [
        score(
            number,
            names[int(p[number] >= threshold)],
            names[y[number]] if number < labelled else None,
            probability=float(p[number]),
        )
        for number in range(n)
    ]
    return y, p, rows


def verify(case, rows, *, training_kpis=None, conformal=None, **more):
    question = {
        "start": START,
        "end": START + timedelta(days=1),
        "as_of": START + timedelta(days=2),
    } | more
    scores = joined_arrays(case, pa.Table.from_pylist(rows, SCHEMA))
    asked = ReportQuestion(**question)
    report = NewDataReport(case).run(
        scores, asked, training_kpis=training_kpis, conformal=conformal
    )
    content = report.content
    assert json.loads(json.dumps(content, allow_nan=False)) == content
    return content


def values(content):
    return {name: found["value"] for name, found in content["kpis"].items()}


def test_auc_over_stored_probabilities_is_the_one_of_the_training_report_in_every_bit():
    y, p, rows = binary_scores()
    np.random.default_rng(5).shuffle(rows)
    assert values(verify(BINARY, rows))["auc"] == auc(y, p)


def test_decisions_are_those_that_were_answered_then():
    _, _, rows = binary_scores()
    inverted = [
        row | {"prediction": "bad" if row["prediction"] == "good" else "good"} for row in rows
    ]
    then, other = values(verify(BINARY, rows)), values(verify(BINARY, inverted))
    assert then["accuracy"] + other["accuracy"] == pytest.approx(1)
    assert then["auc"] == other["auc"]


def test_costs_are_those_of_the_use_case():
    content = verify(BINARY, [score(0, "good", "bad"), score(1, "bad", "good")])
    assert values(content)["expected_cost"] == 3.0


def test_coverage_counts_what_is_scored_and_what_is_labelled():
    _, _, rows = binary_scores(labelled=50)
    content = verify(BINARY, rows)
    assert (content["scored"], content["labelled"], content["coverage"]) == (200, 50, 0.25)


def test_lag_is_measured_from_score_to_truth():
    rows = [score(n, "good", "good", lag_s=lag) for n, lag in enumerate([10, 20, -5])]
    content = verify(BINARY, rows)
    assert content["lag"] == {
        "median_s": 10.0,
        "p90_s": pytest.approx(18.0),
        "max_s": 20.0,
        "negative": 1,
    }
    assert any("dated before" in note for note in content["notes"])


def test_no_scores_give_a_report_that_says_so():
    content = verify(BINARY, [])
    assert (content["scored"], content["coverage"]) == (0, None)
    assert set(values(content).values()) == {None}
    assert "nothing to verify" in content["notes"][0]
    assert content["gates"][0]["verdict"] == content["verdict"]["overall"] == "undecided"


@pytest.mark.parametrize("case", [BINARY, MULTICLASS, REGRESSION], ids=lambda c: c.target.task)
def test_no_labels_give_a_report_that_says_so(case):
    content = verify(case, [score(0, "1", None)])
    assert (content["scored"], content["labelled"], content["coverage"]) == (1, 0, 0.0)
    assert set(values(content).values()) == {None}
    assert "No label has arrived" in content["notes"][0]


def test_a_label_outside_the_classes_of_today_is_counted_and_left_out():
    content = verify(BINARY, [score(0, "good", "good"), score(1, "good", "unheard of")])
    assert (content["labelled"], content["unusable"]) == (2, 1)
    assert values(content)["accuracy"] == 1.0
    assert "unheard of" not in json.dumps(content)


def test_versions_are_told_apart_when_there_are_several():
    rows = [score(n, "good", "good", version="v1") for n in range(3)]
    rows += [score(n, "good", "bad", version="v2") for n in range(3, 5)]
    first, second = verify(BINARY, rows)["versions"]
    assert (first["version"], first["scored"], first["kpis"]["accuracy"]["value"]) == ("v1", 3, 1.0)
    assert (second["version"], second["labelled"], second["kpis"]["accuracy"]["value"]) == (
        "v2",
        2,
        0.0,
    )


def test_one_version_is_counted_without_repeating_its_kpis():
    (only,) = verify(BINARY, [score(0, "good", "good")])["versions"]
    assert only == {"version": "v1", "scored": 1, "labelled": 1, "kpis": None}


def test_segments_are_those_fixed_at_scoring_and_small_groups_are_not_shown():
    rows = [score(n, "good", "good") for n in range(61)]
    rows += [score(n, "good", "bad", segments=None) for n in range(61, 65)]
    table = verify(BINARY, rows)["segments"]["sex"]
    shown = {group["group"]: group for group in table["groups"]}
    assert shown["m"]["n"] == 31
    assert shown["m"]["kpis"]["accuracy"]["value"] == 1.0
    assert shown["f"] == {"group": "f", "n": "withheld", "suppressed": True}
    assert shown["missing"] == {"group": "missing", "n": "<30", "suppressed": True}


def test_several_classes_use_the_stored_probabilities_by_class():
    rows = [
        score(n, kind, truth, probabilities=json.dumps({"c": 0.1, "b": b, "a": 0.9 - b}))
        for n, (kind, truth, b) in enumerate([("a", "a", 0.2), ("b", "b", 0.7), ("a", "b", 0.3)])
    ]
    found = values(verify(MULTICLASS, rows))
    assert found["accuracy"] == pytest.approx(2 / 3)
    assert found["log_loss"] == pytest.approx(-np.log([0.7, 0.7, 0.3]).mean())


def test_scores_without_probabilities_still_verify_their_decisions():
    found = values(verify(BINARY, [score(0, "good", "good"), score(1, "bad", "bad")]))
    assert (found["accuracy"], found["auc"]) == (1.0, None)


def test_numbers_are_compared_as_the_floats_they_were():
    third = 1 / 3
    found = values(verify(REGRESSION, [score(0, third, third), score(1, 2.0, 4.0)]))
    assert found["mae"] == 1.0
    assert found["rmse"] == pytest.approx(2**0.5)


def test_window_and_training_kpis_stand_beside_the_result():
    content = verify(
        BINARY, [score(0, "good", "good")], as_of=START, training_kpis={"auc": 0.8}, version="v1"
    )
    assert content["window"] == {
        "start": "2025-03-01T00:00:00Z",
        "end": "2025-03-02T00:00:00Z",
        "as_of": "2025-03-01T00:00:00Z",
    }
    assert (content["training_kpis"], content["version"]) == ({"auc": 0.8}, "v1")
    assert content["first_scored_at"] == content["last_scored_at"] == "2025-03-01T00:00:00Z"


def three_kinds(n=2_500):
    """Return scores of each task, three in ten without a label, with groups to be fair to.

    Enough for everything: points that are drawn, resamples, recalibration, propensities.
    """
    rng = np.random.default_rng(3)
    _, _, binary = binary_scores(n=n, labelled=n)
    grades = "abc"
    many = [
        score(
            number,
            grades[p.argmax()],
            grades[rng.integers(3)],
            probabilities=json.dumps(dict(zip(grades, p.tolist(), strict=True))),
        )
        for number, p in enumerate(rng.dirichlet(np.ones(3), n))
    ]
    pairs = rng.normal(size=(n, 2)).tolist()
    numbers = [score(number, a, b) for number, (a, b) in enumerate(pairs)]
    found = {}
    for case, rows, favourable in (
        (BINARY, binary, "good"),
        (MULTICLASS, many, "a"),
        (REGRESSION, numbers, None),
    ):
        watched = Monitoring(fairness=(Fairness(segment="sex", favourable=favourable),))
        unknown = rng.random(n) < 0.3
        found[case.target.task] = (
            replace(case, monitoring=watched),
            [row | {"label": None} if unknown[number] else row for number, row in enumerate(rows)],
        )
    return found


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_the_order_of_the_rows_changes_no_byte_of_the_report(task):
    case, rows = three_kinds()[task]
    shuffled = list(rows)
    np.random.default_rng(8).shuffle(shuffled)
    content = verify(case, rows)
    assert json.dumps(content) == json.dumps(verify(case, shuffled))
    # Nothing was left out of what was compared.
    assert content["weighted"]["kpis"]
    assert content["fairness"]["tests"] > 0
    assert content["estimated"]["reason"] is None or task == "regression"


def test_an_estimate_of_many_scores_with_several_classes_looks_at_some_of_them(monkeypatch):
    case, rows = three_kinds()["multiclass"]
    whole = verify(case, rows)["estimated"]
    monkeypatch.setattr(missing_labels, "MOST_OF_SEVERAL", 1_000)
    shuffled = list(rows)
    np.random.default_rng(8).shuffle(shuffled)
    some, again = (verify(case, found)["estimated"] for found in (rows, shuffled))
    assert some == again
    assert (some["of"], some["all"]["n"]) == (2_500, 834)
    for name, found in whole["combined"]["kpis"].items():
        assert some["combined"]["kpis"][name]["value"] == pytest.approx(found["value"], abs=0.05)


def test_the_declared_floor_of_propensities_counts():
    _, _, rows = binary_scores(n=600, labelled=600)
    logged = [row | {"propensity": 0.2} for row in rows]
    watched = replace(BINARY, monitoring=Monitoring(propensity_floor=0.3))
    assert verify(watched, logged)["weighted"]["status"] == "not identifiable"
