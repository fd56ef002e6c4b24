"""``crispml alerts``: what fires, and who looks after it."""

from __future__ import annotations

import click

from crispml_core.cli.verb import DefaultGroup, ServiceVerb, Session
from crispml_core.domain.alerts import AlertState


@click.group("alerts", cls=DefaultGroup, epilog="Example: crispml alerts --use-case german_credit")
def alerts() -> None:
    """Show alerts and acknowledge them.

    Without a command: crispml alerts [--all].
    """


@alerts.command("show", cls=ServiceVerb, example="crispml alerts --all")
@click.option("--use-case", help="Only those of this use case.")
@click.option("--all", "all_states", is_flag=True, help="Also those that ended.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="At most.")
@click.pass_obj
def show(session: Session, use_case: str | None, all_states: bool, limit: int) -> None:
    """List the alerts that fire, newest first."""
    state = None if all_states else AlertState.FIRING
    found = list(session.client.training.alerts(use_case=use_case, state=state, limit=limit))
    if session.out.emit(found):
        return
    session.out.table(
        ("alert", "use case", "rule", "severity", "state", "since", "until", "by", "found"),
        [
            (
                alert.id,
                alert.use_case,
                alert.rule,
                alert.severity,
                alert.state.value,
                alert.first_seen,
                alert.last_seen,
                alert.acknowledged_by or "-",
                alert.summary,
            )
            for alert in found
        ],
    )


@alerts.command("acknowledge", cls=ServiceVerb, example="crispml alerts acknowledge ID")
@click.argument("alert_id", metavar="ID")
@click.option("--by", default="", help="Who looks after it; without a key only.")
@click.pass_obj
def acknowledge(session: Session, alert_id: str, by: str) -> None:
    """Note who looks after an alert; the first one stays."""
    alert = session.client.training.acknowledge(alert_id, session.said_by(by))
    if not session.out.emit(alert):
        session.out.line(f"{alert.acknowledged_by} looks after {alert.rule} of {alert.use_case}")
