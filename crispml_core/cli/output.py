"""What the verbs print: tables and progress for a terminal, plain lines for a pipe, or JSON."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import click

# A reason or a description that somebody wrote must not be able to command a terminal.
_CONTROL = dict.fromkeys(
    {*range(32), *range(127, 160)} - {*map(ord, "\t\n")}, "\N{REPLACEMENT CHARACTER}"
)

Report = Callable[[float, str], None]
"""Takes the share that is done, 0 to 1, and what is going on."""


class Output:
    """Prints the result of one verb.

    Parameters
    ----------
    as_json : bool
        Print one JSON value on standard output and nothing else.
    """

    def __init__(self, as_json: bool = False) -> None:
        self.as_json = as_json

    def emit(self, value: Any) -> bool:
        """Print `value` if JSON was asked for, and say whether it was."""
        if self.as_json:
            import msgspec

            click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())
        return self.as_json

    def line(self, text: str = "") -> None:
        """Print a line for a person; nothing with ``--json``."""
        if not self.as_json:
            click.echo(text.translate(_CONTROL))

    def facts(self, pairs: Sequence[tuple[str, Any]]) -> None:
        """Print names and values below each other, without those that are empty."""
        shown = [
            (name, text(value)) for name, value in pairs if value not in (None, "", (), [], {})
        ]
        width = max((len(name) for name, _ in shown), default=0)
        for name, value in shown:
            self.line(f"{name:<{width}}  {value}")

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[Any]], title: str = "") -> None:
        """Print a table; columns of numbers are aligned to the right.

        On a terminal it is drawn and fits the width. In a pipe it is one line per row, never cut,
        with two spaces or more between columns.
        """
        if self.as_json:
            return
        cells = [
            list(row) for row in zip(*(_column(c) for c in zip(*rows, strict=True)), strict=True)
        ]
        numeric = [
            bool(rows) and all(isinstance(row[i], int | float) or row[i] is None for row in rows)
            for i in range(len(columns))
        ]
        if sys.stdout.isatty():
            _draw(columns, cells, numeric, title)
            return
        if title:
            self.line(title)
        widths = [max(len(line[i]) for line in [columns, *cells]) for i in range(len(columns))]
        for line in [columns, *cells]:
            padded = [
                cell.rjust(width) if right else cell.ljust(width)
                for cell, width, right in zip(line, widths, numeric, strict=True)
            ]
            self.line("  ".join(padded).rstrip())

    @contextmanager
    def progress(self, description: str) -> Iterator[Report]:
        """Show a progress bar on a terminal; nothing in a pipe."""
        if not (sys.stdout.isatty() and sys.stderr.isatty()):
            yield lambda fraction, message: None
            return
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TaskProgressColumn(),
        )
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task(description, total=1.0)

            def report(fraction: float, message: str) -> None:
                said = f"{description}: {message}" if message else description
                bar.update(task, completed=fraction, description=said)

            yield report


def text(value: Any) -> str:
    """Return a value as a person reads it: at most 4 decimals, local form of nothing else."""
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.4f}".rstrip("0").rstrip(".") if value == value else "-"
        case datetime():
            return f"{value:%Y-%m-%d %H:%M:%S} UTC"
        case dict():
            return ", ".join(f"{name}={text(item)}" for name, item in value.items())
        case list() | tuple():
            return ", ".join(text(item) for item in value)
    return str(value)


def _column(values: Sequence[Any]) -> list[str]:
    """Return the values of a column; fractions get as many decimals as the longest of them."""
    shown = [text(value) for value in values]
    decimals = max(
        (
            len(cell.partition(".")[2])
            for cell, value in zip(shown, values, strict=True)
            if isinstance(value, float)
        ),
        default=0,
    )
    return [
        f"{value:.{decimals}f}" if isinstance(value, float) and value == value else cell
        for cell, value in zip(shown, values, strict=True)
    ]


def _draw(
    columns: Sequence[str], cells: Sequence[Sequence[str]], numeric: Sequence[bool], title: str
) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    named = title.translate(_CONTROL) or None
    table = Table(title=named, title_justify="left", header_style="bold")
    for name, right in zip(columns, numeric, strict=True):
        table.add_column(name, justify="right" if right else "left", overflow="fold")
    for row in cells:
        table.add_row(*(Text(cell.translate(_CONTROL)) for cell in row))
    Console().print(table)
