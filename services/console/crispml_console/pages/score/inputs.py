"""The record schema as a form: one input for each field, and the record that they make."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from htmltools import Tag, TagAttrs, tags

from crispml_console.parts import words
from crispml_core.client import Field

YES, NO = "true", "false"


def id_of(field: str) -> str:
    """Return the id of the input of a field."""
    return f"field_{field}"


def title_of(field: str) -> str:
    """Return the name of a field for readers.

    Examples
    --------
    >>> title_of("checking_status")
    'Checking status'
    """
    text = field.replace("_", " ")
    return text[:1].upper() + text[1:]


def inputs(fields: Sequence[Field]) -> Tag:
    """Return the form of a record."""
    return tags.div(*(_input(field) for field in fields), class_="record")


def record_of(
    fields: Sequence[Field], value_of: Callable[[str], object]
) -> dict[str, str | int | float | bool | None]:
    """Return the record that the inputs make.

    An empty input of a field that may be missing is a missing value; of another field nothing is
    sent, so that the service says what it needs.

    Parameters
    ----------
    value_of : callable
        Returns the value of an input by its id.
    """
    record = {field.name: _value(field, value_of(id_of(field.name))) for field in fields}
    needed = {field.name for field in fields if not field.nullable}
    return {name: v for name, v in record.items() if v is not None or name not in needed}


def filled(fields: Sequence[Field], record: Mapping[str, object]) -> dict[str, str]:
    """Return what the inputs show of a record, by their ids."""
    return {id_of(field.name): _shown(field, record.get(field.name)) for field in fields}


def _value(field: Field, given: object) -> str | int | float | bool | None:
    if given is None or given == "":
        return None
    match field.type:
        case "category":
            return field.values[int(str(given))]
        case "boolean":
            return given == YES
        case "integer":
            if isinstance(given, int):
                return given
            number = float(str(given))
            # A number with a fraction goes as it is: the service says what is wrong with it.
            return int(number) if number.is_integer() else number
        case "number":
            return float(str(given))
        case _:
            return str(given)


def _shown(field: Field, value: object) -> str:
    if value is None:
        return ""
    match field.type:
        case "category":
            return str(field.values.index(str(value)))
        case "boolean":
            return YES if value else NO
        case _:
            return str(value)


def _input(field: Field) -> Tag:
    key = id_of(field.name)
    hint = _hint(field)
    return tags.div(
        tags.div(
            tags.label(
                title_of(field.name),
                tags.span(" (optional)", class_="quiet") if field.nullable else None,
                for_=key,
                class_="control-label",
                title=field.name,
            ),
            _control(field, key),
            class_="form-group shiny-input-container",
        ),
        tags.small(hint, id=f"{key}-hint", class_="hint"),
        class_="field",
    )


def _control(field: Field, key: str) -> Tag:
    described: TagAttrs = {"aria-describedby": f"{key}-hint", "class": "form-control"}
    match field.type:
        case "category":
            return _select(field, key, [(str(at), text) for at, text in enumerate(field.values)])
        case "boolean":
            return _select(field, key, [(YES, "Yes"), (NO, "No")])
        case "integer" | "number":
            step = "1" if field.type == "integer" else "any"
            # ``min`` and ``max`` steer the arrows; what is outside is refused by the service.
            bounds: TagAttrs = {"min": field.minimum, "max": field.maximum}
            return tags.input(described, bounds, id=key, type="number", step=step)
        case "date":
            return tags.input(described, id=key, type="date", class_="day")
        case "datetime":
            return tags.input(described, id=key, type="datetime-local", step="1", class_="moment")
        case _:
            most = str(field.max_length)
            return tags.input(described, id=key, type="text", maxlength=most, autocomplete="off")


def _select(field: Field, key: str, options: Sequence[tuple[str, str]]) -> Tag:
    first = "missing" if field.nullable else "choose"
    return tags.select(
        tags.option(f"– {first} –", value=""),  # noqa: RUF001 - a dash stands for nothing
        *(tags.option(text, value=value) for value, text in options),
        id=key,
        class_="form-select shiny-input-select",
        aria_describedby=f"{key}-hint",
    )


def _hint(field: Field) -> str:
    low, high = field.minimum, field.maximum
    if low is not None and high is not None:
        bounds = f"{words.number(low)} to {words.number(high)}."
    elif low is not None:
        bounds = f"At least {words.number(low)}."
    else:
        bounds = f"At most {words.number(high)}." if high is not None else ""
    return " ".join(part for part in (field.description, bounds) if part)
