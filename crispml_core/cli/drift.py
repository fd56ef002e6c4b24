"""``crispml drift``: how far the scores of a period are from the training data."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from crispml_core.cli.parameters import MOMENT, OUTPUT_FILE, check_period
from crispml_core.cli.verb import ServiceVerb, Session

_COLUMNS = ("field", "statistic", "effect", "threshold", "adjusted p", "moved most")


@click.command(
    "drift",
    cls=ServiceVerb,
    example="crispml drift german_credit --from 2026-01-01 --to 2026-02-01 --html drift.html",
)
@click.argument("use_case")
@click.option("--from", "start", type=MOMENT, help="First moment of the period, UTC.")
@click.option("--to", "end", type=MOMENT, help="First moment after the period, UTC.")
@click.option("--version", help="The model version; the champion by default.")
@click.option("--segment", help="Only one group, for example sex=female.")
@click.option(
    "--window",
    type=click.Choice(["hour", "day", "week"]),
    default="day",
    show_default=True,
    help="The windows of the trend.",
)
@click.option(
    "--html",
    type=OUTPUT_FILE,
    help="Write the report as one HTML page to this file.",
)
@click.pass_obj
def drift(
    session: Session,
    use_case: str,
    start: datetime | None,
    end: datetime | None,
    version: str | None,
    segment: str | None,
    window: str,
    html: Path | None,
) -> None:
    """Say what drifted, which values moved, and since when."""
    check_period(start, end)
    asked: dict[str, Any] = {
        "start": start,
        "end": end,
        "version": version,
        "segment": segment,
        "window": window,
    }
    scoring = session.client.scoring
    found = scoring.drift(use_case, **asked)
    if html is not None:
        html.write_text(scoring.drift_html(use_case, **asked), encoding="utf-8")
    if session.out.emit(found):
        return
    session.out.facts(
        [
            ("version", found["version"]),
            ("segment", found["segment"]),
            ("from", found["window"]["from"]),
            ("to", found["window"]["to"]),
            ("scores", found["rows"]),
            ("note", found["reason"]),
            ("first alert", found["detected_at"]),
        ]
    )
    session.out.line()
    if found["alerts"]:
        session.out.table(_COLUMNS, [_row(alert) for alert in found["alerts"]])
    else:
        session.out.line("no alerts")
    if html is not None:
        session.out.line()
        session.out.line(str(html))


def _row(alert: dict[str, Any]) -> tuple[Any, ...]:
    moved = ""
    for cell in alert["moved"][:1]:
        moved = f"{cell['value']}: {cell['reference']:.1%} to {cell['current']:.1%}"
    return (
        alert["field"],
        alert["statistic"],
        alert["value"],
        alert["threshold"],
        alert["adjusted_p"],
        moved,
    )
