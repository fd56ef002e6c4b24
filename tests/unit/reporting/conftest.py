"""Report contents of every task, as they come back from JSON."""

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from crispml_core.domain.algorithms import Algorithm
from crispml_core.domain.fairness import Fairness
from crispml_core.domain.fields import Field
from crispml_core.domain.monitoring import Monitoring
from crispml_core.domain.reports import ReportQuestion
from crispml_core.domain.targets import Gate, Segment, Target
from crispml_core.domain.use_case import UseCase
from crispml_core.methods.model_report import ModelReport, ReportInput
from crispml_core.methods.new_data_report import NewDataReport
from crispml_core.monitoring.conformal import fit_conformal
from crispml_core.tables.joined import joined_arrays

HOSTILE = "<script>alert('$x_1$')</script>"
TARGETS = {
    "binary": Target("risk", "binary", ("good", HOSTILE), HOSTILE),
    "multiclass": Target("risk", "multiclass", ("a", "b", HOSTILE)),
    "regression": Target("risk", "regression"),
}
N = 120


def _use_case(task):
    return UseCase(
        name="loans",
        target=TARGETS[task],
        record_key="id",
        fields=(Field("id", "string"), Field("town", "string")),
        source=None,
        algorithms=(Algorithm(name="rule", curate=object, estimator=object),),
        segments=(Segment("town"),),
        gates=(Gate("auc", minimum=0.99), Gate("nonsense", minimum=0.0)),
        monitoring=Monitoring(
            fairness=(
                Fairness(segment="town", favourable=None if task == "regression" else HOSTILE),
            )
        ),
    )


def _answers(X, k):
    raw = np.exp(np.outer(X["x"], np.linspace(-1, 1, k)))
    return raw / raw.sum(axis=1, keepdims=True)


def _numbers(X):
    return 3 * X["x"].to_numpy()


@pytest.fixture(scope="session")
def contents():
    """Return {(kind, task): content}."""
    with pytest.MonkeyPatch.context() as patch:
        # The tests render the contents themselves; twice would only take time.
        patch.setattr("crispml_core.methods.model_report.render_evaluation", lambda content: "")
        return _contents()


def _contents():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"x": rng.normal(size=N), "<b>y</b>": rng.normal(size=N)})
    towns = np.array([HOSTILE, "東京", "small", "smaller"], object)[
        np.repeat([0, 1, 2, 3], [50, 40, 20, 10])
    ]
    found = {}
    for task, target in TARGETS.items():
        k = len(target.classes)
        P = _answers(X, k) if k else None
        y = np.array([rng.choice(k, p=row) for row in P]) if k else _numbers(X) + rng.normal(size=N)
        evaluation = ModelReport(_use_case(task)).run(
            ReportInput(
                algorithm="rule",
                hyperparameters={"depth": 3, "kind": "<i>"},
                seed=0,
                classes=target.classes,
                threshold=0.4 if task == "binary" else None,
                select_kpis={},
                y=y,
                probabilities=P,
                numbers=None if k else _numbers(X),
                segments={"town": towns},
                predict=(lambda rows, k=k: _answers(rows, k)) if k else _numbers,
                X=X,
                conformal=fit_conformal(task, y, P if k else _numbers(X)),
            )
        )
        found["evaluation", task] = json.loads(json.dumps(evaluation.content))
        joined = _joined(target, y, P, _numbers(X), towns)
        labels = pa.array([v if n % 3 else None for n, v in enumerate(joined["label"].to_pylist())])
        for kind, rows in (
            ("verification", joined),
            ("partial", joined.set_column(joined.schema.get_field_index("label"), "label", labels)),
            ("empty", joined.slice(0, 0)),
        ):
            report = NewDataReport(_use_case(task)).run(
                joined_arrays(_use_case(task), rows),
                ReportQuestion(as_of=datetime(2025, 3, 1, tzinfo=UTC)),
                training_kpis=evaluation.kpis,
            )
            found[kind, task] = json.loads(json.dumps(report.content))
    return found


def _joined(target, y, P, numbers, towns):
    at = [datetime(2025, 2, 1, tzinfo=UTC) + timedelta(minutes=n) for n in range(N)]
    classes = np.array(target.classes, object)
    return pa.table(
        {
            "score_id": [f"{n:06}" for n in range(N)],
            "record_key": [str(n) for n in range(N)],
            "version": ["v1", "v2"] * (N // 2),
            "prediction": [str(v) for v in (numbers if P is None else classes[P.argmax(axis=1)])],
            "probability": pa.array([None] * N if P is None else P[:, -1].tolist(), pa.float64()),
            "probabilities": pa.array(
                [
                    None
                    if P is None
                    else json.dumps(dict(zip(classes, P[n].tolist(), strict=True)))
                    for n in range(N)
                ],
                pa.string(),
            ),
            "segments": [json.dumps({"town": town}) for town in towns],
            "scored_at": pa.array(at, pa.timestamp("us", "UTC")),
            "label": [str(v) for v in (y if P is None else classes[y])],
            "label_time": pa.array(at, pa.timestamp("us", "UTC")),
            "received_at": pa.array(at, pa.timestamp("us", "UTC")),
        }
    )
