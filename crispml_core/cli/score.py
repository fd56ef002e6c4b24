"""``crispml score``: NewDataScore for the records of a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

import click

from crispml_core.cli.dossier import dossier
from crispml_core.cli.records import chunks, read_rows, typed
from crispml_core.cli.verb import DefaultGroup, Failure, ServiceVerb, Session
from crispml_core.domain.identifiers import new_id

if TYPE_CHECKING:
    from crispml_core.client import ScoreAnswer

CHUNK = 1000


@click.group(
    "score",
    cls=DefaultGroup,
    epilog="Example: crispml score german_credit new.csv",
)
def score() -> None:
    """Score records, and show everything behind a score.

    Without a command: crispml score USE_CASE [FILE].
    """


score.add_command(dossier)


@score.command("show", cls=ServiceVerb, example="crispml score german_credit applications.csv")
@click.argument("use_case")
@click.argument("file", type=click.File("r", encoding="utf-8"), default="-")
@click.option("--version", help="A model version instead of an alias.")
@click.option("--alias", help="Which alias answers.  [default: champion]")
@click.option("--explain", is_flag=True, help="Add the reasons of every score.")
@click.option(
    "--interval",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="Add an interval, or a set of classes, of this confidence.",
)
@click.pass_obj
def show(
    session: Session,
    use_case: str,
    file: TextIO,
    version: str | None,
    alias: str | None,
    explain: bool,
    interval: float | None,
) -> None:
    """Score the records of a file or of standard input.

    FILE is CSV or JSON. CSV needs a header line with the names of the fields. JSON is one record, a
    list of records, or one record per line.
    """
    if version is not None and alias is not None:
        raise click.UsageError("give --version or --alias, not both")
    scoring = session.client.scoring
    rows = read_rows(file, "records")
    fields = {field.name: field for field in scoring.use_case(use_case).fields}
    answers: list[ScoreAnswer] = []
    for chunk in chunks((typed(row, fields) for row in rows), CHUNK):
        answer = scoring.score(
            use_case,
            chunk,
            version=version,
            alias=alias,
            explain=explain,
            interval=interval,
            idempotency_key=str(new_id()),
        )
        # Later chunks use the version of the first, so that an alias move never mixes versions.
        version, alias = answer.version, None
        answers.append(answer)
    if not answers:
        raise Failure("the input has no records")
    first, scores = answers[0], [scored for answer in answers for scored in answer.scores]
    shown = {"use_case": use_case, "model": first.model, "version": first.version, "scores": scores}
    if session.out.emit(shown):
        return
    session.out.table(
        ("record key", "prediction", "probability", "score id"),
        [(item.record_key, item.prediction, item.probability, item.score_id) for item in scores],
        title=f"{first.model} {first.version}",
    )
