"""``crispml use-case``: start a use case, check it, and see what is loaded."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crispml_core.cli.skeletons import reference_of, write_skeleton
from crispml_core.cli.verb import Failure, ServiceVerb, Session, Verb
from crispml_core.domain.errors import did_you_mean

if TYPE_CHECKING:
    from crispml_core.domain.sources import Selection
    from crispml_core.domain.use_case import UseCase


@click.group("use-case", epilog="Example: crispml use-case new returns")
def use_case() -> None:
    """Write, check and list use cases."""


@use_case.command("new", cls=Verb, example="crispml use-case new returns --yaml")
@click.argument("name")
@click.option("--yaml", is_flag=True, help="Write a YAML file instead of a Python file.")
@click.pass_obj
def new(session: Session, name: str, yaml: bool) -> None:
    """Write a use case that works as it is, with its data and its test, into the folder NAME."""
    written = write_skeleton(Path(), name, yaml=yaml)
    reference = reference_of(Path(name))
    assert reference is not None
    if session.out.emit({"name": name, "reference": reference, "files": [str(f) for f in written]}):
        return
    for file in written:
        session.out.line(str(file))
    session.out.line()
    session.out.line("Next steps:")
    session.out.facts(
        [
            (f"  crispml use-case check {name}", "# after every change"),
            (f"  crispml up --use-case {reference}", "# start the services with it"),
            (f"  crispml cycle {name} --promote", "# train, report, publish"),
        ]
    )


@use_case.command("check", cls=Verb, example="crispml use-case check returns/use_case.py:returns")
@click.argument("name_or_reference")
@click.pass_obj
def check(session: Session, name_or_reference: str) -> None:
    """Check that a use case keeps the rules, on its own data.

    Give a folder, a file, module:name, or the name of a use case of CRISPML_USE_CASES.
    """
    found, connections = _with_connections(name_or_reference)

    from crispml_core.testing import check_use_case

    passed = check_use_case(found, connections=connections)
    if not session.out.emit({"name": found.name, "digest": found.digest, "passed": passed}):
        for sentence in passed:
            session.out.line(sentence)
        session.out.line(f"use case {found.name} keeps the rules")


def _selecting(command: Any) -> Any:
    """Add the options that say which rows are wanted."""
    for option in (
        click.option("--seed", type=click.IntRange(0), default=0, help="Seed of the sample."),
        click.option("--limit", type=click.IntRange(1), help="At most so many rows."),
        click.option("--sample", type=float, default=1.0, help="Share of the rows."),
        click.option("--where", help="Rows that make this expression true."),
    ):
        command = option(command)
    return command


@use_case.command("sql", cls=Verb, example="crispml use-case sql returns --where 'amount > 10'")
@click.argument("name_or_reference")
@_selecting
@click.pass_obj
def sql(session: Session, /, name_or_reference: str, **wanted: Any) -> None:
    """Show the statement that reads the source, for its database; nothing is read.

    Tables and columns are looked up there. Values are named parameters.
    """
    from crispml_core.testing.sources import explain

    use_case, connections = _with_connections(name_or_reference)
    found = explain(use_case, _selection(wanted), connections)
    if session.out.emit(dataclasses.asdict(found)):
        return
    session.out.line(found.sql)
    session.out.line()
    facts = [("in the database", ", ".join(found.in_database))]
    if found.while_reading:
        facts.append(("while reading", ", ".join(found.while_reading)))
    if found.expected_rows is not None:
        facts.append(("expected rows", str(found.expected_rows)))
    session.out.facts(facts)


@use_case.command("profile", cls=Verb, example="crispml use-case profile returns --sample 0.1")
@click.argument("name_or_reference")
@_selecting
@click.pass_obj
def profile(session: Session, /, name_or_reference: str, **wanted: Any) -> None:
    """Let the database describe the columns of the source; nothing is read into this process.

    Of keys and of fields whose privacy is not keep, no value is shown.
    """
    from crispml_core.testing.sources import profile as profiled

    use_case, connections = _with_connections(name_or_reference)
    found = profiled(use_case, _selection(wanted), connections)
    if session.out.emit(found):
        return
    shown = ("type", "missing", "distinct", "minimum", "mean", "maximum")
    session.out.line(f"{found['rows']} rows")
    session.out.table(
        ("column", *shown, "quantiles 5 25 50 75 95 %"),
        [
            (name, *(column.get(key) for key in shown), list(column.get("quantiles", {}).values()))
            for name, column in found["columns"].items()
        ],
    )


def _selection(wanted: dict[str, Any]) -> Selection:
    from crispml_core.domain.expressions import parse
    from crispml_core.domain.sources import Selection

    where = wanted.pop("where")
    return Selection(where=None if where is None else parse(where), **wanted)


@use_case.command("list", cls=ServiceVerb, example="crispml use-case list")
@click.pass_obj
def list_(session: Session) -> None:
    """List the use cases that the training service has loaded."""
    found = list(session.client.training.use_cases())
    if not session.out.emit(found):
        session.out.table(
            ("use case", "version", "task", "target", "fields", "algorithms", "description"),
            [
                (
                    item.name,
                    item.version,
                    item.task,
                    item.target.name,
                    len(item.fields),
                    [algorithm.name for algorithm in item.algorithms],
                    item.description,
                )
                for item in found
            ],
        )


def _with_connections(place: str) -> tuple[UseCase, dict[str, str]]:
    """Return a use case, and the URLs of its databases by name."""
    from crispml_core.settings import load_settings

    settings = load_settings()
    urls = {name: url.get_secret_value() for name, url in settings.connections.items()}
    return _load(place, settings.use_cases), urls


def _load(place: str, references: Sequence[str]) -> UseCase:
    from crispml_core.use_cases.loader import load_use_case, load_use_cases

    path = Path(place)
    if path.is_dir() and (reference := reference_of(path)):
        return load_use_case(reference)
    if ":" in place or path.suffix in (".yaml", ".yml"):
        return load_use_case(place)
    loaded = load_use_cases(references)
    if place not in loaded:
        raise Failure(
            "there is no use case of this name in CRISPML_USE_CASES"
            f"{did_you_mean(place, loaded)}; known: {', '.join(sorted(loaded)) or 'none'}; "
            "or give a folder, file.py:name or file.yaml"
        )
    return loaded[place]
