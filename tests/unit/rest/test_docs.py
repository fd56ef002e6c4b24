from __future__ import annotations

from crispml_core import UseCase
from crispml_core.rest.docs import example_record
from crispml_core.tables.records import from_records


def test_the_example_of_a_use_case_keeps_its_own_schema(toy: UseCase) -> None:
    _, findings = from_records([example_record(toy)], toy.schema, target=toy.target.name)
    findings.raise_if_any()
