"""``crispml approvals``: promotions that rules asked for."""

from __future__ import annotations

import click

from crispml_core.cli.verb import DefaultGroup, ServiceVerb, Session
from crispml_core.domain.alerts import ActionStatus


@click.group("approvals", cls=DefaultGroup, epilog="Example: crispml approvals")
def approvals() -> None:
    """Show promotions that rules asked for, and answer them.

    What people decide about a version itself is under `crispml models approval`.
    Without a command: crispml approvals [--all].
    """


@approvals.command("show", cls=ServiceVerb, example="crispml approvals --all")
@click.option("--use-case", help="Only those of this use case.")
@click.option("--all", "all_states", is_flag=True, help="Also those that were answered.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="At most.")
@click.pass_obj
def show(session: Session, use_case: str | None, all_states: bool, limit: int) -> None:
    """List the requests that nobody answered yet, newest first."""
    status = None if all_states else ActionStatus.AWAITING
    found = list(
        session.client.training.approval_requests(use_case=use_case, status=status, limit=limit)
    )
    if session.out.emit(found):
        return
    session.out.table(
        ("approval", "use case", "version", "instead of", "status", "asked", "by", "reason"),
        [
            (
                one.id,
                one.use_case,
                one.version,
                one.champion,
                one.status.value,
                one.created_at,
                one.decided_by or "-",
                one.reason,
            )
            for one in found
        ],
    )


@approvals.command("approve", cls=ServiceVerb, example="crispml approvals approve ID")
@click.argument("approval_id", metavar="ID")
@click.option("--by", default="", help="Who approves; without a key only.")
@click.option("--reason", default="", help="Kept with the move.")
@click.pass_obj
def approve(session: Session, approval_id: str, by: str, reason: str) -> None:
    """Let the challenger be champion, if the champion is still the one it was compared with."""
    done = session.client.training.answer_approval(
        approval_id, approve=True, by=session.said_by(by), reason=reason
    )
    if not session.out.emit(done):
        session.out.line(f"champion of {done.use_case} is {done.version}")


@approvals.command("reject", cls=ServiceVerb, example="crispml approvals reject ID")
@click.argument("approval_id", metavar="ID")
@click.option("--by", default="", help="Who rejects; without a key only.")
@click.option("--reason", default="", help="Kept with the request.")
@click.pass_obj
def reject(session: Session, approval_id: str, by: str, reason: str) -> None:
    """End a request; the same version is not asked for again."""
    done = session.client.training.answer_approval(
        approval_id, approve=False, by=session.said_by(by), reason=reason
    )
    if not session.out.emit(done):
        session.out.line(f"rejected: the champion of {done.use_case} stays")
