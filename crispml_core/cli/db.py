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


@db.command("upgrade", cls=DatabaseVerb, example="crispml db upgrade --sql > upgrade.sql")
@click.option("--sql", is_flag=True, help="Print the SQL instead, for a person to run.")
@click.option(
    "--from",
    "start",
    metavar="REVISION",
    help="With --sql: do not ask the database where it is; `none` has no tables.",
)
@click.pass_obj
def upgrade(session: Session, url: str | None, sql: bool, start: str | None) -> None:
    """Make the tables, or bring them to this release."""
    url = url or _configured()
    if sql:
        _print_script(session, url, start)
        return
    if start is not None:
        raise click.UsageError("--from goes with --sql: an upgrade begins where the database is")
    revision = upgrade_database(url)
    if not session.out.emit({"revision": revision}):
        session.out.line(f"the database is at revision {revision}")


def _print_script(session: Session, url: str, start: str | None) -> None:
    from crispml_core.adapters.sql.schema import migrate

    revision = migrate.current(url) if start is None else start
    script = migrate.script(url, None if revision == "none" else revision)
    if not session.out.emit({"revision": migrate.head(), "sql": script}):
        session.out.line(script)


@db.command("current", cls=DatabaseVerb, example="crispml db current --json")
@click.pass_obj
def current(session: Session, url: str | None) -> None:
    """Show the revision of the database, the newest one, and the steps in between."""
    from crispml_core.adapters.sql.schema import migrate

    found, newest = migrate.current(url or _configured()), migrate.head()
    steps = [(step.revision, step.kind) for step in migrate.pending(found)]
    pending = [{"revision": revision, "kind": kind} for revision, kind in steps]
    if not session.out.emit({"revision": found, "newest": newest, "pending": pending}):
        listed = ", ".join(f"{revision} ({kind})" for revision, kind in steps)
        session.out.facts(
            [
                ("revision", found or "no tables yet"),
                ("newest", newest),
                ("pending", listed or "nothing"),
            ]
        )


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
    is_new = False
    if parsed.get_backend_name() == "sqlite":
        if parsed.database in (None, "", ":memory:"):
            return migrate.upgrade(url)
        file = Path(str(parsed.database))
        is_new = not file.exists()
        file.parent.mkdir(parents=True, exist_ok=True)
    before = None if is_new else migrate.current(url)
    after = migrate.upgrade(url)
    if before != after:
        _note_upgrade(url, before, after)
    return after


def _note_upgrade(url: str, before: str | None, after: str) -> None:
    """Write an upgrade into the audit log, which may have no table before."""
    from crispml_core.adapters.sql.audit.log import SqlAuditLog
    from crispml_core.adapters.sql.databases.engine import make_engine
    from crispml_core.domain.audit import AuditEvent

    engine = make_engine(url)
    detail = {"from": before, "to": after}
    try:
        SqlAuditLog(engine).append([AuditEvent(actor="cli", action="db_upgrade", detail=detail)])
    finally:
        engine.dispose()


def _configured() -> str:
    from crispml_core.settings import load_settings

    return load_settings().database.url.get_secret_value()
