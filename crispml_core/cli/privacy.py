"""``crispml privacy``: the secret keys behind pseudonyms and encrypted values."""

from __future__ import annotations

from pathlib import Path

import click

from crispml_core.cli.verb import Failure, Session, Verb


@click.group("privacy", epilog="Example: crispml privacy new-key keys/pseudonyms.key")
def privacy() -> None:
    """Make keys for privacy policies."""


@privacy.command("new-key", cls=Verb, example="crispml privacy new-key keys/pseudonyms.key")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--rotate", is_flag=True, help="Add a newer key to the file that is there.")
@click.pass_obj
def new_key(session: Session, file: Path, rotate: bool) -> None:
    """Make a file with a secret key that only you can read, or add a newer key to one.

    CRISPML_PRIVACY__PSEUDONYM_KEY_FILE and CRISPML_PRIVACY__MASTER_KEY_FILE name such files, one
    each. Keep a copy where the database is not: without the master key nobody reads what is
    encrypted. Older keys stay in the file, and the services take the newer one when they start.
    """
    from crispml_core.adapters.secret_keys import add_key, make_keys

    try:
        key_id = add_key(file, "the argument") if rotate else make_keys(file)
    except FileExistsError:
        raise Failure(f"{file} is there already: add --rotate for a newer key in it") from None
    made = {"key_id": key_id, "key_file": str(file)}
    if not session.out.emit(made):
        session.out.facts([(name.replace("_", " "), value) for name, value in made.items()])
