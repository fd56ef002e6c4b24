"""``crispml models card``: what is known about a version."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from crispml_core.cli.output import text
from crispml_core.cli.parameters import OUTPUT_FILE
from crispml_core.cli.verb import ServiceVerb, Session


@click.command(
    "card", cls=ServiceVerb, example="crispml models card german_credit V --html card.html"
)
@click.argument("model")
@click.argument("version")
@click.option(
    "--html",
    type=OUTPUT_FILE,
    help="Write the card as one HTML page to this file.",
)
@click.pass_obj
def card(session: Session, model: str, version: str, html: Path | None) -> None:
    """Show the model card of VERSION; every number of its JSON names the query that gives it."""
    training = session.client.training
    if html is not None:
        html.write_text(training.card_html(model, version), encoding="utf-8")
    found = training.card(model, version)
    if session.out.emit(found):
        return
    for section in found["sections"]:
        _show(session, section)
    if html is not None:
        session.out.line(str(html))


def _show(session: Session, section: dict[str, Any]) -> None:
    out = session.out
    out.line(f"{section['title']} (Annex IV {section['annex_iv']})")
    for limit in section["texts"]:
        number = limit["number"]
        out.line(f"  {limit['text']}{'' if number is None else ' ' + _cell(number)}")
    out.facts([(f"  {name.replace('_', ' ')}", _cell(v)) for name, v in section["facts"].items()])
    for name, table in section["tables"].items():
        if table["rows"]:
            out.line()
            rows = [[_cell(value) for value in row] for row in table["rows"]]
            out.table(table["columns"], rows, title=name.replace("_", " "))
    out.line()


def _cell(value: Any) -> str:
    if isinstance(value, dict):
        value = value["value"]
    return "not recorded" if value is None else text(value)
