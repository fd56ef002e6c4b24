"""Fitted transformers to curated columns."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.feature_selection import SelectorMixin
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    RobustScaler,
    StandardScaler,
)
from sklearn.utils.validation import check_array

from crispml_core.adapters.compilers.encoders import one_hot_lookups, ordinal_lookups
from crispml_core.adapters.compilers.symbols import Symbol
from crispml_core.domain.compiled import Step
from crispml_core.ports.model_compiler import NotCompilable

Symbols = list[Symbol]


def curate(transformer: Any, columns: Symbols) -> Symbols:
    """Return the columns that a fitted transformer makes of others.

    Raises
    ------
    NotCompilable
        If the transformer is not one of those that treat each column on its own.
    """
    if transformer is None or isinstance(transformer, str):
        return [] if transformer == "drop" else columns
    if not isinstance(transformer, ColumnTransformer | Pipeline):
        for column in columns:
            if column.is_date:
                raise NotCompilable(f"the curation reads the date {column.source}")
    if isinstance(transformer, SelectorMixin):
        return [columns[index] for index in transformer.get_support(indices=True)]
    compile_one = _COMPILERS.get(type(transformer))
    if compile_one is None:
        raise NotCompilable(f"the curation holds a {type(transformer).__name__}")
    return compile_one(transformer, columns)


def _column_transformer(transformer: Any, columns: Symbols) -> Symbols:
    if transformer.transformer_weights:
        raise NotCompilable("the curation weights its transformers")
    positions = transformer._transformer_to_input_indices
    made: Symbols = []
    for name, part, _ in transformer.transformers_:
        if positions[name]:
            made += curate(part, [columns[index] for index in positions[name]])
    return made


def _pipeline(pipeline: Any, columns: Symbols) -> Symbols:
    for _, part in pipeline.steps:
        columns = curate(part, columns)
    return columns


def _function(transformer: Any, columns: Symbols) -> Symbols:
    function = transformer.func
    if isinstance(function, functools.partial) and function.func is check_array:
        function = None  # how HistGradientBoosting lets its numbers pass
    if function is not None:
        raise NotCompilable("the curation calls a function")
    return columns


def _steps(columns: Symbols, name: Any, a: Any, b: Any) -> Symbols:
    """Apply one kind of step to every column; a parameter may be None, a number or one each."""
    first, second = (_each(value, len(columns)) for value in (a, b))
    return [
        column.then(Step(name, one, other))
        for column, one, other in zip(columns, first, second, strict=True)
    ]


def _each(value: Any, count: int) -> list[float]:
    return [float(one) for one in np.broadcast_to(np.asarray(value, np.float64), count)]


def _or(value: Any, neutral: float) -> Any:
    return neutral if value is None else value


def _standard(scaler: Any, columns: Symbols) -> Symbols:
    mean = scaler.mean_ if scaler.with_mean else None
    return _steps(columns, "standardise", _or(mean, 0.0), _or(scaler.scale_, 1.0))


def _robust(scaler: Any, columns: Symbols) -> Symbols:
    return _steps(columns, "standardise", _or(scaler.center_, 0.0), _or(scaler.scale_, 1.0))


def _max_abs(scaler: Any, columns: Symbols) -> Symbols:
    columns = _steps(columns, "standardise", 0.0, scaler.scale_)
    return _steps(columns, "clip", -1.0, 1.0) if getattr(scaler, "clip", False) else columns


def _min_max(scaler: Any, columns: Symbols) -> Symbols:
    columns = _steps(columns, "stretch", scaler.scale_, scaler.min_)
    return _steps(columns, "clip", *scaler.feature_range) if scaler.clip else columns


def _imputer(imputer: Any, columns: Symbols) -> Symbols:
    if not pd.isna(imputer.missing_values):
        raise NotCompilable("an imputer looks for another value than NaN")
    filled: Symbols = []
    for column, value in zip(columns, imputer.statistics_, strict=True):
        if pd.isna(value):
            raise NotCompilable(f"no value of {column.source} was known in training")
        if column.is_number:
            filled.append(column.then(Step("fill", float(value))))
        else:
            filled.append(column.filled(str(value)))
    if imputer.add_indicator:
        filled += [columns[index].indicator() for index in imputer.indicator_.features_]
    return filled


def _one_hot(encoder: Any, columns: Symbols) -> Symbols:
    groups = one_hot_lookups(encoder, columns)
    return [
        column.encoded(lookup)
        for column, lookups in zip(columns, groups, strict=True)
        for lookup in lookups
    ]


def _ordinal(encoder: Any, columns: Symbols) -> Symbols:
    lookups = ordinal_lookups(encoder, columns)
    return [column.encoded(lookup) for column, lookup in zip(columns, lookups, strict=True)]


_COMPILERS: dict[type, Callable[[Any, Symbols], Symbols]] = {
    ColumnTransformer: _column_transformer,
    Pipeline: _pipeline,
    FunctionTransformer: _function,
    StandardScaler: _standard,
    RobustScaler: _robust,
    MaxAbsScaler: _max_abs,
    MinMaxScaler: _min_max,
    SimpleImputer: _imputer,
    OneHotEncoder: _one_hot,
    OrdinalEncoder: _ordinal,
}
