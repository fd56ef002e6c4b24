"""``crispml runs``: what ran, what runs, and how to stop it."""

from __future__ import annotations

import click

from crispml_core.cli.following import finish, show_run
from crispml_core.cli.verb import DefaultGroup, ServiceVerb, Session
from crispml_core.domain.runs import RunStatus


@click.group("runs", cls=DefaultGroup, epilog="Example: crispml runs --status running")
def runs() -> None:
    """Show runs and cancel them.

    Without a command: crispml runs [ID] [--follow].
    """


@runs.command("show", cls=ServiceVerb, example="crispml runs ID --follow")
@click.argument("run_id", metavar="[ID]", required=False)
@click.option("--follow", is_flag=True, help="Wait until the run ends.")
@click.option("--use-case", help="Only runs of this use case.")
@click.option(
    "--status", type=click.Choice([status.value for status in RunStatus]), help="Only these."
)
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="At most.")
@click.pass_obj
def show(
    session: Session,
    run_id: str | None,
    follow: bool,
    use_case: str | None,
    status: str | None,
    limit: int,
) -> None:
    """List runs, newest first, or show one."""
    training, out = session.client.training, session.out
    if run_id is not None:
        run = training.run(run_id)
        if follow:
            run = finish(session, run)
        if not out.emit(run):
            show_run(out, run)
        return
    if follow:
        raise click.UsageError("--follow needs the id of a run")
    found = list(
        training.runs(use_case=use_case, status=RunStatus(status) if status else None, limit=limit)
    )
    if not out.emit(found):
        out.table(
            ("run", "use case", "method", "status", "percent", "created"),
            [
                (r.id, r.use_case, r.method, r.status.value, round(r.percent), r.created_at)
                for r in found
            ],
        )


@runs.command("cancel", cls=ServiceVerb, example="crispml runs cancel ID")
@click.argument("run_id", metavar="ID")
@click.pass_obj
def cancel(session: Session, run_id: str) -> None:
    """Ask a run to stop."""
    run = session.client.training.cancel(run_id)
    if not session.out.emit(run):
        state = run.status.value if run.status.is_final else "asked to stop"
        session.out.line(f"run {run.id}: {state}")
