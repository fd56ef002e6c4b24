"""``crispml models history``: which version an alias meant, when, moved by whom, and why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import click

from crispml_core.cli.output import Output
from crispml_core.cli.parameters import MOMENT
from crispml_core.cli.verb import ServiceVerb, Session
from crispml_core.domain.models import AliasEvent


@click.command(
    "history",
    cls=ServiceVerb,
    example="crispml models history german_credit champion --at 2026-03-01T12:00:00Z",
)
@click.argument("model")
@click.argument("alias", required=False)
@click.option("--at", type=MOMENT, help="Only where the alias pointed at this moment.")
@click.pass_obj
def history(session: Session, model: str, alias: str | None, at: datetime | None) -> None:
    """Show every move of the aliases of MODEL, or of one ALIAS, newest first."""
    training, out = session.client.training, session.out
    if alias is None:
        if at is not None:
            raise click.UsageError("--at needs an ALIAS")
        names = [event.alias for event in training.aliases(model)]
    else:
        names = [alias]
    if alias is not None and at is not None:
        moves = [training.alias(model, alias, at=at)]
    else:
        found = (move for name in names for move in training.alias_history(model, name))
        moves = sorted(found, key=lambda move: move.sequence, reverse=True)
    if not out.emit(moves):
        show_moves(out, moves, f"{alias or 'aliases'} of {model}, newest first")


def show_moves(out: Output, moves: Sequence[AliasEvent], title: str) -> None:
    """Print moves of aliases as a table."""
    out.table(
        ("version", "moved", "alias", "digest", "in", "by", "reason", "traffic"),
        [
            (
                move.version or "removed",
                move.moved_at,
                move.alias,
                move.digest[:12],
                move.environment,
                move.moved_by,
                move.reason,
                move.traffic or None,
            )
            for move in moves
        ],
        title=title,
    )
