"""Method 5, ModelReport: CRISP-DM's model assessment.

In comes what a fitted model says about the ``test`` split, out goes an `Evaluation`: the KPIs with
their intervals, what the figures show, the coverage of label sets or intervals, the segments and
the gates, as JSON and as one HTML page. It fits nothing, chooses no threshold and decides nothing:
the gates say what would happen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
import numpy as np
import pandas as pd

from crispml_core.domain.conformal import ConformalTable
from crispml_core.domain.errors import InvalidInput, UseCaseError
from crispml_core.domain.use_case import UseCase
from crispml_core.governance.gates import check_gates
from crispml_core.monitoring.assessment import assess
from crispml_core.monitoring.conformal import conformal_coverage
from crispml_core.monitoring.fairness import fairness
from crispml_core.monitoring.groups import segment_kpis
from crispml_core.monitoring.importance import permutation_importance
from crispml_core.monitoring.intervals import LEVEL, Interval
from crispml_core.monitoring.kpis import kpis_with_intervals, values_of
from crispml_core.reporting.pages import render_evaluation
from crispml_core.tables.groupings import Grouping

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportInput:
    """What a report needs to know about a fitted model and its ``test`` split of n rows.

    Parameters
    ----------
    algorithm, hyperparameters, seed
        How the model was made.
    classes : tuple of str
        Classes by code; empty for regression.
    threshold : float or None
        For a binary target: class 1 is decided from this probability on.
    select_kpis : mapping of str to float or None
        The KPIs on the ``select`` split, shown beside those on ``test``.
    y : ndarray of shape (n,)
        The truth: class codes, or numbers.
    probabilities : ndarray of shape (n, k) or None
        By class; None for regression.
    numbers : ndarray of shape (n,) or None
        The predicted numbers; None for classification.
    segments : mapping of str to ndarray of shape (n,)
        By segment, the group of each row as text.
    predict : callable
        From a frame like `X` to probabilities of shape (n, k), or to numbers.
    X : DataFrame
        The prepared columns that the model reads, of the rows that `drawn_rows` names; their
        importance is measured.
    rows : mapping of str to int
        Rows by split.
    lineage : mapping of str to str
        Ids of the data sets and artefacts behind the model.
    created_at : datetime, optional
        When the report is made; left out, the page does not say.
    conformal : ConformalTable, optional
        What was calibrated on ``select``; its coverage is measured here.
    """

    algorithm: str
    hyperparameters: Mapping[str, Any]
    seed: int
    classes: tuple[str, ...]
    threshold: float | None
    select_kpis: Mapping[str, float | None]
    y: np.ndarray
    probabilities: np.ndarray | None
    numbers: np.ndarray | None
    segments: Mapping[str, np.ndarray]
    predict: Callable[[pd.DataFrame], np.ndarray]
    X: pd.DataFrame
    rows: Mapping[str, int] = field(default_factory=dict)
    lineage: Mapping[str, str] = field(default_factory=dict)
    created_at: datetime | None = None
    conformal: ConformalTable | None = None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """An evaluation of a fitted model.

    Parameters
    ----------
    content : dict
        The report as JSON values, without NaN.
    html : str
        The same as one page that needs nothing else.
    """

    content: dict[str, Any]
    html: str

    @property
    def kpis(self) -> dict[str, float | None]:
        """The plain KPI values on the ``test`` split."""
        return values_of(self.content["kpis"])


class ModelReport:
    """Evaluate a fitted model on rows that nothing else has seen.

    Parameters
    ----------
    use_case : UseCase
        Says the task, the costs, the segments and the gates.
    """

    def __init__(self, use_case: UseCase) -> None:
        self.use_case = use_case

    def run(self, given: ReportInput) -> Evaluation:
        """Return the evaluation.

        Raises
        ------
        InvalidInput
            If the ``test`` split has no rows.
        UseCaseError
            If the model answered something that is not a finite number.
        """
        prediction = self._prediction(given)
        content = self._facts(given) | self._assessment(given, prediction)
        content["importance"] = permutation_importance(
            given.predict, given.X, given.y, self.use_case.target.task, given.seed
        )
        content["conformal"] = self._conformal(given)
        content["fairness"] = self._fairness(given, prediction)
        content["gates"] = [
            result.to_dict()
            for result in check_gates(self.use_case.gates, values_of(content["kpis"]))
        ]
        return Evaluation(content, render_evaluation(content))

    def _prediction(self, given: ReportInput) -> np.ndarray:
        """Return the probability of class 1, the probabilities by class, or the numbers."""
        if len(given.y) == 0:
            raise InvalidInput(
                "the test split has no rows; ingest more records or give test a larger share"
            )
        binary = self.use_case.target.task == "binary"
        answers = given.probabilities if given.classes else given.numbers
        if answers is None or not bool(np.isfinite(answers).all()):
            raise UseCaseError(
                self.use_case.name,
                "report",
                f"algorithm {given.algorithm} gave predictions that are not finite numbers; "
                "check its curation for missing values",
            )
        return answers[:, 1] if binary else answers

    def _conformal(self, given: ReportInput) -> dict[str, Any] | None:
        answers = given.probabilities if given.classes else given.numbers
        if given.conformal is None or answers is None:
            return None
        return conformal_coverage(given.conformal, self.use_case.target.task, given.y, answers)

    def _fairness(self, given: ReportInput, prediction: np.ndarray) -> dict[str, Any] | None:
        """Return whether the declared groups are treated alike; every row has its truth here."""
        target, declared = self.use_case.target, self.use_case.monitoring.fairness
        if not declared:
            return None
        decision = None
        if given.probabilities is not None:
            decision = (
                given.probabilities.argmax(axis=1)
                if given.threshold is None
                else (given.probabilities[:, 1] >= given.threshold).astype(int)
            )
        return fairness(
            declared,
            target.task,
            prediction,
            decision,
            given.y,
            np.ones(len(given.y), dtype=bool),
            {name: Grouping.of(members) for name, members in given.segments.items()},
            classes=target.classes,
            min_group=self.use_case.monitoring.min_group,
        )

    def _facts(self, given: ReportInput) -> dict[str, Any]:
        target = self.use_case.target
        return {
            "schema_version": SCHEMA_VERSION,
            "kind": "evaluation",
            "use_case": self.use_case.name,
            "use_case_version": self.use_case.version,
            "task": target.task,
            "target": target.name,
            "positive": target.positive,
            "algorithm": given.algorithm,
            "hyperparameters": msgspec.to_builtins(dict(given.hyperparameters)),
            "seed": given.seed,
            "threshold": given.threshold,
            "created_at": msgspec.to_builtins(given.created_at),
            "rows": dict(given.rows),
            "lineage": dict(given.lineage),
            "confidence_level": LEVEL,
            "select_kpis": dict(given.select_kpis),
        }

    def _assessment(self, given: ReportInput, prediction: np.ndarray) -> dict[str, Any]:
        task, costs = self.use_case.target.task, self.use_case.cost_matrix

        def of_rows(rows: np.ndarray) -> dict[str, Interval]:
            return kpis_with_intervals(
                task,
                given.y[rows],
                prediction[rows],
                threshold=given.threshold,
                costs=costs,
                n_classes=len(given.classes),
            )

        return assess(
            task,
            given.y,
            prediction,
            classes=given.classes,
            threshold=given.threshold,
            costs=costs,
        ) | {
            "segments": segment_kpis(
                {name: Grouping.of(members) for name, members in given.segments.items()},
                of_rows,
                order={segment.name: segment.groups for segment in self.use_case.segments},
                min_group=self.use_case.monitoring.min_group,
            )
        }
