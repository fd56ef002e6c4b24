"""Names of the fields of a form, and which field an error of a service is about."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from crispml_core.client import AlgorithmInfo, ClientError, Hyperparameter, HyperValue

# A service speaks of "search.folds" or begins with the name of a parameter.
_NAME = re.compile(r"^(?:hyperparameter )?([A-Za-z_][A-Za-z0-9_.]*)")


def id_of(name: str) -> str:
    """Return the id of the field of a parameter, as the REST contract spells it."""
    return "f_" + name.replace(".", "_")


def hyper_ids(algorithms: Sequence[AlgorithmInfo]) -> dict[tuple[str, str], str]:
    """Return the id of the field of each hyperparameter, by algorithm and name."""
    return {
        (algorithm.name, one.name): f"f_hyper_{row}_{column}"
        for row, algorithm in enumerate(algorithms)
        for column, one in enumerate(algorithm.hyperparameters)
    }


def marks_of(error: ClientError, algorithms: Sequence[AlgorithmInfo]) -> dict[str, str]:
    """Return what a service found wrong, by the id of the field it is about.

    What is about no field is left out; a page shows the error as a whole besides.
    """
    found = {id_of(p.field): p.message for p in error.errors if p.field}
    if found:
        return found
    if "expression" in error.detail:
        return {id_of("where"): error.detail}
    named = _NAME.match(error.detail)
    if named is None:
        return {}
    name = named[1]
    hypers = {one: field for (_, one), field in hyper_ids(algorithms).items()}
    return {hypers.get(name, id_of(name)): error.detail}


def text_of(value: object) -> str:
    """Return the value of a parameter as its field shows it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def hyper_choices(one: Hyperparameter) -> Mapping[str, str] | None:
    """Return what a hyperparameter may be, by the value of its field; None for a free one."""
    if one.values:
        return {text_of(value): text_of(value) or "none" for value in one.values}
    if isinstance(one.default, bool):
        return {"true": "true", "false": "false"}
    return None


def hyper_hint(one: Hyperparameter) -> str:
    """Say what a hyperparameter may be."""
    kind = "whole number" if one.is_whole else "number"
    if isinstance(one.default, bool | str) or one.values:
        said = ""
    elif one.minimum is not None and one.maximum is not None:
        said = f"{kind}, {one.minimum:g} to {one.maximum:g}; "
    elif one.minimum is not None:
        said = f"{kind}, {one.minimum:g} or more; "
    elif one.maximum is not None:
        said = f"{kind}, {one.maximum:g} or less; "
    else:
        said = f"{kind}; "
    return f"{said}default {text_of(one.default) or 'none'}"


def hyper_value(one: Hyperparameter, text: str | None) -> HyperValue:
    """Read a hyperparameter from the text of its field; an empty field means the default.

    Raises
    ------
    InvalidInput
        If it is not allowed; the message says what is.
    """
    if text is None and not one.values:
        return one.default
    for value in one.values:
        if text_of(value) == (text or ""):
            return one.check(value)
    if isinstance(one.default, bool):
        return one.check(text == "true")
    if isinstance(one.default, str):
        return one.check(text)
    return one.check(_number(text or ""))


def _number(text: str) -> HyperValue:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
