"""``crispml models``: registered models, their versions and their aliases."""

from __future__ import annotations

import click

from crispml_core.cli.alias_history import history, show_moves
from crispml_core.cli.bundles import export, import_
from crispml_core.cli.challenge import challenge
from crispml_core.cli.drill import drill
from crispml_core.cli.kpis import value_of
from crispml_core.cli.model_card import card
from crispml_core.cli.verb import DefaultGroup, Failure, ServiceVerb, Session
from crispml_core.cli.version_approvals import approval, approve, promote, refuse
from crispml_core.cli.version_health import health
from crispml_core.cli.version_signature import sign
from crispml_core.domain.models import AliasEvent, PublishedVersion


@click.group("models", cls=DefaultGroup, epilog="Example: crispml models german_credit")
def models() -> None:
    """Show models and versions, and move aliases.

    Without a command: crispml models [MODEL [VERSION]].
    """


@models.command("show", cls=ServiceVerb, example="crispml models german_credit")
@click.argument("model", required=False)
@click.argument("version", required=False)
@click.pass_obj
def show(session: Session, model: str | None, version: str | None) -> None:
    """List the models, the versions of one, or show one version."""
    training, out = session.client.training, session.out
    if model is None:
        found = list(training.models())
        if not out.emit(found):
            out.table(
                ("model", "versions", "aliases"),
                [(item.name, item.versions, item.aliases) for item in found],
            )
    elif version is None:
        versions, aliases = list(training.versions(model)), list(training.aliases(model))
        if not out.emit({"model": model, "versions": versions, "aliases": aliases}):
            _show_versions(session, versions, aliases)
    else:
        manifest = training.version(model, version)
        if not out.emit(manifest):
            _show_version(session, manifest)


@models.command("alias", cls=ServiceVerb, example="crispml models alias german_credit champion V")
@click.argument("model")
@click.argument("alias")
@click.argument("version", required=False)
@click.option("--reason", default="", help="Why; kept with the move, required in prod.")
@click.option("--by", default="", help="Who moves it; without a key only.")
@click.option("--traffic", type=float, help="Share of the records that a challenger answers.")
@click.option("--remove", is_flag=True, help="Let the alias point nowhere.")
@click.pass_obj
def move(
    session: Session,
    model: str,
    alias: str,
    version: str | None,
    reason: str,
    by: str,
    traffic: float | None,
    remove: bool,
) -> None:
    """Show where an alias points and pointed, point it at VERSION, or remove it."""
    training, out = session.client.training, session.out
    if remove:
        if version is not None or traffic is not None:
            raise click.UsageError("--remove goes without a version and without --traffic")
        there = training.alias(model, alias).version
        event = training.remove_alias(
            model, alias, expected=there, reason=reason, moved_by=session.said_by(by)
        )
        if not out.emit(event):
            out.line(f"{alias} of {model} points nowhere, before: {there}")
        return
    if version is None:
        moves = list(training.alias_history(model, alias))
        if not moves:
            raise Failure("the model has no such alias yet; give a version to make it")
        if not out.emit(moves):
            show_moves(out, moves, f"{alias} of {model}, newest first")
        return
    from crispml_core.client import RequestRefused

    try:
        before: str | None = training.alias(model, alias).version
    except RequestRefused as error:
        if error.status != 404:
            raise
        before = None
    event = training.move_alias(
        model,
        alias,
        version,
        expected=before,
        reason=reason,
        moved_by=session.said_by(by),
        traffic=traffic,
    )
    if not out.emit(event):
        out.line(f"{alias} of {model} points at {event.version}, before: {before or 'nothing'}")


models.add_command(card)
models.add_command(export)
models.add_command(import_)
models.add_command(history)
models.add_command(challenge)
models.add_command(health)
models.add_command(sign)
models.add_command(drill)
for verb in (approval, approve, refuse, promote):
    models.add_command(verb)


def _show_versions(
    session: Session, versions: list[PublishedVersion], aliases: list[AliasEvent]
) -> None:
    kpis = list(dict.fromkeys(name for item in versions for name in item.kpis.get("test", {})))
    session.out.table(
        ("version", "aliases", "algorithm", "created", *kpis),
        [
            (
                item.version,
                [event.alias for event in aliases if event.version == item.version],
                item.algorithm,
                item.created_at,
                *(value_of(item.kpis.get("test", {}).get(name)) for name in kpis),
            )
            for item in versions
        ],
        title="KPIs on the test rows",
    )


def _show_version(session: Session, manifest: PublishedVersion) -> None:
    lineage = manifest.lineage
    session.out.facts(
        [
            ("model", manifest.model),
            ("version", manifest.version),
            ("digest", manifest.digest),
            ("created", manifest.created_at),
            ("use case", f"{manifest.use_case} {manifest.use_case_version}"),
            ("algorithm", manifest.algorithm),
            ("hyperparameters", manifest.hyperparameters),
            ("seed", manifest.seed),
            ("threshold", manifest.threshold),
            ("raw data set", lineage.raw),
            ("prepared data set", lineage.prepared),
            ("curated data set", lineage.curated),
            ("run", lineage.run),
            ("report", session.client.training.report_url(lineage.report)),
            ("libraries", manifest.libraries),
            ("golden records", manifest.golden_rows),
        ]
    )
    names = list(dict.fromkeys(name for kpis in manifest.kpis.values() for name in kpis))
    session.out.line()
    session.out.table(
        ("kpi", *manifest.kpis),
        [(name, *(value_of(kpis.get(name)) for kpis in manifest.kpis.values())) for name in names],
    )
