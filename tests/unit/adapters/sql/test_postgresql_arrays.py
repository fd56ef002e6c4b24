"""Texts as array literals; what a server makes of them is asked in `tests/contract`."""

from __future__ import annotations

import pytest

from crispml_core.adapters.sql.scores.postgresql_arrays import texts


@pytest.mark.parametrize(
    ("values", "literal"),
    [
        ([], "{}"),
        ([None], "{NULL}"),
        ([""], '{""}'),
        ([None, ""], '{NULL,""}'),
        (["a", "b"], '{"a","b"}'),
        (['","'], r'{"\",\""}'),
        (["\\"], r'{"\\"}'),
    ],
)
def test_a_missing_text_is_never_an_empty_one(values: list[str | None], literal: str) -> None:
    assert texts(values) == literal
