"""``crispml models challenge``: how the challenger stands against the champion."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

from crispml_core.cli.parameters import MOMENT
from crispml_core.cli.verb import ServiceVerb, Session


@click.command("challenge", cls=ServiceVerb, example="crispml models challenge german_credit")
@click.argument("model")
@click.option("--as-of", type=MOMENT, help="Only what was known until then, UTC.")
@click.pass_obj
def challenge(session: Session, model: str, as_of: datetime | None) -> None:
    """Say whether the challenger of MODEL wins: promote, keep or wait."""
    found = session.client.scoring.challenge(model, as_of=as_of)
    out = session.out
    if out.emit(found):
        return
    out.table(
        ("", "version", "since", "traffic", "mean loss"),
        [_side(name, found[name]) for name in ("champion", "challenger")],
        title=f"{found['metric']}, {found['design']}",
    )
    out.line()
    gain = found["gain"]
    out.facts(
        [
            *found["records"].items(),
            ("gain per record", gain["mean"]),
            ("at least", gain["low"]),
            ("at most", gain["high"]),
            ("decision", found["decision"]),
            ("reason", found["reason"]),
        ]
    )


def _side(name: str, side: dict[str, Any]) -> tuple[Any, ...]:
    return (name, side["version"], side["since"], side.get("traffic"), side["mean_loss"])
