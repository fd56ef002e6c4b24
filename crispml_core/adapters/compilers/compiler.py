"""A fitted pipeline to a plan."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from crispml_core.adapters.compilers.curation import Symbols, curate
from crispml_core.adapters.compilers.deep import deep_core, is_deep
from crispml_core.adapters.compilers.linear import CLASSIFIERS, REGRESSORS, linear_core
from crispml_core.adapters.compilers.onnx import onnx_core
from crispml_core.adapters.compilers.symbols import Symbol
from crispml_core.adapters.compilers.trees import (
    BOOSTED,
    FORESTS,
    SINGLE,
    boosted_core,
    forest_core,
)
from crispml_core.domain.compiled import CuratedColumn, Plan, TreeCore
from crispml_core.domain.errors import describe_failure
from crispml_core.domain.expressions import Kind
from crispml_core.domain.use_case import UseCase
from crispml_core.ports.model_compiler import NotCompilable

_LINEAR = (*CLASSIFIERS, *REGRESSORS)


class SklearnModelCompiler:
    """Compiles fitted scikit-learn pipelines; see `ports.model_compiler.ModelCompiler`."""

    def compile(self, use_case: UseCase, pipeline: Any, training: pd.DataFrame) -> Plan:
        """Return the plan of a pipeline of a fitted curation and a fitted estimator.

        Parameters
        ----------
        use_case : UseCase
            The definition that the pipeline was trained with.
        pipeline : sklearn.pipeline.Pipeline
            Its curation and its estimator.
        training : DataFrame
            The features of the rows it was fitted on.

        Raises
        ------
        NotCompilable
            If a part of it is not covered.
        """
        try:
            return _compile(use_case, pipeline, training)
        except NotCompilable:
            raise
        except Exception as error:  # scikit-learn serves whatever a part of it looks like
            raise NotCompilable(f"the compiler fails: {describe_failure(error)}") from error


def _compile(use_case: UseCase, pipeline: Any, training: pd.DataFrame) -> Plan:
    if callable(use_case.prepare):
        raise NotCompilable("the preparation is a function")
    for segment in use_case.segments:
        if segment.field in _dates(use_case):
            raise NotCompilable(f"the segment {segment.name} is a date")
    columns = _prepared(use_case)
    *curations, (_, estimator) = pipeline.steps
    while isinstance(estimator, Pipeline):
        *more, (_, estimator) = estimator.steps
        curations += more
    for _, transformer in curations:
        columns = curate(transformer, columns)
    _check_classes(use_case, estimator)
    if type(estimator) in _LINEAR:
        return _linear(estimator, columns, curations, training)
    return _other(use_case, estimator, columns)


def _dates(use_case: UseCase) -> set[str]:
    return {field.name for field in use_case.schema if field.type in ("date", "datetime")}


def _prepared(use_case: UseCase) -> Symbols:
    """Return the columns of `crispml_core.tables.features.features`, before any curation."""
    dates = _dates(use_case)
    return [
        Symbol(name, is_text=kind is Kind.TEXT, is_date=name in dates)
        for name, kind in use_case.kinds.items()
        if name not in use_case.not_features
    ]


def _check_classes(use_case: UseCase, estimator: Any) -> None:
    wanted = len(use_case.target.classes)
    if wanted and not np.array_equal(estimator.classes_, np.arange(wanted)):
        raise NotCompilable("a class of the target was not there in training")


def _linear(estimator: Any, columns: Symbols, curations: list[Any], training: Any) -> Plan:
    for _, transformer in curations:
        if not isinstance(transformer, str) and transformer is not None:
            training = transformer.transform(training)
    means = np.asarray(training.mean(axis=0), dtype=np.float64).ravel().tolist()
    core = linear_core(estimator, means)
    return Plan(columns=_finished(columns), outputs=len(core.intercepts), linear=core)


def _other(use_case: UseCase, estimator: Any, columns: Symbols) -> Plan:
    kind = type(estimator)
    if kind in BOOSTED:
        if estimator._preprocessor is not None:
            columns = curate(estimator._preprocessor, columns)
        return _trees(boosted_core(estimator), _finished(columns))
    if kind in FORESTS or kind in SINGLE:
        return _trees(forest_core(estimator), _finished(columns))
    finished = _finished(columns)
    outputs = len(use_case.target.classes) or 1
    return Plan(columns=finished, outputs=outputs, onnx=onnx_core(estimator, len(finished)))


def _finished(columns: Symbols) -> tuple[CuratedColumn, ...]:
    return tuple(column.finished() for column in columns)


def _trees(core: TreeCore, columns: tuple[CuratedColumn, ...]) -> Plan:
    outputs = core.value.shape[1]
    if is_deep(core):
        deep = deep_core(core, [column.source for column in columns])
        return Plan(columns=columns, outputs=outputs, deep=deep)
    return Plan(columns=columns, outputs=outputs, trees=core)
