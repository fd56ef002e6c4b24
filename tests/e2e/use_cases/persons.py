"""A use case about people, whose preparation fails on one of them."""

import os
from pathlib import Path

from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression

from crispml_core import Algorithm, CsvSource, Field, Generalise, Segment, Target, UseCase


def prepare(frame):
    """Add a column; a library of somebody else would quote the value like this."""
    for name, income in zip(frame["name"], frame["income"], strict=True):
        if income == 666.0:
            raise ValueError(f"cannot convert {name!r} to a float")
    return frame.assign(income_k=frame["income"] / 1000)


persons = UseCase(
    name="persons",
    record_key="customer",
    subject_key="customer",
    fields=(
        Field("customer", "string", max_length=60, privacy="pseudonymise"),
        Field("name", "string", privacy="drop", nullable=True),
        Field("email", "string", privacy="pseudonymise"),
        Field("street", "string", privacy="encrypt"),
        Field("born", "date", privacy="generalise", generalise=Generalise(to="year")),
        Field("income", "number", minimum=0),
        Field("region", "category", values=("north", "south")),
    ),
    target=Target("bad", "binary", values=("0", "1"), positive="1"),
    source=CsvSource(str(Path(os.environ.get("PERSONS_CSV", "persons.csv")))),
    prepare=prepare,
    algorithms=(
        Algorithm(
            name="logistic",
            curate=lambda: ColumnTransformer([("x", "passthrough", ["income"])]),
            estimator=LogisticRegression,
        ),
    ),
    segments=(Segment("region"),),
)
