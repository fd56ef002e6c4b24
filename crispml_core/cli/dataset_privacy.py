"""Printing how well the rows of a data set hide one another."""

from __future__ import annotations

from crispml_core.cli.output import Output
from crispml_core.domain.dataset_privacy import PrivacyReport


def show_privacy(out: Output, found: PrivacyReport) -> None:
    """Print a privacy report for a person: the verdict, the sizes, the sensitive columns."""
    asked = found.asked
    out.facts(
        [
            ("data set", found.dataset_id),
            ("quasi-identifiers", asked.quasi_identifiers),
            ("rows", found.rows),
            ("classes", found.classes),
            ("smallest class (k)", found.k),
            ("asked for", asked.k if asked.k > 1 else None),
            ("rows in smaller classes", found.rows_below if asked.k > 1 else None),
            ("unique rows", found.unique_rows),
            ("expected re-identification", f"{found.risk:.2%}"),
            ("holds", found.holds if asked.is_demanding else None),
        ]
    )
    out.line()
    out.table(
        ("rows of a class", "classes", "rows"),
        [
            (
                f"{size.smallest}" if size.smallest == size.largest
                else f"{size.smallest} to {size.largest}",
                size.classes,
                size.rows,
            )
            for size in found.sizes
        ],
    )  # fmt: skip
    if found.diversity:
        out.line()
        out.table(
            (
                *("sensitive", "distinct", "entropy", f"recursive (c = {asked.c:g})"),
                *("closeness", "disclosed rows", "rows below l"),
            ),
            [
                (
                    *(one.column, one.distinct, f"{one.entropy:.2f}", one.recursive),
                    *(f"{one.closeness:.2f}", one.disclosed_rows, one.rows_below),
                )
                for one in found.diversity
            ],
        )
