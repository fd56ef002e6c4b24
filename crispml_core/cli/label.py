"""``crispml label``: NewDataLabel for a file of any format."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from crispml_core.cli.label_files import FORMATS, by_content, by_name
from crispml_core.cli.parameters import OUTPUT_FILE
from crispml_core.cli.verb import Failure, ServiceVerb, Session
from crispml_core.domain.identifiers import new_id

_START_BYTES = 65_536
_DIALECTS = ("crispml", "sagemaker", "openscale")


@click.command("label", cls=ServiceVerb, example="crispml label german_credit truth.csv")
@click.argument("use_case")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True), default="-")
@click.option(
    "--format",
    "kind",
    type=click.Choice(sorted(FORMATS)),
    help="What FILE is, where its name does not say so.",
)
@click.option(
    "--dialect", type=click.Choice(_DIALECTS), help="Whose records they are.  [default: by looks]"
)
@click.option(
    "--verdicts",
    type=OUTPUT_FILE,
    help="Write what became of each row to this file: .csv, .ndjson, .parquet or .arrow.",
)
@click.pass_obj
def label(
    session: Session,
    use_case: str,
    file: str,
    kind: str | None,
    dialect: str | None,
    verdicts: Path | None,
) -> None:
    """Import ground truth from a file or standard input, all of it or nothing.

    FILE is CSV, JSON, NDJSON, Parquet or an Arrow stream, also as .gz or .zst. Columns: label;
    score_id, or record_key and optionally scored_until; optionally label_time, source and
    propensity. Ground truth of SageMaker and feedback of OpenScale are read as they are.
    """
    content, start = _opened(file)
    media, encoding = by_name(file)
    media = FORMATS[kind] if kind else media or by_content(start)
    accept = None
    if verdicts is not None:
        accept, _ = by_name(verdicts.name)
        if accept is None:
            raise click.UsageError("--verdicts must end with .csv, .ndjson, .parquet or .arrow")
    size = content.stat().st_size if isinstance(content, Path) else len(content)
    with session.out.progress(f"labels of {use_case}") as report:
        answer, rows = session.client.scoring.label_file(
            use_case,
            content,
            media,
            encoding=encoding,
            dialect=dialect,
            accept=accept,
            rows=session.out.as_json,
            idempotency_key=str(new_id()),
            sent_bytes=lambda done: report(done / size, _stage(done, size)),
        )
    if verdicts is not None:
        verdicts.write_bytes(rows)
    shown = {
        "use_case": use_case,
        "import_id": answer.import_id,
        "row_count": answer.row_count,
        "counts": answer.counts,
        "rows": answer.rows,
    }
    if not session.out.emit(shown):
        session.out.table(("verdict", "labels"), sorted(answer.counts.items()), title=use_case)
        if answer.counts.get("unknown"):
            session.out.line("unknown labels are kept; they count as soon as their score is there")


def _opened(file: str) -> tuple[Path | bytes, bytes]:
    """Return a file, or what standard input holds, and how it begins."""
    if file == "-":
        given = sys.stdin.buffer.read()
        content: Path | bytes = given
        start = given[:_START_BYTES]
    else:
        content = Path(file)
        with content.open("rb") as opened:
            start = opened.read(_START_BYTES)
    if not start.strip():
        raise Failure("the input has no labels")
    return content, start


def _stage(done: int, size: int) -> str:
    return "sending" if done < size else "storing"
