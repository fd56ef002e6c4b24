"""Waiting for a run in front of a terminal, and printing what came out."""

from __future__ import annotations

from collections.abc import Sequence

import click

from crispml_core.cli.output import Output
from crispml_core.cli.verb import Session
from crispml_core.domain.runs import Run


def finish(session: Session, run: Run) -> Run:
    """Wait for a run behind a progress bar; raise when it does not succeed."""
    try:
        with session.out.progress(run.method) as report:
            return session.client.training.wait(
                run, on_progress=lambda state: report(state.percent / 100, state.stage)
            )
    except KeyboardInterrupt:
        click.echo(f"run {run.id} goes on; stop it with: crispml runs cancel {run.id}", err=True)
        raise


def show_run(out: Output, run: Run) -> None:
    """Print everything about one run."""
    error = None
    if run.error is not None:
        error = f"{run.error.step}: {run.error.message}" if run.error.step else run.error.message
    out.facts(
        [
            ("run", run.id),
            ("use case", run.use_case),
            ("method", run.method),
            ("status", run.status.value),
            ("stage", run.stage),
            ("percent", run.percent),
            ("created", run.created_at),
            ("started", run.started_at),
            ("finished", run.finished_at),
            ("error", error),
        ]
    )
    if run.steps:
        out.line()
        show_steps(out, [run])
    plain = {name: value for name, value in run.result.items() if not isinstance(value, list)}
    if plain:
        out.line()
        out.facts(list(plain.items()))


def show_steps(out: Output, runs: Sequence[Run]) -> None:
    """Print the methods that ran, with their rows, times and outputs."""
    out.table(
        ("method", "algorithm", "status", "rows", "seconds", "output"),
        [
            (
                step.method,
                step.algorithm,
                step.status.value,
                step.rows,
                round(step.seconds, 3),
                step.output,
            )
            for run in runs
            for step in run.steps
        ],
    )
