"""Printing what is different between two data sets."""

from __future__ import annotations

from typing import Any

from crispml_core.cli.output import Output
from crispml_core.domain.dataset_diff import DataSetDiff


def show_diff(out: Output, found: DataSetDiff) -> None:
    """Print a difference for a person: columns first, then rows, then distributions."""
    rows, columns = found.rows, found.columns
    out.facts(
        [
            ("identical", found.identical),
            ("rows", f"{found.rows_before} → {found.rows_after}"),
            ("columns added", tuple(column.name for column in columns.added)),
            ("columns removed", tuple(column.name for column in columns.removed)),
            ("columns changed", columns.changed),
            ("columns reordered", columns.reordered or None),
            ("rows matched by", rows.matched_by or "their whole content"),
            ("rows added", rows.added),
            ("rows removed", rows.removed),
            ("rows changed", rows.changed),
            ("rows equal", rows.same),
            ("rows with repeated keys", rows.repeated if any(rows.repeated) else None),
            *((f"{kind} keys", tuple(keys)) for kind, keys in rows.sample.items()),
            *(("note", note) for note in found.notes),
        ]
    )
    for title, names, lines in (
        (
            "Types",
            ("column", "before", "after"),
            [(change.name, change.before, change.after) for change in columns.retyped],
        ),
        ("Changed values", ("column", "rows"), list(rows.changed_by_column.items())),
        ("Distributions", ("column", "of", "before", "after"), _moves(found)),
    ):
        if lines:
            out.line()
            out.table(names, lines, title=title)


def _moves(found: DataSetDiff) -> list[tuple[Any, ...]]:
    lines: list[tuple[Any, ...]] = []
    for column, moved in found.moved.items():
        for name, pair in moved.items():
            if name == "shares":
                lines += [
                    (column, f"share of {part['value']}", part["before"], part["after"])
                    for part in pair
                ]
            elif name != "distance":
                lines.append((column, name.replace("_", " "), *pair))
    return lines
