"""``crispml subjects``: what is held about a person, and making it unreadable."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from crispml_core.cli.trusted_keys import trusted_keys, trusted_option
from crispml_core.cli.verb import Failure, ServiceVerb, Session, Verb


@click.group("subjects", epilog="Example: crispml subjects show < person.txt")
def subjects() -> None:
    """Show what is held about a person, or make it unreadable for good.

    The person is read from standard input, so that the list of processes and the history of the
    shell hold no name; on a terminal it is asked for.
    """


@subjects.command("show", cls=ServiceVerb, example="crispml subjects show < person.txt")
@click.pass_obj
def show(session: Session) -> None:
    """Print everything that is held about a person, as JSON."""
    found = session.client.training.subject(_person())
    if not session.out.emit(found):
        session.out.line(json.dumps(found, indent=2, ensure_ascii=False))


@subjects.command(
    "erase", cls=ServiceVerb, example='crispml subjects erase --reason "case 4711" < person.txt'
)
@click.option("--reason", default="", help="Why; without personal data, since it is kept.")
@click.option(
    "--certificate",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File that gets the certificate.",
)
@click.pass_obj
def erase(session: Session, reason: str, certificate: Path | None) -> None:
    """Destroy the key of a person: encrypted values are unreadable everywhere then.

    It cannot be undone. A second time it changes nothing, and gives the first certificate.
    """
    done = session.client.training.erase_subject(_person(), reason=reason)
    if certificate is not None:
        certificate.write_text(json.dumps(done["certificate"], indent=2) + "\n")
    if session.out.emit(done):
        return
    _tell(session, done)


@subjects.command(
    "verify-certificate", cls=Verb, example="crispml subjects verify-certificate certificate.json"
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@trusted_option
@click.pass_obj
def verify_certificate(session: Session, file: Path, trusted: Path | None) -> None:
    """Fail unless a trusted key signed the certificate in FILE, exactly as it is."""
    from crispml_core.domain.erasures import signed_bytes
    from crispml_core.domain.signatures import Signature

    try:
        certificate = json.loads(file.read_text())
        given = certificate["signature"]
        signature = Signature(given["key_id"], bytes.fromhex(given["value"]))
        kind = certificate["kind"]
    except (ValueError, KeyError, TypeError):
        raise Failure("the file is no signed certificate of an erasure") from None
    if kind != "erasure":
        raise Failure("the file is a certificate of something else than an erasure")
    trusted_keys(trusted).verify(signed_bytes(certificate), signature)
    if not session.out.emit({"verified": True, "key_id": signature.key_id}):
        session.out.line(f"signed by the trusted key {signature.key_id[:16]}…, unchanged")


def _person() -> str:
    if sys.stdin.isatty():
        given: str = click.prompt("person", hide_input=True)
    else:
        given = sys.stdin.read()
    person = given.strip("\r\n")
    if not person:
        raise click.UsageError("give the person on standard input")
    return person


def _tell(session: Session, done: dict[str, Any]) -> None:
    certificate, out = done["certificate"], session.out
    out.line("erased" if done["is_new"] else "was erased before; nothing changed")
    if certificate["key_made_at"] is None:
        out.line("the person had no key: nothing was encrypted, and what is stored stays readable")
    out.facts(
        [
            ("certificate", certificate["erasure_id"]),
            ("erased at", certificate["erased_at"]),
            ("by", certificate["requested_by"]),
            ("key", "destroyed" if certificate["key_made_at"] else "there was none"),
            ("files of the database", "clean" if done["files_are_clean"] else _BY_HAND),
        ]
    )
    for name, found in certificate["use_cases"].items():
        fields = found["fields"]
        out.line(f"{name}: {found['scores']} scores, {found['labels']} labels")
        out.line(f"  unreadable: {', '.join(fields.get('encrypt', [])) or 'nothing'}")
        out.line(f"  kept as declared: {', '.join(fields.get('keep', [])) or 'nothing'}")
    clear = [found["id"] for found in certificate["data_sets"] if not found["ends_with_key"]]
    if clear:
        out.line(f"data sets that still have rows of the person in clear: {', '.join(clear)}")


_BY_HAND = "to be cleaned by its administrator, see docs/erasure.md"
