"""How a fitted pipeline becomes a plan that a scoring process can execute."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from crispml_core.domain.compiled import Plan
from crispml_core.domain.use_case import UseCase

if TYPE_CHECKING:
    import pandas as pd


class NotCompilable(Exception):
    """Says what of a pipeline no compiler covers; scikit-learn then serves."""


class ModelCompiler(Protocol):
    """Compiles fitted scikit-learn pipelines."""

    def compile(self, use_case: UseCase, pipeline: Any, training: pd.DataFrame) -> Plan:
        """Return the plan of a pipeline of a fitted curation and a fitted estimator.

        Parameters
        ----------
        use_case : UseCase
            The definition that the pipeline was trained with.
        pipeline : sklearn.pipeline.Pipeline
            Its curation and its estimator.
        training : DataFrame
            The features of the rows it was fitted on, see `crispml_core.tables.features`.

        Raises
        ------
        NotCompilable
            If a part of it is not covered.
        """
        ...
