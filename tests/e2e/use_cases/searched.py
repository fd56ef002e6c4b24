"""A use case whose search takes a moment, with more rows than one part of a data set has."""

import time

import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from crispml_core import Algorithm, Field, Hyperparameter, ParquetSource, Segment, Target, UseCase


class Considered(LogisticRegression):
    """Think before learning, so that there is time to stop or to kill somebody."""

    def fit(self, X, y, sample_weight=None):
        time.sleep(0.3)
        return super().fit(X, y, sample_weight)


def prepare(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(product=frame["x"] * frame["z"])


searched = UseCase(
    name="searched",
    record_key="id",
    fields=(
        Field("id", "string"),
        Field("x", "number"),
        Field("z", "number", nullable=True),
        Field("region", "category", values=("north", "south")),
    ),
    target=Target("y", "binary", values=("no", "yes"), positive="yes"),
    source=ParquetSource("uploaded.parquet"),
    prepare=prepare,
    segments=(Segment("region"),),
    algorithms=(
        Algorithm(
            name="considered",
            curate=lambda: ColumnTransformer([("numbers", StandardScaler(), ["x"])]),
            estimator=Considered,
            hyperparameters=(
                Hyperparameter("C", 1.0, 1e-4, 100.0, search=(0.001, 0.1, 10.0), scale="log"),
            ),
        ),
        # Its threads add up numbers, where it has several.
        Algorithm(
            name="boosted",
            curate=lambda: ColumnTransformer([("numbers", "passthrough", ["x", "z", "product"])]),
            estimator=HistGradientBoostingClassifier,
            hyperparameters=(
                Hyperparameter("max_iter", 10, 1, 100),
                Hyperparameter("learning_rate", 0.2, 0.01, 1.0, search=(0.1,)),
            ),
        ),
    ),
)
