"""``crispml retention``: how long rows are kept, and deleting those that grew too old."""

from __future__ import annotations

from dataclasses import replace

import click

from crispml_core.cli.verb import DefaultGroup, ServiceVerb, Session
from crispml_core.domain.retention import RetentionOutcome


@click.group("retention", cls=DefaultGroup, epilog="Example: crispml retention run --dry-run")
def retention() -> None:
    """Show what grew too old, or delete it.

    Without a command: crispml retention.
    """


@retention.command("show", cls=ServiceVerb, example="crispml retention")
@click.pass_obj
def show(session: Session) -> None:
    """List the rules and how many rows each of them would delete now."""
    _print(session, session.client.training.retention())


@retention.command("run", cls=ServiceVerb, example="crispml retention run --dry-run")
@click.option("--dry-run", is_flag=True, help="Delete nothing; say what would go.")
@click.pass_obj
def run(session: Session, dry_run: bool) -> None:
    """Delete what is older than its rule, in small steps, until nothing of it is left."""
    training = session.client.training
    _print(session, training.retention() if dry_run else _follow(session))


def _follow(session: Session) -> RetentionOutcome:
    """Ask until it is complete; what was deleted meanwhile is one sum."""
    outcome = session.client.training.follow_retention()
    while not outcome.complete:
        further = session.client.training.follow_retention()
        rules = tuple(
            replace(later, rows=earlier.rows + later.rows)
            for earlier, later in zip(outcome.rules, further.rules, strict=True)
        )
        outcome = replace(further, rules=rules)
    return outcome


def _print(session: Session, outcome: RetentionOutcome) -> None:
    if session.out.emit(outcome):
        return
    done = "rows to delete" if outcome.dry_run else "rows deleted"
    session.out.table(
        ("table", "use case", "days", "older than", done),
        [
            (rule.table, rule.use_case or "-", rule.days, rule.cutoff, rule.rows)
            for rule in outcome.rules
        ],
        title="rows that grew too old",
    )
