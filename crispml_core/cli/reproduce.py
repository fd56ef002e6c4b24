"""``crispml reproduce``: make a version again and say whether it is the same."""

from __future__ import annotations

import click

from crispml_core.cli.following import finish
from crispml_core.cli.verb import ServiceVerb, Session
from crispml_core.domain.identifiers import new_id
from crispml_core.domain.reproduction import Level, Reproduction


@click.command(
    "reproduce", cls=ServiceVerb, example="crispml reproduce german_credit 20260301-120000-abcdef01"
)
@click.argument("model")
@click.argument("version")
@click.option("--no-wait", is_flag=True, help="Print the queued run and do not wait for it.")
@click.pass_context
def reproduce(context: click.Context, model: str, version: str, no_wait: bool) -> None:
    """Train VERSION again from what was recorded, and say whether it is the same.

    Ends with 0 when it is identical or gives the same answers, and with 3 when it is different.
    Nothing is published.
    """
    session: Session = context.obj
    run = session.client.training.reproduce(model, version, idempotency_key=str(new_id()))
    if no_wait:
        if not session.out.emit(run):
            session.out.line(run.id)
        return
    import msgspec

    found = msgspec.convert(finish(session, run).result, Reproduction)
    if not session.out.emit(found):
        _show(session, found)
    if found.level is Level.DIFFERENT:
        context.exit(3)


def _show(session: Session, found: Reproduction) -> None:
    answers = found.answers
    session.out.facts(
        [
            ("version", f"{found.model} {found.version}"),
            ("made again", found.level.value),
            *((f"bytes of {name}", "equal" if same else "other") for name, same in _files(found)),
            ("test records", answers and answers.records),
            ("other answers", answers and answers.different),
            ("other decisions", answers and answers.decisions),
            ("largest deviation", answers and answers.largest_deviation),
        ]
    )
    if found.differences:
        session.out.line()
        session.out.table(
            ("differs", "recorded", "now"),
            [
                (difference.what, difference.recorded, difference.now)
                for difference in found.differences
            ],
        )


def _files(found: Reproduction) -> list[tuple[str, bool]]:
    return list(found.files.items())
