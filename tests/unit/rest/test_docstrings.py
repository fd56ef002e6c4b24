"""The docstring below a field is its description, as pydantic would read it."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from crispml_core.rest.docstrings import attribute_docstrings
from crispml_core.rest.requests import RequestModel

SHARED = Field(None, max_length=3)


class ByPydantic(BaseModel):
    """What pydantic reads."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    plain: int
    """How many."""

    silent: str = "a"

    long: Annotated[str | None, Field(min_length=1)] = Field(
        None,
        max_length=20,
    )
    """The first line, "quoted",
    and the second one."""

    shared: str | None = SHARED
    """The one."""

    other: str | None = SHARED
    """The other."""

    def method(self) -> None:
        """Do not count as a description."""


class ByUs(RequestModel):
    """What we read."""

    plain: int
    """How many."""

    silent: str = "a"

    long: Annotated[str | None, Field(min_length=1)] = Field(
        None,
        max_length=20,
    )
    """The first line, "quoted",
    and the second one."""

    shared: str | None = SHARED
    """The one."""

    other: str | None = SHARED
    """The other."""

    def method(self) -> None:
        """Do not count as a description."""


class Heir(ByUs):
    """One field more, and one that is another one."""

    plain: int = 3
    more: bool = False
    """Whether."""


def test_fields_are_described_as_pydantic_does_it():
    ours, theirs = (each.model_json_schema() for each in (ByUs, ByPydantic))
    assert ours["properties"] == theirs["properties"]
    assert ours["required"] == theirs["required"] == ["plain"]
    assert attribute_docstrings(ByUs) == {
        name: field.description
        for name, field in ByPydantic.model_fields.items()
        if field.description
    }


def test_a_description_is_inherited_with_its_field_and_not_by_another_one():
    said = {name: field.description for name, field in Heir.model_fields.items()}
    assert said == {
        "plain": None,
        "silent": None,
        "long": 'The first line, "quoted",\nand the second one.',
        "shared": "The one.",
        "other": "The other.",
        "more": "Whether.",
    }


def test_a_class_that_is_made_in_a_function_has_no_source_to_look_for():
    class ByUs(RequestModel):
        plain: int = 1

    assert attribute_docstrings(ByUs) == {}
    assert ByUs().plain == 1
