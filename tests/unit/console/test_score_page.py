from __future__ import annotations

import re
from dataclasses import replace

import pytest

from crispml_console.pages.score.answer import Answered, explained
from crispml_console.pages.score.example import example
from crispml_console.pages.score.inputs import filled, id_of, inputs, record_of
from crispml_console.pages.score.single import of_fields
from crispml_core.client import Field, Problem, RequestRefused
from crispml_core.domain.fields import RecordSchema
from crispml_core.tables.records import from_records

FIELDS = (
    Field("id", "string", max_length=8),
    Field("age", "integer", "Age in years.", minimum=18, maximum=110),
    Field("income", "number", minimum=0, nullable=True),
    Field("housing", "category", values=("rent", "own <b>", "")),
    Field("member", "boolean", nullable=True),
    Field("since", "date"),
    Field("asked_at", "datetime"),
)
RECORD = {
    "id": "A-1",
    "age": 30,
    "income": 12.5,
    "housing": "own <b>",
    "member": False,
    "since": "2026-01-31",
    "asked_at": "2026-01-31T12:00:00Z",
}
ANSWER = Answered(
    use_case="credit",
    model="credit",
    version="v1",
    alias="champion",
    score_id="s1",
    record_key="A-1",
    prediction="bad",
    probability=0.4,
    probabilities={"good": 0.6, "bad": 0.4},
    segments={},
    details={},
    record=RECORD,
)
REASONS = {
    "base": 0.0,
    "score": 1.0,
    "scale": "log-odds",
    "class": "bad",
    "reasons": [
        {"field": "age", "contribution": 1.5},
        {"field": "income", "contribution": -0.5},
        {"field": "housing", "contribution": 0.0},
    ],
}


def typed(values: dict[str, object]):
    return record_of(FIELDS, lambda key: values.get(key))


def test_what_the_form_shows_of_a_record_makes_the_same_record():
    shown = filled(FIELDS, RECORD)
    # The browser tells numbers as numbers.
    assert typed(shown | {id_of("age"): 30, id_of("income"): 12.5}) == RECORD


def test_an_empty_field_is_missing_only_where_it_may_be():
    record = typed(dict.fromkeys(filled(FIELDS, RECORD), ""))

    assert record == {"income": None, "member": None}


def test_a_fraction_is_left_for_the_service_to_refuse():
    assert typed({id_of("age"): 30.5})["age"] == 30.5


def test_the_form_names_describes_and_bounds_each_field():
    form = str(inputs(FIELDS))

    for field in FIELDS:
        assert f'for="{id_of(field.name)}"' in form
        assert f'aria-describedby="{id_of(field.name)}-hint"' in form
    assert "Age in years. 18 to 110." in form
    assert 'min="18" max="110"' in form.replace("\n", " ")
    assert "own &lt;b&gt;" in form


@pytest.mark.parametrize("profile", [None, {"age": {"mean": 35.4}, "housing": {"top": []}}])
def test_the_example_keeps_the_schema(profile):
    made = [example(FIELDS, "id", profile) for _ in range(20)]

    _, findings = from_records(made, RecordSchema(FIELDS, "id"))

    findings.raise_if_any()
    assert len({record["id"] for record in made}) > 1
    assert all(record["age"] == (35 if profile else 64) for record in made)


def test_an_example_of_a_number_as_key_keeps_its_range():
    key = Field("id", "integer", minimum=5, maximum=9)
    assert {example((key,), "id")["id"] for _ in range(60)} <= set(range(5, 10))


def test_what_a_service_says_of_a_field_stands_at_its_input():
    first, second = (
        Problem("range", f"field age {said}", field="age", row=0) for said in ("is low", "is odd")
    )
    whole = Problem("rule", "the record is odd", row=0)
    error = RequestRefused("no", status=422, errors=[first, second, whole])

    assert of_fields(error) == {id_of("age"): "Field age is low"}


def test_an_answer_says_on_which_side_of_the_threshold_it_is():
    shown = str(explained(ANSWER, "bad", 0.3))

    assert "The probability of bad is 40.0 %, at or above the threshold of 30.0 %." in shown
    assert "/scores?use_case=credit&amp;score=s1" in shown
    assert "below the threshold" in str(explained(ANSWER, "bad", 0.5))
    assert "threshold" not in str(explained(ANSWER, "bad", None))


def test_an_answer_says_when_the_fallback_gave_it():
    assert "fallback" not in str(explained(ANSWER, "bad", 0.3))
    assert "the fallback answered" in str(explained(replace(ANSWER, fallback=True), "bad", 0.3))


def test_reasons_are_told_by_side_and_the_silent_ones_left_out():
    shown = str(explained(replace(ANSWER, details={"explanation": REASONS}), "bad", 0.3))

    sides = "".join(re.sub(r"<.*?>", "", shown).split())
    assert "Forbad:Age" in sides
    assert "Againstbad:Income" in sides
    assert "from 50.0 % before anything is known to 73.1 %" in shown
    assert "Housing" not in shown


@pytest.mark.parametrize(
    ("interval", "said"),
    [
        ({"level": 0.9, "set": ["good", "bad"], "refer": True}, "a person should look"),
        ({"level": 0.9, "set": ["bad"], "refer": False}, "clear"),
        ({"level": 0.8, "low": 1.5, "high": 2.5}, "1.500 to 2.500"),
    ],
)
def test_an_interval_is_told_in_words(interval, said):
    assert said in str(explained(replace(ANSWER, details={"interval": interval}), "bad", 0.3))
