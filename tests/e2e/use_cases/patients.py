"""A use case about patients: what tells who they are is encrypted, in training data too."""

import os
from pathlib import Path

from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression

from crispml_core import Algorithm, CsvSource, Field, Segment, Target, UseCase
from crispml_core.domain.dataset_privacy import DataSetPrivacy

patients = UseCase(
    name="patients",
    record_key="visit",
    subject_key="patient",
    fields=(
        Field("visit", "string", privacy="pseudonymise"),
        Field("patient", "string", privacy="pseudonymise"),
        Field("name", "string", privacy="drop"),
        Field("street", "string", privacy="encrypt"),
        Field("phone", "string", privacy="encrypt"),
        Field("income", "number", privacy="encrypt", minimum=0),
        Field("region", "category", values=("north", "south")),
    ),
    target=Target("bad", "binary", values=("0", "1"), positive="1"),
    source=CsvSource(str(Path(os.environ.get("PATIENTS_CSV", "patients.csv")))),
    prepare=(),
    algorithms=(
        Algorithm(
            name="logistic",
            curate=lambda: ColumnTransformer([("x", "passthrough", ["income"])]),
            estimator=LogisticRegression,
        ),
    ),
    segments=(Segment("region"),),
    privacy=DataSetPrivacy(training=True),
)
