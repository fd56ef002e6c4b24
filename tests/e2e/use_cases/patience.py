"""A use case whose algorithm takes as long as it is told to."""

import time
from pathlib import Path

from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression

from crispml_core import Algorithm, CsvSource, Field, Hyperparameter, Target, UseCase


class Patient(LogisticRegression):
    """Sleep before learning."""

    def __init__(self, seconds: float = 0.0) -> None:
        super().__init__()
        self.seconds = seconds

    def fit(self, X, y):
        time.sleep(self.seconds)
        return super().fit(X, y)


patience = UseCase(
    name="patience",
    record_key="id",
    fields=(
        Field("id", "integer"),
        Field("x", "number"),
    ),
    target=Target("y", "binary", values=("0", "1"), positive="1"),
    source=CsvSource(str(Path(__file__).with_name("patience.csv"))),
    algorithms=(
        Algorithm(
            name="patient",
            curate=lambda: ColumnTransformer([("x", "passthrough", ["x"])]),
            estimator=Patient,
            hyperparameters=(Hyperparameter("seconds", 0.0, 0.0, 60.0),),
        ),
    ),
)
