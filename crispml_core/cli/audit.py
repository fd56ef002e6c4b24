"""``crispml audit``: who did what, and whether anybody touched the evidence."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import click

from crispml_core.cli.verb import Failure, ServiceVerb, Session
from crispml_core.domain.audit import AuditHead, Checked

_MOMENT = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z"])


@click.group("audit", epilog="Example: crispml audit verify")
def audit() -> None:
    """Verify the audit log and all that it vouches for, or read it."""


@audit.command(
    "verify", cls=ServiceVerb, example="crispml audit verify --database-url sqlite:///crispml.db"
)
@click.option(
    "--database-url",
    metavar="URL",
    help="Read this database, as SQLAlchemy URL, and ask no service.",
)
@click.option(
    "--trusted",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="With --database-url: folder of public keys (*.pem) that signed heads are verified with.",
)
@click.option(
    "--head",
    "heads",
    metavar="SEQUENCE:DIGEST",
    multiple=True,
    help="A head that was kept elsewhere; the chain must go through it. May be repeated.",
)
@click.option("--skip-scores", is_flag=True, help="Do not read every score again.")
@click.pass_obj
def verify(
    session: Session,
    database_url: str | None,
    trusted: Path | None,
    heads: tuple[str, ...],
    skip_scores: bool,
) -> None:
    """Name the first row of each table that was altered, is missing or has another place.

    The exit code is 1 if there is any.
    """
    if any(AuditHead.parse(head) is None for head in heads):
        raise click.UsageError("--head is SEQUENCE:DIGEST, as `crispml audit heads` shows it")
    if trusted is not None and database_url is None:
        raise click.UsageError("--trusted goes with --database-url: a service has keys of its own")
    if database_url is None:
        found = list(session.client.training.verify_audit(heads, scores=not skip_scores))
    else:
        found = list(_read(database_url, trusted, heads, not skip_scores))
    faults = [one for one in found if one.fault is not None]
    unsigned = database_url is not None and trusted is None
    if not session.out.emit({"valid": not faults, "signatures": not unsigned, "checked": found}):
        session.out.table(
            ("table", "rows", "pruned", "not sealed yet", "fault"),
            [(o.what, o.rows, o.pruned, o.unsealed, _told(o)) for o in found],
        )
        if unsigned:
            session.out.line("no signature was verified: --trusted names the folder of the keys")
    if faults:
        where, what = faults[0].where, faults[0].fault
        raise Failure(f"{where}: {what}; {len(faults)} of {len(found)} tables have a fault")


@audit.command("export", cls=ServiceVerb, example="crispml audit export --start 2026-01-01")
@click.option("--start", type=_MOMENT, help="From this moment on, in UTC unless it has a zone.")
@click.option("--end", type=_MOMENT, help="Before this moment.")
@click.option("--actor", help="Only of this principal, run or rule.")
@click.option("--action", help="Only of this operation.")
@click.option("--use-case", help="Only about this use case.")
@click.option("--outcome", help="Only what ended so: 403, 4xx, asked, done, failed.")
@click.option("--limit", type=click.IntRange(1), help="At most so many.")
@click.pass_obj
def export(session: Session, /, **wanted: object) -> None:
    """Print entries as lines of JSON, in the order of the chain."""
    for name in ("start", "end"):
        wanted[name] = _in_utc(wanted[name])
    for entry in session.client.training.audit_entries(**wanted):  # type: ignore[arg-type]
        click.echo(json.dumps(entry, sort_keys=True))


@audit.command("heads", cls=ServiceVerb, example="crispml audit heads --json")
@click.option("--limit", type=click.IntRange(1), help="At most so many, the oldest.")
@click.pass_obj
def heads(session: Session, limit: int | None) -> None:
    """List the signed heads; keep the newest one where nobody who writes the database can."""
    found = list(session.client.training.audit_heads(limit=limit))
    if not session.out.emit(found):
        session.out.table(
            ("head", "signed", "key"),
            [(f"{h['sequence']}:{h['digest']}", h["signed_at"], h["key_id"][:16]) for h in found],
        )


@audit.command("seal", cls=ServiceVerb, example="crispml audit seal")
@click.pass_obj
def seal(session: Session) -> None:
    """Seal new rows and sign the head now; the training service does so from time to time."""
    done = session.client.training.seal_audit()
    if not session.out.emit(done):
        head = done["head"]
        session.out.line(f"{done['rows']} rows sealed")
        session.out.line(f"head {head['sequence']}:{head['digest']}" if head else "no new head")
    if done["fault"]:
        raise Failure(f"{done['where']}: {done['fault']}; nothing is signed any more")


def _read(
    url: str, trusted: Path | None, heads: tuple[str, ...], scores: bool
) -> Iterator[Checked]:
    """Verify a database without a service: whoever runs one might have changed it."""
    from crispml_core.bootstrap.audit import open_verification

    held = [head for head in map(AuditHead.parse, heads) if head is not None]
    with open_verification(url, trusted) as verification:
        yield from verification.run(held, scores=scores)


def _told(one: Checked) -> str:
    return "-" if one.fault is None else f"{one.where}: {one.fault}"


def _in_utc(moment: object) -> object:
    if isinstance(moment, datetime) and moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    return moment
