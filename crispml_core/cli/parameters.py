"""Reading values, moments, periods and files from the command line."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click


def assignment(text: str, option: str) -> tuple[str, Any]:
    """Split ``NAME=VALUE``; the value is read as JSON, and as text where it is none.

    Raises
    ------
    click.BadParameter
        If there is no equals sign, or no name before it.
    """
    name, separator, value = text.partition("=")
    if not separator or not name.strip():
        raise click.BadParameter("write NAME=VALUE", param_hint=option)
    try:
        return name.strip(), json.loads(value)
    except ValueError:
        return name.strip(), value


class Moment(click.ParamType[datetime]):
    """An ISO 8601 date or time; without a zone it is UTC."""

    name = "time"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Return an aware time in UTC."""
        try:
            moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        except ValueError:
            self.fail("write a time such as 2026-01-31 or 2026-01-31T12:00:00Z", param, ctx)
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)


MOMENT = Moment()

OUTPUT_FILE = click.Path(dir_okay=False, writable=True, path_type=Path)


def check_period(start: datetime | None, end: datetime | None) -> None:
    """Raise `click.UsageError` if a period ends before it starts."""
    if start is not None and end is not None and start >= end:
        raise click.UsageError("--from must be before --to")
