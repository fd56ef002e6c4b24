"""``crispml up``: the services and the console on this machine."""

from __future__ import annotations

from pathlib import Path

import click

from crispml_core.cli import addresses
from crispml_core.cli.verb import Session, Verb


@click.command("up", cls=Verb, example="crispml up --use-case churn/use_case.py:churn")
@click.option(
    "--use-case",
    "use_cases",
    multiple=True,
    metavar="REFERENCE",
    help="module:name, file.py:name or file.yaml; may be repeated.  "
    "[default: the setting CRISPML_USE_CASES]",
)
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(addresses.FOLDER),
    show_default=True,
    help="Where database, registry, keys and logs are kept.",
)
@click.option(
    "--database-url",
    envvar="CRISPML_DATABASE__URL",
    help="SQLAlchemy URL of another database than the SQLite file of the folder.",
)
@click.option(
    "--registry",
    envvar="CRISPML_REGISTRY__PATH",
    type=click.Path(file_okay=False, path_type=Path),
    help="Another registry than the one of the folder.",
)
@click.option(
    "--console/--no-console",
    default=None,
    help="Serve the console too.  [default: if it is installed]",
)
@click.pass_obj
def up(
    session: Session,
    use_cases: tuple[str, ...],
    folder: Path,
    database_url: str | None,
    registry: Path | None,
    console: bool | None,
) -> None:
    """Serve training, scoring and the console here until Ctrl-C."""
    from crispml_core.cli import local_key
    from crispml_core.cli.services import (
        CONSOLE,
        PLANS,
        Services,
        is_installed,
        local_settings,
        make_stores,
    )

    settings = local_settings(folder, use_cases, database_url, registry)
    make_stores(settings)
    wants_console = is_installed(CONSOLE) if console is None else console
    with Services(folder, settings, (*PLANS, CONSOLE) if wants_console else PLANS) as services:
        if not session.out.emit(services.urls):
            for name, url in services.urls.items():
                pages = "sign in with the key below" if name == CONSOLE.name else f"{url}/docs"
                session.out.line(f"{name:<8}  {url}  ({pages})")
            for name, port in services.taken_ports.items():
                session.out.line(f"port {port} is taken, so {name} got a free one")
            session.out.line(f"key of an admin in {folder / local_key.FILE}")
            session.out.line(f"logs in {folder / 'logs'}; Ctrl-C stops all")
        services.watch()
