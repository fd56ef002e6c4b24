"""``crispml models export`` and ``crispml models import``: from one environment to the next."""

from __future__ import annotations

from pathlib import Path

import click

from crispml_core.cli.verb import ServiceVerb, Session


@click.command(
    "export",
    cls=ServiceVerb,
    example="crispml models export german_credit VERSION -o credit.bundle.tar",
)
@click.argument("model")
@click.argument("version")
@click.option(
    "-o",
    "--output",
    "file",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The bundle to write.",
)
@click.pass_obj
def export(session: Session, model: str, version: str, file: Path) -> None:
    """Write VERSION of MODEL with its evidence to one file."""
    digest = session.client.training.export_bundle(model, version, file)
    facts = {"model": model, "version": version, "bundle": digest, "file": str(file)}
    if not session.out.emit(facts):
        session.out.line(f"{file}: {version} of {model}, bundle {digest}")


@click.command(
    "import", cls=ServiceVerb, example="crispml models import credit.bundle.tar --by ann"
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--by", default="", help="Who imports it; without a key only.")
@click.pass_obj
def import_(session: Session, file: Path, by: str) -> None:
    """Verify the bundle FILE and publish the version in it, byte for byte."""
    outcome = session.client.training.import_bundle(file, imported_by=session.said_by(by))
    out = session.out
    if out.emit(outcome):
        return
    out.facts(
        [
            ("model", outcome.model),
            ("version", outcome.version),
            ("digest", outcome.digest),
            ("bundle", outcome.bundle),
            ("exported from", outcome.environment),
            ("published", "new here" if outcome.published else "was here already"),
            ("fallback", outcome.fallback),
            ("other libraries here", outcome.libraries or "none"),
        ]
    )
    for note in outcome.notes:
        out.line(f"note: {note}")
    out.line()
    out.table(
        ("approved in", "alias", "by", "reason", "at"),
        [
            (one.environment, one.alias, one.moved_by, one.reason, one.moved_at)
            for one in outcome.approvals
        ],
        title="moves of aliases that bind these bytes",
    )
    if outcome.gates:
        out.line()
        out.table(
            ("kpi", "gate", "value", "passed"),
            [(gate["kpi"], gate["bound"], gate["value"], gate["passed"]) for gate in outcome.gates],
            title="gates of the use case here",
        )
