"""``crispml signing``: the keys that vouch for versions, bundles and the audit log."""

from __future__ import annotations

from pathlib import Path

import click

from crispml_core.cli.verb import Failure, Session, Verb


@click.group("signing", epilog="Example: crispml signing new-key")
def signing() -> None:
    """Make keys for signatures."""


@signing.command("new-key", cls=Verb, example="crispml signing new-key --json")
@click.option(
    "--key-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where the private key goes.  [default: the setting CRISPML_SIGNING__KEY_FILE]",
)
@click.option(
    "--trusted",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of trusted keys, which has one for each environment.  "
    "[default: the setting CRISPML_SIGNING__TRUSTED]",
)
@click.option(
    "--environment",
    type=click.Choice(["dev", "qa", "prod"]),
    help="Whose key it is.  [default: the setting CRISPML_ENVIRONMENT]",
)
@click.pass_obj
def new_key(
    session: Session, key_file: Path | None, trusted: Path | None, environment: str | None
) -> None:
    """Make a key: a private file that only you can read, and its public part among the trusted.

    It replaces none. To change keys, make the new one in another file, let
    CRISPML_SIGNING__KEY_FILE name it, and leave the public part of the old one where it is.
    """
    from crispml_core.adapters.signing import make_key
    from crispml_core.settings import load_settings

    settings = load_settings()
    file = key_file or settings.signing.key_file
    folder = (trusted or settings.signing.trusted) / (environment or settings.environment)
    try:
        key_id = make_key(file, folder)
    except FileExistsError:
        raise Failure(
            f"{file} is there already and stays as it is: name another --key-file, "
            "and let CRISPML_SIGNING__KEY_FILE name it from then on"
        ) from None
    made = {
        "key_id": key_id,
        "key_file": str(file),
        "public_key": str(folder / f"{key_id}.pem"),
    }
    if not session.out.emit(made):
        session.out.facts([(name.replace("_", " "), value) for name, value in made.items()])
