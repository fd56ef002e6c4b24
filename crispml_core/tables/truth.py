"""The truth as a model sees it: class codes or numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crispml_core.domain.targets import Target


def encode_truth(target: Target, values: pd.Series) -> np.ndarray:
    """Return class codes (int64, in the order of `Target.classes`) or numbers (float64)."""
    if not target.is_classification:
        return values.to_numpy(dtype=np.float64)
    codes = {name: code for code, name in enumerate(target.classes)}
    return values.map(codes).to_numpy(dtype=np.int64)


def decide(target: Target, probabilities: np.ndarray, threshold: float | None) -> np.ndarray:
    """Return the decided class of each row as text.

    Binary: the positive class from `threshold` on. Multiclass: the most probable class, the first
    of equals.
    """
    classes: np.ndarray = np.array(target.classes, dtype=object)
    if target.task == "binary":
        assert threshold is not None
        codes: np.ndarray = (probabilities[:, 1] >= threshold).astype(int)
    else:
        codes = probabilities.argmax(axis=1)
    return np.take(classes, codes)
