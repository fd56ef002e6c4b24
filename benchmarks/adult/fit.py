"""Fit a pipeline in the environment of a peer and save it with joblib.

python -m benchmarks.adult.fit ALGORITHM TRAIN.csv FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path

import joblib
import pandas as pd

from benchmarks.adult.columns import CLASSES, FEATURES, TARGET
from benchmarks.adult.models import pipeline


def main() -> None:
    """Fit on the rows of the file and write ``model.joblib`` into the folder."""
    algorithm, train, folder = sys.argv[1:]
    # The question mark is a value of its own, and no other text means missing.
    frame = pd.read_csv(train, keep_default_na=False)
    model = pipeline(algorithm).fit(frame[list(FEATURES)], frame[TARGET] == CLASSES[1])
    Path(folder).mkdir(parents=True, exist_ok=True)
    joblib.dump(model, Path(folder) / "model.joblib")


if __name__ == "__main__":
    main()
