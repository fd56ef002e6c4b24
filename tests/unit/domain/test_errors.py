"""A failure is told by class, line and rule, never by a value."""

import json
import pickle

import pytest

from crispml_core.domain.errors import (
    CrispMLError,
    InvalidRecords,
    NotFound,
    Problem,
    UseCaseError,
    describe_failure,
    did_you_mean,
)


def caught(function):
    with pytest.raises(Exception) as found:  # noqa: PT011 - any error will do
        function()
    return found.value


def test_what_the_authors_own_line_raised_is_told_without_its_text():
    def fail():
        raise ValueError("Anna is 17")

    assert describe_failure(caught(fail)).startswith("ValueError at line ")
    assert describe_failure(caught(fail)).endswith(" of test_errors.py")


def test_what_a_library_raised_keeps_its_text_without_values():
    told = describe_failure(caught(lambda: json.loads('{"Anna": 17,}')))
    assert told.startswith("JSONDecodeError at line ")
    assert "test_errors.py" in told
    assert "property name" in told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("could not convert string to float: 'Anna'", "could not convert string to float: …"),
        ('unable to parse string "4711" at position 3', "unable to parse string … at position …"),
        ("unknown categories ['a', 'b'] in column 2", "unknown categories … in column …"),
        ("out of bounds: 9999-01-01 00:00:00", "out of bounds: … …"),
        ("max_iter=100 for l2 is too small", "max_iter=… for l2 is too small"),
        ("first line\nAnna", "first line"),
    ],
)
def test_values_in_the_text_of_a_library_are_left_out(text, told):
    assert describe_failure(ValueError(text)) == f"ValueError: {told}"


def test_records_are_counted_and_the_first_one_is_told():
    error = InvalidRecords([Problem("type", "field x must be a number", "x", 3)], total=250)
    assert error.message == "row 3: field x must be a number (249 more)"
    many = InvalidRecords([Problem("type", "wrong", "x", row) for row in range(150)])
    assert (len(many.problems), many.total) == (100, 150)


def test_every_error_has_a_code_of_its_own():
    def tree(kind):
        for child in kind.__subclasses__():
            if child.__module__ == "crispml_core.domain.errors":
                yield child
                yield from tree(child)

    kinds = list(tree(CrispMLError))
    assert len({kind.code for kind in kinds}) == len(kinds)
    assert NotFound("data set").code == "data_set_not_found"
    assert NotFound("method", ["b", "a"]).message == "no such method; known: a, b"
    assert NotFound("alias", hint="set it").message == "no such alias; set it"
    assert "none is loaded: name it in CRISPML_USE_CASES" in NotFound("use case").message


@pytest.mark.parametrize(
    "error",
    [
        NotFound("data set", ["a"]),
        UseCaseError("toy", "prepare", "raises"),
        InvalidRecords([Problem("type", "wrong", "x", 3)], total=7),
    ],
)
def test_an_error_comes_back_from_another_process_as_it_was(error):
    back = pickle.loads(pickle.dumps(error))
    assert type(back) is type(error)
    assert vars(back) == vars(error)
    assert str(back) == str(error)


def test_a_near_name_is_offered():
    assert did_you_mean("Amuont", ["amount", "age"]) == " (did you mean 'amount'?)"
    assert did_you_mean("zzz", ["amount", "age"]) == ""
