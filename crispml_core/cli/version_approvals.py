"""``crispml models approval``, ``approve``, ``refuse``, ``promote``: who lets a version answer."""

from __future__ import annotations

from collections.abc import Sequence

import click

from crispml_core.cli.verb import ServiceVerb, Session
from crispml_core.domain.approval import VersionApproval
from crispml_core.domain.models import CHAMPION


@click.command("approval", cls=ServiceVerb, example="crispml models approval german_credit VERSION")
@click.argument("model")
@click.argument("version")
@click.pass_obj
def approval(session: Session, model: str, version: str) -> None:
    """Show what is known about VERSION of MODEL, and who approved it.

    Promotions that rules asked for are another matter: `crispml approvals` lists them.
    """
    found = session.client.training.version_approval(model, version)
    if not session.out.emit(found):
        _show(session, found)


@click.command(
    "approve",
    cls=ServiceVerb,
    example='crispml models approve german_credit VERSION --reason "meeting 12"',
)
@click.argument("model")
@click.argument("version")
@click.option("--reason", required=True, help="Why; kept with the decision.")
@click.option(
    "--accept",
    multiple=True,
    metavar="ITEM",
    help="An undecided item of the checklist that shall not stand in the way; may be repeated.",
)
@click.pass_obj
def approve(session: Session, model: str, version: str, reason: str, accept: Sequence[str]) -> None:
    """Let VERSION of MODEL answer in this environment; whoever trained it cannot."""
    done = session.client.training.decide_version(
        model, version, approve=True, reason=reason, accept=accept
    )
    if not session.out.emit(done):
        session.out.line(f"{version} of {model} is approved in {done.environment}")


@click.command(
    "refuse",
    cls=ServiceVerb,
    example='crispml models refuse german_credit VERSION --reason "a complaint"',
)
@click.argument("model")
@click.argument("version")
@click.option("--reason", required=True, help="Why; kept with the decision.")
@click.pass_obj
def refuse(session: Session, model: str, version: str, reason: str) -> None:
    """Decide against VERSION of MODEL; that ends an approval too. No alias moves."""
    done = session.client.training.decide_version(model, version, approve=False, reason=reason)
    if not session.out.emit(done):
        session.out.line(f"{version} of {model} is refused in {done.environment}")


@click.command(
    "promote",
    cls=ServiceVerb,
    example='crispml models promote german_credit VERSION --reason "release 12"',
)
@click.argument("model")
@click.argument("version")
@click.option("--reason", default="", help="Why; kept with the move, required in prod.")
@click.option(
    "--break-glass",
    metavar="REASON",
    help="Do it in an emergency although nobody approved the version; everybody hears of it.",
)
@click.pass_obj
def promote(
    session: Session, model: str, version: str, reason: str, break_glass: str | None
) -> None:
    """Let VERSION be champion of MODEL."""
    training, out = session.client.training, session.out
    if break_glass is not None:
        if reason:
            raise click.UsageError("give --reason or --break-glass, not both")
        moved = training.break_glass(model, version, reason=break_glass)
    else:
        there = {event.alias: event.version for event in training.aliases(model)}
        moved = training.move_alias(
            model, CHAMPION, version, expected=there.get(CHAMPION), reason=reason
        )
    if not out.emit(moved):
        out.line(f"{CHAMPION} of {model} is {moved.version}")


def _show(session: Session, found: VersionApproval) -> None:
    out = session.out
    holds = next((one for one in found.decisions if one.approval_id == found.approval_id), None)
    needed = "needed" if found.is_needed else "not needed"
    out.facts(
        [
            ("model", found.model),
            ("version", found.version),
            ("digest", found.digest),
            ("trained by", ", ".join(found.trained_by) or "nobody knows"),
            (
                f"approval in {found.environment}",
                needed if holds is None else f"by {holds.decided_by}: {holds.reason}",
            ),
            ("you cannot approve it", found.objection or "-"),
        ]
    )
    out.line()
    out.table(
        ("item", "verdict", "reason"),
        [(item.name, item.verdict, item.reason) for item in found.checklist],
        title="checklist",
    )
    if found.decisions:
        out.line()
        out.table(
            ("decided", "what", "by", "in", "reason", "void"),
            [
                (
                    one.decided_at,
                    one.kind.value,
                    one.decided_by,
                    one.environment,
                    one.reason,
                    "other bytes" if one.approval_id in found.void else "",
                )
                for one in found.decisions
            ],
            title="decisions, oldest first",
        )
