"""``crispml run``: one training method on its own."""

from __future__ import annotations

from pathlib import Path

import click

from crispml_core.cli.following import finish, show_run
from crispml_core.cli.parameters import assignment
from crispml_core.cli.verb import ServiceVerb, Session
from crispml_core.domain.identifiers import new_id
from crispml_core.domain.runs import TRAINING_METHODS


@click.command(
    "run",
    cls=ServiceVerb,
    example="crispml run data-preparation german_credit --param dataset_id=ID --param seed=1",
)
@click.argument("method", type=click.Choice(TRAINING_METHODS))
@click.argument("use_case")
@click.option(
    "--param",
    "params",
    multiple=True,
    metavar="NAME=VALUE",
    help="A parameter of the method; the value is JSON or text. May be repeated.",
)
@click.option(
    "--file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="For data-ingestion: send this CSV or Parquet file instead of reading the source.",
)
@click.option("--no-wait", is_flag=True, help="Print the queued run and do not wait for it.")
@click.pass_obj
def run(
    session: Session,
    method: str,
    use_case: str,
    params: tuple[str, ...],
    file: Path | None,
    no_wait: bool,
) -> None:
    """Run one training method on its own.

    Its result names the input of the next one. The scoring methods are the verbs score, label and
    report.
    """
    parameters = dict(assignment(text, "--param") for text in params)
    training, key = session.client.training, str(new_id())
    if file is None:
        started = training.start(use_case, method, parameters, idempotency_key=key)
    elif method != "data-ingestion":
        raise click.UsageError("--file belongs to the method data-ingestion")
    else:
        unknown = sorted(set(parameters) - {"owner", "description", "tags", "sensitivity"})
        if unknown:
            raise click.UsageError(
                "with --file, --param takes owner, description, tags and sensitivity only"
            )
        from crispml_core.client.training import CSV, PARQUET

        content_type = PARQUET if file.suffix.lower() in (".parquet", ".pq") else CSV
        started = training.upload(
            use_case, file, content_type=content_type, idempotency_key=key, **parameters
        )
    ended = started if no_wait else finish(session, started)
    if not session.out.emit(ended):
        show_run(session.out, ended)
