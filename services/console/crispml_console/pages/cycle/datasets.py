"""What is in a data set: facts, a profile of its columns, its first rows."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from htmltools import Tag, TagChild, TagList, tags

from crispml_console.parts import words
from crispml_console.parts.tables import Column, facts, table
from crispml_core.client import CatalogueEntry

_FEATURE = re.compile(r"\d+:")
_TEXT = 60


def about(dataset: CatalogueEntry) -> TagChild:
    """Return the facts of a data set, and of a matrix what a model will see of it."""
    size = sum(file.size for file in dataset.files)
    said = [
        ("Data set", tags.code(dataset.id)),
        ("Rows", words.number(dataset.rows)),
        ("Columns", words.number(len(dataset.columns))),
        ("Size", words.size(size)),
        ("Sensitivity", dataset.sensitivity),
        ("Made", words.moment(dataset.created_at)),
    ]
    if dataset.stage == "curated":
        said[2:3] = [
            ("Features", words.number(len(features(dataset)))),
            ("Types", _types(dataset)),
            ("Cells", words.number(dataset.rows * len(features(dataset)))),
        ]
    if dataset.owner:
        said.append(("Owner", dataset.owner))
    if dataset.tags:
        said.append(("Tags", ", ".join(dataset.tags)))
    return TagList(
        tags.p(dataset.description) if dataset.description else None,
        facts(*said),  # type: ignore[arg-type]
    )


def features(dataset: CatalogueEntry) -> list[str]:
    """Return the columns of a curated data set that a model sees.

    They are numbered; beside them stand the record key, the split and the truth.
    """
    return [column.name for column in dataset.columns if _FEATURE.match(column.name)]


def profile(dataset: CatalogueEntry) -> Tag:
    """Return what is known of each column."""
    rows = [(column.name, dataset.profile.get(column.name, {})) for column in dataset.columns]
    types = {column.name: column.type for column in dataset.columns}
    columns = [
        Column[tuple[str, dict[str, Any]]]("Column", lambda r: tags.code(r[0])),
        Column[tuple[str, dict[str, Any]]]("Type", lambda r: types[r[0]]),
        Column[tuple[str, dict[str, Any]]](
            "Missing", lambda r: _missing(r[1], dataset.rows), is_number=True
        ),
        Column[tuple[str, dict[str, Any]]]("Distinct", lambda r: _distinct(r[1]), is_number=True),
        Column[tuple[str, dict[str, Any]]](
            "Lowest", lambda r: _number(r[1].get("minimum")), is_number=True
        ),
        Column[tuple[str, dict[str, Any]]](
            "Mean", lambda r: _number(r[1].get("mean")), is_number=True
        ),
        Column[tuple[str, dict[str, Any]]](
            "Highest", lambda r: _number(r[1].get("maximum")), is_number=True
        ),
        Column[tuple[str, dict[str, Any]]]("Most frequent", lambda r: _frequent(r[1])),
    ]
    return table("Profile of the columns", columns, rows)


def row_columns(rows: Sequence[Mapping[str, Any]]) -> list[Column[dict[str, Any]]]:
    """Return the columns of a page of rows."""
    names = list(rows[0]) if rows else []
    return [
        Column(
            name,
            lambda row, name=name: _cell(row.get(name)),  # type: ignore[misc]
            is_number=any(_is_number(row.get(name)) for row in rows),
        )
        for name in names
    ]


def _cell(value: object) -> TagChild:
    if _is_number(value):
        return words.number(value, 4)  # type: ignore[arg-type]
    if value is None:
        return tags.span("missing", class_="quiet")
    text = str(value)
    return text if len(text) <= _TEXT else tags.span(text[:_TEXT] + "…", title=text)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _types(dataset: CatalogueEntry) -> str:
    names = set(features(dataset))
    counts: dict[str, int] = {}
    for column in dataset.columns:
        if column.name in names:
            counts[column.type] = counts.get(column.type, 0) + 1
    return ", ".join(f"{count} {name}" for name, count in counts.items())


def _missing(found: Mapping[str, Any], rows: int) -> str:
    count = found.get("missing")
    if not count or not rows:
        return words.number(count)
    return f"{count:,} ({words.share(count / rows)})"


def _distinct(found: Mapping[str, Any]) -> str:
    is_exact = found.get("distinct_is_exact", True)
    return ("" if is_exact else "about ") + words.number(found.get("distinct"))


def _number(value: object) -> str:
    return words.number(value) if _is_number(value) else str(value or "")  # type: ignore[arg-type]


def _frequent(found: Mapping[str, Any]) -> TagChild:
    top = found.get("top") or []
    said = " · ".join(f"{one['value']} ({one['count']:,})" for one in top)
    return tags.span(said, title=said, class_="frequent") if said else None
