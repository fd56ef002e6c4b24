"""The part of a prepared frame that a curation may see."""

from __future__ import annotations

import pandas as pd

from crispml_core.domain.use_case import UseCase


def features(use_case: UseCase, prepared: pd.DataFrame) -> pd.DataFrame:
    """Return the prepared columns without keys, target and split.

    Truth values become 1.0 and 0.0: scikit-learn's imputers refuse a boolean column.
    """
    frame = prepared.drop(columns=[name for name in use_case.not_features if name in prepared])
    truths = {name: "float64" for name in frame.columns if frame[name].dtype == bool}
    return frame.astype(truths) if truths else frame
