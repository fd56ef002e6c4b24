"""``crispml capacity``: what it takes to score at a rate."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crispml_core.cli.capacity_measure import measure
from crispml_core.cli.verb import DefaultGroup, Session, Verb

if TYPE_CHECKING:
    from crispml_core.capacity.measured import Measurement
    from crispml_core.capacity.sizing import Plan, Wish


@click.group(
    "capacity",
    cls=DefaultGroup,
    epilog="Example: crispml capacity --rate 5000 --p99-ms 20",
)
def capacity() -> None:
    """Say what a rate takes, or measure your own service for it.

    Without a command: crispml capacity --rate REQUESTS --p99-ms MS.
    """


capacity.add_command(measure)


@capacity.command(
    "show", cls=Verb, example="crispml capacity --rate 5000 --p99-ms 20 --mean-rate 800"
)
@click.option(
    "--rate",
    type=float,
    required=True,
    metavar="REQUESTS",
    help="Requests per second at the busiest time, each of one record.",
)
@click.option(
    "--p99-ms",
    type=float,
    required=True,
    metavar="MS",
    help="What 99 of 100 requests may take at most, without the network.",
)
@click.option(
    "--mean-rate",
    type=float,
    metavar="REQUESTS",
    help="Requests per second over a month, for storage.  [default: the rate]",
)
@click.option(
    "--database",
    default="postgresql",
    show_default=True,
    help="The kind of database, as the measurements name it.",
)
@click.option(
    "--spare",
    type=click.IntRange(min=0),
    default=1,
    show_default=True,
    help="Pods that may be lost.",
)
@click.option(
    "--most-used",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.8,
    show_default=True,
    help="Share that is planned with of what a pod could do at all.",
)
@click.option(
    "--connections",
    type=click.IntRange(min=1),
    help="Open at the same time.  [default: the requests that are on their way]",
)
@click.option("--retention-days", type=click.IntRange(min=1), help="How long scores are kept.")
@click.option(
    "--measured",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Measurements of your own.  [default: those that are shipped]",
)
@click.pass_obj
def show(session: Session, /, database: str, measured: Path | None, **asked: Any) -> None:
    """Say how many pods a rate takes, and what they do to the database.

    A model of a queue with measured service times: docs/scale.md says what it assumes, and how to
    measure your own service.
    """
    from crispml_core.capacity.measured import read
    from crispml_core.capacity.sizing import Wish, make_plan

    found, wish = read(measured).on(database), Wish(**asked)
    plan = make_plan(found.figures, wish, database)
    told = {"asked": wish, "plan": plan, "database": database, "measured": found}
    if not session.out.emit(told):
        _print(session, wish, plan, found, database)


def _print(session: Session, wish: Wish, plan: Plan, found: Measurement, database: str) -> None:
    spare = f", {wish.spare} of them spare" if wish.spare else ""
    kept = f"{wish.retention_days} days are kept: " if plan.kept_gib is not None else ""
    session.out.facts(
        [
            ("pods", f"{plan.pods} with a core each{spare}"),
            ("a pod can do", f"{plan.rate_per_pod:,.0f} requests/s within {wish.p99_ms:g} ms"),
            ("a pod does", f"{wish.rate / plan.pods:,.0f} requests/s, {plan.used_share:.0%} used"),
            ("p99", f"{plan.p99_ms:.1f} ms, {plan.p99_ms_without_spare:.1f} ms without the spare"),
            ("processor", f"{plan.cores:.2f} cores of all pods together"),
            ("memory", f"{plan.memory_mib:,.0f} MiB a pod"),
            ("commits", f"{plan.commits_per_s:,.0f}/s, {plan.group_size:.1f} scores in each"),
            ("rows written", f"{plan.rows_per_s:,.0f}/s"),
            ("database", f"{plan.database_cores:.2f} cores of its server"),
            ("a score takes", f"{plan.bytes_per_score:,.0f} bytes"),
            ("storage", f"{plan.month_gib:,.1f} GiB a month"),
            ("", "") if plan.kept_gib is None else ("kept", f"{kept}{plan.kept_gib:,.1f} GiB"),
        ]
    )
    session.out.line()
    machine = found.machine
    where = f", {machine['cores']} cores, Python {machine['python']}" if machine else ""
    session.out.line(
        f"measured: {found.data}, {database}{where}, commit {found.commit}, {found.measured_at}"
    )
    for note in plan.notes:
        session.out.line(f"note: {note}")
