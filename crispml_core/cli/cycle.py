"""``crispml cycle``: methods 1 to 6 in one run."""

from __future__ import annotations

from typing import Any

import click

from crispml_core.cli.following import finish, show_steps
from crispml_core.cli.parameters import assignment
from crispml_core.cli.verb import ServiceVerb, Session
from crispml_core.domain.identifiers import new_id
from crispml_core.domain.runs import Run


@click.command("cycle", cls=ServiceVerb, example="crispml cycle german_credit --promote")
@click.argument("use_case")
@click.option("--algorithm", "algorithms", multiple=True, help="Only this one; may be repeated.")
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="ALGORITHM.NAME=VALUE",
    help="A hyperparameter; may be repeated.",
)
@click.option("--seed", type=int, help="Seed of the split and of the training.")
@click.option("--search", type=click.Choice(["grid", "random"]), help="Search hyperparameters.")
@click.option("--iterations", type=int, help="Draws of a random search.")
@click.option("--folds", type=int, help="Folds of a search.")
@click.option("--promote", is_flag=True, help="Make the best version champion if the gates allow.")
@click.option("--challenge", is_flag=True, help="Make it challenger instead.")
@click.option("--dataset", "dataset_id", help="Start from this raw data set.")
@click.option("--where", help="Only rows of the source that make this expression true.")
@click.option("--sample", type=float, help="Share of the rows, above 0 and at most 1.")
@click.option("--limit", type=int, help="At most so many rows.")
@click.option("--no-wait", is_flag=True, help="Print the queued run and do not wait for it.")
@click.pass_obj
def cycle(
    session: Session,
    use_case: str,
    algorithms: tuple[str, ...],
    settings: tuple[str, ...],
    seed: int | None,
    search: str | None,
    iterations: int | None,
    folds: int | None,
    promote: bool,
    challenge: bool,
    dataset_id: str | None,
    where: str | None,
    sample: float | None,
    limit: int | None,
    no_wait: bool,
) -> None:
    """Train every algorithm of a use case: methods 1 to 6.

    Publishes one version per algorithm and names the best one on the select rows.
    """
    if promote and challenge:
        raise click.UsageError("give one of --promote and --challenge")
    if search is None and (iterations is not None or folds is not None):
        raise click.UsageError("--iterations and --folds belong to --search")
    run = session.client.training.cycle(
        use_case,
        algorithms=algorithms or None,
        hyperparameters=_hyperparameters(settings),
        seed=seed,
        search=_search(search, iterations, folds),
        promote=promote,
        challenge=challenge or None,
        dataset_id=dataset_id,
        where=where,
        sample=sample,
        limit=limit,
        idempotency_key=str(new_id()),
    )
    if no_wait:
        if not session.out.emit(run):
            session.out.line(f"run {run.id} is {run.status}; crispml runs {run.id} --follow")
        return
    run = finish(session, run)
    if not session.out.emit(run):
        _show(session, run)


def _show(session: Session, run: Run) -> None:
    out, result = session.out, run.result
    show_steps(out, [run])
    versions: list[dict[str, Any]] = result.get("versions", [])
    names = list(dict.fromkeys(kpi for entry in versions for kpi in _test_kpis(entry)))
    out.line()
    out.table(
        ("version", "algorithm", *names, "gates"),
        [
            (
                entry["version"],
                entry["algorithm"],
                *(_test_kpis(entry).get(name) for name in names),
                "passed" if all(gate["passed"] for gate in entry.get("gates", ())) else "failed",
            )
            for entry in versions
        ],
        title="KPIs on the test rows",
    )
    out.line()
    promoted = "is champion now" if result.get("promoted") else "was not promoted"
    if result.get("challenger"):
        promoted = "is challenger now"
    refusal = f": {result['refusal']}" if result.get("refusal") else ""
    out.line(f"best on select: {result.get('best')}, which {promoted}{refusal}")


def _test_kpis(entry: dict[str, Any]) -> dict[str, Any]:
    kpis: dict[str, Any] = entry.get("kpis", {}).get("test", {})
    return kpis


def _search(kind: str | None, iterations: int | None, folds: int | None) -> dict[str, Any] | None:
    if kind is None:
        return None
    given = {"kind": kind, "iterations": iterations, "folds": folds}
    return {name: value for name, value in given.items() if value is not None}


def _hyperparameters(settings: tuple[str, ...]) -> dict[str, dict[str, Any]] | None:
    found: dict[str, dict[str, Any]] = {}
    for setting in settings:
        place, value = assignment(setting, "--set")
        algorithm, dot, name = place.rpartition(".")
        if not dot:
            raise click.BadParameter("write ALGORITHM.NAME=VALUE", param_hint="--set")
        found.setdefault(algorithm, {})[name] = value
    return found or None
