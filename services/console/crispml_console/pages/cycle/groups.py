"""Groups of fields that the forms of several methods have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from htmltools import Tag, TagChild, TagList, tags

from crispml_console.pages.cycle import fields
from crispml_console.pages.cycle.fields import id_of
from crispml_console.pages.cycle.fields import text_of as text
from crispml_console.parts.fields import select_field, text_field
from crispml_console.parts.layout import row
from crispml_core.client import SCORINGS, AlgorithmInfo, Hyperparameter, UseCaseInfo

Begin = Mapping[str, Any]
"""What a form begins with, by parameter; the others show their defaults."""


def selection(begin: Begin) -> Tag:
    """Return the fields that select rows of the source."""
    return row(
        text_field(
            id_of("where"),
            "Where",
            text(begin.get("where")),
            hint="empty: every row",
            placeholder="age >= 18 and purpose == 'car'",
        ),
        text_field(
            id_of("sample"),
            "Share",
            text(begin.get("sample", 1)),
            hint="above 0, at most 1",
            mode="decimal",
        ),
        text_field(
            id_of("limit"),
            "At most rows",
            text(begin.get("limit")),
            hint="empty: all of them",
            mode="numeric",
        ),
    )


def seed(begin: Begin, hint: str) -> Tag:
    """Return the field of a seed; `hint` says what it decides."""
    return text_field(id_of("seed"), "Seed", text(begin.get("seed", 0)), hint=hint, mode="numeric")


def search(use_case: UseCaseInfo, begin: Begin) -> Tag:
    """Return the fields of a search; those that the chosen kind does not need are hidden."""
    given: Begin = begin.get("search") or {}
    scorings = {"": "as the task has it", **{name: name for name in SCORINGS[use_case.task]}}
    return tags.div(
        select_field(
            id_of("search_kind"),
            "Search",
            {"": "none", "grid": "grid: every combination", "random": "random draws"},
            text(given.get("kind")),
            hint="for hyperparameters, inside train",
        ),
        tags.div(
            text_field(
                id_of("search_folds"),
                "Folds",
                text(given.get("folds", 5)),
                hint="2 to 20",
                mode="numeric",
            ),
            class_="only-search",
        ),
        tags.div(
            text_field(
                id_of("search_iterations"),
                "Draws",
                text(given.get("iterations", 20)),
                hint="1 to 500",
                mode="numeric",
            ),
            class_="only-random",
        ),
        tags.div(
            select_field(id_of("search_scoring"), "Best by", scorings, text(given.get("scoring"))),
            class_="only-search",
        ),
        class_="form-row search",
    )


def hypers(use_case: UseCaseInfo, algorithm: str | None, given: Begin) -> TagChild:
    """Return the fields of the hyperparameters of one algorithm."""
    ids = fields.hyper_ids(use_case.algorithms)
    for one in use_case.algorithms:
        if one.name == algorithm:
            return _hyper_row(one, ids, given)
    return tags.p("Choose a curation to see what may be set.", class_="quiet")


def hyper_groups(use_case: UseCaseInfo, given: Begin) -> TagList:
    """Return the fields of the hyperparameters of every algorithm, each behind its name."""
    ids = fields.hyper_ids(use_case.algorithms)
    return TagList(
        *(
            tags.details(
                tags.summary(f"Hyperparameters of {one.name}"),
                _hyper_row(one, ids, given.get(one.name) or {}),
                open="" if given.get(one.name) else None,
            )
            for one in use_case.algorithms
            if one.hyperparameters
        )
    )


def _hyper_row(
    algorithm: AlgorithmInfo, ids: Mapping[tuple[str, str], str], given: Begin
) -> TagChild:
    if not algorithm.hyperparameters:
        return tags.p(f"{algorithm.name} has no hyperparameters.", class_="quiet")
    return row(
        *(
            _hyper(one, ids[algorithm.name, one.name], given.get(one.name, one.default))
            for one in algorithm.hyperparameters
        )
    )


def _hyper(one: Hyperparameter, id: str, value: object) -> Tag:  # noqa: A002 - as Shiny names it
    offered = fields.hyper_choices(one)
    hint = fields.hyper_hint(one)
    if offered is not None:
        return select_field(id, one.name, offered, text(value), hint=hint)
    mode = "text" if isinstance(one.default, str) else "numeric" if one.is_whole else "decimal"
    return text_field(id, one.name, text(value), hint=hint, mode=mode)  # type: ignore[arg-type]
