"""The Adult data as a use case of CrispML: ``benchmarks.adult.use_case:adult``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.adult.columns import CATEGORIES, CLASSES, FEATURES, KEY, NUMBERS, TARGET
from benchmarks.adult.models import PARTS
from crispml_core import Algorithm, CsvSource, Field, Generalise, Target, UseCase

SOURCE = Path(__file__).parents[2] / ".bench" / "data" / "adult.csv"
# What a bank would not store of a person as it is; applied to each score before it is stored.
PRIVACY: dict[str, dict[str, Any]] = {
    "age": {"privacy": "generalise", "generalise": Generalise(width=10)},
    "native_country": {"privacy": "pseudonymise"},
    "race": {"privacy": "drop"},
    "sex": {"privacy": "drop"},
}


def _field(name: str) -> Field:
    policy = PRIVACY.get(name, {})
    if name in CATEGORIES:
        return Field(name, "category", values=CATEGORIES[name], **policy)
    least, most = NUMBERS[name]
    return Field(name, "integer", minimum=least, maximum=most, **policy)


adult = UseCase(
    name="adult",
    version="1",
    description="Which persons of the census of 1994 earn more than 50,000 dollars a year.",
    record_key=KEY,
    fields=(Field(KEY, "string", max_length=20), *(_field(name) for name in FEATURES)),
    target=Target(TARGET, "binary", values=CLASSES, positive=CLASSES[1]),
    source=CsvSource(str(SOURCE)),
    algorithms=tuple(
        Algorithm(name=name, curate=curate, estimator=estimator)
        for name, (curate, estimator) in PARTS.items()
    ),
)
