"""``crispml report``: NewDataReport for a period."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from crispml_core.cli.kpis import kpi_rows
from crispml_core.cli.parameters import MOMENT, OUTPUT_FILE, check_period
from crispml_core.cli.verb import ServiceVerb, Session
from crispml_core.domain.identifiers import new_id

_COUNTS = ("scored", "labelled", "unusable", "coverage")


@click.command(
    "report",
    cls=ServiceVerb,
    example="crispml report german_credit --from 2026-01-01 --to 2026-02-01 --html january.html",
)
@click.argument("use_case")
@click.option("--from", "start", type=MOMENT, help="First moment of the period, UTC.")
@click.option("--to", "end", type=MOMENT, help="First moment after the period, UTC.")
@click.option("--version", help="Only the scores of this model version.")
@click.option(
    "--as-of",
    "as_of",
    type=MOMENT,
    help="Only what was stored until then, so that an old report can be made again.",
)
@click.option(
    "--html",
    type=OUTPUT_FILE,
    help="Write the report as one HTML page to this file.",
)
@click.option(
    "--csv",
    type=OUTPUT_FILE,
    help="Write the numbers of the report as a CSV table to this file.",
)
@click.pass_obj
def report(
    session: Session,
    use_case: str,
    start: datetime | None,
    end: datetime | None,
    version: str | None,
    as_of: datetime | None,
    html: Path | None,
    csv: Path | None,
) -> None:
    """Verify the scores of a period against their truth."""
    check_period(start, end)
    scoring = session.client.scoring
    made = scoring.verify(
        use_case,
        start=start,
        end=end,
        version=version,
        as_of=as_of,
        idempotency_key=str(new_id()),
    )
    if html is not None:
        html.write_text(scoring.report_html(made.id), encoding="utf-8")
    if csv is not None:
        csv.write_text(scoring.report_csv(made.id), encoding="utf-8", newline="")
    if session.out.emit(made):
        return
    facts = [("report", made.id), ("made", made.created_at), ("digest", made.digest)]
    facts += [(name, made.content.get(name)) for name in _COUNTS]
    verdict = made.content.get("verdict")
    if verdict:
        facts += [("gates", verdict["overall"] or "none"), ("judged by", verdict["basis"])]
    facts += [("note", note) for note in made.content.get("notes", ())]
    session.out.facts(facts)
    session.out.line()
    session.out.table(("kpi", "value", "low", "high"), kpi_rows(made.content.get("kpis", {})))
    session.out.line()
    session.out.line(str(html) if html is not None else scoring.report_url(made.id))
