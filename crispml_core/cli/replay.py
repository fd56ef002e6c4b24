"""``crispml replay``: a window of the ledger once more, with any version."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from crispml_core.cli.parameters import MOMENT, OUTPUT_FILE, check_period
from crispml_core.cli.verb import ServiceVerb, Session
from crispml_core.domain.identifiers import new_id

_COLUMNS = ("rows", "identical", "flips", "mean_delta", "largest_delta")


@click.command(
    "replay",
    cls=ServiceVerb,
    example="crispml replay german_credit VERSION --from 2026-01-01 --to 2026-02-01",
)
@click.argument("use_case")
@click.argument("version")
@click.option("--from", "start", type=MOMENT, help="First moment of the window, UTC.")
@click.option("--to", "end", type=MOMENT, help="First moment after the window, UTC.")
@click.option("--of-version", help="Only the scores of this model version.")
@click.option(
    "--html",
    type=OUTPUT_FILE,
    help="Write the report as one HTML page to this file.",
)
@click.pass_obj
def replay(
    session: Session,
    use_case: str,
    version: str,
    start: datetime | None,
    end: datetime | None,
    of_version: str | None,
    html: Path | None,
) -> None:
    """Show what VERSION would have said to the records of a window."""
    check_period(start, end)
    scoring, out = session.client.scoring, session.out
    made = scoring.replay(
        use_case,
        version,
        start=start,
        end=end,
        of_version=of_version,
        idempotency_key=str(new_id()),
    )
    if html is not None:
        html.write_text(scoring.report_html(made.id), encoding="utf-8")
    if out.emit(made):
        return
    content = made.content
    rows = [("all", *(content["overall"].get(name) for name in _COLUMNS))]
    for segment, groups in content["segments"].items():
        for group, found in groups.items():
            rows.append((f"{segment} {group}", *(found.get(name) for name in _COLUMNS)))
    out.table(("records", *_COLUMNS), rows, title=f"what {version} would have said")
    out.line()
    for loss in ("cost", "mistakes", "squared_error"):
        if loss in content["overall"]:
            impact = content["overall"][loss]
            out.facts([(f"{loss} before", impact["before"]), (f"{loss} after", impact["after"])])
    out.line(str(html) if html is not None else scoring.report_url(made.id))
