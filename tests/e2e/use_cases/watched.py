"""A use case that is watched: its champion is always too old."""

from pathlib import Path

from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression

from crispml_core import (
    Algorithm,
    Condition,
    CsvSource,
    Field,
    Monitoring,
    Rule,
    Target,
    UseCase,
)

watched = UseCase(
    name="watched",
    record_key="id",
    fields=(
        Field("id", "integer"),
        Field("x", "number"),
    ),
    target=Target("y", "binary", values=("0", "1"), positive="1"),
    source=CsvSource(str(Path(__file__).with_name("patience.csv"))),
    algorithms=(
        Algorithm(
            name="linear",
            curate=lambda: ColumnTransformer([("x", "passthrough", ["x"])]),
            estimator=LogisticRegression,
        ),
    ),
    monitoring=Monitoring(
        rules=(
            Rule("old", Condition("age_days", at_least=0), action="retrain"),
            Rule("drifts", Condition("drift")),
            Rule("wins", Condition("challenger", "promote"), action="promote"),
        ),
    ),
)
