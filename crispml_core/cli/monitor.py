"""``crispml monitor``: one evaluation of the rules of a use case, or a look into the past."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click

from crispml_core.cli.following import finish
from crispml_core.cli.output import Output
from crispml_core.cli.parameters import MOMENT
from crispml_core.cli.verb import ServiceVerb, Session
from crispml_core.domain.identifiers import new_id

# Neither a failure (1) nor wrong usage (2).
FIRES = 3


@click.command("monitor", cls=ServiceVerb, example="crispml monitor german_credit")
@click.argument("use_case")
@click.option(
    "--at", type=MOMENT, help="Evaluate as of this moment, UTC; once, however often it is called."
)
@click.option("--exit-zero", is_flag=True, help="End with 0 also when a rule fires.")
@click.option("--dry-run", is_flag=True, help="Say what would have happened, and do nothing.")
@click.option("--from", "start", type=MOMENT, help="First moment of a dry run, UTC.")
@click.option("--to", "end", type=MOMENT, help="Last moment of a dry run, UTC; now by default.")
@click.option("--step", type=float, help="Days between two evaluations of a dry run; 7 by default.")
@click.pass_context
def monitor(
    ctx: click.Context,
    use_case: str,
    at: datetime | None,
    exit_zero: bool,
    dry_run: bool,
    start: datetime | None,
    end: datetime | None,
    step: float | None,
) -> None:
    """Evaluate the rules of a use case.

    Ends with 0 when no rule fires and with 3 when one does. A dry run always ends with 0.
    """
    session: Session = ctx.obj
    if dry_run:
        if start is None or at is not None:
            raise click.UsageError("--dry-run needs --from, and no --at")
        _dry_run(session, use_case, start, end or datetime.now(UTC), step or 7.0)
        return
    if start is not None or end is not None or step is not None:
        raise click.UsageError("--from, --to and --step belong to --dry-run")
    training = session.client.training
    run = finish(session, training.monitor(use_case, at=at, idempotency_key=str(new_id())))
    if not session.out.emit(run):
        _show(session.out, run.result)
    if run.result["firing"] and not exit_zero:
        ctx.exit(FIRES)


def _show(out: Output, result: dict[str, Any]) -> None:
    out.facts(
        [
            ("evaluation", result["evaluation_id"]),
            ("as of", result["at"]),
            ("champion", result["champion"] or "none yet"),
            *result["evidence"].items(),
        ]
    )
    out.line()
    out.table(
        ("rule", "severity", "state", "found", "action"),
        [
            (d["rule"], d["severity"], d["state"], d["summary"], d["act"] or d["held"])
            for d in result["decisions"]
        ],
    )
    for action in result["actions"]:
        run = f": run {action['run_id']}" if action["run_id"] else ""
        out.line()
        out.line(f"{action['kind']} {action['status']}{run} {action['detail']}".rstrip())


def _dry_run(
    session: Session, use_case: str, start: datetime, end: datetime, step_days: float
) -> None:
    training = session.client.training
    queued = training.monitor_dry_run(
        use_case, start, end, step_days=step_days, idempotency_key=str(new_id())
    )
    run = finish(session, queued)
    if session.out.emit(run):
        return
    session.out.line(f"{run.result['evaluations']} evaluations, every {step_days:g} days")
    session.out.line()
    rows = [
        (step["at"], d["rule"], d["change"] or d["state"], d["summary"], d["act"] or d["held"])
        for step in run.result["timeline"]
        for d in step["decisions"]
        if d["change"] or d["act"]
    ]
    session.out.table(("as of", "rule", "what", "found", "action"), rows)
    if not rows:
        session.out.line("no rule would have fired")
