"""``crispml models sign``: let a version be signed anew, or show who signed it."""

from __future__ import annotations

import click

from crispml_core.cli.verb import ServiceVerb, Session


@click.command("sign", cls=ServiceVerb, example="crispml models sign german_credit VERSION")
@click.argument("model")
@click.argument("version")
@click.option("--show", is_flag=True, help="Only show which key signed it.")
@click.pass_obj
def sign(session: Session, model: str, version: str, show: bool) -> None:
    """Sign VERSION of MODEL with the present key, after its bytes were verified; not in prod.

    For a version from before there were signatures, or whose key is not trusted any more.
    """
    training = session.client.training
    signed = training.signature(model, version) if show else training.sign(model, version)
    if not session.out.emit(signed):
        key = signed.key_id or "none, signing is off"
        session.out.facts([("version", signed.version), ("digest", signed.digest), ("key", key)])
