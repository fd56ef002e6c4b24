"""``crispml label``: NewDataLabel for the rows of a file."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, TextIO

import click

from crispml_core.cli.records import chunks, read_rows, typed
from crispml_core.cli.verb import Failure, ServiceVerb, Session
from crispml_core.domain.fields import Field
from crispml_core.domain.identifiers import new_id
from crispml_core.domain.sources import MISSING_TEXTS

if TYPE_CHECKING:
    from crispml_core.client import LabelAnswer

CHUNK = 5000
COLUMNS = ("score_id", "record_key", "label", "label_time", "source", "propensity")
_PROPENSITY = Field("propensity", "number")


@click.command("label", cls=ServiceVerb, example="crispml label german_credit truth.csv")
@click.argument("use_case")
@click.argument("file", type=click.File("r", encoding="utf-8"), default="-")
@click.pass_obj
def label(session: Session, use_case: str, file: TextIO) -> None:
    """Import ground truth from a file or standard input.

    FILE is CSV or JSON. Columns: score_id or record_key, label, and optionally label_time, source
    and propensity.
    """
    scoring = session.client.scoring
    is_number = scoring.use_case(use_case).task == "regression"
    rows = (_row(row, is_number) for row in read_rows(file, "labels"))
    answers: list[LabelAnswer] = []
    first_row = 0
    imported: list[dict[str, Any]] = []
    counts: Counter[str] = Counter()
    for chunk in chunks(rows, CHUNK):
        answer = scoring.label(use_case, chunk, idempotency_key=str(new_id()))
        counts.update(answer.counts)
        imported += [
            {"row": first_row + item.row, "verdict": item.verdict, "label_id": item.label_id}
            for item in answer.rows
        ]
        first_row += len(chunk)
        answers.append(answer)
    if not answers:
        raise Failure("the input has no labels")
    ids = [answer.import_id for answer in answers]
    shown = {"use_case": use_case, "import_ids": ids, "counts": counts, "rows": imported}
    if not session.out.emit(shown):
        session.out.table(("verdict", "labels"), sorted(counts.items()), title=use_case)
        if counts["unknown"]:
            session.out.line("unknown labels are kept; they count as soon as their score is there")


def _row(row: dict[str, Any], is_number: bool) -> dict[str, Any]:
    unknown = sorted(set(row) - set(COLUMNS))
    if unknown:
        raise Failure(
            f"a label has a column that is not one of {', '.join(COLUMNS)}; rename or remove it"
        )
    given = {
        name: cell for name, cell in row.items() if cell is not None and cell not in MISSING_TEXTS
    }
    numbers = {"propensity": _PROPENSITY}
    return typed(given, numbers | {"label": Field("label", "number")} if is_number else numbers)
