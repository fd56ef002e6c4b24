"""Bases of request bodies and queries: nothing unknown passes, and no unknown name comes back."""

from __future__ import annotations

import re
from copy import copy
from datetime import UTC, datetime
from functools import cache
from inspect import get_annotations
from typing import Annotated, Any, TypeVar, get_args

from fastapi.exceptions import RequestValidationError
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from crispml_core.domain.errors import did_you_mean
from crispml_core.rest.docstrings import attribute_docstrings

_RFC3339 = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?([Zz]|[+-]\d\d:?\d\d)", re.ASCII
)


class RequestModel(BaseModel):
    """Base of every request body and of every group of query parameters.

    The docstring below a field is its description.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    def __init_subclass__(cls, **options: Any) -> None:
        """Describe the fields, before pydantic collects them."""
        super().__init_subclass__(**options)
        own = get_annotations(cls)
        for name, text in attribute_docstrings(cls).items():
            if name in own:
                setattr(cls, name, _described(cls.__dict__.get(name, ...), text))

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown(cls, given: Any) -> Any:
        """Refuse unknown names before pydantic does, whose finding would repeat the name.

        The character NUL is refused too: some databases take it in a text, and others do not.
        """
        if isinstance(given, dict):
            known = [field.alias or name for name, field in cls.model_fields.items()]
            for position, name in enumerate(given, start=1):
                if name not in known:
                    raise PydanticCustomError(
                        "unknown_field",
                        "name {position} is unknown{hint}; known: {known}",
                        {
                            "position": position,
                            "hint": did_you_mean(str(name), known),
                            "known": ", ".join(known),
                        },
                    )
                if isinstance(given[name], str) and "\0" in given[name]:
                    raise PydanticCustomError("characters", f"{name} must not hold a NUL")
                if isinstance(given[name], bool) and name in cls._numbers():
                    raise PydanticCustomError("number", f"{name} must be a number")
        return given

    @classmethod
    @cache
    def _numbers(cls) -> frozenset[str]:
        """Return the names that take numbers: pydantic would take true for 1."""
        return frozenset(
            field.alias or name
            for name, field in cls.model_fields.items()
            if {int, float} & {field.annotation, *get_args(field.annotation)}
        )


def _described(declared: Any, text: str) -> Any:
    """Return what is declared for a field, its default or more, with a description."""
    if not isinstance(declared, FieldInfo):
        return Field(declared, description=text)
    field = copy(declared)  # which several fields may share
    # pydantic notes what was said, and loses the rest where the annotation has more of its own.
    field.description = text
    field._attributes_set = {**declared._attributes_set, "description": text}
    return field


Model = TypeVar("Model", bound=RequestModel)


def validated(model: type[Model], body: Any) -> Model:
    """Return a parsed JSON body as `model`, for routes that read their body themselves.

    Raises
    ------
    RequestValidationError
        Exactly as for a body that FastAPI reads.
    """
    try:
        return model.model_validate(body)
    except ValidationError as error:
        findings = error.errors(include_input=False, include_url=False)
        raise RequestValidationError(
            [{**finding, "loc": ("body", *finding["loc"])} for finding in findings]
        ) from None


def _rfc3339(value: Any) -> Any:
    if isinstance(value, datetime) or (isinstance(value, str) and _RFC3339.fullmatch(value)):
        return value
    raise PydanticCustomError(
        "moment", "input should be a moment with its zone, like 2026-01-31T12:00:00Z"
    )


def _in_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:  # the first and the last hours of the calendar, in some zones
        raise PydanticCustomError(
            "moment", "input should be a moment between the years 1 and 9999 in UTC"
        ) from None


Moment = Annotated[AwareDatetime, BeforeValidator(_rfc3339), AfterValidator(_in_utc)]
"""A moment as RFC 3339 text, in UTC; pydantic alone would also take a number of seconds."""
