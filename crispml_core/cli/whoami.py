"""``crispml whoami``: whom the services take the caller for."""

from __future__ import annotations

import click

from crispml_core.cli.verb import ServiceVerb, Session


@click.command("whoami", cls=ServiceVerb, example="crispml whoami")
@click.pass_obj
def whoami(session: Session) -> None:
    """Show the name, the roles and the environment that a credential stands for.

    It is that in CRISPML_API_KEY, else the one of `crispml login`, else the key of `crispml up`.
    """
    found = session.client.training.whoami()
    if not session.out.emit(found):
        session.out.facts(
            [
                ("name", found.name),
                ("roles", ", ".join(found.grants) or "none"),
                ("key", found.key_id),
                ("environment", found.environment),
            ]
        )
