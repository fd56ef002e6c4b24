"""``crispml keys``: API keys are listed, made and revoked."""

from __future__ import annotations

from datetime import timedelta

import click

from crispml_core.cli.verb import DefaultGroup, Failure, ServiceVerb, Session, Verb
from crispml_core.domain.api_keys import digest_of, is_key, new_key
from crispml_core.domain.identifiers import utc_now


@click.group("keys", cls=DefaultGroup, epilog="Example: crispml keys")
def keys() -> None:
    """Show API keys, make and revoke them.

    Without a command: crispml keys.
    """


@keys.command("show", cls=ServiceVerb, example="crispml keys --all")
@click.option("--all", "all_states", is_flag=True, help="Also those that were revoked or expired.")
@click.pass_obj
def show(session: Session, all_states: bool) -> None:
    """List the keys, newest first; the keys themselves are known to their holders only."""
    now = utc_now()
    found = [
        key
        for key in session.client.training.api_keys()
        if all_states or (key.revoked_at is None and (not key.expires_at or key.expires_at > now))
    ]
    if session.out.emit(found):
        return
    session.out.table(
        ("key", "name", "grants", "made", "by", "ends", "revoked", "by"),
        [
            (
                key.key_id,
                key.name,
                " ".join(key.grants),
                key.created_at,
                key.created_by,
                key.expires_at or "-",
                key.revoked_at or "-",
                key.revoked_by or "-",
            )
            for key in found
        ],
    )


@keys.command("new", cls=ServiceVerb, example="crispml keys new shop scorer:german_credit")
@click.argument("name")
@click.argument("grants", nargs=-1, required=True, metavar="GRANT...")
@click.option("--days", type=click.IntRange(1, 3660), help="How long it opens anything.")
@click.pass_obj
def new(session: Session, name: str, grants: tuple[str, ...], days: int | None) -> None:
    """Make a key for NAME; each GRANT is ROLE, ROLE:USE_CASE or ROLE:USE_CASE:ENVIRONMENT.

    The key is printed once. Keep it in a file that only its holder can read, and give it to a
    client as CRISPML_API_KEY or as `Authorization: Bearer KEY`.
    """
    until = None if days is None else utc_now() + timedelta(days=days)
    made = session.client.training.new_api_key(name, grants, expires_at=until)
    if not session.out.emit(made):
        session.out.line(made.key)


@keys.command("revoke", cls=ServiceVerb, example="crispml keys revoke KEY")
@click.argument("key_id", metavar="KEY")
@click.pass_obj
def revoke(session: Session, key_id: str) -> None:
    """Let a key open nothing any more, from a second later on; KEY is its id."""
    key = session.client.training.revoke_api_key(key_id)
    if not session.out.emit(key):
        session.out.line(f"the key {key.key_id} of {key.name} opens nothing any more")


@keys.command("digest", cls=Verb, example="crispml keys digest")
@click.pass_obj
def digest(session: Session) -> None:
    """Make a key and its digest, for the first admin of a new installation.

    The digest goes into CRISPML_AUTH__ADMIN_KEY_DIGEST of the services; the key stays with you. To
    digest a key that exists, put it into CRISPML_API_KEY.
    """
    key = session.credential or new_key()[1]
    if not is_key(key):
        raise Failure("CRISPML_API_KEY holds no API key; unset it for a new one")
    facts = {"key": key, "digest": digest_of(key)}
    if not session.out.emit(facts):
        session.out.facts([*facts.items()])
