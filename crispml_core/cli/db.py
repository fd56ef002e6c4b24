"""``crispml db``: the tables of the database."""

from __future__ import annotations

import click

from crispml_core.cli.verb import Session, Verb

_URL_HELP = "SQLAlchemy URL.  [default: the setting CRISPML_DATABASE__URL]"


class DatabaseVerb(Verb):
    """A verb that opens the database itself, without a service."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type] # click checks them
        self.params.append(click.Option(["--url"], metavar="URL", help=_URL_HELP))


@click.group("db", epilog="Example: crispml db upgrade")
def db() -> None:
    """Upgrade the database, or look where it is."""


@db.command("upgrade", cls=DatabaseVerb, example="crispml db upgrade")
@click.pass_obj
def upgrade(session: Session, url: str | None) -> None:
    """Make the tables, or bring them to this release."""
    revision = upgrade_database(url or _configured())
    if not session.out.emit({"revision": revision}):
        session.out.line(f"the database is at revision {revision}")


@db.command("current", cls=DatabaseVerb, example="crispml db current --json")
@click.pass_obj
def current(session: Session, url: str | None) -> None:
    """Show the revision of the database and the newest one."""
    from crispml_core.adapters.sql.schema import migrate

    found, newest = migrate.current(url or _configured()), migrate.head()
    if not session.out.emit({"revision": found, "newest": newest}):
        session.out.facts([("revision", found or "no tables yet"), ("newest", newest)])


@db.command("check", cls=DatabaseVerb, example="crispml db check")
@click.pass_obj
def check(session: Session, url: str | None) -> None:
    """Fail unless this release can work with the database as it is."""
    from crispml_core.adapters.sql.schema import migrate

    migrate.check(url or _configured())
    if not session.out.emit({"usable": True}):
        session.out.line("this release can work with the database")


def upgrade_database(url: str) -> str:
    """Bring a database to the newest revision and return it; makes the folder of a SQLite file."""
    from pathlib import Path

    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    from crispml_core.adapters.sql.schema import migrate

    try:
        parsed = make_url(url)
    except ArgumentError:
        return migrate.upgrade(url)  # it names the setting
    if parsed.get_backend_name() == "sqlite" and parsed.database not in (None, "", ":memory:"):
        Path(str(parsed.database)).parent.mkdir(parents=True, exist_ok=True)
    return migrate.upgrade(url)


def _configured() -> str:
    from crispml_core.settings import load_settings

    return load_settings().database.url.get_secret_value()
