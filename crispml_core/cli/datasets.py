"""``crispml datasets``: what lies in the registry."""

from __future__ import annotations

import click

from crispml_core.cli.verb import ServiceVerb, Session
from crispml_core.domain.datasets import DataSet, Stage


@click.command("datasets", cls=ServiceVerb, example="crispml datasets --stage raw")
@click.argument("dataset_id", metavar="[ID]", required=False)
@click.option("--use-case", help="Only data sets of this use case.")
@click.option("--stage", type=click.Choice([stage.value for stage in Stage]), help="Only these.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="At most.")
@click.pass_obj
def datasets(
    session: Session, dataset_id: str | None, use_case: str | None, stage: str | None, limit: int
) -> None:
    """List data sets, or show one with its columns."""
    training, out = session.client.training, session.out
    if dataset_id is not None:
        found = training.dataset(dataset_id)
        if not out.emit(found):
            _show(session, found)
        return
    items = list(
        training.datasets(use_case=use_case, stage=Stage(stage) if stage else None, limit=limit)
    )
    if not out.emit(items):
        out.table(
            ("data set", "use case", "stage", "rows", "columns", "created"),
            [
                (i.id, i.use_case, i.stage.value, i.rows, len(i.columns), i.created_at)
                for i in items
            ],
        )


def _show(session: Session, found: DataSet) -> None:
    out = session.out
    out.facts(
        [
            ("data set", found.id),
            ("use case", found.use_case),
            ("stage", found.stage.value),
            ("rows", found.rows),
            ("created", found.created_at),
            ("made from", found.parents),
            ("parameters", found.parameters),
            ("owner", found.owner),
            ("description", found.description),
            ("tags", found.tags),
            ("sensitivity", found.sensitivity),
            ("content digest", found.content_digest),
        ]
    )
    out.line()
    out.table(
        ("column", "type", "missing", "distinct"),
        [
            (column.name, column.type, profile.get("missing"), profile.get("distinct"))
            for column in found.columns
            for profile in [_profile(found, column.name)]
        ],
    )


def _profile(found: DataSet, column: str) -> dict[str, object]:
    profile = found.profile.get(column)
    return profile if isinstance(profile, dict) else {}
