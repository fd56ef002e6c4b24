"""``crispml capacity measure``: service times of a service, read while it does its work."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from crispml_core.cli.parameters import OUTPUT_FILE
from crispml_core.cli.verb import ServiceVerb, Session

if TYPE_CHECKING:
    from crispml_core.capacity.measured import Measurement
    from crispml_core.capacity.readings import Calibration, Reading

_WINDOWS = 10


@click.command(
    "measure",
    cls=ServiceVerb,
    example="crispml capacity measure --seconds 60 --to mine.json",
)
@click.option(
    "--to",
    "target",
    type=OUTPUT_FILE,
    required=True,
    help="Where the measurements go, for `crispml capacity --measured`.",
)
@click.option(
    "--seconds",
    type=click.FloatRange(1, 3600),
    default=30.0,
    show_default=True,
    help="How long it is looked at.",
)
@click.option(
    "--database",
    default="postgresql",
    show_default=True,
    help="The kind of database that the service writes to.",
)
@click.pass_obj
def measure(session: Session, /, target: Path, seconds: float, database: str) -> None:
    """Read service times from the metrics of a scoring service that is used.

    Nothing is sent to it but the question for its metrics: it is the traffic of that time that
    counts. Name the address of one process. What metrics do not tell, storage and stalls among
    it, is as it was measured elsewhere.
    """
    from crispml_core.capacity.measured import Measured, read, write
    from crispml_core.capacity.readings import calibrate

    shipped = read().on(database)
    readings = [_reading(session)]
    with session.out.progress("measuring") as report:
        for window in range(_WINDOWS):
            time.sleep(seconds / _WINDOWS)
            readings.append(_reading(session))
            report((window + 1) / _WINDOWS, "")
    found = calibrate(readings, shipped.figures)
    mine = _measurement(shipped, found, seconds)
    write(target, Measured(databases={database: mine}))
    if not session.out.emit({"found": found, "measured": mine}):
        _print(session, found, target)


def _reading(session: Session) -> Reading:
    from crispml_core.capacity.readings import Reading

    text = session.client.scoring.metrics()
    return Reading.parse(text, time.monotonic())


def _measurement(shipped: Measurement, found: Calibration, seconds: float) -> Measurement:
    return replace(
        shipped,
        measured_at=datetime.now(UTC).isoformat(timespec="seconds"),
        machine={},
        data=f"{seconds:g} s of a service in use; storage and stalls as shipped",
        figures=found.figures,
    )


def _print(session: Session, found: Calibration, target: Path) -> None:
    figures = found.figures
    how = "fitted" if found.is_fitted else "groups were too alike: what was shipped, scaled"
    session.out.facts(
        [
            ("scores", f"{found.rate:,.0f}/s, {found.group_size:.1f} in each commit"),
            ("processor", f"{found.cpu_us:,.0f} µs a score, {found.factor:.2f} of what is shipped"),
            ("a request", f"{figures.request_cpu_us:,.1f} µs ({how})"),
            (
                "a group",
                f"{figures.group_cpu_us:,.0f} µs, and {figures.group_wait_us:,.0f} waiting",
            ),
            ("memory", f"{figures.idle_mib:,.0f} MiB"),
            ("written to", target),
        ]
    )
