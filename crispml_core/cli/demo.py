"""``crispml demo``: the whole CRISP-DM cycle over REST, on real data, on this machine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec import to_builtins

from crispml_core.cli import addresses
from crispml_core.cli.kpis import kpi_rows, value_of
from crispml_core.cli.tour import take_tour
from crispml_core.cli.tour_result import Tour
from crispml_core.cli.verb import Failure, Session, Verb

if TYPE_CHECKING:
    from crispml_core.cli.services import Services
    from crispml_core.client import CrispMLClient

USE_CASE = "examples/german_credit/use_case.py:german_credit"


@click.command("demo", cls=Verb, example="crispml demo --once --json")
@click.option("--once", is_flag=True, help="End after the report instead of serving on.")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(addresses.FOLDER),
    show_default=True,
    help="Where database, registry and logs are kept.",
)
@click.option(
    "--use-case",
    "reference",
    default=USE_CASE,
    show_default=True,
    metavar="REFERENCE",
    help="module:name, file.py:name or file.yaml.",
)
@click.option(
    "--story",
    type=click.Choice(["drift"]),
    help="Tell a story instead; drift: months pass, the applicants change, a challenger wins.",
)
@click.option(
    "--database-url", help="SQLAlchemy URL of another database than the SQLite file of the folder."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of split and training.")
@click.pass_obj
def demo(
    session: Session,
    once: bool,
    folder: Path,
    reference: str,
    story: str | None,
    database_url: str | None,
    seed: int,
) -> None:
    """Run all nine methods on real data and verify them.

    Starts both services on this machine, trains every algorithm of the use case, makes the best
    version champion, scores the test rows, imports their ground truth and reports.

    A story goes on from there, on a simulated clock and in a folder of its own that it empties
    first.
    """
    from crispml_core.cli.services import Services, local_settings, make_stores

    file = Path(reference.partition(":")[0])
    if file.suffix in (".py", ".yaml", ".yml") and not file.is_file():
        raise Failure(
            f"there is no use case file {file} below this folder; "
            "run the demo in the folder of the project, or name a use case with --use-case"
        )
    if story is not None and database_url is not None:
        raise Failure("a story has a database of its own; leave out --database-url")
    if story is not None:
        play(session, folder / "story", file, reference.partition(":")[2], seed=seed, once=once)
        return
    settings = local_settings(folder, [reference], database_url)
    make_stores(settings)
    with (
        Services(folder, settings) as services,
        services.client() as client,
    ):
        with session.out.progress("demo") as report:
            tour = take_tour(client, _name(reference), seed=seed, report=report)
        save_pages(client, tour, folder)
        if not session.out.emit(tour.summary()):
            show(session, tour)
        _end(session, services, folder, settings, once=once)


def play(
    session: Session, folder: Path, file: Path, attribute: str, *, seed: int, once: bool
) -> None:
    """Play the drift story in a folder and print its timeline."""
    from crispml_core.cli.services import Services, local_settings, make_stores
    from crispml_core.cli.story.drift import DriftStory
    from crispml_core.cli.story.stage import Stage
    from crispml_core.cli.story.telling import show_story
    from crispml_core.reporting.story_page import render_story

    if addresses.read(folder):
        raise Failure(f"a story is still served from the folder {folder}; stop it first")
    stage = Stage(folder, file)
    reference = f"{stage.use_case_file}:{attribute}" if attribute else str(stage.use_case_file)
    settings = local_settings(folder, [reference]) | {"CRISPML_CLOCK__FILE": str(stage.clock_file)}
    make_stores(settings)
    with (
        Services(folder, settings) as services,
        services.client() as client,
    ):
        name = next(iter(client.training.use_cases())).name
        with session.out.progress("story") as report:
            told = DriftStory(client, name, stage, seed=seed).play(report)
        page = folder / "story.html"
        told.page = str(page)
        page.write_text(render_story(to_builtins(told.summary())), encoding="utf-8")
        if not session.out.emit(told.summary()):
            show_story(session.out, told)
        _end(session, services, folder, settings, once=once)


def _end(
    session: Session, services: Services, folder: Path, settings: Mapping[str, str], *, once: bool
) -> None:
    from crispml_core.cli.services import local_settings

    if once:
        clock = settings.get("CRISPML_CLOCK__FILE")
        url = "CRISPML_DATABASE__URL"
        # It may hold a password.
        elsewhere = settings[url] != local_settings(folder)[url]
        session.out.line(
            f"they are served again by: {f'CRISPML_CLOCK__FILE={clock} ' if clock else ''}"
            f"crispml up --folder {folder} --use-case {settings['CRISPML_USE_CASES']}"
            f"{' --database-url URL' if elsewhere else ''}"
        )
    else:
        session.out.line()
        session.out.line("serving until Ctrl-C")
        services.watch()


def show(session: Session, tour: Tour) -> None:
    """Print the methods, the KPIs and the addresses for a person."""
    out = session.out
    out.table(
        ("method", "rows", "seconds", "result"),
        [(step.name, step.rows, round(step.seconds, 3), step.result) for step in tour.steps],
        title=f"{tour.use_case}: the cycle of {tour.version}",
    )
    out.line()
    intervals = {row[0]: row[2:] for row in kpi_rows(tour.verified_kpis)}
    names = [name for name in tour.training_kpis if name in tour.verified_kpis]
    out.table(
        ("kpi", "training", "verified", "low", "high"),
        [
            (
                name,
                value_of(tour.training_kpis[name]),
                value_of(tour.verified_kpis[name]),
                *intervals[name],
            )
            for name in names
        ],
        title="KPIs on the test rows: training report beside verified scores, 95 % interval",
    )
    out.line()
    places = {**tour.pages, **tour.urls}
    out.facts([(name.replace("_", " "), place) for name, place in places.items()])


def save_pages(client: CrispMLClient, tour: Tour, folder: Path) -> None:
    """Save both reports as pages in a folder."""
    sources = {"training_report": client.training, "verification_report": client.scoring}
    for name, report_id in tour.reports.items():
        page = folder / f"{name}.html"
        page.write_text(sources[name].report_html(report_id), encoding="utf-8")
        tour.pages[name] = str(page)


def _name(reference: str) -> str:
    """Return what the use case is probably called, to choose among several."""
    place, _, attribute = reference.partition(":")
    return attribute or Path(place).parent.name
