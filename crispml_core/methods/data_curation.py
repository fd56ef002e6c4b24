"""Method 3, CRISP-DM *construct and format data* for one algorithm.

In come prepared rows, out go the matrix that the algorithm reads and the fitted transformer that
made it. The transformer learns from ``train`` only and is persisted with the model. Nothing is
written here and nothing is timed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from crispml_core.domain.algorithms import Algorithm
from crispml_core.domain.datasets import SPLIT_COLUMN, TRAIN
from crispml_core.domain.errors import CrispMLError, UseCaseError, describe_failure
from crispml_core.domain.use_case import UseCase
from crispml_core.tables.curated import CuratedData
from crispml_core.tables.features import features
from crispml_core.tables.truth import encode_truth


class DataCuration:
    """Fit the curation of an algorithm on ``train`` and apply it to every row."""

    def __init__(self, use_case: UseCase, algorithm: Algorithm) -> None:
        self._use_case, self._algorithm = use_case, algorithm

    def run(self, prepared: pd.DataFrame) -> tuple[Any, CuratedData]:
        """Curate prepared rows.

        Parameters
        ----------
        prepared : DataFrame
            Prepared rows with target and ``crispml_split``.

        Returns
        -------
        transformer : object
            The fitted transformer.
        curated : CuratedData
            The matrix of all rows.

        Raises
        ------
        UseCaseError
            If the curation raises, drops rows, or does not give a dense matrix of numbers.
        """
        frame = features(self._use_case, prepared)
        split = prepared[SPLIT_COLUMN].to_numpy(dtype=str)
        try:
            transformer = self._algorithm.curate()
            transformer.fit(frame[split == TRAIN])
            X = transformer.transform(frame)
            names = tuple(str(name) for name in transformer.get_feature_names_out())
        except CrispMLError:
            raise
        except Exception as error:
            raise self._error(describe_failure(error)) from error
        target = self._use_case.target
        y = encode_truth(target, prepared[target.name])
        return transformer, CuratedData(names, self._matrix(X, len(frame), names), y, split)

    def _matrix(self, X: Any, rows: int, names: Sequence[str]) -> np.ndarray:
        if not isinstance(X, np.ndarray):
            raise self._error(
                f"gives a {type(X).__name__} instead of a dense NumPy matrix; set"
                " sparse_output=False on the encoder or sparse_threshold=0 on the"
                " ColumnTransformer, and keep set_output at its default"
            )
        if X.ndim != 2 or X.shape != (rows, len(names)):
            raise self._error(f"gives shape {X.shape} for {rows} rows and {len(names)} names")
        if X.dtype.kind not in "biuf":
            raise self._error("gives values that are not numbers; encode the text columns")
        return np.ascontiguousarray(X, dtype=np.float64)

    def _error(self, reason: str) -> UseCaseError:
        return UseCaseError(self._use_case.name, f"curate of {self._algorithm.name}", reason)
