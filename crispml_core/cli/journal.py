"""``crispml journal``: scores that lie on a volume, of processes that are gone."""

from __future__ import annotations

import click

from crispml_core.cli.verb import Failure, Session, Verb


@click.group("journal", epilog="Example: crispml journal status")
def journal() -> None:
    """Look at the journals of the settings, or bring what was left behind into the database."""


@journal.command("status", cls=Verb, example="crispml journal status --json")
@click.pass_obj
def status(session: Session) -> None:
    """List the journals on the volume of CRISPML_JOURNAL__PATH."""
    from crispml_core.bootstrap.journals import list_journals
    from crispml_core.settings import load_settings

    found = list_journals(load_settings())
    if not session.out.emit({"journals": found}):
        session.out.table(("journal", "bytes"), [(one["journal"], one["bytes"]) for one in found])


@journal.command("drain", cls=Verb, example="crispml journal drain --within 300")
@click.option(
    "--within",
    "within_s",
    type=click.FloatRange(0),
    metavar="SECONDS",
    help="How long to try; on a shared volume leases have to expire first.  [default: 4 leases]",
)
@click.pass_obj
def drain(session: Session, within_s: float | None) -> None:
    """Bring journals whose processes are gone into the database; fail if some remain."""
    from crispml_core.bootstrap.journals import drain_journals
    from crispml_core.settings import load_settings

    settings = load_settings()
    left = drain_journals(settings, 4 * settings.journal.lease_s if within_s is None else within_s)
    if not session.out.emit({"left": left}) and not left:
        session.out.line("no journal is left")
    if left:
        raise Failure(
            f"{len(left)} journals are left, as {left[0]['journal']}: their processes live, or the "
            "database does not answer"
        )
