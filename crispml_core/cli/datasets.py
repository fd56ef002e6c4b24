"""``crispml datasets``: the catalogue of the registry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

import click

from crispml_core.cli.dataset_diff import show_diff
from crispml_core.cli.dataset_privacy import show_privacy
from crispml_core.cli.verb import DefaultGroup, ServiceVerb, Session
from crispml_core.domain.catalogue import CatalogueEntry, Sensitivity
from crispml_core.domain.dataset_diff import MAX_SAMPLE
from crispml_core.domain.dataset_privacy import DiversityKind
from crispml_core.domain.datasets import Stage

_LEVELS = click.Choice([level.value for level in Sensitivity])
_STAGES = click.Choice([stage.value for stage in Stage])
_LIMIT = click.option(
    "--limit", type=click.IntRange(1), default=50, show_default=True, help="At most."
)


@click.group("datasets", cls=DefaultGroup, epilog="Example: crispml datasets --stage raw")
def datasets() -> None:
    """Find, describe and compare data sets.

    Without a command: crispml datasets [ID].
    """


@datasets.command("show", cls=ServiceVerb, example="crispml datasets --stage raw")
@click.argument("dataset_id", metavar="[ID]", required=False)
@click.option("--use-case", help="Only data sets of this use case.")
@click.option("--stage", type=_STAGES, help="Only these.")
@_LIMIT
@click.pass_obj
def show(
    session: Session, dataset_id: str | None, use_case: str | None, stage: str | None, limit: int
) -> None:
    """List data sets, or show one with its columns and what was said about it."""
    training, out = session.client.training, session.out
    if dataset_id is None:
        _list(session, use_case=use_case, stage=Stage(stage) if stage else None, limit=limit)
        return
    found = training.dataset(dataset_id)
    if not out.emit(found):
        _show(session, found)


@datasets.command("search", cls=ServiceVerb, example="crispml datasets search credit --tag q1")
@click.argument("words", nargs=-1)
@click.option("--use-case", help="Only data sets of this use case.")
@click.option("--stage", type=_STAGES, help="Only these.")
@click.option("--tag", help="Only those with this tag.")
@click.option("--owner", help="Only those of this owner.")
@click.option("--sensitivity", type=_LEVELS, help="Only those that are as confidential as this.")
@_LIMIT
@click.pass_obj
def search(
    session: Session, /, words: Sequence[str], stage: str | None, limit: int, **conditions: Any
) -> None:
    """Find data sets whose description or columns have all WORDS."""
    _list(
        session,
        words=" ".join(words) or None,
        stage=Stage(stage) if stage else None,
        limit=limit,
        **conditions,
    )


@datasets.command(
    "describe",
    cls=ServiceVerb,
    example='crispml datasets describe ID --owner risk --tag q1 --description "Loans of 2026"',
)
@click.argument("dataset_id", metavar="ID")
@click.option("--owner", help="Who answers for the data.")
@click.option("--description", help="One sentence for the reader.")
@click.option("--tag", "tags", multiple=True, help="A word to find it by; all of them.")
@click.option("--no-tags", is_flag=True, help="Remove every tag.")
@click.option("--sensitivity", type=_LEVELS, help="How confidential the data are.")
@click.option(
    "--reason", default="", help="Kept in the history; needed to make the data less confidential."
)
@click.option("--by", "noted_by", default="", help="Who says so; without a key only.")
@click.pass_obj
def describe(
    session: Session,
    /,
    dataset_id: str,
    tags: Sequence[str],
    no_tags: bool,
    reason: str,
    noted_by: str,
    **said: Any,
) -> None:
    """Change what is said about a data set, which itself never changes."""
    changes = {name: value for name, value in said.items() if value is not None}
    if tags or no_tags:
        changes["tags"] = list(tags)
    if not changes:
        raise click.UsageError("say --owner, --description, --tag, --no-tags or --sensitivity")
    training = session.client.training
    before = training.dataset(dataset_id).sequence
    found = training.describe_dataset(
        dataset_id, changes, expected=before, reason=reason, noted_by=session.said_by(noted_by)
    )
    if not session.out.emit(found):
        _show(session, found)


@datasets.command("diff", cls=ServiceVerb, example="crispml datasets diff ID1 ID2")
@click.argument("before", metavar="ID1")
@click.argument("after", metavar="ID2")
@click.option(
    "--sample",
    type=click.IntRange(0, MAX_SAMPLE),
    default=20,
    show_default=True,
    help="Record keys to show, of each kind.",
)
@click.pass_obj
def diff(session: Session, before: str, after: str, sample: int) -> None:
    """Explain which columns and rows of ID2 are different from ID1."""
    found = session.client.training.diff_datasets(before, after, sample=sample)
    if not session.out.emit(found):
        show_diff(session.out, found)


@datasets.command(
    "privacy",
    cls=ServiceVerb,
    example="crispml datasets privacy ID --by age --by postcode --sensitive income -k 5",
)
@click.argument("dataset_id", metavar="ID")
@click.option(
    "--by",
    "quasi_identifiers",
    multiple=True,
    help="A column that, with others, may tell who a row is about.",
)
@click.option("--sensitive", multiple=True, help="A column that nobody may learn about a person.")
@click.option("-k", type=click.IntRange(1), help="Rows that each combination should have.")
@click.option("-l", type=click.FloatRange(1), help="How diverse sensitive columns should be.")
@click.option("--diversity", type=click.Choice(get_args(DiversityKind)), help="How -l counts.")
@click.option("-c", type=float, help="Of the recursive (c, l)-diversity.")
@click.pass_obj
def privacy(
    session: Session,
    /,
    dataset_id: str,
    quasi_identifiers: Sequence[str],
    sensitive: Sequence[str],
    **asked: Any,
) -> None:
    """Report k-anonymity and l-diversity of a data set.

    What is not said is as the use case declares it. Exit code 1: it is not what is asked for.
    """
    found = session.client.training.privacy_report(
        dataset_id,
        quasi_identifiers=quasi_identifiers or None,
        sensitive=sensitive or None,
        **asked,
    )
    if not session.out.emit(found):
        show_privacy(session.out, found)
    if not found.holds:
        raise click.exceptions.Exit(1)


def _list(session: Session, **what: Any) -> None:
    items = list(session.client.training.datasets(**what))
    if not session.out.emit(items):
        session.out.table(
            ("data set", "use case", "stage", "rows", "owner", "tags", "sensitivity", "created"),
            [
                (
                    *(i.id, i.use_case, i.stage.value, i.rows),
                    *(i.owner, i.tags, i.sensitivity, i.created_at),
                )
                for i in items
            ],
        )


def _show(session: Session, found: CatalogueEntry) -> None:
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
            ("of its parents", found.inherited),
            ("described", found.changed_at),
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
    notes = list(session.client.training.dataset_notes(found.id)) if found.sequence else []
    if notes:
        out.line()
        out.table(
            ("noted", "by", "changes", "reason"),
            [(note.noted_at, note.noted_by, note.changes, note.reason) for note in notes],
        )


def _profile(found: CatalogueEntry, column: str) -> dict[str, object]:
    profile = found.profile.get(column)
    return profile if isinstance(profile, dict) else {}
